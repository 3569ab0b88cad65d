"""Many configurations of a policy, compared on one reading of the source."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from anon_dagster.core.solution import Solution
from anon_dagster.errors import Complaint, RequestError, UnreachableError
from anon_dagster.planning.plan import Plan, plan_with
from anon_dagster.reading.counting import Count
from anon_dagster.request import Measurement, ObjectiveRule, Policy, parse_policy
from anon_dagster.statistics.classification import Classification
from anon_dagster.statistics.risk import risk_statistics
from anon_dagster.statistics.utility import utility_statistics

_RISKS = ("maxProbabilityIdentification", "avgRecordIdentification", "riskAboveThreshold")
_UTILITIES = (
    "infoLoss",
    "ambiguity",
    "average_class_size",
    "discernibility",
    "generalization_intensity",
    "non_uniform_entropy",
    "kl_divergence",
)
_PARAMETERS = {
    "l": "l_diversity",
    "t": "t_closeness",
    "alpha": "alpha_k_anonymity",
    "delta": "delta_disclosure",
    "beta": "beta_likeness",
}
"""What can be compared of the models that guard an attribute."""
_BOUNDS = {
    "k_map": ("k_map", "k"),
    "delta_min": ("delta_presence", "delta_min"),
    "delta_max": ("delta_presence", "delta_max"),
    "average_risk": ("average_risk", "risk"),
    "sample_uniqueness": ("sample_uniqueness", "share"),
    "population_uniqueness": ("population_uniqueness", "share"),
}
"""What can be compared of the other models: the model, and its parameter."""
FRONTIER = ("maxProbabilityIdentification", "avgRecordIdentification", "infoLoss")
"""What a configuration is judged by: no other may be as good in all and better in one."""
PERSON_RISK = "person_highest"
_OF_PERSONS = (PERSON_RISK, "person_average", "person_above_threshold")
"""Figures beside those of records where persons are counted; the first two take their place."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A policy that differs from another in a few values."""

    settings: Mapping[str, Any]
    """What was set, by the name of its column in the comparison."""
    policy: Policy


def configurations(policy: Policy, measurement: Measurement) -> Iterator[Configuration]:
    """Yield every combination of the values to be compared, the first ones slowest.

    Raises
    ------
    RequestError
        If a value concerns a model or a quasi-identifier that the policy does not have.
    """
    choices = list(_choices(policy, measurement))
    for combination in product(*(options for _, options, _ in choices)):
        document = policy.model_dump(by_alias=True)
        values = {}
        for (name, _, change), value in zip(choices, combination, strict=True):
            change(document, value)
            values[name] = str(value) if isinstance(value, ObjectiveRule) else value
        yield Configuration(values, parse_policy(document))


_Change = Callable[[dict[str, Any], Any], None]


def _choices(
    policy: Policy, measurement: Measurement
) -> Iterator[tuple[str, tuple[Any, ...], _Change]]:
    """Give each setting that varies: name, values, and how a policy's document takes one."""
    if measurement.k:
        yield "k", measurement.k, lambda d, k: d["privacy"].update(k_anonymity={"k": k})
    yield from _bounds(policy, measurement)
    for name in ("objective", "suppression_limit", "suppression_cost", "recoding"):
        if values := getattr(measurement, name):
            yield name, values, _set_in_policy(name)
    for bound in ("lowest_level", "highest_level"):
        for attribute, levels in getattr(measurement, bound).items():
            if attribute not in policy.quasi_identifiers:
                path = f"measurement.{bound}.{attribute}"
                raise RequestError([Complaint(path, "no quasi-identifier of the policy")])
            yield f"{bound}.{attribute}", levels, _set_in_attribute(attribute, bound)


def _bounds(
    policy: Policy, measurement: Measurement
) -> Iterator[tuple[str, tuple[Any, ...], _Change]]:
    """Give the bounds of promises to be compared."""
    for name, model in _PARAMETERS.items():
        if values := _asked_values(policy, measurement, name, model):
            yield name, values, _set_in_every_rule(model, name)
    for name, (model, parameter) in _BOUNDS.items():
        if values := _asked_values(policy, measurement, name, model):
            yield name, values, _set_in_rule(model, parameter)


