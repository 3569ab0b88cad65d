"""Histograms of numbers with equal bins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.report.evidence import Bin

BINS = 20
FEW = 20
"""Columns of so many different numbers are shown number by number."""


def numbers_of(
    column: ColumnCount | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Return the numbers of a column and how many records have each, (values,) both.

    None of a column that is none of numbers, or has few of them, or too many to be kept.
    """
    if column is None or column.many is not None or not len(column.values):
        return None
    ordering = column.ordering
    if ordering.meaning is not Meaning.number:
        return None
    is_number = np.isfinite(ordering.numbers)
    return ordering.numbers[is_number], column.counts[is_number]


def edges(tables: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]]) -> NDArray[np.float64]:
    """Return the ends of equal bins over all numbers, (bins + 1,); none of few numbers."""
    numbers = np.concatenate([each for each, _ in tables]) if tables else np.zeros(0)
    if len(np.unique(numbers)) <= FEW:
        return np.zeros(0)
    low, high = float(numbers.min()), float(numbers.max())
    return np.linspace(low, high, BINS + 1) if np.isfinite(high - low) else np.zeros(0)


def histogram(
    numbers: NDArray[np.float64], counts: NDArray[np.int64], ends: NDArray[np.float64]
) -> tuple[Bin, ...]:
    """Count numbers, (values,), in bins of given ends, (bins + 1,); the last bin has its end."""
    if not len(ends):
        return ()
    places = np.clip(np.searchsorted(ends, numbers, side="right") - 1, 0, len(ends) - 2)
    records = np.zeros(len(ends) - 1, dtype=np.int64)
    np.add.at(records, places, counts)
    spans = zip(ends[:-1].tolist(), ends[1:].tolist(), records.tolist(), strict=True)
    return tuple(Bin(low, high, each) for low, high, each in spans)
