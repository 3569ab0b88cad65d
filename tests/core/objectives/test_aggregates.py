"""Aggregates, by hand."""

from dataclasses import replace
from math import sqrt

import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import (
    ArithmeticMean,
    AttributeWise,
    CertaintyPenalty,
    GeometricMean,
    Maximum,
)
from tests.core.objectives.examples import AGE, LEVELS, SEX, TABLE


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
