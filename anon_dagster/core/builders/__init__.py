"""Builders of hierarchies: from the distinct values of an attribute and a rule to a tree."""

from anon_dagster.core.builders.confusion import free_label, refuse_confusion
from anon_dagster.core.builders.days import NO_DAY, read_days, read_moment
from anon_dagster.core.builders.domain import Domain
from anon_dagster.core.builders.grouping import by_frequency, by_order
from anon_dagster.core.builders.numeric import by_interval, by_rounding
from anon_dagster.core.builders.period import by_period
from anon_dagster.core.builders.text import Mask, by_mask, by_suppression
from anon_dagster.core.builders.tree import from_nodes, from_rows
from anon_dagster.core.builders.tree_text import Form, read_lines, without_arx_missing, write_tree

__all__ = [
    "NO_DAY",
    "Domain",
    "Form",
    "Mask",
    "by_frequency",
    "by_interval",
    "by_mask",
    "by_order",
    "by_period",
    "by_rounding",
    "by_suppression",
    "free_label",
    "from_nodes",
    "from_rows",
    "read_days",
    "read_lines",
    "read_moment",
    "refuse_confusion",
    "without_arx_missing",
    "write_tree",
]
