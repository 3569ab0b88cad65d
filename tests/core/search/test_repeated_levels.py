"""Levels that divide the records alike are one to the search."""

from dataclasses import replace

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.objectives import Objective
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from anon_dagster.errors import UnreachableError
from tests.core.search.examples import (
    MODELS,
    OBJECTIVES,
    brute_force,
    random_problem,
    with_objective,
)


def with_repeats(problem: Problem) -> Problem:
    """Put a level that divides the values alike behind some levels of each hierarchy."""

    def repeated(hierarchy: Hierarchy) -> Hierarchy:
        rows = [[hierarchy.labels[n][c] for c in row] for n, row in enumerate(hierarchy.codes)]
        doubled = [[f"{label}'" for label in row] for row in rows[:-1]]
        return Hierarchy.from_labels(
            [row for pair in zip(rows, doubled, strict=False) for row in pair] + [rows[-1]]
        )

    hierarchies = tuple(map(repeated, problem.hierarchies))
    return replace(
        problem,
        hierarchies=hierarchies,
        lowest=(0,) * len(hierarchies),
        highest=tuple(h.levels - 1 for h in hierarchies),
    )


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_optimum_among_repeated_levels_is_that_of_brute_force(objective: Objective) -> None:
    for seed, name in enumerate(("k", "k and t", "nothing monotone", "map")):
        problem = random_problem(40 + seed, MODELS[name])
        if len(problem.hierarchies) > 2:
            problem = replace(
                problem,
                codes=problem.codes.select((0, 1)),
                hierarchies=problem.hierarchies[:2],
                weights=(1.0, 0.5),
                population=None,
                models=(KAnonymity(2),),
            )
        problem = with_objective(with_repeats(problem), objective)
        answer = brute_force(problem)
        if answer.levels is None:
            with pytest.raises(UnreachableError):
                search(problem)
        else:
            assert search(problem).levels == answer.levels, name


def eighths(*, above: int) -> Hierarchy:
    """Return a hierarchy of 64 values: eighths, and some levels that cover all beside ``*``."""
    rows = [[f"{level}:{v // width}" for v in range(64)] for level, width in enumerate((1, 8))]
    rows += [[f"all, {level}"] * 64 for level in range(above)]
    return Hierarchy.from_labels([*rows, ["*"] * 64])


def even_table(hierarchy: Hierarchy, attributes: int) -> Problem:
    codes = np.random.default_rng(4).integers(0, 64, (2_000, attributes)).astype(np.int32)
    codes = np.unique(codes, axis=0)
    return Problem(
        codes=Codes.of(codes),
        sensitive=Codes.of(np.zeros((len(codes), 0), dtype=np.int32)),
        counts=np.ones(len(codes), dtype=np.int64),
        hierarchies=(hierarchy,) * attributes,
        sensitive_sizes=(),
        weights=(1.0,) * attributes,
        lowest=(0,) * attributes,
        highest=(hierarchy.levels - 1,) * attributes,
        models=(KAnonymity(5),),
    )


def test_a_level_that_covers_everything_beside_the_root_costs_no_evaluation() -> None:
    plain, repeated = (search(even_table(eighths(above=above), 5)) for above in (0, 2))
    assert repeated.proof.evaluated == plain.proof.evaluated
    assert repeated.levels == plain.levels
    assert repeated.proof.optimal
    assert repeated.proof.candidates == 5**5


def test_without_suppression_few_of_many_candidates_that_tie_are_evaluated() -> None:
    proof = search(even_table(eighths(above=1), 8)).proof
    assert proof.optimal
    assert proof.candidates == 4**8
    assert proof.evaluated < 4**8 // 50
