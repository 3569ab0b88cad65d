"""What was detected, made into a request that follows HIPAA's Safe Harbor, 45 CFR 164.514(b)(2).

What the rule names as an identifier is dropped, whatever it was taken for; of dates, ages and ZIP
codes stays what may. What stays is anonymized as it was proposed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from anon_dagster.detection.generalization import OTHER
from anon_dagster.detection.result import ColumnDetection, Detection
from anon_dagster.request import DateRule, HierarchyRule, IntervalRule, KnownRule, MaskRule

_ELEMENTS = "elements of dates but the year are identifiers"
DROPPED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("full_name", "given_name", "family_name", "user_name"), "names are identifiers"
        ),
        "employer": "names of employers are identifiers",
        **dict.fromkeys(
            ("postal_address", "street", "city", "latitude", "longitude"),
            "places smaller than a state are identifiers",
        ),
        **dict.fromkeys(("month", "weekday", "time"), _ELEMENTS),
        "free_text": "nobody can tell what is in free text",
    }
)
"""Why domains are dropped that are not dropped as direct identifiers anyway."""
NOTES = (
    (
        "It follows HIPAA's Safe Harbor, 45 CFR 164.514(b)(2), as far as columns were recognized: "
        "look for identifiers that were not, such as biometrics, photographs and counties."
    ),
    (
        "Safe Harbor also asks that you know of nothing by which what is left identifies somebody; "
        "no program knows that. docs/safe-harbor.md says what it promises and what it does not."
    ),
)
_SMALLER = re.compile(
    r"counties|county|parish|precinct|district|borough|tract|census|geo_?code|town|village|municip",
    re.IGNORECASE,
)
"""In the names of places that are smaller than a state, whatever their column was taken for."""
_BIRTH = re.compile(r"b(ir)?th|birth|born|yob|dob", re.IGNORECASE)


def by_safe_harbor(found: Detection, *, year: int) -> Detection:
    """Return what was detected, with the roles and hierarchies of Safe Harbor.

    Parameters
    ----------
    year
        In which the release is used, by which years of birth tell ages.
    """
    columns = tuple(_column(each, year) for each in found.columns)
    kept = {each.column for each in columns if each.role == "sensitive"}
    return replace(
        found,
        columns=columns,
        promises=found.promises.without(
            {each.column for each in found.columns if each.role == "sensitive"} - kept
        ),
        notes=(*NOTES, *found.notes),
    )


def _column(column: ColumnDetection, year: int) -> ColumnDetection:
    """Return what becomes of a column; one that stays as it is proposed if nothing is said."""
    if column.role == "direct_identifier":
        return column
    if why := DROPPED.get(column.domain):
        return _dropped(column, why)
    if _SMALLER.search(column.column):
        return _dropped(column, DROPPED["city"])
    cure = _CURES.get(column.domain)
    return column if cure is None else cure(column, year)


def _dropped(column: ColumnDetection, why: str) -> ColumnDetection:
    return replace(
        column,
        role="direct_identifier",
        hierarchy=None,
        reasons=(f"Safe Harbor: {why}", *column.reasons),
    )


def _generalized(column: ColumnDetection, rule: HierarchyRule, what: str) -> ColumnDetection:
    """Release no value as it is, and what the rule lacks in a branch of its own."""
    return replace(
        column,
        role="quasi_identifier",
        hierarchy=rule,
        lowest_level=1,
        reasons=(f"Safe Harbor: {what}", *column.reasons),
    )


def _age(column: ColumnDetection, _: int) -> ColumnDetection:
    if not isinstance(column.hierarchy, IntervalRule):
        return _dropped(column, "these ages are no numbers, so nobody tells which are over 89")
    return _generalized(column, KnownRule(tree="age_to_89", other=OTHER), "ages over 89 are one")


def _born(column: ColumnDetection, year: int) -> ColumnDetection:
    rule = column.hierarchy
    if isinstance(rule, DateRule) and rule.format is not None:
        why = "these dates are not written as 1950-12-31, so nobody tells which tell ages over 89"
        return _dropped(column, why)
    tree = KnownRule(tree="birth_year", year=year, other=OTHER)
    return _generalized(column, tree, "the year stays, and those of ages over 89 are one")


def _date(column: ColumnDetection, _: int) -> ColumnDetection:
    if not isinstance(column.hierarchy, DateRule):
        return _dropped(column, _ELEMENTS)
    rule = column.hierarchy.model_copy(update={"levels": ("year", "5_years", "decade")})
    return _generalized(column, rule, "of a date the year stays")


def _year(column: ColumnDetection, year: int) -> ColumnDetection:
    return _born(column, year) if _BIRTH.search(column.column) else column


def _zip(column: ColumnDetection, _: int) -> ColumnDetection:
    if not isinstance(column.hierarchy, MaskRule | IntervalRule):
        return _dropped(column, "places smaller than a state are identifiers")
    tree = KnownRule(tree="us_zip3", other=OTHER)
    return _generalized(column, tree, "three digits stay, and 000 where few people live")


_CURES: Mapping[str, Callable[[ColumnDetection, int], ColumnDetection]] = MappingProxyType(
    {
        "age": _age,
        "date_of_birth": _born,
        "date": _date,
        "timestamp": _date,
        "year": _year,
        "postal_code": _zip,
    }
)
"""By domain: what becomes of a column that Safe Harbor lets stay in part."""
