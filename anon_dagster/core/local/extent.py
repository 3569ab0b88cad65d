"""What the labels of classes cover and cost."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, SetAxis, numbered, segments


def class_losses(
    axes: Sequence[Axis],
    columns: Sequence[NDArray[np.int64]],
    counts: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return what the records of each class lose together, (classes,).

    Parameters
    ----------
    columns
        Per quasi-identifier the place of each tuple's value, (tuples,).
    counts
        (tuples,): records.
    cells
        (tuples,): the class of each, from 0 without a gap; -1 is suppressed and left out.
    """
    tuples = np.flatnonzero(cells >= 0)
    tuples = tuples[np.argsort(cells[tuples], kind="stable")]
    starts = segments(cells[tuples])
    if not len(starts):
        return np.zeros(0)
    loss = np.zeros(len(starts))
    for axis, column in zip(axes, columns, strict=True):
        loss += _extents(axis, column[tuples], starts) * axis.unit
    return loss * np.add.reduceat(counts[tuples], starts)


def _extents(axis: Axis, places: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    if not isinstance(axis, SetAxis):
        return axis.extent(np.minimum.reduceat(places, starts), np.maximum.reduceat(places, starts))
    owners = numbered(starts, len(places))
    held = np.unique(owners * axis.leaves + places) // axis.leaves
    return np.bincount(held, minlength=len(starts)) - 1
