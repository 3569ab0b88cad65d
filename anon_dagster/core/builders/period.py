"""Dates and times: the calendar periods that they lie in, labelled as in ISO 8601."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from anon_dagster.core.builders.domain import Domain, grow
from anon_dagster.core.hierarchy import Hierarchy


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
    readings, same = dict[str, date](), dict[date, date]()  # a day is one object, soon looked up
    for text in domain.texts:
        day = read_moment(text, written, until=until)
        if day is not None:
            readings[text] = same.setdefault(day, day)

    def labels(days: list[date]) -> list[list[str]]:
        return [_labels(days, list(same), _PERIODS[level]) for level in levels]

    how = "as ISO 8601 writes them" if written is None else "of the format that the rule names"
    remedy = f"these are no dates {how}: give the format that they are written in"
    return grow(domain, readings, labels, remedy=remedy)


def read_moment(text: str, written: str | None = None, *, until: int | None = None) -> date | None:
    """Read the day of a date or time; ``None`` if the text is none.

    Parameters
    ----------
    until
        The last year that a year of two digits can mean, the first being 99 years earlier; if left
        out, years are those that are written, and two digits what ``strptime`` takes them for.
    """
    try:
        if written is not None:
            day = datetime.strptime(text, written).date()  # noqa: DTZ007 (its clock counts)
            return day if until is None else day.replace(year=until - (until - day.year) % 100)
        return None if "W" in text and _WEEK.match(text) else datetime.fromisoformat(text).date()
    except ValueError:
        return None


_WEEK = re.compile(r"[0-9]{4}-?W[0-9]{2}(?:[^0-9-]|$)")
"""A week without its day is no day."""


def _labels(days: list[date], different: list[date], name: Callable[[date], str]) -> list[str]:
    names = {day: name(day) for day in different}
    return [*map(names.__getitem__, days)]


def _years(day: date, count: int) -> str:
    first = day.year // count * count
    return f"{first:04d}/{first + count - 1:04d}"


_PERIODS: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "month": lambda day: f"{day.year:04d}-{day.month:02d}",
    "quarter": lambda day: f"{day.year:04d}-Q{(day.month + 2) // 3}",
    "half_year": lambda day: f"{day.year:04d}-H{(day.month + 5) // 6}",
    "year": lambda day: f"{day.year:04d}",
    "5_years": lambda day: _years(day, 5),
    "decade": lambda day: _years(day, 10),
    "century": lambda day: _years(day, 100),
}
