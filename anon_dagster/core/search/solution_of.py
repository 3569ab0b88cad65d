"""From the levels that a search chose to the solution that is written."""

from dataclasses import replace

import numpy as np

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.lattice import Levels
from anon_dagster.core.objectives import TIE
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Proof, Solution


def solution_of(problem: Problem, levels: Levels, proof: Proof) -> Solution:
    """Return the release of a feasible candidate.

    Its promises and its loss are evaluated once more, plainly: the search that chose it is not
    trusted.
    """
    evaluation = evaluate(problem, levels)
    assert evaluation.feasible, f"the search chose {levels}, which breaks a promise"
    apart = abs(evaluation.loss - proof.loss)  # some objectives are summed in another order
    assert apart <= TIE, f"the search got the loss of {levels} wrong"
    proof = replace(
        proof, loss=evaluation.loss, lower_bound=min(proof.lower_bound, evaluation.loss)
    )
    kept = ~evaluation.failing
    numbers = np.where(kept, np.cumsum(kept) - 1, -1)  # of the released classes, from 0
    classes = numbers[evaluation.classes] if len(numbers) else evaluation.classes
    first = np.zeros(int(kept.sum()), dtype=np.int64)
    released = np.flatnonzero(classes >= 0)[::-1]  # -1 would stand for the last class
    first[classes[released]] = released
    generalized = []
    for q, (hierarchy, level) in enumerate(zip(problem.hierarchies, levels, strict=True)):
        labels = hierarchy.labels[level]
        height = level / (hierarchy.levels - 1) if hierarchy.levels > 1 else 0.0
        generalized.append(
            Generalized(
                hierarchy.codes[level][problem.codes[first, q]],
                labels,
                hierarchy.covered[level],
                np.full(len(labels), height),
                hierarchy.leaves,
            )
        )
    return Solution(classes, tuple(generalized), proof, levels)
