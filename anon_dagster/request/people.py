"""What promises about the population ask of the rest of a policy."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document

_PATH = "policy.privacy"


def population_problems(
    policy: Mapping[str, Any],
    privacy: Mapping[str, Any],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Iterator[Complaint]:
    """Find what promises about the population lack, or do not go with."""
    population = policy.get("population")
    k_map = document(privacy.get("k_map"))
    estimated = bool(k_map.get("estimator"))
    if k_map and not estimated:
        yield from _of_table(f"{_PATH}.k_map", population, policy, attributes)
    if estimated and population is None and k_map.get("sampling_fraction") is None:
        path = f"{_PATH}.k_map.sampling_fraction"
        yield Complaint(
            path, "say how much of the population is in the table, or policy.population"
        )
    if k_map and not estimated and k_map.get("sampling_fraction") is not None:
        yield Complaint(f"{_PATH}.k_map.sampling_fraction", "goes with an estimator")
    if document(privacy.get("delta_presence")):
        yield from _of_table(f"{_PATH}.delta_presence", population, policy, attributes)
    if document(privacy.get("population_uniqueness")) and population is None:
        yield Complaint(
            f"{_PATH}.population_uniqueness", "needs policy.population: a size or a table"
        )


def _of_table(
    path: str,
    population: Any,
    policy: Mapping[str, Any],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Iterator[Complaint]:
    """Find what keeps people of the population from being matched with classes."""
    if population is None or isinstance(population, int):
        or_else = ", or an estimator" if path.endswith("k_map") else ""
        yield Complaint(path, f"needs a table as policy.population{or_else}")
    if policy.get("recoding") == "local":
        yield Complaint(
            "policy.recoding",
            f"{path.rpartition('.')[2]} goes with recoding: global; classes of local recoding "
            "overlap, so that a person stands behind several",
        )
    for name, attribute in attributes.items():
        if attribute.get("aggregate") is not None:
            where = f"policy.attributes.{name}.transformation"
            yield Complaint(
                where,
                "a microaggregated value does not say who of the population it stands for: "
                f"generalize, or do without {path.rpartition('.')[2]}",
            )
