"""What every local recoding loses at least.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import Axis, NodeAxis
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.points import Points
from anon_dagster.core.problem import Problem


def lower_bound(points: Points) -> float:
    """Return a loss that no local recoding of the problem falls below, 0 to 1.

    Nobody is generalized less than to the lowest levels. Records that read the same there, and
    break a promise that a class of theirs could not keep either, share their class with others:
    in one attribute at least they take the next step. Or they are suppressed, if any may be.
    """
    problem = points.problem
    if not problem.records:
        return 0.0
    least = np.zeros(len(problem.counts))
    step = np.full(len(problem.counts), 1.0)
    for axis, positions in zip(points.axes, points.columns, strict=True):
        lowest, following = _first_two_extents(axis)
        least += lowest[positions] * axis.unit
        step = np.minimum(step, (following - lowest)[positions] * axis.unit)
    bound = least + np.where(_alone_impossible(problem), step, 0.0)
    whole = sum(axis.unit * (axis.leaves - 1) for axis in points.axes)
    suppressed = whole * float(problem.suppression_cost) if problem.most_suppressed else whole
    least = np.minimum(bound, min(suppressed, whole))
    return float((least * problem.counts).sum() / problem.records) * (1 - 1e-12)


def _first_two_extents(axis: Axis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each position the least extent of a label for it, and the least above that one."""
    if not isinstance(axis, NodeAxis):
        return np.zeros(axis.leaves), np.ones(axis.leaves)
    lowest = axis.spans[axis.lowest].astype(np.float64)
    out_of_reach = lowest + axis.leaves  # where there is no next step
    above = np.where(axis.spans > lowest, axis.spans, out_of_reach)
    return lowest, above.min(axis=0)


def _alone_impossible(problem: Problem) -> NDArray[np.bool_]:
    """Tell for each tuple, (tuples,), whether those that read like it cannot be a class."""
    relaxations = tuple(m.relaxation for m in problem.models if m.relaxation is not None)
    lowest = zip(problem.hierarchies, problem.lowest, strict=True)
    nodes = [h.codes[level][problem.codes[:, q]] for q, (h, level) in enumerate(lowest)]
    groups = group(nodes, [h.leaves for h in problem.hierarchies], len(problem.counts))
    order = np.argsort(groups.ids, kind="stable")
    judge = ClassJudge.of(replace(problem, models=relaxations))
    holds = judge.holds(order, groups.ids[order], groups.sums(problem.counts))
    return ~holds[groups.ids]
