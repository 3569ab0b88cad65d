"""The best candidates, in their order."""

from dataclasses import replace
from itertools import product

import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import TIE
from anon_dagster.core.privacy import PrivacyModel
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search, search_best
from anon_dagster.errors import RequestError, UnreachableError
from tests.core.search.examples import MODELS, random_problem


def ranked(problem: Problem) -> list[tuple[int, ...]]:
    """Rank every feasible candidate: least loss first, smaller levels first where losses tie."""
    ranges = (range(a, b + 1) for a, b in zip(problem.lowest, problem.highest, strict=True))
    losses = {}
    for levels in product(*ranges):
        evaluation = evaluate(problem, levels)
        if evaluation.feasible:
            losses[levels] = evaluation.loss
    order: list[tuple[int, ...]] = []
    left = sorted(losses, key=lambda levels: losses[levels])
    while left:
        tied = [levels for levels in left if losses[levels] <= losses[left[0]] + TIE]
        order += sorted(tied)
        left = left[len(tied) :]
    return order


@pytest.mark.parametrize("models", list(MODELS.values()), ids=list(MODELS))
def test_the_best_candidates_are_those_of_brute_force(models: tuple[PrivacyModel, ...]) -> None:
    for seed in range(12):
        problem = random_problem(1000 + seed, models)
        expected = ranked(problem)
        for wanted in (1, 2, 5, len(expected) + 3):
            try:
                found = [solution.levels for solution in search_best(problem, wanted)]
            except UnreachableError:
                found = []
            assert found == expected[:wanted]


def test_the_best_of_one_is_what_the_search_finds() -> None:
    problem = random_problem(7, MODELS["k"])
    (only,) = search_best(problem, 1)
    assert only.levels == search(problem).levels
    assert only.proof.optimal


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_with_a_budget_the_best_of_those_that_were_evaluated_are_ranked(steps: int) -> None:
    for seed in range(12):
        problem = random_problem(1000 + seed, MODELS["k"])
        losses = {levels: evaluate(problem, levels).loss for levels in ranked(problem)}
        try:
            found = search_best(problem, 5, budget=Budget(steps=steps))
        except UnreachableError:
            continue
        assert found[0].proof.evaluated <= steps
        assert len(found) <= steps
        lost = [losses[each.levels] for each in found if each.levels is not None]
        assert lost == pytest.approx(sorted(lost))
        assert len(lost) == len(found)
        assert found[0].proof.lower_bound <= min(losses.values()) + TIE


def test_a_lattice_that_cannot_be_enumerated_is_not_ranked() -> None:
    problem = random_problem(7, MODELS["k"])
    wide = replace(
        problem,
        codes=Codes.of(problem.codes.array[:, [0] * 40]),
        hierarchies=problem.hierarchies[:1] * 40,
        weights=(1.0,) * 40,
        lowest=(0,) * 40,
        highest=(problem.hierarchies[0].levels - 1,) * 40,
    )
    with pytest.raises(RequestError, match="narrow"):
        search_best(wide, 2)
