"""Hundreds of quasi-identifiers: more than an array has axes."""

import resource
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.lattice import Lattice
from anon_dagster.core.local import Effort, recode_locally
from anon_dagster.core.objectives import Objective
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search
from anon_dagster.core.search.heuristic import search_heuristically
from anon_dagster.errors import UnreachableError
from tests.core.search.examples import (
    MODELS,
    MOSTLY_TRIED,
    OBJECTIVES,
    brute_force,
    random_problem,
    with_objective,
)
from tests.parameters import slow_but

PAIRS = Hierarchy.from_labels([list("abcd"), list("xxyy")])
AXES = 64


def widened(problem: Problem, attributes: int) -> Problem:
    """Put attributes of one allowed level each before, between and behind those of a problem."""
    dice = np.random.default_rng(attributes)
    added = dice.integers(0, 2, (len(problem.counts), attributes)).astype(np.int32)
    own = problem.codes.shape[1]
    order = dice.permutation(own + attributes)

    def mixed(of_own: tuple, of_added: object) -> tuple:  # type: ignore[type-arg]
        both = (*of_own, *[of_added] * attributes)
        return tuple(both[q] for q in order)

    return replace(
        problem,
        codes=Codes.of(np.concatenate([problem.codes.array, added], axis=1)[:, order]),
        hierarchies=mixed(problem.hierarchies, PAIRS),
        weights=mixed(problem.weights, 0.5),
        lowest=mixed(problem.lowest, 1),
        highest=mixed(problem.highest, 1),
    )


@pytest.mark.parametrize("objective", slow_but(MOSTLY_TRIED, OBJECTIVES, OBJECTIVES.values()))
def test_the_optimum_of_a_wide_table_is_that_of_brute_force(objective: Objective) -> None:
    for seed in range(2):
        for models in islice(MODELS.values(), seed % 6, None, 6):
            narrow = random_problem(seed, models)
            if narrow.population is not None:
                continue
            problem = with_objective(widened(narrow, AXES + 2), objective)
            answer = brute_force(problem)
            if answer.levels is None:
                with pytest.raises(UnreachableError):
                    search(problem)
                continue
            solution = search(problem)
            assert solution.levels == answer.levels, seed
            assert solution.proof.optimal


@pytest.mark.parametrize("thresholds", [(1, 0), (2**14, 8)], ids=["keys are sorted", "cells"])
def test_a_wide_table_is_rolled_up_like_a_narrow_one(
    thresholds: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(("classes._DENSE", "classes._SPARSE"), thresholds, strict=True):
        monkeypatch.setattr(f"anon_dagster.core.search.{name}", value)
    monkeypatch.setattr("anon_dagster.core.search.tables._LARGE", 2)
    monkeypatch.setattr("anon_dagster.core.search.tables._STEP", 1)
    for seed in range(20, 30):
        problem = widened(random_problem(seed, MODELS["k and distinct l"]), AXES + 6)
        answer = brute_force(problem)
        if answer.levels is not None:
            assert search(problem).levels == answer.levels, seed


def survey(attributes: int) -> Problem:
    dice = np.random.default_rng(attributes)
    return Problem(
        codes=Codes.of(dice.integers(0, 4, (300, attributes)).astype(np.int32)),
        sensitive=Codes.of(np.zeros((300, 0), dtype=np.int32)),
        counts=np.ones(300, dtype=np.int64),
        hierarchies=(PAIRS,) * attributes,
        sensitive_sizes=(),
        weights=(1.0,) * attributes,
        lowest=(0,) * attributes,
        highest=(2,) * attributes,
        models=MODELS["k"],
        most_suppressed=15,
    )


@pytest.mark.parametrize("attributes", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_hundreds_of_attributes_are_searched_in_little_memory(attributes: int) -> None:
    problem = survey(attributes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    solution = search_heuristically(problem, Budget(steps=60))
    unit = 2**20 if sys.platform == "darwin" else 2**10
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / unit < 200
    assert solution.proof.candidates == 3**attributes
    assert solution.proof.evaluated <= 60
    assert 0 < solution.proof.lower_bound <= solution.proof.loss <= 1


@pytest.mark.slow
def test_local_recoding_of_a_wide_table_keeps_more_than_the_start() -> None:
    problem = survey(100)
    start = search_heuristically(problem, Budget(steps=20))
    local = recode_locally(problem, start=start, effort=Effort(rounds=1))
    assert local.proof.loss < start.proof.loss
    assert (np.bincount(local.classes[local.classes >= 0]) >= 3).all()


def test_levels_and_index_of_a_candidate_are_inverse_however_many_there_are() -> None:
    lattice = Lattice.between((1,) * 200, (3,) * 200)
    for index in (0, 1, 3**100 + 7, 3**200 - 1):
        assert lattice.index(lattice.levels(index)) == index


def test_what_lies_outside_of_an_attribute_with_one_level_has_nothing_below_it() -> None:
    lattice = Lattice.between((0, 2, 1), (1, 2, 3))
    every = np.arange(lattice.candidates)
    assert sorted(lattice.below(every, (1, 2, 2)).reshape(-1)) == [0, 1, 3, 4]
    assert sorted(lattice.above(every, (1, 2, 2)).reshape(-1)) == [4, 5]
    assert not lattice.below(every, (1, 1, 3)).size
    assert not lattice.above(every, (0, 3, 1)).size
