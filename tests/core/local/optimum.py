"""The exact optimum of local recoding under k-anonymity, by integer programming.

A class that falls into two of at least k records loses no less than these, so those that cannot
are enough: of any of them all tuples but one have at most 2k - 2 records. The optimum chooses some
of these classes, each tuple being in one, or suppressed.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from anon_dagster.core.codes import Codes
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from tests.core.local.examples import KINDS, random_problem


def small_table(seed: int) -> Problem:
    """Draw a table of 13 or 18 tuples, its k, its kind of labels and what may be suppressed."""
    kind = KINDS[seed % len(KINDS)]
    drawn = random_problem(seed, kind=kind, rows=60)
    codes, first = np.unique(drawn.codes.array, axis=0, return_index=True)
    k = 2 + seed // 4 % 2
    tuples = {2: 18, 3: 13}[k]
    chosen = np.sort(np.random.default_rng(seed).permutation(len(first))[:tuples])
    return Problem(
        codes=Codes.of(codes[chosen]),
        sensitive=drawn.sensitive.take(first[chosen]),
        counts=drawn.counts[first[chosen]],
        hierarchies=drawn.hierarchies,
        sensitive_sizes=drawn.sensitive_sizes,
        weights=drawn.weights,
        lowest=drawn.lowest,
        highest=drawn.highest,
        models=(KAnonymity(k),),
        most_suppressed=seed // 8 % 2 * 2,
        orders=drawn.orders,
        sets=drawn.sets,
    )


def exact_optimum(problem: Problem) -> float:
    """Return the least loss of all releases that keep each tuple whole."""
    (model,) = problem.models
    assert isinstance(model, KAnonymity)
    tuples = len(problem.counts)
    costs: list[NDArray[np.float64]] = []
    members: list[NDArray[np.int64]] = []  # (classes, tuples) each, 0 or 1
    for size in range(1, 2 * model.k):
        sets = np.array(list(combinations(range(tuples), size)))
        counts = problem.counts[sets]
        whole = counts.sum(axis=1)
        sets = sets[(whole >= model.k) & (whole - counts.max(axis=1) <= 2 * model.k - 2)]
        if len(sets):
            costs.append(_losses(problem, sets) * problem.counts[sets].sum(axis=1))
            members.append((sets[:, :, None] == np.arange(tuples)).any(axis=1).astype(np.int64))
    costs.append(problem.counts.astype(np.float64) * float(problem.suppression_cost))
    members.append(np.eye(tuples, dtype=np.int64))
    matrix = np.concatenate(members).T
    gone = np.zeros(matrix.shape[1])
    gone[-tuples:] = problem.counts
    result = milp(
        np.concatenate(costs),
        integrality=np.ones(matrix.shape[1]),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(matrix, 1, 1),
            LinearConstraint(gone[None], 0, problem.most_suppressed),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert result.status == 0
    return float(result.fun) / problem.records


def _losses(problem: Problem, sets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each record of each class loses, (classes,); its tuples are (classes, size)."""
    losses = np.zeros(len(sets))
    for q, (hierarchy, weight) in enumerate(zip(problem.hierarchies, problem.weights, strict=True)):
        leaves = problem.codes[:, q][sets].astype(np.int64)
        ranks = problem.orders[q]
        if ranks is not None:
            extra = np.ptp(ranks[leaves], axis=1)
        elif problem.sets[q]:
            extra = (np.diff(np.sort(leaves, axis=1), axis=1) > 0).sum(axis=1)
        else:
            extra = np.full(len(sets), hierarchy.leaves - 1)
            for codes, covered in zip(hierarchy.codes[::-1], hierarchy.covered[::-1], strict=True):
                nodes = codes[leaves]
                shared = (nodes == nodes[:, :1]).all(axis=1)
                extra[shared] = covered[nodes[shared, 0]] - 1
        losses += weight * extra / max(hierarchy.leaves - 1, 1)
    return losses / sum(problem.weights)
