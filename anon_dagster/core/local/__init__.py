"""Local recoding: different classes may generalize the same attribute differently."""

from anon_dagster.core.local.cells import Cells
from anon_dagster.core.local.readings import outcome_of
from anon_dagster.core.local.recoding import SMALL, recode_locally
from anon_dagster.core.local.star_patterns import Program, StarPatterns
from anon_dagster.core.local.text import Anything, Members, Range, Value, parse_label

__all__ = [
    "SMALL",
    "Anything",
    "Cells",
    "Members",
    "Program",
    "Range",
    "StarPatterns",
    "Value",
    "outcome_of",
    "parse_label",
    "recode_locally",
]
