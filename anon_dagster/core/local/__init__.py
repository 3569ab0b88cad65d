"""Local recoding: different classes may generalize the same attribute differently."""

from anon_dagster.core.local.cells import Cells
from anon_dagster.core.local.improving import Effort
from anon_dagster.core.local.readings import outcome_of
from anon_dagster.core.local.recoding import recode_locally
from anon_dagster.core.local.star_patterns import Program, StarPatterns
from anon_dagster.core.local.text import (
    Anything,
    Members,
    Range,
    Span,
    Value,
    parse_label,
    read_label,
    read_period,
)

__all__ = [
    "Anything",
    "Cells",
    "Effort",
    "Members",
    "Program",
    "Range",
    "Span",
    "StarPatterns",
    "Value",
    "outcome_of",
    "parse_label",
    "read_label",
    "read_period",
    "recode_locally",
]
