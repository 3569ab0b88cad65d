"""What importance does to local recoding: what counts more is lost less."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from anon_dagster.core.local import recode_locally
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Solution
from tests.core.local.examples import random_problem
from tests.parameters import slow_but


def lost(problem: Problem, solution: Solution, q: int) -> float:
    """Return what an attribute loses, mean over records."""
    own, at = solution.generalized[q], solution.classes
    shares = (own.covered - 1)[own.codes] / (own.leaves - 1)
    return float((shares[at] * problem.counts).sum() / problem.records)


@pytest.mark.parametrize("q", range(3))
@pytest.mark.parametrize("kind", slow_but({"nodes"}, ["nodes", "ranges", "sets"]))
def test_an_attribute_of_more_importance_is_lost_less_on_average(kind: str, q: int) -> None:
    means = []
    for importance in (0.25, 1.0, 8.0):
        losses = []
        for seed in range(4):
            problem = random_problem(seed, kind=kind)
            weights = tuple(importance if at == q else 1.0 for at in range(3))
            problem = replace(problem, weights=weights)
            losses.append(lost(problem, recode_locally(problem), q))
        means.append(np.mean(losses))
    assert means[0] > means[-1]
    assert all(after <= before for before, after in pairwise(means))