def _asked_values(
    policy: Policy, measurement: Measurement, name: str, model: str
) -> tuple[Any, ...]:
    values: tuple[Any, ...] = getattr(measurement, name)
    if values and not getattr(policy.privacy, model):
        raise RequestError([Complaint(f"measurement.{name}", f"the policy has no {model}")])
    return values


def _set_in_rule(model: str, parameter: str) -> _Change:
    return lambda document, value: document["privacy"][model].update({parameter: value})


def _set_in_every_rule(model: str, name: str) -> _Change:
    def change(document: dict[str, Any], value: float) -> None:
        for rule in document["privacy"][model]:
            rule[name] = value

    return change


def _set_in_policy(name: str) -> _Change:
    return lambda document, value: document.update({name: value})


def _set_in_attribute(attribute: str, bound: str) -> _Change:
    return lambda document, value: document["attributes"][attribute].update({bound: value})


def compare(
    policies: Iterator[Configuration],
    counted: Count,
    planned: Plan,
    decide: Callable[[Plan], list[Solution]],
) -> pd.DataFrame:
    """Measure what each configuration would release.

    Parameters
    ----------
    counted, planned
        The source, read once, and any plan of it: all configurations share its hierarchies.
    decide
        Finds the solutions of a plan, best first.

    Returns
    -------
    pandas.DataFrame
        A row per solution: the values of its configuration; its ``rank``; ``reachable``; records
        ``released`` and ``suppressed``; risks; utility; a column ``level.<quasi-identifier>`` each
        (missing for local recoding); ``frontier``: whether no other is as good in largest risk,
        average risk and loss and better in one; and a ``note`` where a promise cannot be kept.
    """
    rows = []
    for configuration in policies:
        plan = plan_with(configuration.policy, counted, planned.hierarchies)
        rows += [{**configuration.settings, **measured} for measured in _measured(plan, decide)]
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("note"), "frontier", undominated(table))
    return table


def _measured(plan: Plan, decide: Callable[[Plan], list[Solution]]) -> Iterator[dict[str, Any]]:
    try:
        solutions = decide(plan)
    except UnreachableError as error:
        yield {"rank": 1, "reachable": False, "note": str(error)}
        return
    for rank, solution in enumerate(solutions, start=1):
        yield {"rank": rank, "reachable": True, **measures(plan, solution), "note": ""}


def measures(plan: Plan, solution: Solution) -> dict[str, Any]:
    """Return the figures of a solution, as a row of a comparison."""
    risk = risk_statistics(plan.problem, solution, plan.policy)["release"]
    utility = utility_statistics(plan.problem, solution)["release"]
    suppressed = int(plan.problem.counts[solution.classes < 0].sum())
    levels = solution.levels or (None,) * len(plan.quasi_identifiers)
    names = (f"level.{name}" for name in plan.quasi_identifiers)
    return {
        "released": plan.problem.records - suppressed,
        "suppressed": suppressed,
        "classes": len(solution.generalized[0].codes) if solution.generalized else 1,
        **{name: risk[name] for name in _RISKS},
        **{name: risk[name] for name in _OF_PERSONS if plan.policy.person is not None},
        **{name: utility[name] for name in _UTILITIES},
        **_accuracy(plan, solution),
        **dict(zip(names, levels, strict=True)),
    }


def _accuracy(plan: Plan, solution: Solution) -> dict[str, float]:
    if plan.policy.target_use is None or not plan.problem.records:
        return {}
    asked = Classification.of(plan.problem, plan.policy)
    return {f"accuracy({asked.use.attribute})": asked.of_release(solution)}


def risk_of(table: pd.DataFrame) -> str:
    """Return the column of a comparison with the largest risk: of persons where these count."""
    return PERSON_RISK if PERSON_RISK in table.columns else FRONTIER[0]


def undominated(table: pd.DataFrame) -> list[bool]:
    """Tell which rows of a comparison no other row matches in everything and beats in something."""
    if not table["reachable"].any():
        return [False] * len(table)
    judged = list(FRONTIER)
    if _OF_PERSONS[0] in table.columns:
        judged = [*_OF_PERSONS[:2], *judged[2:]]
    figures = table[judged].astype(float).to_numpy()
    verdict = []
    for reachable, own in zip(table["reachable"], figures, strict=True):
        better = (figures <= own).all(axis=1) & (figures < own).any(axis=1)
        verdict.append(bool(reachable and not better.any()))
    return verdict
