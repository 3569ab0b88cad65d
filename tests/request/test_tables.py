"""Requests of linked tables: what they ask of each table, and what is refused in words."""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from anon_dagster import RequestError
from anon_dagster.request import LinkedRequest, parse_request, parse_tables
from anon_dagster.request.documents import parse_yaml
from tests.linked import request

Change = Callable[[dict[str, Any]], object]


def attributes(document: dict[str, Any], table: str) -> dict[str, Any]:
    found: dict[str, Any] = document["tables"][table]["policy"]["attributes"]
    return found


def privacy(**models: Any) -> Change:
    return lambda document: document["policy"]["privacy"].update(models)


def policy(**keys: Any) -> Change:
    return lambda document: document["policy"].update(keys)


def table(name: str, **keys: Any) -> Change:
    return lambda document: document["tables"][name].update(keys)


def attribute(of: str, name: str, **keys: Any) -> Change:
    return lambda document: attributes(document, of).setdefault(name, {}).update(keys)


def without(of: str, name: str) -> Change:
    return lambda document: attributes(document, of).pop(name)


REFUSED: dict[str, tuple[Change, str]] = {
    "one table": (lambda d: d["tables"].pop("patients"), "tables: two tables can be linked"),
    "three tables": (
        lambda d: d["tables"].update(more=d["tables"]["visits"]),
        "tables: two tables can be linked",
    ),
    "nothing joins": (lambda d: d["tables"]["visits"].pop("join"), "say join in one of two"),
    "a chain": (table("patients", join={"to": "visits", "on": "who"}), "say join in one of two"),
    "joins itself": (
        table("visits", join={"to": "visits", "on": "who"}),
        "tables.visits.join.to: is not the other one",
    ),
    "joined by no column": (
        table("visits", join={"to": "patients", "on": "whom"}),
        "has no whom, by which the tables are joined; did you mean who?",
    ),
    "the key is released": (
        lambda d: attributes(d, "patients").update(who={"role": "non_sensitive"}),
        "tables.patients.policy.attributes.who: its role must be direct_identifier",
    ),
    "the key is masked": (
        attribute("visits", "who", redaction="mask", keep=2),
        "tables.visits.policy.attributes.who.redaction: must be drop or constant",
    ),
    "another person": (policy(person="ill"), "policy.person: must be who, by which visits joins"),
    "a name in both": (
        attribute("visits", "age", role="non_sensitive"),
        "age is in both tables; beside who only what visits drops may be",
    ),
    "nothing to know of a person": (
        lambda d: (without("patients", "age")(d), without("patients", "town")(d)),
        "tables.patients.policy.attributes: has no quasi_identifier",
    ),
    "no k": (
        lambda d: d["policy"].update(privacy={"l_diversity": {"attribute": "ill", "l": 2}}),
        "policy.privacy.k_anonymity: is needed with tables",
    ),
    "k-map": (privacy(k_map={"k": 3}), "policy.privacy.k_map: does not go with tables"),
    "presence": (privacy(delta_presence={"delta_max": 0.5}), "delta_presence: does not go with"),
    "population uniqueness": (
        privacy(population_uniqueness={"share": 0.1}),
        "population_uniqueness: does not go with tables",
    ),
    "differential privacy": (
        privacy(differential_privacy={"epsilon": 1, "delta": 1e-6}),
        "differential_privacy: does not go with tables",
    ),
    "a sample": (policy(sampling={"fraction": 0.5}), "policy.sampling: does not go with tables"),
    "a population": (policy(population=1000), "policy.population: does not go with tables"),
    "households": (
        policy(household={"by": "who", "k": 2}),
        "policy.household: does not go with tables",
    ),
    "records of nobody": (policy(without_person="own"), "without_person: does not go with tables"),
    "derived columns": (
        policy(derive={"x": {"from": "a", "at": "b", "unit": "years"}}),
        "policy.derive: does not go with tables",
    ),
    "details of the risk": (
        policy(risk_analysis={"records": True}),
        "policy.risk_analysis: does not go with tables",
    ),
    "a target use": (policy(target_use={}), "policy.target_use: does not go with tables"),
    "attributes of both": (
        policy(attributes={"age": {"role": "quasi_identifier"}}),
        "policy.attributes: stand below the policy of each",
    ),
    "local recoding": (policy(recoding="local"), "policy.recoding: must be global"),
    "suppressed records stay": (policy(suppressed_records="keep"), "policy.suppressed_records"),
    "a pseudonym of something else": (
        lambda d: (
            policy(trajectory={"k": 2})(d),
            attributes(d, "visits").update(
                doctor={"role": "direct_identifier", "redaction": "pseudonym"}
            ),
        ),
        "tables.visits.policy.attributes.doctor.redaction: must not be pseudonym",
    ),
    "a pseudonym": (
        attribute("patients", "who", redaction="pseudonym"),
        "tables.patients.policy.attributes.who.redaction: must not be pseudonym",
    ),
    "a survey weight": (
        attribute("patients", "weight", role="weight"),
        "tables.patients.policy.attributes.weight.role: a survey weight does not go with tables",
    ),
    "shifted dates": (
        attribute("visits", "day", shift={"weeks": 4}),
        "tables.visits.policy.attributes.day.shift: does not go with tables",
    ),
    "averages": (
        attribute("visits", "day", transformation="microaggregation", aggregate="mean"),
        "tables.visits.policy.attributes.day.transformation: must be generalization",
    ),
    "one target": (table("visits", target={"path": "v.csv"}), "patients has no target"),
    "parts": (
        lambda d: [
            table(name, target={"path": f"{name}.csv", "single_file": False})(d)
            for name in d["tables"]
        ],
        "tables.visits.target.single_file: must be true",
    ),
    "a Delta table": (
        lambda d: [
            table(name, target={"path": name, "format": "delta"})(d) for name in d["tables"]
        ],
        "tables.visits.target: linked tables are published together, as files",
    ),
    "the same target": (
        lambda d: [table(name, target={"path": "v.csv"})(d) for name in d["tables"]],
        "tables: have the same target",
    ),
    "two decimal marks": (
        lambda d: (
            table("visits", source={"path": "v.csv", "csv": {"separator": ";", "decimal": ","}})(d),
            table("patients", source={"path": "p.csv"})(d),
        ),
        "the sources have different decimal marks",
    ),
    "a measurement": (lambda d: d.update(measurement={"k": [2]}), "measurement: unknown key"),
    "arrivals": (lambda d: d.update(arrivals={}), "arrivals: unknown key"),
    "a guarded stranger": (
        privacy(l_diversity={"attribute": "illness", "l": 2}),
        "policy.privacy.l_diversity.0.attribute: not among policy.attributes",
    ),
    "a role that there is not": (
        attribute("visits", "day", role="quasi"),
        "tables.visits.policy.attributes.day: role must be one of",
    ),
    "an unknown format": (
        table("visits", source={"path": "visits.dat"}),
        "tables.visits.source.format: not told by the ending",
    ),
    "a key of nobody": (policy(privicy={}), "policy.privicy: unknown key; did you mean privacy?"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_with_tables_is_refused_in_words(change: Change, words: str) -> None:
    document = request()
    change(document)
    with pytest.raises(RequestError) as told:
        parse_tables(document)
    assert words in str(told.value)


def test_each_table_is_asked_for_what_is_said_of_it_and_of_both() -> None:
    guarded = [{"attribute": "ill", "l": 2}, {"attribute": "blood", "l": 3}]
    document = request(
        privacy={"k_anonymity": {"k": 4}, "l_diversity": guarded}, suppression_limit=0.2
    )
    asked = parse_tables(document)
    own = {name: asked.own(name).policy for name in asked.tables}
    assert {n: [rule.l for rule in p.privacy.l_diversity] for n, p in own.items()} == {
        "patients": [3],
        "visits": [2],
    }
    joined = asked.joined().policy
    assert joined.privacy.l_diversity == asked.policy.privacy.l_diversity
    assert set(joined.attributes) == {
        *("age", "town", "blood"),
        *("who", "ward", "day", "ill", "visit_row"),
    }
    assert {p.suppression_limit for p in (*own.values(), joined)} == {0.2}


def test_a_request_of_tables_survives_its_own_document() -> None:
    asked = parse_tables(request())
    assert isinstance(asked, LinkedRequest)
    assert parse_tables(asked.model_dump(by_alias=True)) == asked
    assert parse_tables(asked.model_dump(mode="json", by_alias=True)) == asked


def test_tables_are_called_as_they_are_written() -> None:
    text = "tables: {NO: {policy: {attributes: {on: {role: sensitive}}}}}"
    document = parse_yaml(text, name="a request")
    assert list(document["tables"]) == ["NO"]


def test_what_takes_one_table_says_so() -> None:
    with pytest.raises(RequestError, match="tables: linked tables go with anonymize alone"):
        parse_request(request())


def test_pseudonyms_of_the_persons_go_with_trajectories() -> None:
    document = request(trajectory={"k": 2})
    for table in document["tables"].values():
        table["policy"]["attributes"]["who"]["redaction"] = "pseudonym"
    asked = parse_tables(document)
    assert all(asked.own(name).policy.pseudonyms == ("who",) for name in asked.tables)


STRANGE: tuple[Any, ...] = (None, 5, "x", True, 1e9, "who", [], [1], {}, {"a": 1}, [{"a": 1}])


def places(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in document.items() if isinstance(document, dict) else ():
        yield (*path, key)
        yield from places(value, (*path, key))


def test_whatever_stands_in_a_document_is_refused_in_words_or_understood() -> None:
    dice = random.Random(1)  # noqa: S311 (no secret)
    guarded = [{"attribute": "ill", "l": 2}]
    whole = {"k_anonymity": {"k": 3}, "l_diversity": guarded}
    for _ in range(300):
        document = request(trajectory={"k": 2}, privacy=copy.deepcopy(whole))
        for name, place in document["tables"].items():
            place["target"] = {"path": f"{name}-release.csv"}
            place["source"] = {"path": f"{name}.csv", "csv": {"decimal": "."}}
        *above, key = dice.choice(list(places(document)))
        within = document
        for step in above:
            within = within[step]
        within[key] = copy.deepcopy(dice.choice(STRANGE))
        with suppress(RequestError):
            parse_tables(document)


def test_a_role_that_is_no_word_is_refused_in_words() -> None:
    promised = {"l_diversity": {"attribute": "ill", "l": 2}}
    policy = {"attributes": {"ill": {"role": {"a": 1}}}, "privacy": promised}
    with pytest.raises(RequestError, match="ill: role must be one of"):
        parse_request({"policy": policy})
