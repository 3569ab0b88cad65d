"""The objective: the normalized certainty penalty."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.problem import Problem

TIE = 1e-12
"""Losses this close are equal; the lexicographically smallest levels win."""


def loss_of(problem: Problem, levels: Sequence[int], kept: NDArray[np.bool_]) -> float:
    """Return the mean normalized certainty penalty of a candidate [1]_, 0 (nothing lost) to 1.

    Per quasi-identifier the mean over records of (leaves covered - 1) / (leaves - 1), a
    suppressed record counting 1; averaged over quasi-identifiers with their weights. What it
    counts as an objective is the problem's ``suppression_cost`` instead of 1.

    Parameters
    ----------
    levels
        A level per quasi-identifier.
    kept
        (tuples,): which tuples are not suppressed.

    References
    ----------
    .. [1] J. Xu, W. Wang, J. Pei, X. Wang, B. Shi, A. Fu, "Utility-based anonymization using
       local recoding", KDD 2006, section 2.
    """
    penalties = []
    suppressed = int(problem.counts[~kept].sum())
    for q, (hierarchy, level) in enumerate(zip(problem.hierarchies, levels, strict=True)):
        extra = (hierarchy.covered[level] - 1)[hierarchy.codes[level]]
        penalties.append(int((extra[problem.codes[kept, q]] * problem.counts[kept]).sum()))
    return combined(problem, penalties, suppressed, cost=problem.suppression_cost)


def combined(
    problem: Problem, penalties: Sequence[int], suppressed: int, *, cost: Fraction = Fraction(1)
) -> float:
    """Average summed penalties, in leaves; the one place that fixes the order of the sum.

    Parameters
    ----------
    penalties
        Per quasi-identifier, Σ over records that are not suppressed of (leaves covered - 1).
    suppressed
        Records that are.
    cost
        What one of them counts; 1: as much as if it were fully generalized.
    """
    loss, records = 0.0, problem.records
    times, per = cost.numerator, cost.denominator
    for penalty, hierarchy, weight in zip(
        penalties, problem.hierarchies, problem.weights, strict=True
    ):
        whole = records * (hierarchy.leaves - 1) * per
        lost = penalty * per + suppressed * (hierarchy.leaves - 1) * times
        loss += weight * (lost / whole) if whole else 0.0
    return loss / (sum(problem.weights) or 1.0)
