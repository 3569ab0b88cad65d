"""What one field of a document cannot know by itself."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from anon_dagster.errors import Complaint
from anon_dagster.request.analysis import (
    MOST_COMBINATIONS,
    CombinationAnalysis,
    SudaAnalysis,
    combinations_up_to,
)
from anon_dagster.request.append_problems import append_problems
from anon_dagster.request.attributes import Attribute, QuasiIdentifier
from anon_dagster.request.databases import is_of_database
from anon_dagster.request.dates import date_problems
from anon_dagster.request.differential import differential_problems
from anon_dagster.request.holding import hold_problems
from anon_dagster.request.locations import (
    SOURCE_FORMATS,
    TARGET_FORMATS,
    format_of,
    requires_export,
    target_format_of,
)
from anon_dagster.request.objective import objective_problems
from anon_dagster.request.people import population_problems
from anon_dagster.request.persons import person_problems
from anon_dagster.request.privacy import GUARDING, Privacy
from anon_dagster.request.release import quasi_identifiers_of, release_problems
from anon_dagster.request.strict import document as _document
from anon_dagster.request.suggestions import did_you_mean
from anon_dagster.request.target_use import target_use_problems


def inconsistencies(document: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what does not fit together, in whatever part of a document is valid.

    So it is reported together with the rest, not after that has been mended.
    """
    policy = _mapping(document, "policy")
    named = _mapping(policy, "attributes")
    attributes = {str(name): _document(value) for name, value in named.items()}
    if isinstance(policy.get("privacy"), Mapping | Privacy):
        yield from _privacy_problems(_mapping(policy, "privacy"), attributes)
        yield from differential_problems(policy, _mapping(policy, "privacy"), attributes)
        yield from population_problems(policy, _mapping(policy, "privacy"), attributes)
        yield from person_problems(document, attributes)
    yield from date_problems(policy, attributes)
    valid = [_valid(_ATTRIBUTE, value) for value in named.values()]
    local, quasi = policy.get("recoding") == "local", quasi_identifiers_of(attributes)
    yield from release_problems(_mapping(policy, "release"), quasi, [*attributes], local=local)
    importances = [a.importance for a in valid if isinstance(a, QuasiIdentifier)]
    if importances and not any(importances):
        yield Complaint("policy.attributes", "at least one importance must be above 0")
    weights = [n for n, a in attributes.items() if a.get("role") == "weight" or a.get("weight")]
    if len(weights) > 1:
        several = f"a record has one weight, but {', '.join(weights)} are to be weights"
        yield Complaint("policy.attributes", several)
    objective = policy.get("objective")
    named_only = {"metric": objective} if isinstance(objective, str) else objective
    yield from objective_problems(policy, _document(named_only))
    use = _mapping(policy, "target_use")
    yield from target_use_problems(use, _document(named_only), attributes)
    if not document.get("arrivals"):  # each file that comes in tells its own
        yield from _format_problems("source", _mapping(document, "source"))
    yield from _format_problems("target", _mapping(document, "target"))
    yield from _analysis_problems(_mapping(policy, "risk_analysis"), attributes)
    yield from _arrival_problems(document)
    yield from append_problems(document, attributes)
    yield from hold_problems(document)
    if document.get("schedule") and _mapping(policy, "privacy").get("differential_privacy"):
        why = "every release of the same people spends epsilon anew, so none is made by the clock"
        yield Complaint("schedule", f"does not go with differential_privacy: {why}")


def _arrival_problems(document: Mapping[str, Any]) -> Iterator[Complaint]:
    arrivals = _mapping(document, "arrivals")
    if not arrivals:
        return
    yield from _format_problems("arrivals.target", _mapping(arrivals, "target"))
    source = _mapping(arrivals, "source") or _mapping(document, "source")
    if not isinstance(source.get("path"), str):
        yield Complaint("arrivals.source", "the files of one folder, prefix or glob come in")


def _privacy_problems(
    privacy: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find privacy models without an attribute of the right role, or without k."""
    if not any(privacy.get(model) for model in Privacy.model_fields):
        yield Complaint(
            "policy.privacy",
            "at least one privacy model must be asked for, such as k_anonymity: {k: 5}",
        )
    clustered = any(attribute.get("groups") == "mdav" for attribute in attributes.values())
    if clustered and not privacy.get("k_anonymity"):
        yield Complaint("policy.privacy.k_anonymity", "groups: mdav needs the k of its clusters")
    for model in GUARDING:
        rules = privacy.get(model)
        rules = rules if isinstance(rules, list | tuple) else [rules]
        for index, rule in enumerate(map(_document, rules)):
            path = f"policy.privacy.{model}.{index}"
            yield from _rule_problems(path, rule, attributes)


def _rule_problems(
    path: str, rule: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find what the attribute that a privacy model guards lacks."""
    name = rule.get("attribute")
    if not isinstance(name, str):
        return
    attribute = attributes.get(name)
    if attribute is None:
        cure = did_you_mean(name, attributes)
        yield Complaint(f"{path}.attribute", f"not among policy.attributes{cure}")
    elif attribute.get("role") in _NOT_GUARDED:
        yield Complaint(f"{path}.attribute", "its role must be sensitive")
    elif rule.get("distance") == "hierarchical" and not attribute.get("hierarchy"):
        yield Complaint(f"{path}.distance", "the attribute needs a hierarchy for it")


def _analysis_problems(
    analysis: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find examinations of more combinations than are examined in a reasonable time."""
    names = sum(attribute.get("role") == "quasi_identifier" for attribute in attributes.values())
    for key, part in _BY_COMBINATIONS.items():
        asked = _valid(part, analysis.get(key))
        number = 0 if asked is None else combinations_up_to(names, asked.largest)
        if number > MOST_COMBINATIONS:
            yield Complaint(
                f"policy.risk_analysis.{key}.largest",
                f"{names} quasi-identifiers have {number:,} combinations of so many, and at most "
                f"{MOST_COMBINATIONS:,} are examined: take fewer",
            )


def _format_problems(key: str, location: Mapping[str, Any]) -> Iterator[Complaint]:
    path = location.get("path")
    first = path[0] if isinstance(path, list | tuple) and path else path
    if isinstance(first, str) and is_of_database(first):
        return
    is_source = key.endswith("source")
    found = format_of if is_source else target_format_of
    if isinstance(first, str) and not location.get("format") and found(first) is None:
        told = requires_export(first) if is_source else None
        formats = SOURCE_FORMATS if is_source else TARGET_FORMATS
        why = told or f"not told by the ending of the path: say {formats}"
        yield Complaint(f"{key}.path" if told else f"{key}.format", why)


_NOT_GUARDED = ("direct_identifier", "quasi_identifier", "non_sensitive", "weight")
_ATTRIBUTE: TypeAdapter[Any] = TypeAdapter(Attribute)
_BY_COMBINATIONS: dict[str, TypeAdapter[Any]] = {
    "suda": TypeAdapter(SudaAnalysis),
    "combinations": TypeAdapter(CombinationAnalysis),
}
_T = TypeVar("_T")


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _document(document.get(key))


def _valid(adapter: TypeAdapter[_T], value: Any) -> _T | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None
