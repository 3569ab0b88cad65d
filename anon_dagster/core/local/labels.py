"""How classes read: the label of each class for each quasi-identifier."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import Axis, NodeAxis, RangeAxis, SetAxis, segments
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.text import write_members, write_range, write_value
from anon_dagster.core.solution import Generalized

Column = NDArray[np.int64]


def label_classes(points: Points, cells: Column) -> tuple[Generalized, ...]:
    """Label every class as tightly as its tuples allow.

    Parameters
    ----------
    cells
        (tuples,): the class of each, from 0 without a gap; -1 is suppressed.
    """
    tuples, starts = by_class(cells)
    return tuple(
        _label(axis, column[tuples], starts)
        for axis, column in zip(points.axes, points.columns, strict=True)
    )


def _label(axis: Axis, positions: Column, starts: Column) -> Generalized:
    """Label classes by the positions of their tuples, (kept tuples,), by class.

    Parameters
    ----------
    starts
        (classes,): where each class starts.
    """
    if isinstance(axis, SetAxis):
        return _label_sets(axis, positions, starts)
    low, high = np.minimum.reduceat(positions, starts), np.maximum.reduceat(positions, starts)
    if isinstance(axis, NodeAxis):
        return _label_nodes(axis, low, high)
    assert isinstance(axis, RangeAxis)
    return _label_ranges(axis, low, high)


def _label_nodes(axis: NodeAxis, low: Column, high: Column) -> Generalized:
    """Label classes, (classes,), by the lowest nodes that cover their positions."""
    hierarchy = axis.hierarchy
    level = axis.level(low, high)
    node = axis.nodes[level, low]
    groups = group([level, node], [hierarchy.levels, hierarchy.leaves], len(low))
    levels, nodes = level[groups.first].tolist(), node[groups.first].tolist()
    pairs = list(zip(levels, nodes, strict=True))
    return Generalized(
        groups.ids.astype(np.int32),
        tuple(hierarchy.labels[at][of] for at, of in pairs),
        np.array([hierarchy.covered[at][of] for at, of in pairs], dtype=np.int64),
        np.array(levels, dtype=np.float64) / max(hierarchy.levels - 1, 1),
        hierarchy.leaves,
    )


def _label_ranges(axis: RangeAxis, low: Column, high: Column) -> Generalized:
    """Label classes, (classes,), by their ends, or ``*`` where a value without a rank is shared."""
    torn = (low < axis.unranked) & (high > low)
    low, high = np.where(torn, -1, low), np.where(torn, -1, high)
    groups = group([low + 1, high + 1], [axis.leaves + 1] * 2, len(low))
    lows, highs = low[groups.first], high[groups.first]
    covered = np.where(lows < 0, axis.leaves, highs - lows + 1)
    values = [axis.hierarchy.labels[0][leaf] for leaf in axis.leaf_at]
    labels = [_range(values, *ends) for ends in zip(lows.tolist(), highs.tolist(), strict=True)]
    return _generalized(groups.ids, labels, covered, axis.leaves)


def _range(values: Sequence[Label], low: int, high: int) -> Label:
    if low < 0:
        return SUPPRESSED
    if low == high:
        return write_value(values[low])
    return write_range(str(values[low]), str(values[high]))


def _label_sets(axis: SetAxis, positions: Column, starts: Column) -> Generalized:
    """Label classes by the values they hold; see :func:`_label`."""
    owners = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(positions))))
    held = distinct(owners * axis.leaves + positions)
    first = segments(held // axis.leaves)
    values = [axis.hierarchy.labels[0][leaf] for leaf in axis.leaf_at]
    numbers: dict[bytes, int] = {}
    labels: list[Label] = []
    covered: list[int] = []
    codes = np.empty(len(starts), dtype=np.int64)
    classes = np.split(held % axis.leaves, first[1:]) if len(held) else []
    for at, members in enumerate(classes):
        number = numbers.setdefault(members.tobytes(), len(numbers))
        codes[at] = number
        if number == len(labels):
            labels.append(
                _members([values[position] for position in members.tolist()], axis.leaves)
            )
            covered.append(len(members))
    return _generalized(codes, labels, np.array(covered, dtype=np.int64), axis.leaves)


def _members(values: Sequence[Label], leaves: int) -> Label:
    if len(values) == 1:
        return write_value(values[0])
    if len(values) == leaves:
        return SUPPRESSED
    return write_members(sorted(values, key=lambda value: (value is None, value or "")))


def _generalized(
    codes: Column, labels: Sequence[Label], covered: Column, leaves: int
) -> Generalized:
    heights = (covered - 1) / max(leaves - 1, 1)
    return Generalized(codes.astype(np.int32), tuple(labels), covered, heights, leaves)


def joined_by_label(
    cells: Column, generalized: Sequence[Generalized]
) -> tuple[Column, tuple[Generalized, ...]]:
    """Make one class of those that read the same, for a release does not tell them apart."""
    count = int(cells.max(initial=-1)) + 1
    columns = [g.codes for g in generalized]
    groups = group(columns, [len(g.labels) for g in generalized], count)
    order = np.argsort(groups.first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    joined = np.where(cells >= 0, rank[groups.ids[cells]], -1)
    kept = groups.first[order]
    return joined, tuple(
        Generalized(g.codes[kept], g.labels, g.covered, g.heights, g.leaves) for g in generalized
    )
