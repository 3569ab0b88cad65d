"""Each objective by hand, on a table of known figures, and where 64 bits end."""

import json
from dataclasses import replace
from fractions import Fraction
from math import log2, sqrt
from pathlib import Path

import numpy as np
import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.objectives import (
    Ambiguity,
    ArithmeticMean,
    AttributeWise,
    AverageClassSize,
    CertaintyPenalty,
    Discernibility,
    GeometricMean,
    Height,
    KullbackLeibler,
    Maximum,
    NonUniformEntropy,
    Precision,
)
from anon_dagster.core.privacy import DistinctLDiversity, KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from tests.adult import adult_problem

FOUR = Hierarchy.from_labels([list("abcd"), ["ab", "ab", "cd", "cd"]])
TWO = Hierarchy.from_labels([["x", "y"]])
LEVELS = (1, 0)
"""Joins a and b beside x; c beside y, which all have one sensitive value, is suppressed."""
TABLE = Problem(
    codes=np.array([[0, 0], [1, 0], [2, 1]], dtype=np.int32),
    sensitive=np.array([[0], [1], [0]], dtype=np.int32),
    counts=np.array([1, 2, 3]),
    hierarchies=(FOUR, TWO),
    sensitive_sizes=(2,),
    weights=(1.0, 1.0),
    lowest=(0, 0),
    highest=(2, 1),
    models=(DistinctLDiversity(0, 2),),
    most_suppressed=6,
)
AGE, SEX = (3 * 1 + 3 * 3) / 18, 3 / 6
BITS_OF_AGE, BITS_OF_SEX = log2(3) + 2 * log2(3 / 2) + 3 * log2(6 / 3), 3 * log2(6 / 3)
FIRST, LAST = (3 / 2 + 3 / 8) / 6, 3 / 8 / 6  # shares that the release makes believe
BY_HAND = {
    CertaintyPenalty(): (AGE + SEX) / 2,
    Precision(): ((3 * 1 + 3 * 2) / 12 + 3 / 6) / 2,
    NonUniformEntropy(): (BITS_OF_AGE + BITS_OF_SEX) / (6 * (2 + 1)),
}


@pytest.mark.parametrize("metric", BY_HAND, ids=str)
def test_metrics_of_attributes_are_their_definitions(metric: CertaintyPenalty) -> None:
    problem = replace(TABLE, objective=AttributeWise(metric))
    assert evaluate(problem, LEVELS).suppressed == 3
    assert evaluate(problem, LEVELS).loss == pytest.approx(BY_HAND[metric], rel=1e-15)


def test_aggregates_are_their_definitions() -> None:
    def loss(aggregate: ArithmeticMean | GeometricMean | Maximum, *weights: float) -> float:
        objective = AttributeWise(CertaintyPenalty(), aggregate)
        return evaluate(replace(TABLE, objective=objective, weights=weights), LEVELS).loss

    assert loss(ArithmeticMean(), 1, 3) == pytest.approx((AGE + 3 * SEX) / 4)
    assert loss(GeometricMean(), 1, 1) == pytest.approx(sqrt((1 + AGE) * (1 + SEX)) - 1)
    assert loss(GeometricMean(), 1, 3) == pytest.approx(((1 + AGE) * (1 + SEX) ** 3) ** 0.25 - 1)
    assert loss(Maximum(), 1, 1) == AGE
    assert loss(Maximum(), 1, 4) == SEX  # a quarter of the loss of age is less
    assert loss(Maximum(), 1, 0) == AGE


def test_measures_of_classes_and_cells_are_their_definitions() -> None:
    def loss(objective: Discernibility, cost: int | Fraction = 1) -> float:
        cost = Fraction(cost)
        return evaluate(replace(TABLE, objective=objective, suppression_cost=cost), LEVELS).loss

    assert loss(Discernibility()) == (9 + 3 * 6) / 36
    assert loss(Discernibility(), Fraction(1, 2)) == (9 + 3 * 6 / 2) / 36
    assert loss(AverageClassSize()) == 1 - 2 / 3  # type: ignore[arg-type]
    divergence = (log2(1 / 6 / FIRST) + 2 * log2(2 / 6 / FIRST) + 3 * log2(3 / 6 / LAST)) / 6
    assert loss(KullbackLeibler()) == pytest.approx(divergence / 3)  # type: ignore[arg-type]
    assert loss(Ambiguity()) == pytest.approx(log2((3 * 2 + 3 * 8) / 6) / 3)  # type: ignore[arg-type]
    assert loss(Height()) == 1 / 3  # type: ignore[arg-type]


def test_discernibility_beyond_64_bits_is_exact() -> None:
    size = 2**40 + 1
    problem = Problem(
        codes=np.array([[0], [1], [2]], dtype=np.int32),
        sensitive=np.zeros((3, 0), dtype=np.int32),
        counts=np.array([size, size, 5]),
        hierarchies=(FOUR,),
        sensitive_sizes=(),
        weights=(1.0,),
        lowest=(0,),
        highest=(2,),
        models=(KAnonymity(10),),
        most_suppressed=5,
        objective=Discernibility(),
    )
    records = 2 * size + 5
    expected = Fraction(2 * size**2 + 5 * records, records**2)
    assert expected.numerator > 2**63
    assert evaluate(problem, (0,)).loss == float(expected)
    assert search(problem).levels == (0,)


@pytest.mark.parametrize("case", range(11))
def test_a_release_of_adult_has_the_known_figures(case: int, adult_folder: Path) -> None:
    known = json.loads((adult_folder / "known_answers.json").read_text())["cases"][case]
    problem = adult_problem(adult_folder, known)
    source, records = problem.weighted_table, problem.records

    def loss(objective: object) -> float:
        return evaluate(replace(problem, objective=objective), known["levels"]).loss  # type: ignore[arg-type]

    assert loss(Discernibility()) == known["discernibility"] / records**2
    assert 2 ** (loss(Ambiguity()) * source.domain) == pytest.approx(known["ambiguity"])
    intensity = known["generalization_intensity"]
    assert loss(AttributeWise(Precision())) == pytest.approx(intensity)
    classes = known["classes"] + (known["suppressed"] > 0)
    assert loss(AverageClassSize()) == 1 - classes / len(source.tuples)
    assert loss(Height()) * sum(problem.highest) == pytest.approx(sum(known["levels"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [Discernibility(), Ambiguity(), Height(), AttributeWise(Precision())], ids=str
)
def test_no_candidate_of_a_sample_of_adult_is_better(
    objective: Discernibility, adult_folder: Path
) -> None:
    known = json.loads((adult_folder / "known_answers.json").read_text())["cases"][3]
    problem = replace(adult_problem(adult_folder, known), objective=objective)
    best = search(problem).proof
    assert best.optimal
    dice = np.random.default_rng(4)
    for _ in range(300):
        levels = [int(dice.integers(0, h.levels)) for h in problem.hierarchies]
        evaluation = evaluate(problem, levels)
        assert not evaluation.feasible or evaluation.loss >= best.loss - 1e-12
