"""Measures of classes and cells, by hand and where 64 bits end."""

from dataclasses import replace
from fractions import Fraction
from math import log2

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import (
    Ambiguity,
    AverageClassSize,
    Discernibility,
    Height,
    KullbackLeibler,
)
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from tests.core.objectives.examples import FOUR, LEVELS, TABLE

FIRST, LAST = (3 / 2 + 3 / 8) / 6, 3 / 8 / 6  # shares that the release makes believe


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
        codes=Codes.of(np.array([[0], [1], [2]], dtype=np.int32)),
        sensitive=Codes.of(np.zeros((3, 0), dtype=np.int32)),
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
