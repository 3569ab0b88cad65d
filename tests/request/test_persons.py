"""What promises about persons and households do not go with is said before any work."""

from typing import Any

import pytest

from anon_dagster.errors import AnonError
from anon_dagster.request import parse_request

HOUSE = {"by": "house", "k": 3}
LINKED: dict[str, Any] = {"person": "who", "trajectory": {"k": 5}}


def said(policy: dict[str, Any], who: str = "drop", **others: Any) -> str:
    attributes = {
        "who": {"role": "direct_identifier", "redaction": who},
        "house": {"role": "direct_identifier", "redaction": policy.pop("house_as", "drop")},
        "age": {"role": "quasi_identifier"},
    }
    whole = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, **policy}
    with pytest.raises(AnonError) as caught:
        parse_request({"policy": whole, **others})
    return str(caught.value)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"household": {"by": "hous", "k": 3}}, "policy.household.by: hous is not among"),
        ({"household": {"by": "age", "k": 3}}, "the role of age must be direct_identifier"),
        ({"household": {"by": ["house", "house"], "k": 3}}, "names an attribute twice"),
        (
            {"population": {"path": "people.csv", "person": ["number", "number"]}},
            "policy.population.person: names a column twice",
        ),
        ({"household": {"by": "house", "k": 1}}, "policy.household.k: must be at least 2"),
        ({"household": {"k": 3}}, "policy.household.by: is missing"),
        ({"household": HOUSE, "house_as": "pseudonym"}, "for policy.household.by names it"),
        (
            {"household": HOUSE, "privacy": {"differential_privacy": {"epsilon": 1, "delta": 0.1}}},
            "policy.household: does not go with differential_privacy",
        ),
        ({"without_person": "own"}, "goes with policy.person, policy.household"),
        ({"trajectory": {"k": 5}}, "policy.trajectory: goes with policy.person"),
        ({**LINKED, "recoding": "local"}, "policy.recoding: must be global"),
    ],
)
def test_what_households_and_trajectories_do_not_go_with(
    policy: dict[str, Any], words: str
) -> None:
    assert words in said(dict(policy))


def test_a_pseudonym_of_a_person_goes_with_a_promise_of_what_it_shows() -> None:
    assert "a pseudonym goes with policy.trajectory" in said({"person": "who"}, "pseudonym")
    both = {**LINKED, "person": ["who", "house"]}
    assert "names others, too" in said(both, "pseudonym")


def test_what_is_compared_recodes_globally_where_trajectories_are_promised() -> None:
    assert "measurement.recoding" in said(LINKED, measurement={"recoding": ["global", "local"]})
