"""The equivalence classes of a table: runs of sorted rows, instead of a search's keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

_RADIX = 2**16
"""Columns with fewer values are sorted by radix: numpy does so for 16-bit integers."""

_AT_ONCE = 2**20
"""Tuples that are worked on at a time, where a table is divided by its classes."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The tuples of a table, put into classes."""

    of: NDArray[np.int64]  # (tuples,): class of each tuple
    sizes: NDArray[np.int64]  # (classes,): records, each at least 1

    @property
    def records(self) -> int:
        """How many records there are."""
        return int(self.sizes.sum())

    @property
    def smallest(self) -> int:
        """The k of k-anonymity that the table reaches; 0 for an empty table."""
        return int(self.sizes.min(initial=np.iinfo(np.int64).max)) if len(self.sizes) else 0

    @property
    def largest(self) -> int:
        """The size of the largest class; 0 for an empty table."""
        return int(self.sizes.max(initial=0))

    @property
    def squares(self) -> int:
        """The sum of the squared class sizes, which no type bounds."""
        sizes, classes = np.unique(self.sizes, return_counts=True)
        return sum(s * s * c for s, c in zip(sizes.tolist(), classes.tolist(), strict=True))

    def in_turn(
        self, most: int = _AT_ONCE
    ) -> Iterator[tuple[NDArray[np.intp] | slice, "Partition"]]:
        """Divide the table by its classes, so that little is worked on at a time.

        Gives about so many tuples at most, as places among all of them, and their classes; more
        only of a single class.
        """
        ends = np.cumsum(np.bincount(self.of, minlength=len(self.sizes)))
        ascending = bool((self.of[1:] >= self.of[:-1]).all())
        first = done = 0
        while first < len(self.sizes):
            last = max(int(np.searchsorted(ends, done + most, side="right")), first + 1)
            tuples: NDArray[np.intp] | slice = slice(done, int(ends[last - 1]))
            if not ascending:
                tuples = np.flatnonzero((self.of >= first) & (self.of < last))
            yield tuples, Partition(self.of[tuples] - first, self.sizes[first:last])
            first, done = last, int(ends[last - 1])

    def records_above(self, threshold: Fraction) -> int:
        """Return how many records have a risk, 1 / class size, strictly above a threshold."""
        return int(self.sizes[self.sizes < ceil(1 / threshold)].sum())


def partition(columns: Sequence[NDArray[np.integer]], counts: NDArray[np.int64]) -> Partition:
    """Put tuples that agree in every column into a class.

    Parameters
    ----------
    columns
        Codes from 0, each (tuples,).
    counts
        (tuples,): records of each tuple.
    """
    if len(columns) == 1 and columns[0].max(initial=0) < len(counts):
        return _of_numbers(columns[0], counts)
    order = None if _ascending(columns, len(counts)) else np.lexsort(_narrow(columns)[::-1])
    opens = np.zeros(len(counts), dtype=np.bool_)
    opens[:1] = True
    for column in columns:
        ordered = column if order is None else column[order]
        opens[1:] |= ordered[1:] != ordered[:-1]
    ids = opens.cumsum() - 1
    ordered_counts = counts if order is None else counts[order]
    sizes = np.add.reduceat(ordered_counts, np.flatnonzero(opens)) if len(counts) else counts
    if order is None:
        return Partition(ids, sizes)
    of = np.empty_like(ids)
    of[order] = ids
    return Partition(of, sizes)


def persons_of(
    classes: Partition, tuples: NDArray[np.integer], owners: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Count the different persons of each class, (classes,).

    Parameters
    ----------
    tuples, owners
        (pairs,): a tuple of the table, and a person who has a record of it.
    """
    return different_persons(classes.of[tuples], owners, len(classes.sizes))


def different_persons(
    classes: NDArray[np.integer], owners: NDArray[np.integer], number: int
) -> NDArray[np.int64]:
    """Count the different persons of each class, (number,).

    Parameters
    ----------
    classes, owners
        (pairs,): a class, and a person who has a record in it; a pair may stand several times.
    """
    order = np.lexsort((owners, classes))
    classes, owners = classes[order], owners[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (classes[1:] != classes[:-1]) | (owners[1:] != owners[:-1])
    return np.bincount(classes[fresh], minlength=number).astype(np.int64)


def _of_numbers(numbers: NDArray[np.integer], counts: NDArray[np.int64]) -> Partition:
    """Put tuples of the same number, (tuples,), into a class, in the order of the numbers."""
    sizes = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    np.add.at(sizes, numbers, counts)
    present = np.zeros(len(sizes), dtype=np.bool_)
    present[numbers] = True
    return Partition((np.cumsum(present) - 1)[numbers], sizes[present])


def _ascending(columns: Sequence[NDArray[np.integer]], rows: int) -> bool:
    """Tell whether rows are in lexicographic order, as those of a frequency table mostly are."""
    tied = np.ones(max(rows - 1, 0), dtype=np.bool_)
    for column in columns:
        if (tied & (column[1:] < column[:-1])).any():
            return False
        tied &= column[1:] == column[:-1]
    return True


def _narrow(columns: Sequence[NDArray[np.integer]]) -> list[NDArray[np.integer]]:
    """Return columns, (rows,) each, in 16 bits where their codes allow it."""
    return [c.astype(np.uint16) if c.max(initial=0) < _RADIX else c for c in columns]
