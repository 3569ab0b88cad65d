"""What linked tables ask of each other, and what does not go with them."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.databases import is_of_database
from anon_dagster.request.holding import hold_problems_of
from anon_dagster.request.lakehouse import is_of_lakehouse
from anon_dagster.request.policy import Policy
from anon_dagster.request.release import quasi_identifiers_of, release_problems
from anon_dagster.request.strict import document as _document
from anon_dagster.request.strict import names_listed
from anon_dagster.request.suggestions import did_you_mean
from anon_dagster.request.tables import CommonPolicy

_POSSIBLE = (
    "two tables can be linked: one with a record for each person, and one that joins it by that "
    "person's column"
)
_ALONE = "does not go with tables; leave it out, or anonymize the tables one by one"
NOT_WITH_TABLES = frozenset(Policy.model_fields) - frozenset(CommonPolicy.model_fields)
"""The keys of a policy that are not those of linked tables; the attributes are each table's."""
_OF_POPULATION = ("k_map", "delta_presence", "population_uniqueness", "differential_privacy")


def table_problems(request: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what does not fit together in whatever part of a document is valid."""
    tables = {str(name): _document(table) for name, table in _of(request, "tables").items()}
    policy = _of(request, "policy")
    yield from _unfit_keys(policy)
    linking = frozenset(names_listed(policy.get("person")) if policy.get("trajectory") else ())
    for name, table in tables.items():
        yield from _unfit_attributes(name, _attributes(table), linking)
        yield from _unfit_numbers(name, table)
    joining = [name for name, table in tables.items() if table.get("join")]
    if len(tables) != 2 or len(joining) != 1:
        yield Complaint("tables", f"{_POSSIBLE}; say join in one of two")
        return
    (detail,) = joining
    (master,) = tables.keys() - {detail}
    yield from _join_problems(tables, detail, master, policy.get("person"))
    yield from _place_problems(tables)


def _of(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _document(document.get(key))


def _attributes(table: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    named = _of(_of(table, "policy"), "attributes")
    return {str(name): _document(attribute) for name, attribute in named.items()}


def _unfit_keys(policy: Mapping[str, Any]) -> Iterator[Complaint]:
    """Refuse what linked tables are not promised."""
    if policy.get("attributes"):
        yield Complaint("policy.attributes", "stand below the policy of each of the tables")
    if policy.get("release"):
        yield Complaint("policy.release", "stands below the policy of each of the tables")
    for key in sorted(NOT_WITH_TABLES - {"attributes", "release"} & policy.keys()):
        yield Complaint(f"policy.{key}", _ALONE)
    if policy.get("recoding") == "local":
        why = "classes of single records are not made for those of another table"
        yield Complaint("policy.recoding", f"must be global, for there are tables: {why}")
    privacy = _of(policy, "privacy")
    for model in _OF_POPULATION:
        if privacy.get(model):
            yield Complaint(f"policy.privacy.{model}", _ALONE)
    if privacy and not privacy.get("k_anonymity"):
        why = "it is what each of the tables promises by itself"
        yield Complaint("policy.privacy.k_anonymity", f"is needed with tables: {why}")


def _unfit_attributes(
    table: str, attributes: Mapping[str, Mapping[str, Any]], linking: frozenset[str]
) -> Iterator[Complaint]:
    """Refuse what is done to attributes of single tables alone.

    Parameters
    ----------
    linking
        The attributes that may have pseudonyms, for it is promised what these tell.
    """
    for name, attribute in attributes.items():
        where = f"tables.{table}.policy.attributes.{name}"
        if attribute.get("redaction") == "pseudonym" and name not in linking:
            yield Complaint(
                f"{where}.redaction",
                "must not be pseudonym, for there are tables: it may link their records; that of "
                "policy.person goes with policy.trajectory, which promises what it tells",
            )
        if attribute.get("transformation") == "microaggregation":
            why = "the classes of the tables differ, and so would their averages"
            yield Complaint(f"{where}.transformation", f"must be generalization: {why}")
        if attribute.get("role") == "weight":
            yield Complaint(f"{where}.role", f"a survey weight {_ALONE}")
        if attribute.get("shift"):
            yield Complaint(f"{where}.shift", _ALONE)


def _unfit_numbers(name: str, table: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what numbers beside the labels of a table do not go with."""
    attributes, release = _attributes(table), _of(_of(table, "policy"), "release")
    quasi = quasi_identifiers_of(attributes)
    for complaint in release_problems(release, quasi, [*attributes], local=False):
        yield Complaint(f"tables.{name}.{complaint.path}", complaint.message)


def _join_problems(
    tables: Mapping[str, Mapping[str, Any]], detail: str, master: str, person: object
) -> Iterator[Complaint]:
    """Find what the join and the column that it is made by lack."""
    join, path = _of(tables[detail], "join"), f"tables.{detail}.join"
    to, on = join.get("to"), join.get("on")
    if isinstance(to, str) and to != master:
        cure = did_you_mean(to, [master])
        yield Complaint(f"{path}.to", f"is not the other one of the tables{cure}")
    if not isinstance(on, str):
        return
    own = {name: _attributes(table) for name, table in tables.items()}
    for name, attributes in own.items():
        yield from _key_problems(name, on, attributes)
    if names_listed(person) != [on]:
        yield Complaint(
            "policy.person",
            f"must be {on}, by which {detail} joins {master}: promises are about "
            "the persons of both tables",
        )
    twice = [
        name
        for name, attribute in own[detail].items()
        if name in own[master] and name != on and not _is_dropped(attribute)
    ]
    if twice:
        yield Complaint(
            f"tables.{detail}.policy.attributes",
            f"{', '.join(twice)} {'is' if len(twice) == 1 else 'are'} in both tables; beside {on} "
            f"only what {detail} drops may be: let it be a direct_identifier there, or name the "
            "columns of one of them otherwise",
        )
    if own[master] and not any(a.get("role") == "quasi_identifier" for a in own[master].values()):
        yield Complaint(
            f"tables.{master}.policy.attributes",
            f"has no quasi_identifier, so nothing of it is known beside the records of {detail}; "
            "anonymize the tables one by one",
        )


def _is_dropped(attribute: Mapping[str, Any]) -> bool:
    """Tell whether an attribute is not released, whatever it says."""
    gone = attribute.get("redaction", "drop") == "drop"
    return attribute.get("role") == "direct_identifier" and gone


def _key_problems(
    table: str, on: str, attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Complaint]:
    where = f"tables.{table}.policy.attributes"
    if on not in attributes:
        yield Complaint(
            where, f"has no {on}, by which the tables are joined{did_you_mean(on, attributes)}"
        )
    elif attributes[on].get("role") != "direct_identifier":
        yield Complaint(f"{where}.{on}", "its role must be direct_identifier: it is not released")
    elif attributes[on].get("redaction", "drop") not in ("drop", "constant", "pseudonym"):
        yield Complaint(
            f"{where}.{on}.redaction", "must be drop or constant: the tables are joined by it"
        )


def _place_problems(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Complaint]:
    """Find sources and targets that cannot be read, written or compared together."""
    targets = {name: _of(table, "target") for name, table in tables.items() if table.get("target")}
    if targets and len(targets) < len(tables):
        lacking = ", ".join(name for name in tables if name not in targets)
        yield Complaint("tables", f"{lacking} has no target: all of the tables have one, or none")
    yield from hold_problems_of(targets)
    for name, target in targets.items():
        if target.get("single_file") is False:
            why = "of several files not all appear together with another target"
            yield Complaint(f"tables.{name}.target.single_file", f"must be true: {why}")
        path = str(target.get("path", ""))
        of_table = target.get("connection") or target.get("format") == "delta"
        if of_table or is_of_database(path) or is_of_lakehouse(path):
            why = "linked tables are published together, as files: name a path"
            yield Complaint(f"tables.{name}.target", why)
    paths = [target.get("path") for target in targets.values() if target.get("path")]
    if len(paths) == 2 and paths[0] == paths[1]:
        yield Complaint("tables", "have the same target; name one for each")
    for kind in ("source", "target"):
        places = [_of(table, kind) for table in tables.values()]
        if len({_mark(place) for place in places if place}) > 1:
            yield Complaint(
                "tables",
                f"the {kind}s have different decimal marks (csv.decimal); write numbers alike",
            )


def _mark(place: Mapping[str, Any]) -> str:
    return str(_of(place, "csv").get("decimal", "."))
