"""What a request may say of survey weights."""

from typing import Any

import pytest

from anon_dagster.errors import RequestError
from anon_dagster.request import QuasiIdentifier, Request, Weight, parse_request


def asked(weight: dict[str, Any], **policy: Any) -> Request:
    attributes = {
        "age": {"role": "quasi_identifier"},
        "pw": {"role": "weight", **weight},
        **policy.pop("more", {}),
    }
    document = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, **policy}
    return parse_request({"policy": document})


def test_a_weight_is_dropped_unless_bands_are_asked_for() -> None:
    policy = asked({}).policy
    assert policy.weight == "pw"
    assert isinstance(policy.attributes["pw"], Weight)
    assert list(policy.quasi_identifiers) == ["age"]


def test_a_released_weight_is_a_quasi_identifier_of_which_no_value_is_released() -> None:
    rule = {"type": "interval", "widths": [100]}
    policy = asked({"release": "generalize", "hierarchy": rule}).policy
    weight = policy.attributes["pw"]
    assert isinstance(weight, QuasiIdentifier)
    assert weight.lowest_level == 1
    assert policy.weight == "pw"
    assert list(policy.quasi_identifiers) == ["age", "pw"]


@pytest.mark.parametrize("weight", [{}, {"release": "generalize", "highest_level": 1}])
def test_it_comes_back_as_it_was_from_its_document(weight: dict[str, Any]) -> None:
    request = asked(weight)
    assert parse_request(request.model_dump(by_alias=True)) == request


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        ({"hierarchy": {"type": "suppress"}}, "go with release: generalize"),
        ({"highest_level": 2}, "go with release: generalize"),
        ({"release": "generalize", "lowest_level": 0}, "lowest_level: must be at least 1"),
        ({"release": "generalize", "lowest_level": 2, "highest_level": 1}, "must not be above"),
        ({"release": "keep"}, "pw.release"),
    ],
)
def test_what_would_release_a_weight_is_refused(weight: dict[str, Any], why: str) -> None:
    with pytest.raises(RequestError, match=why):
        asked(weight)


@pytest.mark.parametrize(
    "raw",
    [
        {"role": "quasi_identifier", "weight": True},
        {
            "role": "quasi_identifier",
            "weight": True,
            "transformation": "microaggregation",
            "aggregate": "mean",
        },
    ],
)
def test_a_quasi_identifier_that_is_the_weight_is_generalized(raw: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="a weight is generalized"):
        asked(raw)


def test_a_record_has_one_weight() -> None:
    with pytest.raises(RequestError, match="a record has one weight, but pw, other"):
        asked({}, more={"other": {"role": "weight", "release": "generalize"}})


def test_nothing_guards_a_weight() -> None:
    rule = {"attribute": "pw", "l": 2}
    privacy = {"k_anonymity": {"k": 2}, "l_diversity": rule}
    with pytest.raises(RequestError, match="its role must be sensitive"):
        asked({}, privacy=privacy)


def test_differential_privacy_knows_no_weights() -> None:
    privacy = {"differential_privacy": {"epsilon": 1, "delta": 1e-6}}
    with pytest.raises(RequestError, match=r"pw\.role: must be a quasi_identifier"):
        asked({}, privacy=privacy)
