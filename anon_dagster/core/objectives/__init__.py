"""What makes one release better than another: one objective per class, each with its paper."""

from anon_dagster.core.objectives.aggregates import (
    Aggregate,
    ArithmeticMean,
    GeometricMean,
    Maximum,
)
from anon_dagster.core.objectives.attributes import (
    CERTAINTY,
    AttributeWise,
    CertaintyPenalty,
    Metric,
    NonUniformEntropy,
    Precision,
)
from anon_dagster.core.objectives.cells import Ambiguity, Height
from anon_dagster.core.objectives.classes import AverageClassSize, Discernibility, KullbackLeibler
from anon_dagster.core.objectives.objective import TIE, Floor, Objective
from anon_dagster.core.objectives.outcome import Generalization, Outcome, Recoding, WeightedTable

__all__ = [
    "CERTAINTY",
    "TIE",
    "Aggregate",
    "Ambiguity",
    "ArithmeticMean",
    "AttributeWise",
    "AverageClassSize",
    "CertaintyPenalty",
    "Discernibility",
    "Floor",
    "Generalization",
    "GeometricMean",
    "Height",
    "KullbackLeibler",
    "Maximum",
    "Metric",
    "NonUniformEntropy",
    "Objective",
    "Outcome",
    "Precision",
    "Recoding",
    "WeightedTable",
]
