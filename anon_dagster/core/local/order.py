"""Orders in which similar classes are neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import Axis, NodeAxis, segments


def neighbourly(
    axes: Sequence[Axis],
    columns: Sequence[NDArray[np.int64]],
    cells: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Sort tuples by class, and classes along a tree drawn at random, (kept tuples,).

    The tree tells classes apart by one level of one attribute after another, coarse before fine.
    """
    tuples = np.flatnonzero(cells >= 0)
    tuples = tuples[np.argsort(cells[tuples], kind="stable")]
    starts = segments(cells[tuples])
    first = tuples[starts]
    levels = [_levels(axis, column[first]) for axis, column in zip(axes, columns, strict=True)]
    pending = np.repeat(np.arange(len(axes)), [len(each) for each in levels])
    keys = []
    for q in generator.permutation(pending):
        keys.append(levels[q].pop(0))
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.lexsort(keys[::-1])] = np.arange(len(first))
    return tuples[np.argsort(ranks[cells[tuples]], kind="stable")]


def _levels(axis: Axis, places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return what tells the places apart, coarse first, each (places,)."""
    if isinstance(axis, NodeAxis):
        return [row[places] for row in axis.nodes[-2::-1]]
    bits = max(axis.leaves - 1, 1).bit_length()
    return [places >> shift for shift in range(bits - 1, -1, -2)]
