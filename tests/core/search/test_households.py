"""Searches where households count, or trajectories, agree with the plain search of all."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import dooms_the_more_specific, evaluate
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import recode_locally
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import HouseholdAnonymity, KAnonymity, PrivacyModel
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from anon_dagster.core.solution import Solution
from anon_dagster.core.trajectories import Trajectories
from anon_dagster.errors import UnreachableError
from tests.core.households import (
    records_of,
    with_few_records,
    with_households,
    with_trajectories,
)
from tests.core.persons import with_persons
from tests.core.search.examples import MODELS, brute_force, random_problem
from tests.core.search.test_persons import levels_of

SOME: list[tuple[PrivacyModel, ...]] = [(), *(MODELS[n] for n in ("k and t", "k and distinct l"))]
RECODINGS: tuple[Callable[[Problem], Solution], ...] = (search, recode_locally)
FEW = {"classes._DENSE": 1, "classes._SPARSE": 0, "tables._LARGE": 2, "tables._STEP": 1}


def of_households(seed: int, models: tuple[PrivacyModel, ...]) -> Problem:
    problem = random_problem(seed, models)
    return with_households(with_persons(problem, seed) if seed % 2 else problem, seed, 2 + seed % 3)


@pytest.mark.parametrize("thresholds", [{}, FEW], ids=["dense", "tables are rolled up"])
def test_the_search_agrees_with_brute_force_where_households_count(
    thresholds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in thresholds.items():
        monkeypatch.setattr(f"anon_dagster.core.search.{name}", value)
    found = 0
    for seed, models in product(range(8), SOME):
        problem = of_households(seed, models)
        answer = brute_force(problem)
        assert levels_of(problem) == answer.levels, (seed, models)
        found += answer.levels is not None
    assert found


def households_of_classes(problem: Problem, solution: Solution) -> list[int]:
    """Count the households of each released class by their plain list."""
    assert problem.households is not None
    rows, owners = problem.households.listed()
    frame = pd.DataFrame({"class": solution.classes[rows], "house": owners})
    kept = frame[frame["class"] >= 0]
    return kept.groupby("class")["house"].nunique().tolist()


def test_every_released_class_has_so_many_households() -> None:
    released = 0
    for seed, recode in product(range(8), RECODINGS):
        problem = of_households(seed, (KAnonymity(2),))
        try:
            solution = recode(problem)
        except UnreachableError:
            continue
        sizes = households_of_classes(problem, solution)
        assert min(sizes, default=9) >= 2 + seed % 3, (seed, recode)
        released += len(sizes) > 1
    assert released


def test_a_household_of_each_record_gives_what_k_anonymity_does() -> None:
    for seed in range(6):
        plain = with_few_records(random_problem(seed, [KAnonymity(4)]))
        rows = records_of(plain)
        owners = np.random.default_rng(seed).permutation(len(rows))
        counted = replace(
            plain,
            models=(HouseholdAnonymity(4),),
            households=Persons.of(rows, owners, len(plain.counts)),
        )
        assert levels_of(counted) == levels_of(plain), seed
        for levels in (plain.lowest, plain.highest):
            one, other = evaluate(counted, levels), evaluate(plain, levels)
            assert one.failing.tolist() == other.failing.tolist()
            assert (one.loss, one.feasible) == (other.loss, other.feasible)
        try:
            locally = recode_locally(plain)
        except UnreachableError:
            continue
        assert recode_locally(counted).classes.tolist() == locally.classes.tolist()


def test_the_search_agrees_with_brute_force_where_trajectories_are_promised() -> None:
    found = 0
    for seed, k in product(range(8), (2, 3)):
        problem = with_trajectories(random_problem(seed, [KAnonymity(2)]), seed, k)
        answer = brute_force(problem)
        assert levels_of(problem) == answer.levels, (seed, k)
        found += answer.levels is not None
    assert found


def test_levels_that_doom_others_are_above_none_that_is_feasible() -> None:
    doomed = sum(map(dooming_levels, range(12)))
    assert doomed


def dooming_levels(seed: int) -> int:
    """Count levels that doom the more specific ones; none of these may be feasible."""
    problem = with_trajectories(random_problem(seed, [KAnonymity(2)]), seed, 2 + seed % 2)
    problem = replace(problem, most_suppressed=min(seed % 4, problem.records), table_models=())
    levels_of_each = zip(problem.lowest, problem.highest, strict=True)
    every = list(product(*(range(low, high + 1) for low, high in levels_of_each)))
    evaluated = {levels: evaluate(problem, levels) for levels in every}
    feasible = [levels for levels in every if evaluated[levels].feasible]
    doomed = [
        levels
        for levels in every
        if not evaluated[levels].suppressed and dooms_the_more_specific(problem, levels)
    ]
    assert not any(
        all(a >= b for a, b in zip(top, low, strict=True)) for top in doomed for low in feasible
    ), seed
    return len(doomed)


def test_a_suppressed_record_may_mend_what_is_broken_above() -> None:
    """A person with one record more is like the others where that one is suppressed."""
    rows, owners = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2])
    problem = Problem(
        codes=Codes.of(np.array([[0], [1]], dtype=np.int32)),
        sensitive=Codes.of(np.zeros((2, 0), dtype=np.int32)),
        counts=np.array([3, 1]),
        hierarchies=(Hierarchy.from_labels([["a", "b"], ["*", "*"]]),),
        sensitive_sizes=(),
        weights=(1.0,),
        lowest=(0,),
        highest=(1,),
        models=(KAnonymity(2),),
        persons=Persons.of(rows, owners, 2),
        trajectories=Trajectories(rows, owners, np.ones(4, dtype=np.int64), 3),
        most_suppressed=1,
    )
    assert not evaluate(problem, (1,)).feasible
    assert not dooms_the_more_specific(problem, (1,))
    assert levels_of(problem) == (0,)
    assert dooms_the_more_specific(replace(problem, most_suppressed=0), (1,))


def test_an_unreachable_promise_tells_how_many_there_are() -> None:
    problem = of_households(2, ())
    with pytest.raises(UnreachableError, match=r"99 households in each class needs 99 households"):
        search(replace(problem, models=(HouseholdAnonymity(99),)))
    linked = with_trajectories(random_problem(2, [KAnonymity(2)]), 2, 10_000)
    with pytest.raises(UnreachableError, match="persons, who have fewer than 10000 alike"):
        search(linked)
