"""How far a range or a set reaches at least, if it is to hold a value and enough records.

Proofs: ``docs/proofs/local-recoding.md``.
"""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, RangeAxis, numbered, segments

Ints = NDArray[np.int64]


def least_extents(axis: Axis, positions: Ints, groups: Ints, weights: Ints, needed: int) -> Ints:
    """Return how many leaves beyond the first a label of each row covers at least, (rows,).

    The label holds the row's own value, and values that enough of the weight of its group has.

    Parameters
    ----------
    axis
        Of ranges or sets.
    positions, groups, weights
        (rows,): the position of each value, the group of each row, and what it weighs.
    needed
        How much weight is enough; no group weighs less.
    """
    keys = groups * axis.leaves + positions
    order = np.argsort(keys, kind="stable")
    starts = segments(keys[order])
    held = keys[order][starts]
    totals = np.add.reduceat(weights[order], starts)
    of_entries = (_windows if isinstance(axis, RangeAxis) else _most_frequent)(
        held // axis.leaves, held % axis.leaves, totals, needed
    )
    extents = np.empty(len(keys), dtype=np.int64)
    extents[order] = of_entries[numbered(starts, len(keys))]
    return extents


def _most_frequent(groups: Ints, positions: Ints, totals: Ints, needed: int) -> Ints:
    """Return how many other values each value needs beside it, (entries,), the most frequent first.

    Parameters
    ----------
    groups, positions, totals
        (entries,): the values of each group, by group, and what the rows of each weigh.
    """
    order = np.lexsort((positions, -totals, groups))
    first, rank = _within(groups[order])
    running = totals[order].cumsum()
    before = (running - totals[order])[first]
    among = np.searchsorted(running, before + needed) - first  # if it is one of the most frequent
    beside = np.searchsorted(running, before + needed - totals[order]) - first + 1
    alone = totals[order] >= needed
    extra = np.where(rank <= among, among, np.maximum(np.minimum(beside, rank), among))
    extents = np.empty(len(order), dtype=np.int64)
    extents[order] = np.where(alone, 0, extra)
    return extents


def _windows(groups: Ints, positions: Ints, totals: Ints, needed: int) -> Ints:
    """Return the width of the narrowest window that holds each value and enough, (entries,).

    It starts at an entry from which the shortest stretch of enough weight reaches the value, or it
    ends at the value, and starts as late as such a stretch does.

    Parameters
    ----------
    groups, positions, totals
        (entries,): the values of each group in their order, and what the rows of each weigh.
    """
    first, _ = _within(groups)
    here = np.arange(len(groups))
    running = totals.cumsum()
    end = np.searchsorted(running, running - totals + needed)
    inside = np.flatnonzero(end < len(groups))
    inside = inside[groups[end[inside]] == groups[inside]]
    width = np.full(len(groups), np.iinfo(np.int64).max)
    width[inside] = positions[end[inside]] - positions[inside]
    reaching = np.maximum(np.searchsorted(end, here), first)  # the first whose stretch gets here
    extents = _least_between(width, reaching, here)
    earlier = np.flatnonzero(reaching > first)
    up_to = positions[earlier] - positions[reaching[earlier] - 1]
    extents[earlier] = np.minimum(extents[earlier], up_to)
    return extents


def _within(groups: Ints) -> tuple[Ints, Ints]:
    """Return where the group of each entry starts, and its place in it, (entries,) both."""
    starts = segments(groups)
    first = starts[numbered(starts, len(groups))]
    return first, np.arange(len(groups)) - first


def _least_between(values: Ints, low: Ints, high: Ints) -> Ints:
    """Return the least of some values from one place to another, both included, (pairs,).

    Of every power of two the least of so many neighbours is known; two such stretches overlap to
    any other length.
    """
    powers = np.frexp((high - low + 1).astype(np.float64))[1] - 1
    least = np.empty(len(low), dtype=np.int64)
    stretches = values
    for power in range(int(powers.max(initial=-1)) + 1):
        asked = np.flatnonzero(powers == power)
        last = high[asked] - 2**power + 1
        least[asked] = np.minimum(stretches[low[asked]], stretches[last])
        stretches = np.minimum(stretches[: -(2**power)], stretches[2**power :])
    return least
