"""A request that would keep a job busy, or fill its memory, is refused at once and in words."""

from typing import Any

import pytest

from anon_dagster import RequestError, parse_request


def asked(rule: dict[str, Any], **attribute: Any) -> None:
    age = {"role": "quasi_identifier", "hierarchy": rule, **attribute}
    parse_request({"policy": {"attributes": {"age": age}, "privacy": {"k_anonymity": {"k": 2}}}})


def refused(rule: dict[str, Any], **attribute: Any) -> str:
    with pytest.raises(RequestError) as caught:
        asked(rule, **attribute)
    return str(caught.value)


def test_a_tree_that_contains_itself_or_repeats_without_end_is_refused() -> None:
    itself: dict[str, Any] = {}
    itself["top"] = [itself]
    assert "contain themselves" in refused({"type": "tree", "nodes": {"top": itself}})
    branch: Any = ["leaf"]
    for _ in range(30):
        branch = [branch] * 2
    assert "repeat too much" in refused({"type": "tree", "nodes": {"top": branch}})
    shared = [str(label) for label in range(100)]
    asked({"type": "tree", "nodes": {str(node): shared for node in range(100)}})


@pytest.mark.parametrize("importance", [1e308, 1.1e6])
def test_no_importance_overflows(importance: float) -> None:
    assert "importance" in refused({"type": "suppress"}, importance=importance)


def test_a_mask_has_no_more_levels_than_anybody_needs() -> None:
    asked({"type": "mask", "levels": 1_000})
    assert "levels" in refused({"type": "mask", "levels": 10**9})


@pytest.mark.parametrize("written", ["%Y-%m-%Y", "%d %d %m %Y", "%c %Y", "%x %d", "%Y %H:%H"])
def test_a_format_that_names_something_twice_is_refused(written: str) -> None:
    assert "names something twice" in refused({"type": "date", "format": written})


@pytest.mark.parametrize("written", ["%Y-%Q", "%Y-%"])
def test_a_format_with_a_code_that_nobody_knows_is_refused(written: str) -> None:
    assert "does not know" in refused({"type": "date", "format": written})


@pytest.mark.parametrize("key", ["from_format", "at_format"])
def test_so_is_one_of_a_derived_column(key: str) -> None:
    rule = {"from": "born", "at": "seen", "unit": "years", key: "%Y-%m-%d %d"}
    names = ("born", "seen", "age")
    attributes = {name: {"role": "quasi_identifier"} for name in names}
    policy = {"attributes": attributes, "derive": {"age": rule}}
    with pytest.raises(RequestError, match="names something twice"):
        parse_request({"policy": {**policy, "privacy": {"k_anonymity": {"k": 2}}}})
