"""What classes lose if one of their tuples is taken out."""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import stable_order
from anon_dagster.core.local.axis import Axis, SetAxis, numbered, segments
from anon_dagster.core.local.points import Points

Column = NDArray[np.int64]


def losses_without(
    points: Points, tuples: Column, starts: Column
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a record of each class loses, (classes,), and without each tuple, (members,).

    Parameters
    ----------
    tuples, starts
        (members,): by class; (classes,): where each class starts.
    """
    owners = numbered(starts, len(tuples))
    before = np.zeros(len(starts))
    after = np.zeros(len(tuples))
    for axis, column in zip(points.axes, points.columns, strict=True):
        whole, without = _extents(axis, column[tuples], owners, starts)
        before += whole * axis.unit
        after += without * axis.unit
    return before, after


def _extents(
    axis: Axis, positions: Column, owners: Column, starts: Column
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the extent of each class and, for each tuple, of its class without it."""
    order = stable_order(owners * axis.leaves + positions)
    last = np.append(starts[1:], len(positions)) - 1
    at = positions[order]
    if isinstance(axis, SetAxis):
        runs = segments(owners * axis.leaves + at)
        whole = np.bincount(owners[runs], minlength=len(starts)) - 1
        single = np.diff(np.append(runs, len(at))) == 1
        without = whole[owners] - single[numbered(runs, len(at))]
    else:
        whole = axis.extent(at[starts], at[last])
        without = whole[owners]
        second, before = np.minimum(starts + 1, last), np.maximum(last - 1, starts)
        without[starts] = axis.extent(at[second], at[last])
        without[last] = axis.extent(at[starts], at[before])
    back = np.empty(len(at), dtype=np.int64)
    back[order] = without
    return whole, back
