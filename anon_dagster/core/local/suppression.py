"""Suppress the tuples that cost the rest of their classes more than themselves.

Proofs: ``docs/proofs/local-recoding.md``.
"""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, SetAxis, numbered, segments
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.objectives import TIE

Column = NDArray[np.int64]


def suppress_outliers(points: Points, cells: Column) -> Column:
    """Suppress tuples within the limit for as long as the loss falls, one per class and round.

    A suppressed record loses its cost; what its class gains is how much tighter the label gets.
    """
    counts = points.counts
    cells = cells.copy()
    budget = points.problem.most_suppressed - int(counts[cells < 0].sum())
    while budget > 0:
        tuples, starts = by_class(cells)
        gains = _gains(points, tuples, starts)
        gains[counts[tuples] > budget] = 0.0
        chosen = _affordable(points.judge, gains, tuples, starts, budget)
        if not len(chosen):
            break
        cells[chosen] = -1
        budget -= int(counts[chosen].sum())
    return cells


def _gains(points: Points, tuples: Column, starts: Column) -> NDArray[np.float64]:
    """Return by how much the loss falls if a tuple alone is suppressed, (kept tuples,)."""
    counts = points.counts[tuples]
    owners = numbered(starts, len(tuples))
    before = np.zeros(len(starts))
    after = np.zeros(len(tuples))
    for axis, column in zip(points.axes, points.columns, strict=True):
        whole, without = _extents(axis, column[tuples], owners, starts)
        before += whole * axis.unit
        after += without * axis.unit
    sizes = np.add.reduceat(counts, starts)
    cost = counts * float(points.problem.suppression_cost)
    return (before * sizes)[owners] - after * (sizes[owners] - counts) - cost


def _extents(
    axis: Axis, positions: Column, owners: Column, starts: Column
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the extent of each class and, for each tuple, of its class without it."""
    order = np.argsort(owners * axis.leaves + positions, kind="stable")
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


def _affordable(
    judge: ClassJudge, gains: NDArray[np.float64], tuples: Column, starts: Column, budget: int
) -> Column:
    """Return the best tuple of each class that can do without it, as many as may go."""
    owners = numbered(starts, len(tuples))
    best = np.maximum.reduceat(gains, starts)
    hits = np.flatnonzero((gains == best[owners]) & (gains > TIE))
    hits = hits[segments(owners[hits])] if len(hits) else hits
    stays = np.isin(owners, owners[hits])
    stays[hits] = False
    rest = np.flatnonzero(stays)
    if not len(rest):
        return tuples[:0]
    groups = segments(owners[rest])
    sizes = np.add.reduceat(judge.problem.counts[tuples[rest]], groups)
    verdict = judge.holds(tuples[rest], numbered(groups, len(rest)), sizes)
    hits = hits[np.isin(owners[hits], owners[rest][groups][verdict])]
    hits = hits[np.argsort(-gains[hits], kind="stable")]
    within = judge.problem.counts[tuples[hits]].cumsum() <= budget
    return tuples[hits[within]]
