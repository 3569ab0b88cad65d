"""Dagster, thin: assets, checks and jobs that call the library and show what came out."""
