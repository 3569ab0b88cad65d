"""What every local recoding loses at least.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.least_labels import least_losses
from anon_dagster.core.local.points import Points
from anon_dagster.core.objectives import (
    ArithmeticMean,
    AttributeWise,
    CertaintyPenalty,
    GeometricMean,
    Objective,
)
from anon_dagster.core.problem import Problem


def lower_bound(points: Points) -> float:
    """Return a loss that no local recoding of the problem falls below.

    Every record is suppressed, or loses what the cheapest label costs that holds it and enough
    others to be a class. It is known of the certainty penalty, however that is aggregated; of
    other objectives the bound is 0, below which none falls.
    """
    problem = points.problem
    if not problem.records or not has_bound(problem.objective):
        return 0.0
    whole = sum(axis.unit * (axis.leaves - 1) for axis in points.axes)
    losses = least_losses(points)
    saved = _saved(losses - whole * float(problem.suppression_cost), problem)
    lost = float(np.sort(losses * problem.counts).sum())  # whatever order the tuples stand in
    mean = (lost - saved) / problem.records
    return _aggregated(problem, max(mean, 0.0)) * (1 - 1e-12)


def has_bound(objective: Objective) -> bool:
    """Tell whether a bound above 0 is known for an objective."""
    return isinstance(objective, AttributeWise) and isinstance(objective.metric, CertaintyPenalty)


def _saved(surpluses: NDArray[np.float64], problem: Problem) -> float:
    """Return what suppression saves at most: it takes the records that it saves most.

    Parameters
    ----------
    surpluses
        (tuples,): by how much a record loses more than a suppressed one.
    """
    order = np.lexsort((problem.counts, -surpluses))
    before = np.cumsum(problem.counts[order]) - problem.counts[order]
    gone = np.clip(problem.most_suppressed - before, 0, problem.counts[order])
    return float(np.maximum(surpluses[order], 0.0) @ gone)


def _aggregated(problem: Problem, mean: float) -> float:
    """Return what an aggregate is at least, if the weighted mean of the attributes is so much."""
    assert isinstance(problem.objective, AttributeWise)
    aggregate, weights = problem.objective.aggregate, problem.weights
    if isinstance(aggregate, ArithmeticMean):
        return mean
    if isinstance(aggregate, GeometricMean):  # a logarithm lies above its chords
        most = max(1.0, float(problem.suppression_cost))
        return expm1(mean * log1p(most) / most)
    counted = sum(weight > 0 for weight in weights)  # the largest of so many is their mean or more
    return mean * sum(weights) / max(max(weights, default=1.0) * counted, 1e-300)
