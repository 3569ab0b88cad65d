"""The rule above all roles: what differs in nearly every record is never released as it is.

A column that tells each record apart is a key, whatever it is called and whatever its role would
be. In what detection proposes it is generalized, dropped, or sensitive with a promise that guards
its values.
"""

from dataclasses import replace

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.generalization import propose_hierarchy
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.result import ColumnDetection
from anon_dagster.request import HierarchyRule

_NEARLY_ALL = 0.9  # different values per record that has one
_HALF = 0.5  # share of the records whose value fewer than five hold
_NUMBER = r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?"


def is_near_unique(profile: Profile) -> bool:
    """Tell whether values differ in nearly every record."""
    return profile.distinct > 1 and profile.distinct_share >= _NEARLY_ALL


def never_exact(column: ColumnDetection, verdict: Verdict, profile: Profile) -> ColumnDetection:
    """Return a column so that what tells each record apart is not released as it is.

    Numbers and dates that would be harmless are generalized; what has no order is dropped.
    """
    unlike = is_near_unique(profile)
    if column.role == "sensitive" and unlike and not profile.numeric and column.hierarchy is None:
        return _dropped(column, profile)
    if column.role != "non_sensitive" or not (unlike or column.separation.rare >= _HALF):
        return column
    if verdict.calendar is not None or profile.matched(_NUMBER) >= _NEARLY_ALL:
        return _generalized(column, profile, propose_hierarchy(verdict, profile))
    return _dropped(column, profile)


def _generalized(column: ColumnDetection, profile: Profile, rule: HierarchyRule) -> ColumnDetection:
    return replace(
        column, role="quasi_identifier", hierarchy=rule, reasons=_reasons(column, profile)
    )


def _dropped(column: ColumnDetection, profile: Profile) -> ColumnDetection:
    return replace(
        column, role="direct_identifier", hierarchy=None, reasons=_reasons(column, profile)
    )


def _reasons(column: ColumnDetection, profile: Profile) -> tuple[str, ...]:
    return (*column.reasons, f"but {percent(profile.distinct_share)} of the values differ")
