"""How strongly the columns of a table go together, in pairs.

- Two columns of numbers: the correlation coefficient of Pearson [1]_, -1 to 1.
- Two of categories: V of Cramér with the correction of Bergsma [2]_, 0 to 1, without which columns
  of many values seem to go together that do not.
- One of each: the correlation ratio η of Fisher [3]_, 0 to 1: the root of the share of the variance
  of the numbers that lies between the categories, with the correction of Kelley [4]_ for the same
  reason.

A label of a release that stands for numbers counts as the number in their middle; one that does
not say which, such as ``*``, leaves its records out of the pairs of its column. Missing values do
so, too.

References
----------
.. [1] K. Pearson, "Notes on regression and inheritance in the case of two parents", Proceedings of
   the Royal Society of London 58, 1895.
.. [2] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of the Korean
   Statistical Society 42(3), 2013.
.. [3] R. A. Fisher, "Statistical methods for research workers", Oliver and Boyd 1925, chapter 8.
.. [4] T. L. Kelley, "An unbiased correlation ratio measure", Proceedings of the National Academy of
   Sciences 21(9), 1935.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.labels import LabelReader
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.report.evidence import AssociationFact
from anon_dagster.report.findings import Findings

_MOST_COLUMNS = 12
_MOST_WORK = 3 * 10**7
"""Pairs times tuples."""
_MOST_VALUES = 1_000
"""A column of categories with more tells nothing of others: nearly every record has its own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Column(Discreet, shown=("is_number",)):
    """A column of a frequency table."""

    is_number: bool
    codes: NDArray[np.int64]  # (tuples,): a value each, -1: left out
    values: int
    numbers: Floats  # (tuples,): NaN: left out


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Discreet):
    """Columns of a frequency table, and how many records each tuple stands for."""

    columns: Mapping[str, Column]
    counts: Floats  # (tuples,)


