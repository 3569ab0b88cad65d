"""Utility by hand, and the laws that every measure keeps."""

import sys
from dataclasses import replace
from math import log2

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.statistics.utility import identity, utility_statistics

PROOF = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")


def problem_of(hierarchies: list[Hierarchy], codes: list[list[int]], counts: list[int]) -> Problem:
    return Problem(
        codes=Codes.of(np.array(codes, dtype=np.int32).reshape(len(counts), len(hierarchies))),
        sensitive=Codes.of(np.zeros((len(counts), 0), dtype=np.int32)),
        counts=np.array(counts, dtype=np.int64),
        hierarchies=tuple(hierarchies),
        sensitive_sizes=(),
        weights=(1.0,) * len(hierarchies),
        lowest=(0,) * len(hierarchies),
        highest=tuple(h.levels - 1 for h in hierarchies),
        models=(),
    )


def everything_suppressed(problem: Problem) -> Solution:
    nothing = tuple(
        Generalized(np.zeros(0, np.int32), ("*",), h.covered[-1], np.ones(1), h.leaves)
        for h in problem.hierarchies
    )
    return Solution(np.full(len(problem.counts), -1), nothing, PROOF)


FOUR = Hierarchy.from_labels([["a", "b", "c", "d"], ["ab", "ab", "cd", "cd"]])
TWO = Hierarchy.from_labels([["x", "y"]])


def test_each_measure_is_its_definition() -> None:
    problem = problem_of([FOUR, TWO], [[0, 0], [1, 0], [2, 1]], [1, 2, 3])
    # a and b become ab beside x; c and y are suppressed.
    generalized = (
        Generalized(np.array([0], np.int32), ("ab", "cd"), FOUR.covered[1], np.full(2, 0.5), 4),
        Generalized(np.array([0], np.int32), ("x", "y"), TWO.covered[0], np.zeros(2), 2),
    )
    solution = Solution(np.array([0, 0, -1]), generalized, PROOF)
    found = utility_statistics(problem, solution)["release"]
    assert found["ambiguity"] == (3 * 2 * 1 + 3 * 8) / 6
    assert found["average_class_size"] == 3
    assert found["discernibility"] == 9 + 3 * 6
    assert found["generalization_intensity"] == (3 * 0.5 + 3 * 1 + 3 * 0 + 3 * 1) / 12
    assert found["infoLoss"] == pytest.approx(((3 * 1 / 3 + 3) / 6 + (0 + 3) / 6) / 2)
    bits = log2(3) + 2 * log2(3 / 2) + 3 * log2(6 / 3) + 3 * log2(6 / 3)
    assert found["non_uniform_entropy"] == pytest.approx(bits / 6)
    first, last = (3 / 2 + 3 / 8) / 6, 3 / 8 / 6
    divergence = log2(1 / 6 / first) + 2 * log2(2 / 6 / first) + 3 * log2(3 / 6 / last)
    assert found["kl_divergence"] == pytest.approx(divergence / 6)
    assert "height" not in found
    whole = utility_statistics(problem, replace(solution, levels=(1, 0))).loc["height"]
    assert (whole["release"], whole["highest"], whole["quality"]) == (1, 3, pytest.approx(2 / 3))


def test_the_source_is_as_good_as_can_be_and_nothing_at_all_as_bad() -> None:
    problem = problem_of([FOUR, TWO], [[0, 0], [1, 0], [2, 1]], [1, 2, 3])
    best = utility_statistics(problem, identity(problem))
    assert (best["release"] == best["lowest"]).all()
    assert (best["quality"] == 1).all()
    worst = utility_statistics(problem, everything_suppressed(problem))
    assert (worst["release"] == worst["highest"]).all()
    assert (worst["quality"] == 0).all()
    assert (worst["better"] == "lower").all()


def test_a_source_of_many_tuples_has_lost_exactly_nothing() -> None:
    dice = np.random.default_rng(3)
    ages = Hierarchy.from_labels([[str(n) for n in range(90)]])
    codes = np.unique(dice.integers(0, 90, (900, 3)), axis=0)
    problem = problem_of([ages] * 3, codes.tolist(), dice.integers(1, 9, len(codes)).tolist())
    lost = utility_statistics(problem, identity(problem))["source"]
    assert lost["non_uniform_entropy"] == lost["infoLoss"] == lost["kl_divergence"] == 0


def test_discernibility_does_not_wrap_around() -> None:
    for size in (100_000, 5 * 10**9):
        problem = problem_of([TWO], [[0], [1]], [size, size])
        found = utility_statistics(problem, identity(problem))
        assert found["release"]["discernibility"] == 2 * size**2
        assert found["highest"]["discernibility"] == 4 * size**2


def test_ambiguity_may_pass_every_integer_and_every_float() -> None:
    wide = Hierarchy.from_labels([[str(v) for v in range(100_000)]])
    for attributes, expected in ((24, 1e120), (80, sys.float_info.max)):
        problem = problem_of([wide] * attributes, [[0] * attributes], [1])
        found = utility_statistics(problem, everything_suppressed(problem))
        assert found["release"]["ambiguity"] == pytest.approx(expected)
        assert found["quality"]["ambiguity"] == 0


def test_a_table_without_records_has_lost_nothing() -> None:
    problem = problem_of([TWO], [], [])
    found = utility_statistics(problem, identity(problem))
    assert found["release"]["discernibility"] == 0
    assert found["release"]["infoLoss"] == 0


def test_an_attribute_of_one_value_can_lose_nothing() -> None:
    problem = problem_of([Hierarchy.from_labels([["only"]])], [[0]], [5])
    found = utility_statistics(problem, identity(problem))
    assert found["release"]["infoLoss"] == 0
    assert found["quality"].tolist() == [1] * len(found)
