"""Parts of dates: which column holds one, and how many days are left by those that are known."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.rule import Evidence, others_say

_ALIKE = 0.9  # share of the records in which a column and a part must be one to one
_QUARTER = 4  # of the days of a label, one in so many is a much narrower range
_MOST_LABELS = 256  # whose days are counted, the most frequent first
_MOST_DAYS = 200_000  # of a label, about five centuries

_MONTHS = 12
_FIRST_YEAR = 1000  # digits of an earlier one are hardly a date

_Ints = NDArray[np.int64]


def parts_of(days: NDArray[np.float64]) -> dict[str, _Ints]:
    """Return the parts of dates, (records,) each, given as days since 1970; -1 where there is none.

    The year, the month, the day, the quarter and the weekday, the week of seven days since 1970,
    the year together with the month or the quarter, the month together with the day, and the day
    and the week of the year, weeks as in ISO 8601.
    """
    whole = np.floor(np.where(np.isfinite(days) & (np.abs(days) < 1e6), days, 0)).astype(np.int64)
    dates = whole.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    year, month = months // 12 + 1970, months % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    quarter = (month - 1) // 3
    weekday = (whole + 3) % 7
    thursday = whole - weekday + 3  # a week is of the year that its Thursday lies in
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "quarter": quarter,
        "weekday": weekday,
        "week": (whole + 3) // 7,
        "year and month": months,
        "year and quarter": year * 4 + quarter,
        "month and day": month * 100 + day,
        "day of the year": _days_into_year(whole),
        "week of the year": _days_into_year(thursday) // 7,
    }
    none = ~np.isfinite(days)
    return {name: np.where(none, -1, part) for name, part in parts.items()}


def _days_into_year(days: _Ints) -> _Ints:
    years = days.astype("datetime64[D]").astype("datetime64[Y]")
    into: _Ints = days - years.astype("datetime64[D]").astype(np.int64)
    return into


def days_of_digits(numbers: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Read numbers as days since 1970, (records,) each; NaN where one is none.

    Digits stand for a date in one of three orders: 19800312, 12031980 and 3121980.
    """
    present = np.isfinite(numbers) & (numbers >= 1_010_000) & (numbers <= 99_999_999)
    whole = np.where(present & (numbers == np.floor(numbers)), numbers, 0).astype(np.int64)
    first, second, last = whole // 10_000, whole // 100 % 100, whole % 100
    yield _days_of(first, second, last)
    one, two, year = whole // 1_000_000, first % 100, whole % 10_000
    yield _days_of(year, two, one)
    yield _days_of(year, one, two)


def _days_of(year: _Ints, month: _Ints, day: _Ints) -> NDArray[np.float64]:
    """Return days since 1970, (records,); NaN where there is no such date."""
    valid = (year >= _FIRST_YEAR) & (month >= 1) & (month <= _MONTHS) & (day >= 1)
    months = (np.where(valid, (year - 1970) * _MONTHS + month - 1, 0)).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[D]").astype(np.int64)
    days = first + day - 1
    return np.where(valid & (days < after), days, np.nan)


def part_held(dates: Column, parts: Mapping[str, _Ints], column: Column) -> str | None:
    """Return which part of a date a column holds, in whatever words, if it does.

    Column and part must be one to one in most records: by every other record with the same part
    the value is known, and by every other with the value the part.

    Parameters
    ----------
    parts
        By their names, (records,): dense from 0 on, see :func:`numbered`.
    """
    both = np.flatnonzero(dates.counted & ~column.missing)
    if len(both) < 2:
        return None
    codes = column.codes[both]
    values = np.count_nonzero(np.bincount(codes))
    if values < 2:
        return None
    for name, part in parts.items():
        own = part[both]
        if abs(np.log(np.count_nonzero(np.bincount(own)) / values)) > np.log(2):
            continue  # one to one they have about as many values
        if _tells(own, codes) and _tells(codes, own):
            return name
    return None


def numbered(parts: Mapping[str, _Ints]) -> dict[str, _Ints]:
    """Number the values of each part, (records,), from 0 on."""
    return {
        name: np.unique(part, return_inverse=True)[1].reshape(-1) for name, part in parts.items()
    }


def _tells(groups: _Ints, values: _Ints) -> bool:
    said = others_say(groups, values)
    sizes = np.bincount(groups)[groups]
    testable = sizes > 1
    if testable.sum() < max(8, len(groups) // 4):
        return False
    usual = np.bincount(values).max() / len(values)
    right = float(said.right[testable].mean())
    return right >= _ALIKE and right - usual >= (1 - usual) / 2


def days_left(
    protected: Protected, parts: Mapping[str, _Ints], known: Sequence[str]
) -> NDArray[np.float64]:
    """Return which share of the days of its label the parts leave of each date, (records,).

    1 where the label is of a single day already, and 0 where a single day is left. What is not
    counted is 1, too.
    """
    days = np.floor(protected.column.numbers)
    left = np.ones(len(days))
    sizes = np.bincount(protected.labels[protected.column.counted], minlength=1)
    for label in np.argsort(-sizes, kind="stable")[:_MOST_LABELS]:
        rows = np.flatnonzero((protected.labels == label) & protected.column.counted)
        if not len(rows):
            break
        first, last = days[rows].min(), days[rows].max()
        if not 1 <= last - first < _MOST_DAYS:
            continue
        calendar = parts_of(np.arange(first, last + 1))
        keys = np.stack([calendar[name] for name in known])
        different, times = np.unique(keys, axis=1, return_counts=True)
        index = {tuple(key): n for key, n in zip(different.T.tolist(), times.tolist(), strict=True)}
        own = np.stack([parts[name][rows] for name in known])
        candidates = np.array([index[tuple(key)] for key in own.T.tolist()])
        left[rows] = np.where(candidates == 1, 0.0, candidates / (last - first + 1))
    return left


def by_parts(
    protected: Protected, parts: Mapping[str, _Ints], known: Sequence[str], *, exactly: bool
) -> Evidence:
    """Weigh what parts of a date tell: the day itself, or a quarter of the days of its label."""
    left = days_left(protected, parts, known)
    everything = protected.column.counted
    if exactly:
        return Evidence(everything, left == 0, protected.known)
    return Evidence(everything, left <= 1 / _QUARTER, protected.stated)
