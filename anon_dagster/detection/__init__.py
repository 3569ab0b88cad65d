"""Detection: what the columns of a table seem to be."""

from anon_dagster.detection.proposal import detect

__all__ = ["detect"]
