"""What promises about persons ask of the rest of a request, and do not go with."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document as _document
from anon_dagster.request.strict import names_listed
from anon_dagster.request.suggestions import did_you_mean

_PATH = "policy.person"
_OF_HOUSEHOLDS = "policy.household.by"
_TRAJECTORY = "policy.trajectory"
_GONE = {"drop", "constant"}
_LINKS = "it links the records of a person in the release, and so shows how they go together"


def person_problems(
    request: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Find what the attributes that name a person lack, and what does not go with persons."""
    policy = _document(request.get("policy"))
    household = _document(policy.get("household"))
    persons, households = names_listed(policy.get("person")), names_listed(household.get("by"))
    people = names_listed(_document(policy.get("population")).get("person"))
    if not (persons or households or people) and _is_handled(policy):
        yield Complaint(
            "policy.without_person",
            "goes with policy.person, policy.household or policy.population.person",
        )
    if household and _document(policy.get("privacy")).get("differential_privacy"):
        yield Complaint(
            "policy.household", "does not go with differential_privacy, which is about records"
        )
    if len(set(people)) < len(people):
        yield Complaint("policy.population.person", "names a column twice")
    yield from _name_problems(_OF_HOUSEHOLDS, households, attributes)
    yield from _trajectory_problems(request, persons)
    if not persons:
        return
    yield from _name_problems(_PATH, persons, attributes)
    yield from _redaction_problems(policy, persons, attributes)
    yield from _combinations(policy)


def _is_handled(policy: Mapping[str, Any]) -> bool:
    """Tell whether it is said what becomes of records without a person."""
    return policy.get("without_person") not in {None, "refuse"}


def _name_problems(
    path: str, names: list[str], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    for name in names:
        attribute = attributes.get(name)
        if attribute is None:
            yield Complaint(
                path, f"{name} is not among policy.attributes{did_you_mean(name, attributes)}"
            )
        elif attribute.get("role") != "direct_identifier":
            yield Complaint(
                path,
                f"the role of {name} must be direct_identifier: who a record is of is not released",
            )
        elif path == _OF_HOUSEHOLDS and _redaction(attribute) not in _GONE:
            where = f"policy.attributes.{name}.redaction"
            yield Complaint(where, f"must be drop or constant, for {path} names it: {_LINKS}")
    if len(set(names)) < len(names):
        yield Complaint(path, "names an attribute twice")


def _redaction(attribute: Mapping[str, Any]) -> Any:
    return attribute.get("redaction", "drop")


def _redaction_problems(
    policy: Mapping[str, Any], names: list[str], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    """Refuse what links the records of a person, unless it is promised what that tells."""
    for name in names:
        attribute = attributes.get(name, {})
        redaction = _redaction(attribute)
        if attribute.get("role") != "direct_identifier" or redaction in _GONE:
            continue
        where = f"policy.attributes.{name}.redaction"
        if redaction != "pseudonym" or not policy.get("trajectory"):
            yield Complaint(
                where,
                f"must be drop or constant, for {_PATH} names it: {_LINKS}; a pseudonym goes with "
                f"{_TRAJECTORY}, which promises that several persons share all of that",
            )
        elif len(names) > 1:
            yield Complaint(
                where,
                f"must be drop or constant, for {_PATH} names others, too: of these alone it would "
                "link the records of several persons",
            )


def _trajectory_problems(request: Mapping[str, Any], persons: list[str]) -> Iterator[Complaint]:
    policy = _document(request.get("policy"))
    if not policy.get("trajectory"):
        return
    if not persons:
        yield Complaint(_TRAJECTORY, f"goes with {_PATH}, which tells whose the records are")
    compared = _document(request.get("measurement")).get("recoding")
    for path, recodings in (
        ("policy.recoding", [policy.get("recoding")]),
        ("measurement.recoding", compared if isinstance(compared, list | tuple) else []),
    ):
        if "local" in recodings:
            yield Complaint(
                path,
                f"must be global, for there is {_TRAJECTORY}: classes that are made for single "
                "records are not made for all of a person's together",
            )
    if request.get("arrivals"):
        yield Complaint(
            "arrivals",
            f"do not go with {_TRAJECTORY}: each file is measured by itself, and what links the "
            "records of a person in one links them to those in the others",
        )


def _combinations(policy: Mapping[str, Any]) -> Iterator[Complaint]:
    privacy = _document(policy.get("privacy"))
    if _document(policy.get("sampling")).get("records") is not None:
        yield Complaint(
            "policy.sampling.records",
            "does not go with policy.person, for whole persons are drawn: say a fraction of them",
        )
    if privacy.get("differential_privacy"):
        yield Complaint(_PATH, "does not go with differential_privacy, which is about records")
    if _document(privacy.get("k_map")).get("estimator"):
        yield Complaint(
            _PATH, "does not go with an estimator of k_map, which is made of numbers of records"
        )
    told = names_listed(_document(policy.get("population")).get("person"))
    for model in ("k_map", "delta_presence"):
        if privacy.get(model) and not told:
            yield Complaint(
                _PATH,
                f"goes with {model} only where the table of the population tells whose its records "
                "are: name its column, as policy.population: {path: …, person: …}",
            )
