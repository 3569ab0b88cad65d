"""Searches where persons are counted agree with the plain search of the whole lattice."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import KAnonymity, PrivacyModel
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search
from anon_dagster.core.search.heuristic import search_heuristically
from anon_dagster.errors import UnreachableError
from tests.core.persons import with_a_person_each, with_people, with_persons
from tests.core.search.examples import MODELS, brute_force, random_problem


def levels_of(problem: Problem) -> tuple[int, ...] | None:
    try:
        return search(problem).levels
    except UnreachableError:
        return None


@pytest.mark.parametrize("models", MODELS.values(), ids=MODELS)
def test_the_search_agrees_with_brute_force(models: tuple[PrivacyModel, ...]) -> None:
    found = 0
    for seed in range(12):
        problem = with_persons(random_problem(seed, models), seed)
        answer = brute_force(problem)
        assert levels_of(problem) == answer.levels, seed
        found += answer.levels is not None
    assert found


@pytest.mark.parametrize(
    "thresholds",
    [
        {"tables._LARGE": 2, "tables._STEP": 2},
        {"classes._DENSE": 1, "classes._SPARSE": 0, "tables._LARGE": 2, "tables._STEP": 1},
    ],
    ids=["tables are rolled up", "and keys are sorted"],
)
def test_what_only_large_tables_do_agrees_with_brute_force(
    thresholds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in thresholds.items():
        monkeypatch.setattr(f"anon_dagster.core.search.{name}", value)
    for seed, models in product(range(30, 33), MODELS.values()):
        problem = with_persons(random_problem(seed, models), seed)
        assert levels_of(problem) == brute_force(problem).levels, (seed, models)


@pytest.mark.parametrize("persons", [True, False], ids=["of persons", "of records"])
@pytest.mark.parametrize("rolled_up", [True, False])
def test_people_with_several_records_in_the_population_count_once(
    monkeypatch: pytest.MonkeyPatch, *, persons: bool, rolled_up: bool
) -> None:
    if rolled_up:
        monkeypatch.setattr("anon_dagster.core.search.tables._LARGE", 2)
        monkeypatch.setattr("anon_dagster.core.search.tables._STEP", 1)
    found = unlike = 0
    for seed, name in product(range(12), OF_PEOPLE):
        plain = random_problem(seed, MODELS[name])
        if persons:
            plain = with_persons(plain, seed)
        problem = with_people(plain, seed)
        answer = brute_force(problem)
        assert levels_of(problem) == answer.levels, (seed, name)
        found += answer.levels is not None
        unlike += answer.levels != levels_of(plain)
    assert found
    assert unlike


OF_PEOPLE = [name for name in MODELS if "presence" in name or name.startswith("map")]


def test_one_record_of_each_person_gives_the_solution_without_persons() -> None:
    for seed, models in product(range(4), MODELS.values()):
        problem = random_problem(seed, models)
        counted = with_a_person_each(problem)
        plain = replace(
            counted, persons=None, models=problem.models, most_suppressed=counted.most_suppressed
        )
        assert levels_of(counted) == levels_of(plain), (seed, models)


def test_a_large_lattice_keeps_promises_of_persons() -> None:
    for seed in range(10):
        problem = with_persons(random_problem(seed, [KAnonymity(3)]), seed)
        best = brute_force(problem)
        if best.levels is None:
            continue
        solution = search_heuristically(problem, Budget(steps=200))
        assert problem.persons is not None
        kept = solution.classes >= 0
        cells = np.where(kept, solution.classes, solution.classes.max() + 1)
        sizes = problem.persons.count(cells, int(cells.max()) + 1)
        assert (sizes[np.unique(solution.classes[kept])] >= 3).all()
        assert solution.proof.lower_bound <= best.loss + 1e-9 <= solution.proof.loss + 2e-9


def test_a_class_of_one_person_is_no_class_of_five() -> None:
    problem = random_problem(1, [KAnonymity(5)])
    rows = np.repeat(np.arange(len(problem.counts)), 5)
    whole = replace(
        problem,
        counts=np.full(len(problem.counts), 5),
        persons=Persons.of(rows, np.zeros(len(rows), dtype=np.int64), len(problem.counts)),
    )
    with pytest.raises(UnreachableError, match="5-anonymity"):
        search(whole)
