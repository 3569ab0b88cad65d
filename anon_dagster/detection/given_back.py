"""Columns that give protected ones back: computed from them, or another way to say the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders import read_moment
from anon_dagster.core.residual import Column, Protected, Relation, relations
from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.generalization import propose_hierarchy
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.result import ColumnDetection
from anon_dagster.detection.times import Calendar

_LOOKED_AT = 2_000  # records, in even steps
_MOST = 20  # columns on either side, those of the fewest common values first
_SEVERAL = 3  # values of what is protected; yes and no are not computed
_ABOVE = 0.2  # share of the records that must be given back
_NEARLY_ALL = 0.8  # … where values are only looked up
_LOOKED_UP = frozenset({"function", "monotone function"})


@dataclass(frozen=True, slots=True)
class GivenBack:
    """That released columns tell the values of a protected one."""

    protected: str
    by: tuple[str, ...]
    kind: str
    """What they are of it: a copy, a square, a sum of two."""

    @property
    def is_computed(self) -> bool:
        """Whether a formula gives the values back, rather than a table of them."""
        return self.kind not in _LOOKED_UP


def find_given_back(
    columns: Sequence[ColumnDetection],
    profiles: Mapping[str, Profile],
    verdicts: Mapping[str, Verdict],
) -> tuple[GivenBack, ...]:
    """Find what would be released as it is and tells the values of quasi-identifiers.

    Harmless columns and sensitive ones are released as they are; what is guarded is that they are
    not linked to a person, and a quasi-identifier that they give back links them.
    """
    hidden = [c.column for c in columns if c.role == "quasi_identifier"]
    open_ones = [c.column for c in columns if c.role in {"non_sensitive", "sensitive"}]
    hidden = _telling(hidden, profiles, least=_SEVERAL)
    open_ones = _telling(open_ones, profiles, least=2)
    if not hidden or not open_ones:
        return ()
    rows = _rows(profiles[hidden[0]].records)
    protected = [_protected(profiles[name], verdicts[name], rows) for name in hidden]
    published = [_column(profiles[name], verdicts[name], rows) for name in open_ones]
    found = relations(protected, published, above=_ABOVE)
    return tuple(_named(relation, hidden, open_ones) for relation in found if _exactly(relation))


def guard_what_is_computed(
    columns: Sequence[ColumnDetection], computed: Mapping[str, str]
) -> Iterator[ColumnDetection]:
    """Return the columns, the logarithms and squares of sensitive ones sensitive as well.

    Parameters
    ----------
    computed
        Columns that are named so, each with the one that it is computed from.
    """
    roles = {column.column: column.role for column in columns}
    for column in columns:
        of = computed.get(column.column)
        if of is not None and roles[of] == "sensitive" and column.role != "direct_identifier":
            reasons = (*column.reasons[:-1], f"computed from {of}, as its name says")
            yield replace(column, role="sensitive", hierarchy=None, reasons=reasons)
        else:
            yield column


def protect_what_gives_back(
    columns: Sequence[ColumnDetection],
    found: Sequence[GivenBack],
    profiles: Mapping[str, Profile],
    verdicts: Mapping[str, Verdict],
) -> Iterator[ColumnDetection]:
    """Return the columns, those that are harmless but for what they give back protected as well."""
    reasons: dict[str, str] = {}
    for relation in found:
        for name in relation.by:
            reasons.setdefault(name, f"it gives {relation.protected} back ({relation.kind})")
    for column in columns:
        if column.role == "non_sensitive" and column.column in reasons:
            rule = propose_hierarchy(verdicts[column.column], profiles[column.column])
            yield replace(
                column,
                role="quasi_identifier",
                hierarchy=rule,
                reasons=(*column.reasons[:-1], reasons[column.column]),
            )
        else:
            yield column


def _telling(names: Sequence[str], profiles: Mapping[str, Profile], *, least: int) -> list[str]:
    """Return the columns of several values, those first that tell records apart most."""
    several = [name for name in names if profiles[name].distinct >= least]
    return sorted(several, key=lambda name: -profiles[name].distinct)[:_MOST]


def _rows(records: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, records - 1, min(records, _LOOKED_AT)).astype(np.int64))


def _exactly(relation: Relation) -> bool:
    """Tell whether values are given back, by a formula or for nearly all records."""
    computed = relation.kind not in _LOOKED_UP
    return relation.tells == "value" and (computed or relation.share >= _NEARLY_ALL)


def _named(relation: Relation, hidden: Sequence[str], open_ones: Sequence[str]) -> GivenBack:
    by = tuple(open_ones[position] for position in relation.published)
    return GivenBack(hidden[relation.protected], by, relation.kind)


def _protected(profile: Profile, verdict: Verdict, rows: NDArray[np.int64]) -> Protected:
    column = _column(profile, verdict, rows)
    return Protected(column, np.zeros(column.records, dtype=np.int64))


def _column(profile: Profile, verdict: Verdict, rows: NDArray[np.int64]) -> Column:
    """Return the chosen records of a column, as numbers where they are numbers or dates."""
    codes = profile.codes[rows]
    missing = codes == profile.distinct
    is_date = verdict.calendar is not None
    if is_date:
        of_value = _days(profile, verdict.calendar, np.unique(codes[~missing]))
    elif profile.numeric:
        of_value = profile.numbers
    else:
        of_value = np.full(profile.distinct, np.nan)
    numbers = np.append(of_value, np.nan)[codes]
    return Column.of(codes, numbers=numbers, missing=missing, is_date=is_date)


def _days(
    profile: Profile, calendar: Calendar | None, codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return days since 1970, (values,), of the values that are looked at; NaN for the others."""
    days = np.full(profile.distinct, np.nan)
    assert calendar is not None, "of dates only"
    for code in codes.tolist():
        try:
            moment = read_moment(
                profile.values[code].strip(), calendar.written, until=calendar.until
            )
        except (ValueError, OverflowError):
            continue
        if moment is not None:
            days[code] = (moment - date(1970, 1, 1)).days
    return days
