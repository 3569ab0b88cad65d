from typing import Any

import pytest

from anon_dagster.errors import RequestError
from anon_dagster.request import parse_policy, parse_tables

AGE = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}}
TOWN = {"role": "quasi_identifier"}


def policy(release: dict[str, Any], recoding: str = "global", **attributes: Any) -> Any:
    document = {
        "attributes": {"age": AGE, **attributes},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": recoding,
        "release": release,
    }
    return parse_policy(document)


def test_hierarchies_tell_which_columns_have_numbers() -> None:
    born = {"role": "quasi_identifier", "hierarchy": {"type": "date"}}
    pay = {"role": "quasi_identifier", "hierarchy": {"type": "rounding", "steps": [5]}}
    found = policy({"numbers": "bounds"}, born=born, town=TOWN, pay=pay).number_columns
    assert [(column.name, column.meaning) for column in found] == [
        ("age_lower", "number"),
        ("age_upper", "number"),
        ("born_lower", "date"),
        ("born_upper", "date"),
        ("pay_lower", "number"),
        ("pay_upper", "number"),
    ]
    named = {"numbers": "midpoints", "columns": {"town": "number", "age": "whole"}}
    assert [c.name for c in policy(named, town=TOWN).number_columns] == [
        "age_midpoint",
        "town_midpoint",
    ]
    assert policy({}).number_columns == ()


TREE = {"role": "quasi_identifier", "hierarchy": {"type": "tree", "nodes": {"a": ["1"]}}}
MEAN = {"role": "quasi_identifier", "transformation": "microaggregation", "aggregate": "mean"}
PLAIN = {"role": "non_sensitive"}


@pytest.mark.parametrize(
    ("release", "attributes", "message"),
    [
        ({"columns": {"age": "whole"}}, {}, "columns: goes with numbers"),
        ({"numbers": "bounds", "columns": {}}, {}, "name them in columns"),
        ({"numbers": "bounds", "columns": {"agee": "date"}}, {}, "did you mean age"),
        ({"numbers": "bounds", "columns": {"ill": "date"}}, {"ill": PLAIN}, "no other has labels"),
        ({"numbers": "bounds", "columns": {"pay": "number"}}, {"pay": MEAN}, "mean is released"),
        ({"numbers": "bounds", "columns": {"pay": "number"}}, {"pay": TREE}, "of type tree"),
        ({"numbers": "bounds"}, {"age_upper": PLAIN}, "age_upper would be written for age"),
    ],
)
def test_what_does_not_go_together_is_refused(
    release: dict[str, Any], attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        policy(release, **attributes)


def test_a_tree_may_be_listed_by_local_recoding() -> None:
    ranges = {**TREE, "local_labels": "ranges"}
    release = {"numbers": "bounds", "columns": {"pay": "number"}}
    assert policy(release, "local", pay=ranges).number_columns
    with pytest.raises(RequestError, match="of type tree"):
        policy(release, pay=ranges)


def test_each_of_linked_tables_has_its_own_numbers() -> None:
    person = {"role": "direct_identifier"}
    own: dict[str, Any] = {
        "attributes": {"id": person, "age": AGE},
        "release": {"numbers": "midpoints"},
    }
    other: dict[str, Any] = {
        "attributes": {"id": person, "day": {**AGE}},
        "release": {"numbers": "bounds"},
    }
    document: dict[str, Any] = {
        "tables": {
            "people": {"policy": own},
            "visits": {"policy": other, "join": {"to": "people", "on": "id"}},
        },
        "policy": {"person": "id", "privacy": {"k_anonymity": {"k": 2}}},
    }
    linked = parse_tables(document)
    assert [c.name for c in linked.own("people").policy.number_columns] == ["age_midpoint"]
    assert [c.name for c in linked.joined().policy.number_columns] == ["day_lower", "day_upper"]
    with pytest.raises(RequestError, match="stands below the policy of each"):
        parse_tables(
            {**document, "policy": {**document["policy"], "release": {"numbers": "bounds"}}}
        )
    other["attributes"]["day_lower"] = PLAIN
    with pytest.raises(RequestError, match=r"tables\.visits\.policy\.release\.numbers"):
        parse_tables(document)
