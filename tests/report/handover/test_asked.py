"""What of a request goes with a release."""

from typing import Any

import pytest

from anon_dagster.report.handover import Asked
from anon_dagster.request import Request, parse_any_request, parse_request

SECRETS = ("SECRET", "secret", "ANON_KEY_X", "4711", "/data/")
DOCUMENT: dict[str, Any] = {
    "source": {"path": "/data/people.csv"},
    "target": {"path": "/data/out.csv", "csv": {"separator": ";", "decimal": ","}},
    "policy": {
        "attributes": {
            "name": {"role": "direct_identifier"},
            "number": {
                "role": "direct_identifier",
                "redaction": "pseudonym",
                "key_variable": "ANON_KEY_X",
                "scope": "secret scope",
            },
            "town": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "tree", "nodes": {"SECRET": ["SECRET town"]}},
            },
            "degree": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "order", "sizes": [2], "order": ["SECRET a", "SECRET b"]},
            },
            "job": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "tree", "path": "/data/secret.csv"},
            },
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [5], "lower": 0, "upper": 100},
                "missing": ["SECRET gap"],
            },
            "illness": {
                "role": "sensitive",
                "hierarchy": {"type": "tree", "nodes": {"SECRET": ["SECRET illness"]}},
            },
        },
        "privacy": {
            "k_anonymity": {"k": 5},
            "alpha_k_anonymity": {
                "attribute": "illness", "alpha": 0.5, "k": 5, "guarded": ["SECRET illness"],
            },
            "l_diversity": {"attribute": "illness", "l": 2},
            "t_closeness": [
                {"attribute": "illness", "t": 0.3},
                {"attribute": "illness", "t": 0.4, "distance": "hierarchical"},
            ],
        },
        "sampling": {"fraction": 0.5, "seed": 4711},
        "search": {"seed": 4711},
        "release": {"numbers": "midpoints"},
        "suppression_limit": 0.05,
    },
}  # fmt: skip


def asked_of(document: dict[str, Any]) -> Asked:
    return Asked.of(parse_request(document))


def test_no_path_tree_guarded_value_key_or_seed_is_told() -> None:
    told = asked_of(DOCUMENT).model_dump_json()
    assert [secret for secret in SECRETS if secret in told] == []


def test_what_is_told_is_read_back_as_it_was() -> None:
    asked = asked_of(DOCUMENT)
    assert Asked.model_validate(asked.to_document()) == asked
    assert Asked.model_validate(asked.to_document()).fingerprint == asked.fingerprint


def test_promises_that_the_release_does_not_show_are_named_with_what_they_need() -> None:
    needs = {each.name: each.needs for each in asked_of(DOCUMENT).beyond}
    assert needs == {
        "(0.5,5)-anonymity": "guarded values",
        "0.4-closeness (hierarchical distance)": "hierarchy",
        "0.3-closeness (equal distance) to the source": "source",
        "the suppression limit": "source",
    }


def test_of_the_rules_of_hierarchies_only_those_of_numbers_beside_labels_are_told() -> None:
    attributes = asked_of(DOCUMENT).policy.quasi_identifiers
    ruled = {name for name, each in attributes.items() if each.hierarchy is not None}
    assert ruled == {"age"}


def test_the_fingerprint_is_of_what_is_told_and_so_tries_out_nothing_else() -> None:
    otherwise = {**DOCUMENT, "policy": {**DOCUMENT["policy"], "sampling": {"fraction": 0.5}}}
    assert asked_of(otherwise).fingerprint == asked_of(DOCUMENT).fingerprint
    assert parse_request(otherwise).fingerprint != parse_request(DOCUMENT).fingerprint


PERSON: dict[str, Any] = {
    "policy": {
        "attributes": {
            "who": {"role": "direct_identifier"},
            "age": {"role": "quasi_identifier"},
            "illness": {"role": "sensitive"},
        },
        "person": "who",
        "privacy": {"k_anonymity": {"k": 5}, "l_diversity": {"attribute": "illness", "l": 2}},
    }
}


def test_of_persons_who_are_not_told_apart_only_k_of_records_is_measured() -> None:
    asked = asked_of(PERSON)
    assert asked.policy.person is None
    assert asked.policy.privacy.guarding == ()
    assert {each.needs for each in asked.beyond} == {"persons", "source"}


def test_persons_are_counted_where_pseudonyms_tell_them_apart() -> None:
    attributes = PERSON["policy"]["attributes"]
    who = {"role": "direct_identifier", "redaction": "pseudonym"}
    policy = PERSON["policy"] | {"attributes": attributes | {"who": who}}
    asked = asked_of({"policy": policy | {"trajectory": {"k": 2}}})
    assert asked.policy.person == ("who",)
    assert asked.policy.trajectory is not None
    assert {each.needs for each in asked.beyond} == {"source"}


@pytest.mark.parametrize(
    ("privacy", "more", "needs"),
    [
        ({"k_map": {"k": 5, "estimator": "poisson"}}, {"population": 10_000}, "population"),
        ({"population_uniqueness": {"share": 0.1}}, {"population": 10_000}, "population"),
    ],
)
def test_what_is_promised_of_a_population_is_not_measured(
    privacy: dict[str, Any], more: dict[str, Any], needs: str
) -> None:
    policy = {"attributes": {"age": {"role": "quasi_identifier"}}, "privacy": privacy, **more}
    asked = asked_of({"policy": policy})
    assert needs in {each.needs for each in asked.beyond}
    assert not asked.policy.privacy.of_population
    assert asked.policy.population is None


def test_a_field_of_a_request_that_nobody_thought_of_here_is_not_told() -> None:
    """All keys that may be told are listed: a new one is left out until it is judged."""
    known = {
        *("attributes", "privacy", "person", "trajectory", "household", "without_person"),
        *("suppression_limit", "suppressed_records", "recoding", "risk_threshold", "release"),
    }
    assert set(asked_of(DOCUMENT).policy.model_fields_set) == known


def test_linked_tables_promise_what_only_both_show() -> None:
    who = {"who": {"role": "direct_identifier"}}
    master = {"attributes": who | {"age": {"role": "quasi_identifier"}}}
    detail = {"attributes": who | {"day": {"role": "quasi_identifier"}}}
    document = {
        "tables": {
            "people": {"policy": master},
            "visits": {"policy": detail, "join": {"to": "people", "on": "who"}},
        },
        "policy": {"person": "who", "privacy": {"k_anonymity": {"k": 5}}},
    }
    linked = parse_any_request(document)
    assert not isinstance(linked, Request)
    asked = Asked.of(linked.own("visits"), is_linked=True)
    assert "linked table" in {each.needs for each in asked.beyond}