def most_columns(tuples: int) -> int:
    """Return of how many columns all pairs are measured, 3 at least, in a table of so many tuples.

    It bounds the time that a report takes.
    """
    columns = range(_MOST_COLUMNS, 3, -1)
    return next((n for n in columns if n * (n - 1) // 2 * tuples <= _MOST_WORK), 3)


def of_source(findings: Findings, names: Sequence[str]) -> Columns:
    """Return columns of the source."""
    return _columns(findings.decision.counted, names)


def of_release(findings: Findings, names: Sequence[str]) -> Columns:
    """Return columns of the stored release."""
    numeric = {
        name
        for name in names
        if findings.decision.counted.columns[name].ordering.meaning is Meaning.number
    }
    return _columns(findings.released, names, numeric)


def associations(columns: Columns, kinds: Columns) -> Iterator[AssociationFact]:
    """Measure every pair of columns.

    Parameters
    ----------
    kinds
        The same columns of the table that says which of them are numbers in both.
    """
    for left, right in combinations(columns.columns, 2):
        pair = columns.columns[left], columns.columns[right]
        are_numbers = [
            kinds.columns[n].is_number and columns.columns[n].is_number for n in (left, right)
        ]
        if all(are_numbers):
            yield AssociationFact(left, right, "pearson", pearson(*pair, columns.counts))
        elif any(are_numbers):
            of_numbers, of_categories = pair if are_numbers[0] else pair[::-1]
            ratio = correlation_ratio(of_categories, of_numbers, columns.counts)
            yield AssociationFact(left, right, "correlation_ratio", ratio)
        else:
            yield AssociationFact(left, right, "cramers_v", cramers_v(*pair, columns.counts))


def pearson(left: Column, right: Column, counts: Floats) -> float | None:
    """Return the correlation coefficient; ``None`` if one of the columns is constant."""
    both = np.isfinite(left.numbers) & np.isfinite(right.numbers)
    weights, x, y = counts[both], left.numbers[both], right.numbers[both]
    if not weights.sum():
        return None
    x, y = _centred(x, weights), _centred(y, weights)
    spread = sqrt(float((weights * x * x).sum()) * float((weights * y * y).sum()))
    return _bounded(float((weights * x * y).sum()) / spread, -1.0) if spread > 0 else None


def correlation_ratio(categories: Column, numbers: Column, counts: Floats) -> float | None:
    """Return the corrected η; ``None`` if the numbers or the categories are constant.

    So it is where each category has one record, of which nothing can be told.
    """
    both = np.isfinite(numbers.numbers) & (categories.codes >= 0)
    weights, y, codes = counts[both], numbers.numbers[both], categories.codes[both]
    if not weights.sum() or categories.values > _MOST_VALUES or len(np.unique(codes)) < 2:
        return None
    y = _centred(y, weights)
    whole = float((weights * y * y).sum())
    of_groups = np.bincount(codes, weights, categories.values)
    sums = np.bincount(codes, weights * y, categories.values)
    present = of_groups > 0
    between = float((sums[present] ** 2 / of_groups[present]).sum())
    records, groups = float(weights.sum()), int(present.sum())
    if whole <= 0 or records <= groups:
        return None
    within = max(1 - between / whole, 0.0) * (records - 1) / (records - groups)
    return _bounded(sqrt(max(1 - within, 0.0)), 0.0)


def cramers_v(left: Column, right: Column, counts: Floats) -> float | None:
    """Return the corrected V; ``None`` if one of the columns is constant."""
    both = (left.codes >= 0) & (right.codes >= 0)
    weights = counts[both]
    records = float(weights.sum())
    if max(left.values, right.values) > _MOST_VALUES or records < 2:
        return None
    cells = left.codes[both] * right.values + right.codes[both]
    table = np.bincount(cells, weights, left.values * right.values)
    table = table.reshape(left.values, right.values)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / records
    phi = float(((table - expected) ** 2 / expected).sum()) / records
    phi = max(phi - (rows - 1) * (columns - 1) / (records - 1), 0.0)
    least = min(each - (each - 1) ** 2 / (records - 1) for each in (rows, columns)) - 1
    return _bounded(sqrt(phi / least), 0.0) if least > 0 else None


def _centred(numbers: Floats, weights: Floats) -> Floats:
    """Return what numbers, (tuples,), differ from their mean, as shares of the largest difference.

    So none is too large or too small to be squared; and what is constant does not differ by what
    was rounded of the mean.
    """
    if numbers.min() == numbers.max():
        return np.zeros(len(numbers))
    shares = numbers / np.abs(numbers).max()
    apart: Floats = shares - np.average(shares, weights=weights)
    return apart / (np.abs(apart).max() or 1.0)


def _bounded(value: float, least: float) -> float:
    return min(max(value, least), 1.0)


def _columns(count: Count, names: Sequence[str], numeric: set[str] | None = None) -> Columns:
    columns = {}
    for name in names:
        codes = count.table.codes[:, count.attributes.index(name)].astype(np.int64)
        column = count.columns[name]
        numbers = _numbers(column, is_read=numeric is not None and name in numeric)
        is_number = bool(np.isfinite(numbers).any())
        missing = np.array([label is None for label in column.labels], dtype=np.bool_)
        own = np.where(missing[codes], -1, codes) if len(missing) else codes
        of_tuples = numbers[codes] if len(numbers) else np.zeros(0)
        columns[name] = Column(is_number, own, len(column.values), of_tuples)
    return Columns(columns, count.table.counts.astype(np.float64))


def _numbers(column: ColumnCount, *, is_read: bool) -> Floats:
    """Return the number that each value stands for, (values,); NaN if none."""
    if not is_read:
        ordering = column.ordering
        none = np.full(len(column.values), np.nan)
        return ordering.numbers if ordering.meaning is Meaning.number else none
    reader = LabelReader(meaning="number", decimal=column.decimal)
    middles = [reader.read(label).midpoint for label in column.labels]
    return np.array(
        [each if isinstance(each, int | float) else np.nan for each in middles], dtype=np.float64
    )
