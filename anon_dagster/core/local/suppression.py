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


def suppress_outliers(points: Points, cells: Column, *, limit: int, planned: int) -> Column:
    """Suppress tuples within the limit for as long as the loss falls, one per class and round.

    A suppressed record loses its cost; what its class gains is how much tighter the label gets.
    Which tuples go, in which order, is decided by what is planned; the limit only ends it. So a
    higher limit with the same plan suppresses the same tuples and then more, and loses no more.

    Parameters
    ----------
    limit
        How many records may be suppressed, those that are so already among them.
    planned
        As many or more.
    """
    counts = points.counts
    planning = cells.copy()
    gone = [np.flatnonzero(cells < 0)]
    while (budget := planned - int(counts[planning < 0].sum())) > 0:
        if int(counts[planning < 0].sum()) >= limit:
            break
        tuples, starts = by_class(planning)
        if not len(tuples):
            break
        gains = _gains(points, tuples, starts)
        gains[counts[tuples] > budget] = 0.0
        chosen = _affordable(points.judge, gains, tuples, starts, budget)
        if not len(chosen):
            break
        planning[chosen] = -1
        gone.append(chosen)
    order = np.concatenate(gone)
    cells = cells.copy()
    cells[order[counts[order].cumsum() <= limit]] = -1
    return cells


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
