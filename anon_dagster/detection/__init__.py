"""Detection: what the columns of a table seem to be, and a request that suits them."""

from anon_dagster.detection.domains import data_domains
from anon_dagster.detection.proposal import classify_columns, detect, propose_hierarchies
from anon_dagster.detection.result import ColumnDetection, Detection

__all__ = [
    "ColumnDetection",
    "Detection",
    "classify_columns",
    "data_domains",
    "detect",
    "propose_hierarchies",
]
