"""Dates and times: the calendar periods that they lie in, labelled as in ISO 8601."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.arrangement import Arrangement
from anon_dagster.core.builders.days import NO_DAY, Ints, read_days
from anon_dagster.core.builders.domain import Domain, grow
from anon_dagster.core.hierarchy import Hierarchy

_1970 = 719_163
"""The day 1970-01-01, counted from 0001-01-01 on, which is 1."""


def by_period(
    domain: Domain,
    *,
    levels: Sequence[str],
    written: str | None = None,
    until: int | None = None,
) -> Hierarchy:
    """Generalize dates and times to calendar periods.

    A time belongs to the day that its own clock shows: its offset from UTC changes nothing. The
    label of a value depends on nothing but the value and the rule.

    Parameters
    ----------
    levels
        (levels - 2,) of ``day``, ``month``, ``quarter``, ``half_year``, ``year``, ``5_years``,
        ``decade``, ``century``, from finer to coarser; they nest.
    written
        How a date is written, in the codes of ``strptime``; ISO 8601 if left out. It holds what
        the levels ask for.
    until
        The last year that two digits (``%y``) mean.

    Raises
    ------
    HierarchyError
        If values are no such dates and the domain has no branch ``other``.
    """
    days = read_days(domain.texts, written, until=until)
    known = days != NO_DAY
    days = days[known]
    arranged, months = Arrangement.by(days), _months(days)
    periods = [_PERIODS[level] for level in levels]
    rows = [arranged.level(period.number(days, months), period.names) for period in periods]
    how = "as ISO 8601 writes them" if written is None else "of the format that the rule names"
    remedy = f"these are no dates {how}: give the format that they are written in"
    return grow(domain, known, rows, remedy=remedy)


def _months(days: Ints) -> Ints:
    """Return the month that each day, (days,), lies in, counted from January of the year 0 on."""
    months: Ints = _dates(days).astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return months


def _dates(days: Ints) -> NDArray[np.datetime64]:
    """Return days, (days,), as dates."""
    return (days - _1970).astype("datetime64[D]")


@dataclass(frozen=True, slots=True)
class _Period:
    """A kind of periods, numbered as they follow."""

    number: Callable[[Ints, Ints], Ints]
    """From days, and the months that they lie in, to their periods."""
    names: Callable[[Ints], list[str]]


def _of_months(months: int, name: str) -> _Period:
    """Return the periods of so many months; their name holds their number within their year."""
    count = 12 // months

    def names(numbers: Ints) -> list[str]:
        pairs = (divmod(number, count) for number in numbers.tolist())
        return [f"{year:04d}-{name.format(place + 1)}" for year, place in pairs]

    return _Period(lambda _, of_months: of_months // months, names)


def _of_years(years: int) -> _Period:
    """Return the periods of so many years."""

    def names(numbers: Ints) -> list[str]:
        return [f"{first:04d}/{first + years - 1:04d}" for first in (numbers * years).tolist()]

    return _Period(lambda _, months: months // (12 * years), names)


_PERIODS: dict[str, _Period] = {
    "day": _Period(lambda days, _: days, lambda days: _dates(days).astype("U10").tolist()),
    "month": _of_months(1, "{:02d}"),
    "quarter": _of_months(3, "Q{}"),
    "half_year": _of_months(6, "H{}"),
    "year": _Period(
        lambda _, months: months // 12,
        lambda years: [f"{year:04d}" for year in years.tolist()],
    ),
    "5_years": _of_years(5),
    "decade": _of_years(10),
    "century": _of_years(100),
}
