"""What the labels of classes cover and cost."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, SetAxis, segments


def class_extents(axes, columns, tuples, starts):
    """Return per attribute how many leaves beyond the first each class covers, (classes,)."""
    extents = []
    for axis, column in zip(axes, columns, strict=True):
        places = column[tuples]
        if isinstance(axis, SetAxis):
            owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(tuples))))
            held = np.unique(owner * axis.leaves + places) // axis.leaves
            extents.append(np.bincount(held, minlength=len(starts)) - 1)
        else:
            low = np.minimum.reduceat(places, starts)
            extents.append(axis.extent(low, np.maximum.reduceat(places, starts)))
    return extents


def class_losses(axes, columns, counts, cells):
    """Return what the records of each class lose together, (classes,)."""
    tuples = np.flatnonzero(cells >= 0)
    tuples = tuples[np.argsort(cells[tuples], kind="stable")]
    starts = segments(cells[tuples])
    sizes = np.add.reduceat(counts[tuples], starts)
    loss = np.zeros(len(starts))
    for axis, extent in zip(axes, class_extents(axes, columns, tuples, starts), strict=True):
        loss += extent * axis.unit
    return loss * sizes
