"""The objective that a request names, as the search asks it."""

from anon_dagster.core.objectives import (
    CERTAINTY,
    Aggregate,
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
    Metric,
    NonUniformEntropy,
    Objective,
    Precision,
)
from anon_dagster.request import ObjectiveRule

_METRICS: dict[str, Metric] = {
    "certainty_penalty": CertaintyPenalty(),
    "precision": Precision(),
    "non_uniform_entropy": NonUniformEntropy(),
}
_AGGREGATES: dict[str, Aggregate] = {
    "arithmetic_mean": ArithmeticMean(),
    "geometric_mean": GeometricMean(),
    "maximum": Maximum(),
}
_OTHERS: dict[str, Objective] = {
    "discernibility": Discernibility(),
    "average_class_size": AverageClassSize(),
    "kl_divergence": KullbackLeibler(),
    "ambiguity": Ambiguity(),
    "height": Height(),
}


def objective_of(rule: ObjectiveRule) -> Objective:
    """Return what a search is to lose least; of ``classification``, what ranks the candidates."""
    if rule.metric == "classification":
        return CERTAINTY
    if rule.metric in _METRICS:
        aggregate = _AGGREGATES[rule.aggregate or "arithmetic_mean"]
        return AttributeWise(_METRICS[rule.metric], aggregate)
    return _OTHERS[rule.metric]
