"""Attributes that count by how much they tell of a target, to steer what no classifier can guide.

Local recoding weighs what a step gains of each attribute by its importance. Where a release is
meant to tell a target from its attributes, an importance times the share of the target's bits that
each one tells steers the steps: what tells it stays apart, what does not is given up first.

References
----------
.. [1] H. Theil, "On the estimation of relationships involving qualitative variables", American
   Journal of Sociology 76(1), 1970: the uncertainty coefficient.
.. [2] M. S. Roulston, "Estimating the errors on measured entropy and mutual information",
   Physica D 125, 1999: what independent columns seem to tell of each other.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.problem import Problem
from anon_dagster.request import Policy

EMPHASES = (0.0, 0.5, 1.0)
"""Exponents of what an attribute tells: not at all, half-way, in proportion."""
_LEAST = 0.01
"""What an attribute counts that tells nothing, the most telling one counting as 1."""

_Ints = NDArray[np.int64]


def weights_for_target(problem: Problem, policy: Policy, emphasis: float) -> tuple[float, ...]:
    """Return the importance of each attribute, (quasi-identifiers,), times what it tells.

    The target itself counts as the most telling one does; of attributes that are no features of
    the target use nothing is learned.
    """
    use = policy.target_use
    assert use is not None, "a release is judged by its target use"
    names = [*policy.quasi_identifiers, *policy.names("sensitive")]
    columns = [*problem.codes.columns, *problem.sensitive.columns]
    target = columns[names.index(use.attribute)].astype(np.int64)
    told = [
        1.0
        if name == use.attribute
        else uncertainty_coefficient(column.astype(np.int64), target, problem.counts)
        if use.features is None or name in use.features
        else 0.0
        for name, column in zip(policy.quasi_identifiers, problem.codes.columns, strict=True)
    ]
    others = [
        t for name, t in zip(policy.quasi_identifiers, told, strict=True) if name != use.attribute
    ]
    most = max(others, default=0.0)
    if most <= 0:
        return problem.weights
    return tuple(
        weight * max(min(each / most, 1.0), _LEAST) ** emphasis
        for weight, each in zip(problem.weights, told, strict=True)
    )


def uncertainty_coefficient(values: _Ints, target: _Ints, counts: _Ints) -> float:
    """Return the share of the bits of a target that values tell, 0 to 1 [1]_.

    What as many values would seem to tell by chance is taken away [2]_: else that of a column of
    codes that nearly all differ would be 1.

    Parameters
    ----------
    values, target
        (tuples,): codes.
    counts
        (tuples,): records.
    """
    pairs = np.unique(np.stack([values, target]), axis=1, return_inverse=True)[1].reshape(-1)
    of_values, of_target, of_pairs = (_sums(codes, counts) for codes in (values, target, pairs))
    whole = _entropy(of_target)
    if not whole:
        return 0.0
    told = _entropy(of_values) + whole - _entropy(of_pairs)
    by_chance = (len(of_pairs) - len(of_values) - len(of_target) + 1) / (2 * int(counts.sum()))
    return min(max((told - by_chance) / whole, 0.0), 1.0)


def _sums(codes: _Ints, counts: _Ints) -> _Ints:
    """Return the records of each code that has some."""
    sums = np.bincount(codes, weights=counts)
    return sums[sums > 0].astype(np.int64)


def _entropy(sizes: _Ints) -> float:
    """Return the entropy of records in groups of these sizes, in nats."""
    records = int(sizes.sum())
    return log(records) - float((sizes * np.log(sizes)).sum()) / records if records else 0.0
