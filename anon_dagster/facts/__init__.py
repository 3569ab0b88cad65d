"""Facts that do not change with a table: countries, names, codes, and words for what people are."""

from anon_dagster.facts.trees import DEPTHS, TREES, known_rows

__all__ = ["DEPTHS", "TREES", "known_rows"]
