"""What can be done with a request, a page each.

Records are read twice: once to count them, once to write them. Everything between works on the
frequency table. A Dagster asset calls one of these functions; so does a notebook.
"""
