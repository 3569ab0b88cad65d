"""The report of a job: a page, its pictures, and what was done in plain words."""
