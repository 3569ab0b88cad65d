"""What makes one release better than another."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import StrictModel

Metric = Literal[
    "certainty_penalty",
    "precision",
    "non_uniform_entropy",
    "discernibility",
    "average_class_size",
    "kl_divergence",
    "ambiguity",
    "height",
    "classification",
]
PROVEN: tuple[Metric, ...] = tuple(m for m in get_args(Metric) if m != "classification")
"""Metrics of which the least loss is found, with the proof."""
ATTRIBUTE_WISE = ("certainty_penalty", "precision", "non_uniform_entropy")
"""Metrics of single attributes, which are aggregated."""
COSTING = ("certainty_penalty", "precision", "discernibility", "classification")
"""Metrics in which a suppressed record counts what ``suppression_cost`` says."""
LEVELLED = ("precision", "height")
"""Metrics of levels, which local recoding does not have."""


class ObjectiveRule(StrictModel):
    """See :mod:`anon_dagster.core.objectives`; the name of a metric stands for the rule."""

    metric: Metric = "certainty_penalty"
    aggregate: Literal["arithmetic_mean", "geometric_mean", "maximum"] | None = None
    """Of metrics that look at each attribute for itself, weighted by importance; the arithmetic
    mean if left out."""
    of_best: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Of ``classification``: how many releases of least certainty penalty are judged; 10 if left
    out."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.metric not in ATTRIBUTE_WISE and self.aggregate is not None:
            raise ValueError(f"aggregate goes with the metrics {', '.join(ATTRIBUTE_WISE)}")
        if self.metric != "classification" and self.of_best is not None:
            raise ValueError("of_best goes with the metric classification")
        return self

    @property
    def candidates(self) -> int:
        """How many releases are judged, where they are."""
        return self.of_best or 10

    def __str__(self) -> str:
        if self.metric == "classification":
            return f"classification (best of {self.candidates})"
        if self.aggregate in {None, "arithmetic_mean"}:
            return self.metric
        return f"{self.metric} ({self.aggregate})".replace("_mean)", " mean)")


def _named(value: Any) -> Any:
    if not isinstance(value, str | Mapping | ObjectiveRule):
        raise ValueError("the name of a metric, or a mapping with it")  # noqa: TRY004 (pydantic's)
    return {"metric": value} if isinstance(value, str) else value


Objective = Annotated[
    ObjectiveRule, BeforeValidator(_named, json_schema_input_type=Metric | ObjectiveRule)
]


def objective_problems(
    policy: Mapping[str, Any], objective: Mapping[str, Any]
) -> Iterator[Complaint]:
    """Find what an objective does not go with."""
    metric = objective.get("metric", "certainty_penalty")
    if metric in LEVELLED and policy.get("recoding") == "local":
        yield Complaint(
            "policy.objective.metric",
            f"{metric} is a matter of levels, which recoding: local does not have; use it with "
            "recoding: global, or another metric",
        )
    if metric not in COSTING and policy.get("suppression_cost", 1) != 1:
        yield Complaint(
            "policy.suppression_cost",
            f"has no meaning for {metric}; it goes with the metrics {', '.join(COSTING)}",
        )
