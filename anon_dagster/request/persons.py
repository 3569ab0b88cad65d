"""What promises about persons ask of the rest of a request, and do not go with."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document as _document
from anon_dagster.request.suggestions import did_you_mean

_PATH = "policy.person"
_LINKS = "it links the records of a person in the release, and so shows how they go together"


def person_problems(
    request: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find what the attributes that name a person lack, and what does not go with persons."""
    policy = _document(request.get("policy"))
    named = policy.get("person")
    if not named:
        if policy.get("without_person") not in {None, "refuse"}:
            yield Complaint("policy.without_person", "goes with policy.person")
        return
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list | tuple):
        return
    yield from _name_problems([name for name in names if isinstance(name, str)], attributes)
    yield from _combinations(policy)


def _name_problems(
    names: list[str], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    for name in names:
        attribute = attributes.get(name)
        if attribute is None:
            yield Complaint(
                _PATH, f"{name} is not among policy.attributes{did_you_mean(name, attributes)}"
            )
        elif attribute.get("role") != "direct_identifier":
            yield Complaint(
                _PATH,
                f"the role of {name} must be direct_identifier: who a record is of is not released",
            )
        elif attribute.get("redaction", "drop") not in {"drop", "constant"}:
            where = f"policy.attributes.{name}.redaction"
            yield Complaint(
                where, f"must be drop or constant, for policy.person names it: {_LINKS}"
            )
    if len(set(names)) < len(names):
        yield Complaint(_PATH, "names an attribute twice")


def _combinations(policy: Mapping[str, Any]) -> Iterator[Complaint]:
    privacy = _document(policy.get("privacy"))
    if _document(policy.get("sampling")).get("records") is not None:
        yield Complaint(
            "policy.sampling.records",
            "does not go with policy.person, for whole persons are drawn: say a fraction of them",
        )
    if privacy.get("differential_privacy"):
        yield Complaint(_PATH, "does not go with differential_privacy, which is about records")
    for model in ("k_map", "delta_presence"):
        if privacy.get(model):
            yield Complaint(
                _PATH,
                f"does not go with {model}: the table of the population does "
                "not tell who of it a record is of",
            )
