"""The rule above all roles: what differs in nearly every record is never released as it is.

A column that tells each record apart is a key, whatever it is called and whatever its role would
be. In what detection proposes it is generalized, dropped, or sensitive with a promise that compares
its values by size.
"""

from dataclasses import replace

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.generalization import propose_hierarchy
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.result import ColumnDetection

_NEARLY_ALL = 0.9  # different values per record that has one


def is_near_unique(profile: Profile) -> bool:
    """Tell whether values differ in nearly every record."""
    return profile.distinct > 1 and profile.distinct_share >= _NEARLY_ALL


def never_exact(column: ColumnDetection, verdict: Verdict, profile: Profile) -> ColumnDetection:
    """Return a column so that what tells each record apart is not released as it is.

    Numbers and dates are generalized, what has no order that could be is dropped.
    """
    if column.role not in {"non_sensitive", "sensitive"} or not is_near_unique(profile):
        return column
    if column.role == "sensitive" and (profile.numeric or column.hierarchy is not None):
        return column
    reasons = (*column.reasons, f"but {percent(profile.distinct_share)} of the values differ")
    if column.role == "non_sensitive" and (profile.ordered or verdict.calendar is not None):
        rule = propose_hierarchy(verdict, profile)
        return replace(column, role="quasi_identifier", hierarchy=rule, reasons=reasons)
    return replace(column, role="direct_identifier", hierarchy=None, reasons=reasons)
