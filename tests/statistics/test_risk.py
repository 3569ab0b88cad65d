"""Risks by hand, on tables small enough to count on."""

from fractions import Fraction
from math import inf, isnan, log
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    HierarchicalTCloseness,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.problem import Problem
from anon_dagster.core.risk.uniqueness import Sample, estimate
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.request import Policy
from anon_dagster.statistics.risk import PopulationTable, risk_statistics
from anon_dagster.statistics.utility import identity

TREE = Hierarchy.from_labels([["a", "b", "c", "d"], ["ab", "ab", "cd", "cd"]])


def problem_of(counts: list[list[int]], models: tuple[PrivacyModel, ...] = ()) -> Problem:
    """Return a table in which leaf q of the tree holds each sensitive value so often."""
    table = np.array(counts, dtype=np.int64)
    leaves, values = np.nonzero(table)
    return Problem(
        codes=Codes.of(leaves.astype(np.int32)[:, None]),
        sensitive=Codes.of(values.astype(np.int32)[:, None]),
        counts=table[leaves, values],
        hierarchies=(TREE,),
        sensitive_sizes=(table.shape[1],),
        weights=(1.0,),
        lowest=(0,),
        highest=(2,),
        models=models,
    )


def at(problem: Problem, level: int, suppressed: tuple[str, ...] = ()) -> Solution:
    """Return the release at a level, without the classes of these labels."""
    labels = TREE.labels[level]
    nodes = TREE.codes[level][problem.codes[:, 0]].astype(np.int64)
    left_out = np.isin(nodes, [labels.index(label) for label in suppressed])
    present, places = np.unique(nodes[~left_out], return_inverse=True)
    classes = np.full(len(nodes), -1, dtype=np.int64)
    classes[~left_out] = places
    heights = np.full(len(labels), level / 2)
    proof = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")
    generalized = Generalized(present.astype(np.int32), labels, TREE.covered[level], heights, 4)
    return Solution(classes, (generalized,), proof, (level,))


def policy_of(**options: Any) -> Policy:
    attributes = {"place": {"role": "quasi_identifier"}, "illness": {"role": "sensitive"}}
    privacy = {"k_anonymity": {"k": 2}}
    return Policy.model_validate({"attributes": attributes, "privacy": privacy, **options})


def risks(problem: Problem, solution: Solution, **options: Any) -> pd.DataFrame:
    return risk_statistics(problem, solution, policy_of(**options))


def test_the_average_is_over_records_and_not_over_classes() -> None:
    problem = problem_of([[1], [99]])
    found = risks(problem, identity(problem))["source"]
    assert found["avgRecordIdentification"] == 0.02
    assert found["unique_records"] == 1
    assert found["lowest_risk"] == 1 / 99


def test_suppressed_records_have_no_part_in_the_risk() -> None:
    problem = problem_of([[1], [99]])
    found = risks(problem, at(problem, 0, suppressed=("a",)))["release"]
    assert (found["records"], found["suppressed"]) == (99, 1)
    assert found["maxProbabilityIdentification"] == 1 / 99
    assert found["avgRecordIdentification"] == 1 / 99


def test_a_risk_equal_to_the_threshold_is_not_above_it() -> None:
    problem = problem_of([[10], [9]])
    assert risks(problem, identity(problem))["source"]["riskAboveThreshold"] == 9
    lower = risks(problem, identity(problem), risk_threshold=0.09)["source"]
    assert lower["riskAboveThreshold"] == 19


def test_without_a_population_the_journalist_is_the_prosecutor_and_the_note_says_so() -> None:
    problem = problem_of([[1], [4], [5]])
    found = risks(problem, at(problem, 1))
    for statistic in ("average", "highest", "above_threshold"):
        row = found.loc[f"journalist_{statistic}"]
        assert row["release"] == pytest.approx(found["release"][f"prosecutor_{statistic}"])
        assert "equal to the prosecutor's" in row["note"]


def test_a_population_ten_times_as_large_makes_the_journalist_risk_a_tenth() -> None:
    problem = problem_of([[1], [4], [5]])
    found = risks(problem, identity(problem), population=100)["source"]
    assert found["journalist_highest"] == 0.1
    assert found["journalist_average"] == pytest.approx(0.03)
    assert found["marketer_average"] == pytest.approx(0.03)
    assert found["journalist_above_threshold"] == 0
    assert (
        risks(problem, identity(problem), population=99)["source"]["journalist_above_threshold"]
        == 1
    )


@pytest.mark.parametrize("size", [1, 10])
def test_a_population_no_larger_than_the_table_is_the_table_and_the_note_says_so(size: int) -> None:
    problem = problem_of([[1], [4], [5]])
    found = risk_statistics(problem, identity(problem), policy_of(population=size))
    assert found["source"]["journalist_highest"] == found["source"]["prosecutor_highest"]
    assert "no larger than the table" in found["note"]["journalist_highest"]


