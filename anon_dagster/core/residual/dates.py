"""Parts of dates: which column holds one, and how many days are left by those that are known."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.column import Column, Protected
from anon_dagster.core.residual.rule import Evidence, others_say

_ALIKE = 0.9  # share of the records in which a column and a part must be one to one
_QUARTER = 4  # of the days of a label, one in so many is a much narrower range
_MOST_LABELS = 256  # whose days are counted, the most frequent first
_MOST_DAYS = 200_000  # of a label, about five centuries

_Ints = NDArray[np.int64]


def parts_of(days: NDArray[np.float64]) -> dict[str, _Ints]:
    """Return the parts of dates, (records,) each, given as days since 1970; -1 where there is none.

    The year, the month, the day, the quarter and the weekday, the week of seven days since 1970,
    the year together with the month or the quarter, and the month together with the day.
    """
    whole = np.floor(np.where(np.isfinite(days) & (np.abs(days) < 1e6), days, 0)).astype(np.int64)
    dates = whole.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    year, month = months // 12 + 1970, months % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    quarter = (month - 1) // 3
    parts = {
        "year": year,
        "month": month,
        "day": day,
        "quarter": quarter,
        "weekday": (whole + 3) % 7,
        "week": (whole + 3) // 7,
        "year and month": months,
        "year and quarter": year * 4 + quarter,
        "month and day": month * 100 + day,
    }
    none = ~np.isfinite(days)
    return {name: np.where(none, -1, part) for name, part in parts.items()}


def days_of_digits(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read numbers such as 19800312 as days since 1970, (records,); NaN where one is none."""
    present = np.isfinite(numbers) & (numbers >= 10_000_101) & (numbers <= 99_991_231)
    whole = np.where(present & (numbers == np.floor(numbers)), numbers, 10_000_101).astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    valid = present & (numbers == whole) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = first.astype("datetime64[D]").astype(np.int64) + day - 1
    return np.where(valid, days, np.nan)


def part_held(dates: Column, parts: Mapping[str, _Ints], column: Column) -> str | None:
    """Return which part of a date a column holds, in whatever words, if it does.

    Column and part must be one to one in most records: by every other record with the same part
    the value is known, and by every other with the value the part.
    """
    both = dates.counted & ~column.missing
    if both.sum() < 2 or len(np.unique(column.codes[both])) < 2:
        return None
    codes = np.unique(column.codes[both], return_inverse=True)[1].reshape(-1)
    for name, part in parts.items():
        own = np.unique(part[both], return_inverse=True)[1].reshape(-1)
        if abs(np.log(len(np.unique(own)) / len(np.unique(codes)))) > np.log(2):
            continue  # one to one they have about as many values
        if _tells(own, codes) and _tells(codes, own):
            return name
    return None


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
