"""What files that add up to one release ask of the rest of a request."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document

_MODE = "arrivals.mode: append"
_NOT_OF_DELTAS = {
    "k_map": "the population that it counts moves between deltas",
    "delta_presence": "the population that it counts moves between deltas",
    "population_uniqueness": "the population that it counts moves between deltas",
    "differential_privacy": "every delta would spend epsilon anew",
    "average_risk": "it is told of a whole release, and there are deltas",
    "sample_uniqueness": "it is told of a whole release, and there are deltas",
}
"""Privacy models that are not closed under adding up deltas and taking blocks away."""
_NOT_OF_POLICIES = {
    "sampling": "everybody who is not drawn would wait for ever",
    "household": "nobody can tell yet what deltas promise households together",
    "trajectory": "nobody can tell yet what deltas promise trajectories together",
}


def append_problems(
    request: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find what does not go with ``mode: append``, or is missing there."""
    arrivals, policy = (document(request.get(key)) for key in ("arrivals", "policy"))
    if arrivals.get("mode") != "append":
        return
    privacy = document(policy.get("privacy"))
    yield from _of_people(arrivals, policy)
    for name, why in _NOT_OF_DELTAS.items():
        if document(privacy.get(name)):
            yield Complaint(f"policy.privacy.{name}", f"does not go with {_MODE}: {why}")
    for name, why in _NOT_OF_POLICIES.items():
        if document(policy.get(name)):
            yield Complaint(f"policy.{name}", f"does not go with {_MODE}: {why}")
    if policy.get("suppressed_records") == "keep":
        why = "must be drop: who is not released yet waits"
        yield Complaint("policy.suppressed_records", f"{why} ({_MODE})")
    if any(rule.get("compare") == "present" for rule in _rules(privacy, "delta_disclosure")):
        why = "two deltas that keep it may break it together; leave compare out"
        yield Complaint("policy.privacy.delta_disclosure.compare", f"must be all ({_MODE}): {why}")
    if request.get("schedule"):
        why = "nothing is anonymized anew where deltas add up"
        yield Complaint("schedule", f"does not go with {_MODE}: {why}")
    for name, attribute in attributes.items():
        yield from _of_attribute(f"policy.attributes.{name}", attribute)
    yield from _of_size(arrivals, privacy)


def _of_people(arrivals: Mapping[str, Any], policy: Mapping[str, Any]) -> Iterator[Complaint]:
    never = arrivals.get("people_return") == "never"
    if policy.get("person") and never:
        yield Complaint("arrivals.people_return", "is said where no policy.person is named")
    if not policy.get("person") and not never:
        yield Complaint(
            "policy.person",
            f"{_MODE} has to know who was released before: name the attribute that tells whose a "
            "record is, or say arrivals.people_return: never, if each person has one record ever",
        )
    if policy.get("without_person", "refuse") != "refuse":
        why = "must be refuse: nobody could tell whether they were released before"
        yield Complaint("policy.without_person", f"{why} ({_MODE})")


def _of_attribute(path: str, attribute: Mapping[str, Any]) -> Iterator[Complaint]:
    if attribute.get("aggregate") is not None or attribute.get("groups") == "mdav":
        why = "an average of a block that is erased could be told from both versions"
        yield Complaint(f"{path}.transformation", f"must be generalization ({_MODE}): {why}")
    if attribute.get("shift") is not None:
        why = "the edges of a delta would tell how far its dates are shifted"
        yield Complaint(f"{path}.shift", f"does not go with {_MODE}: {why}")
    if attribute.get("role") == "weight":
        yield Complaint(f"{path}.role", f"weights do not go with {_MODE}")


def _of_size(arrivals: Mapping[str, Any], privacy: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find a class that is judged before it can keep its promise."""
    judged, largest = arrivals.get("judge_at"), 0
    for rule in (*_rules(privacy, "k_anonymity"), *_rules(privacy, "alpha_k_anonymity")):
        k = rule.get("k")
        largest = max(largest, k) if isinstance(k, int) else largest
    if isinstance(judged, int) and judged < largest:
        yield Complaint("arrivals.judge_at", f"must be at least k, which is {largest}")


def _rules(privacy: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the rules of a model, of which one may stand for a list."""
    told = privacy.get(name) or ()
    return [document(rule) for rule in (told if isinstance(told, list | tuple) else [told])]
