"""Suppress the tuples that cost the rest of their classes more than themselves.

Proofs: ``docs/proofs/local-recoding.md``.
"""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import numbered, segments
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.without import losses_without
from anon_dagster.core.objectives import TIE

Column = NDArray[np.int64]


def outliers(points: Points, cells: Column, *, limit: int, planned: int) -> Column:
    """Return tuples to suppress, in this order, each of which lets the loss fall; (suppressed,).

    A suppressed record loses its cost; what its class gains is how much tighter the label gets.
    Which tuples go, in which order, is decided by what is planned, one per class and round; the
    limit only ends it. So a higher limit with the same plan suppresses the same tuples and more.
    Each of them may be the last: what is left of its class keeps every promise.

    Parameters
    ----------
    limit
        How many records may be suppressed, those that are so already among them.
    planned
        Another such limit; the smaller of both holds.
    """
    counts = points.counts
    planning = cells.copy()
    before = gone = int(counts[cells < 0].sum())
    order = [cells[:0]]
    while gone < min(limit, planned):
        tuples, starts = by_class(planning)
        if not len(tuples):
            break
        gains = _gains(points, tuples, starts)
        gains[counts[tuples] > planned - gone] = 0.0
        chosen = _affordable(points.judge, gains, tuples, starts, planned - gone)
        if not len(chosen):
            break
        planning[chosen] = -1
        order.append(chosen)
        gone += int(counts[chosen].sum())
    every = np.concatenate(order)
    return every[before + counts[every].cumsum() <= limit]


def _gains(points: Points, tuples: Column, starts: Column) -> NDArray[np.float64]:
    """Return by how much the loss falls if a tuple alone is suppressed, (kept tuples,)."""
    counts = points.counts[tuples]
    owners = numbered(starts, len(tuples))
    before, after = losses_without(points, tuples, starts)
    sizes = np.add.reduceat(counts, starts)
    cost = counts * float(points.problem.suppression_cost)
    return (before * sizes)[owners] - after * (sizes[owners] - counts) - cost


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