def test_classes_are_looked_up_in_a_population_table_at_the_released_levels() -> None:
    problem = problem_of([[1], [1], [2]])
    people = PopulationTable(
        Codes.of(np.array([[0], [1], [2], [3], [-1]], dtype=np.int32)),
        np.array([4, 6, 10, 30, 1000]),
    )
    found = risk_statistics(problem, at(problem, 1), policy_of(), population=people)
    # ab: f = 2 of F = 10; cd: f = 2 of F = 40.
    assert found["release"]["journalist_highest"] == 0.1
    assert found["release"]["marketer_average"] == pytest.approx((2 / 10 + 2 / 40) / 4)
    assert found["release"]["journalist_average"] == pytest.approx((2 / 10 + 2 / 40) / 4)
    # a: 1 of 4, b: 1 of 6, c: 2 of 10
    assert found["source"]["journalist_highest"] == 0.25
    assert found["source"]["marketer_average"] == pytest.approx((1 / 4 + 1 / 6 + 2 / 10) / 4)


def test_a_population_that_lacks_the_table_does_not_raise_the_risk_above_the_prosecutors() -> None:
    problem = problem_of([[3], [3]])
    nobody = PopulationTable(Codes.of(np.zeros((1, 1), dtype=np.int32)), np.array([1]))
    found = risk_statistics(problem, identity(problem), policy_of(), population=nobody)
    assert found["source"]["journalist_highest"] == 1 / 3


def test_what_the_table_reaches_is_told_for_every_model_asked_for() -> None:
    models = (
        RecursiveLDiversity(0, Fraction(10), 2),
        OrderedTCloseness(0, Fraction(1), np.arange(3)),
        HierarchicalTCloseness(0, Fraction(1), TREE, np.arange(3, dtype=np.int32)),
    )
    found = risks(
        problem_of([[9, 1, 1], [3, 3, 0]], models), at(problem_of([[9, 1, 1], [3, 3, 0]]), 0)
    )
    reached = found["source"]
    assert reached["k"] == 6
    assert reached["distinct_l(illness)"] == 2
    least = -(9 / 11) * log(9 / 11) - 2 / 11 * log(1 / 11)
    assert log(reached["entropy_l(illness)"]) == pytest.approx(least)
    assert reached["recursive_c(illness, l=2)"] == 4.5
    whole, second = np.array([12, 4, 1]) / 17, np.array([3, 3, 0]) / 6
    assert reached["t_equal(illness)"] == pytest.approx(np.abs(whole - second).sum() / 2)
    moved = np.abs((whole - second).cumsum()).sum() / 2
    assert reached["t_ordered(illness)"] == pytest.approx(moved)
    assert "t_hierarchical(illness)" in reached


def test_no_c_is_large_enough_for_a_class_of_too_few_values() -> None:
    problem = problem_of([[3, 0]], (RecursiveLDiversity(0, Fraction(3), 2),))
    assert risks(problem, identity(problem))["source"]["recursive_c(illness, l=2)"] == inf


def test_a_table_without_records_has_no_risk() -> None:
    problem = problem_of([[0, 0]])
    found = risks(problem, identity(problem))["source"]
    assert found["records"] == 0
    assert isnan(found["avgRecordIdentification"])
    assert isnan(found["maxProbabilityIdentification"])


def test_counts_beyond_every_32_bit_type_stay_exact() -> None:
    n = 3 * 10**17 + 1  # no float holds it
    problem = problem_of([[n, n], [n, 1]])
    found = risks(problem, identity(problem), population=10**19)["source"]
    assert found["records"] == 3 * n + 1
    assert found["smallest_class"] == n + 1
    assert found["journalist_highest"] == pytest.approx((3 * n + 1) / 10**19 / (n + 1))


def test_the_uniqueness_of_a_census_is_that_of_the_sample() -> None:
    problem = problem_of([[1], [1], [3], [5]])
    found = risks(problem, at(problem, 1, suppressed=("cd",)), population=10)
    assert (found["source"].filter(like="population_uniqueness") == 0.2).all()
    assert (found["release"].filter(like="population_uniqueness") == 0).all()
    assert "population_uniqueness_dankar" not in risks(problem, at(problem, 1)).index


def test_population_uniqueness_is_a_share_of_the_population_and_says_by_whom() -> None:
    problem = problem_of([[1], [1], [2], [5]])
    found = risks(problem, identity(problem), population=1000)
    sample = Sample.of(np.array([1, 1, 2, 5]), 1000)
    for estimator in ("pitman", "zayatz", "snb", "dankar"):
        told = estimate(sample, estimator).uniques
        shown = found["source"][f"population_uniqueness_{estimator}"]
        assert isnan(shown) if told is None else shown == told / 1000
    assert found["note"]["population_uniqueness_dankar"] == (
        "of the 1,000 people of the population; source: pitman, release: pitman"
    )


def test_a_population_table_tells_how_many_people_there_are() -> None:
    problem = problem_of([[1], [1], [2], [5]])
    people = PopulationTable(
        Codes.of(np.array([[0], [1], [2], [3]], dtype=np.int32)), np.full(4, 250)
    )
    by_table = risk_statistics(problem, at(problem, 0), policy_of(), population=people)["source"]
    by_size = risks(problem, at(problem, 0), population=1000)["source"]
    estimates = [name for name in by_size.index if name.startswith("population_uniqueness")]
    assert by_table[estimates].equals(by_size[estimates])
