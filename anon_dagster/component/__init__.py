"""Anonymization in a Dagster project of your own, as a component or by a function."""

from anon_dagster.component.anonymize import Anonymize

__all__ = ["Anonymize"]
