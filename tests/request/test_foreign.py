"""Names of another program's requests work, and are told."""

from typing import Any

import pytest

from anon_dagster.errors import RequestError
from anon_dagster.request import parse_any_request, parse_request

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}
TARGET = {"path": "out", "format": "csv"}


@pytest.mark.parametrize("name", ["riskThreashold", "riskThreshold"])
def test_a_threshold_is_taken_by_its_other_names(name: str) -> None:
    with pytest.warns(UserWarning, match=f"{name} is taken for policy.risk_threshold"):
        request = parse_request({"policy": {**POLICY, name: 0.05}})
    assert request == parse_request({"policy": {**POLICY, "risk_threshold": 0.05}})


@pytest.mark.parametrize(("word", "single"), [("no", False), (False, False), ("Yes", True)])
def test_single_file_is_moved_to_the_target(word: object, single: bool) -> None:  # noqa: FBT001
    said = {"additional_properties": {"single_file": word}}
    with pytest.warns(UserWarning, match=r"is taken for target\.single_file"):
        request = parse_request({"policy": POLICY, "target": TARGET, **said})
    own = {"policy": POLICY, "target": {**TARGET, "single_file": single}}
    assert request == parse_request(own)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"policy": {**POLICY, "riskThreashold": 0.1, "risk_threshold": 0.1}}, "leave it out"),
        ({"additional_properties": {"single_file": "no"}}, "give target"),
        ({"target": TARGET, "additional_properties": {"single_file": "n"}}, "yes or no"),
        ({"target": TARGET, "additional_properties": {"files": 2}}, "single_file alone"),
        ({"target": TARGET, "additional_properties": "no"}, "single_file alone"),
        (
            {
                "target": {**TARGET, "single_file": True},
                "additional_properties": {"single_file": "no"},
            },
            "leave it out",
        ),
    ],
)
def test_what_is_said_twice_or_is_unknown_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_request({"policy": POLICY, **said})


def test_what_is_no_threshold_is_told_by_its_own_name() -> None:
    with (
        pytest.warns(UserWarning, match="riskThreashold"),
        pytest.raises(RequestError, match=r"policy\.risk_threshold: must be at most 1"),
    ):
        parse_any_request({"policy": {**POLICY, "riskThreashold": 5}})
