"""What a release is meant for: to learn from it to tell an attribute from others."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import StrictModel
from anon_dagster.request.suggestions import did_you_mean

_COUNTED = ("quasi_identifier", "sensitive")


class TargetUse(StrictModel):
    """See :mod:`anon_dagster.statistics.classification`."""

    attribute: str
    """The class: a sensitive attribute or a quasi-identifier."""
    features: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """What it is told from; all other quasi-identifiers and sensitive attributes if left out."""
    classifier: Literal["logistic_regression", "naive_bayes", "decision_tree", "random_forest"] = (
        "logistic_regression"
    )
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    """Of the cross-validation."""
    seed: Annotated[int, Field(ge=0)] = 0


def target_use_problems(
    use: Mapping[str, Any],
    objective: Mapping[str, Any],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Iterator[Complaint]:
    """Find what a target use does not go with."""
    if objective.get("metric") == "classification" and not use:
        yield Complaint("policy.target_use", "objective: classification needs it")
    name, features = use.get("attribute"), use.get("features")
    features = features if isinstance(features, list | tuple) else ()
    if isinstance(name, str):
        yield from _role_problems("policy.target_use.attribute", name, attributes)
        counted = {n for n, a in attributes.items() if a.get("role") in _COUNTED}
        if not features and not counted - {name}:
            yield Complaint("policy.target_use.attribute", "there is nothing to tell it from")
    for index, feature in enumerate(features):
        path = f"policy.target_use.features.{index}"
        if feature == name:
            yield Complaint(path, "is the attribute that is to be told")
        elif isinstance(feature, str):
            yield from _role_problems(path, feature, attributes)


def _role_problems(
    path: str, name: str, attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    if name not in attributes:
        yield Complaint(path, f"not among policy.attributes{did_you_mean(name, attributes)}")
    elif attributes[name].get("role") not in (*_COUNTED, None):
        yield Complaint(path, "its role must be sensitive or quasi_identifier: no other is counted")
