"""What the labels of classes cover and cost."""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.local.axis import Axis, SetAxis, numbered
from anon_dagster.core.local.points import Points, by_class


def class_losses(points: Points, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what the records of each class lose together, (classes,).

    Parameters
    ----------
    cells
        (tuples,): the class of each, from 0 without a gap; -1 is suppressed and left out.
    """
    tuples, starts = by_class(cells)
    if not len(starts):
        return np.zeros(0)
    loss = np.zeros(len(starts))
    for axis, column in zip(points.axes, points.columns, strict=True):
        loss += _extents(axis, column[tuples], starts) * axis.unit
    return loss * np.add.reduceat(points.counts[tuples], starts)


def _extents(
    axis: Axis, positions: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the extent of each class, (classes,), whose tuples start where it says."""
    if not isinstance(axis, SetAxis):
        return axis.extent(
            np.minimum.reduceat(positions, starts), np.maximum.reduceat(positions, starts)
        )
    owners = numbered(starts, len(positions))
    held = distinct(owners * axis.leaves + positions) // axis.leaves
    return np.bincount(held, minlength=len(starts)) - 1
