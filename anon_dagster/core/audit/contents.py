"""What the classes of a table hold of a sensitive attribute."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.classes import Partition

_LONG = 64
"""So many tuples in order, on average, make a stretch that is worth merging."""
_CELLS = 2
"""So many pairs of a class and a value for each tuple are added up without sorting."""
_EXACT = 2**53
"""Records that a float counts exactly."""


@dataclass(frozen=True, eq=False)
class Contents:
    """How often each class holds each value of a sensitive attribute."""

    sizes: NDArray[np.int64]  # (classes,): records, each at least 1
    classes: NDArray[np.int64]  # (entries,): ascending, every class at least once
    values: NDArray[np.int64]  # (entries,): ascending within a class
    counts: NDArray[np.int64]  # (entries,), each at least 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First entry of each class, (classes,)."""
        return np.flatnonzero(np.diff(self.classes, prepend=-1))

    @cached_property
    def _bounds(self) -> NDArray[np.int64]:
        return np.append(self.starts, len(self.classes))

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each entry in its class, (entries,)."""
        shares = self.counts / self.sizes[self.classes]
        return shares.astype(np.float64)  # of numbers that no type of numpy bounds, too

    def totals(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up amounts, (entries,), within each class, (classes,)."""
        return np.add.reduceat(amounts, self.starts) if len(amounts) else amounts

    def of(self, index: int) -> dict[int, int]:
        """Return the counts of one class by value."""
        own = slice(self._bounds[index], self._bounds[index + 1])
        return dict(zip(self.values[own].tolist(), self.counts[own].tolist(), strict=True))

    def recode(self, values: NDArray[np.integer]) -> "Contents":
        """Replace each value by another: ``values[v]`` stands for v."""
        if np.array_equal(values, np.arange(len(values))):
            return self
        return _contents(self.sizes, self.classes, values[self.values], self.counts)


def without(held: Contents, value: int) -> tuple[Contents, NDArray[np.bool_]]:
    """Leave out the records that have a value.

    Returns
    -------
    What the classes hold in which others are left, and which classes, (classes,), these are.
    """
    others = held.values != value
    sizes = np.zeros(len(held.sizes), dtype=np.int64)
    np.add.at(sizes, held.classes[others], held.counts[others])
    has: NDArray[np.bool_] = sizes > 0
    classes = (np.cumsum(has) - 1)[held.classes[others]]
    return Contents(sizes[has], classes, held.values[others], held.counts[others]), has


def contents(
    classes: Partition, values: NDArray[np.integer], counts: NDArray[np.int64]
) -> Contents:
    """Count the values, (tuples,), of a sensitive attribute in each class."""
    return _contents(classes.sizes, classes.of, values, counts)


def _contents(
    sizes: NDArray[np.int64],
    classes: NDArray[np.int64],
    values: NDArray[np.integer],
    counts: NDArray[np.int64],
) -> Contents:
    """Add up the counts, (tuples,), of each value in each class.

    Parameters
    ----------
    sizes
        (classes,): records of each class.
    classes, values
        (tuples,): class and value of each tuple.
    """
    width = int(values.max(initial=0)) + 1  # classes · width is at most tuples · values
    pairs = classes * width
    pairs += values
    if len(sizes) * width <= len(pairs) * _CELLS and int(sizes.sum()) < _EXACT:
        totals = np.bincount(pairs, counts, len(sizes) * width)  # floats hold these sums
        pairs = np.flatnonzero(totals)
        counts = totals[pairs].astype(np.int64)
    else:
        pairs, counts = _added_up(pairs, counts)
    owners = pairs // width
    pairs -= owners * width
    return Contents(sizes, owners, pairs, counts)


def _added_up(
    pairs: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different pairs, ascending, and the sum of the counts, (tuples,), of each."""
    descents = int(np.count_nonzero(pairs[1:] < pairs[:-1]))
    if descents:
        # what is nearly in order is merged, not sorted anew
        kind: Literal["stable", "quicksort"] = "stable"
        if descents * _LONG > len(pairs):
            kind = "quicksort"
        if (counts == 1).all():
            pairs.sort(kind=kind)
        else:
            order = np.argsort(pairs, kind=kind)
            pairs, counts = pairs[order], counts[order]
    opens = np.ones(len(pairs), dtype=np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=opens[1:])
    if opens.all():
        return pairs, counts
    first = np.flatnonzero(opens)
    return pairs[first], np.add.reduceat(counts, first)
