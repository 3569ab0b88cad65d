"""Searches of one table that share class sizes find what each finds by itself."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, ClassSizes, search
from anon_dagster.core.solution import Solution
from anon_dagster.errors import UnreachableError
from tests.core.search.examples import (
    MODELS,
    OBJECTIVES,
    brute_force,
    random_problem,
    with_objective,
)
from tests.core.search.test_heuristic import wide_problem


def outcome(problem: Problem, sizes: ClassSizes | None = None) -> Solution | str:
    try:
        return search(problem, sizes=sizes)
    except UnreachableError as error:
        return str(error)


def configurations(problem: Problem) -> list[Problem]:
    """Return a problem with some other k and limits, in no order that would be of help."""
    others = [model for model in problem.models if not isinstance(model, KAnonymity)]
    grid = product((3, 2, 6, 4), (0, problem.records // 3, problem.records // 10))
    return [
        replace(problem, models=(KAnonymity(k), *others), most_suppressed=limit)
        for k, limit in grid
    ]


@pytest.mark.parametrize("models", MODELS)
def test_each_configuration_has_the_optimum_of_brute_force(models: str) -> None:
    sizes = ClassSizes()
    for problem in configurations(random_problem(61, MODELS[models])):
        shared = outcome(problem, sizes)
        alone = outcome(problem)
        if isinstance(shared, str) or isinstance(alone, str):
            assert shared == alone
            assert brute_force(problem).levels is None
        else:
            assert shared.levels == brute_force(problem).levels
            assert shared.proof.loss == alone.proof.loss
            assert shared.proof.optimal


def test_objectives_share_what_does_not_depend_on_them() -> None:
    plain, sizes = random_problem(62, MODELS["k"]), ClassSizes()
    for objective in OBJECTIVES.values():
        problem = with_objective(plain, objective)
        shared = outcome(problem, sizes)
        levels = None if isinstance(shared, str) else shared.levels
        assert levels == brute_force(problem).levels


def test_configurations_evaluate_far_less_together() -> None:
    problem, sizes = wide_problem(5), ClassSizes()
    together = alone = 0
    for configuration in configurations(problem):
        shared, single = outcome(configuration, sizes), outcome(configuration)
        if isinstance(shared, Solution) and isinstance(single, Solution):
            together += shared.proof.evaluated
            alone += single.proof.evaluated
    assert 0 < together < 0.7 * alone


def test_another_table_shares_nothing() -> None:
    problem, sizes = wide_problem(4), ClassSizes()
    assert sizes.fit(problem)
    assert sizes.fit(replace(problem, models=(KAnonymity(9),), lowest=(1,) * 4))
    assert not sizes.fit(wide_problem(4))
    turned = problem.codes.select((1, 0, 2, 3))
    assert not sizes.fit(replace(problem, codes=turned))
    owners = Persons.of(np.arange(400), np.arange(400) // 2, 400)
    assert not ClassSizes().fit(replace(problem, persons=owners))


def test_a_search_within_a_budget_finds_what_it_finds_by_itself() -> None:
    problem, sizes, budget = wide_problem(6), ClassSizes(), Budget(steps=20)
    search(problem, sizes=sizes)
    shared, alone = (search(problem, budget=budget, sizes=each) for each in (sizes, None))
    assert shared.levels == alone.levels
    assert shared.proof == alone.proof
