"""Metrics of attributes, by hand."""

from dataclasses import replace
from math import log2

import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import (
    AttributeWise,
    CertaintyPenalty,
    NonUniformEntropy,
    Precision,
)
from tests.core.objectives.examples import AGE, LEVELS, SEX, TABLE

BITS_OF_AGE, BITS_OF_SEX = log2(3) + 2 * log2(3 / 2) + 3 * log2(6 / 3), 3 * log2(6 / 3)


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
