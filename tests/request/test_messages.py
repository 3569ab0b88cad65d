"""A refusal names what was meant, and what to write."""

from pathlib import Path
from typing import Any, get_args, get_origin

import pandas as pd
import pytest
from pydantic import BaseModel

from anon_dagster import AnonError, anonymize, parse_request
from anon_dagster.request import Measurement, Request
from anon_dagster.request.suggestions import allowed_keys, meant
from anon_dagster.request.yaml_reading import Below, read_yaml

CANARY = "Canary4711"
QI: dict[str, Any] = {"role": "quasi_identifier"}
PRIVACY = {"k_anonymity": {"k": 2}}


def policy(attributes: Any, privacy: Any = PRIVACY, **more: Any) -> dict[str, Any]:
    return {"policy": {"attributes": attributes, "privacy": privacy, **more}}


def said(document: Any, frame: pd.DataFrame | None = None) -> str:
    with pytest.raises(AnonError) as caught:
        anonymize(document, frame=frame)
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("document", "cure"),
    [
        (policy({"a": QI}, suppresion_limit=0.1), "did you mean suppression_limit?"),
        (policy({"a": {**QI, "importanc": 1}}), "did you mean importance?"),
        (policy({"a": {**QI, "sidee": 1}}), "the keys are missing, role, importance, hierarchy"),
        (policy({"a": {"role": "quasi"}}), "did you mean quasi_identifier?"),
        (policy({"a": {"role": "non sensitive"}}), "did you mean non_sensitive?"),
        (policy({"a": {}}), "role is missing: one of direct_identifier"),
        (policy({"a": "quasi_identifier"}), "such as {role: quasi_identifier}"),
        (policy({"a": {**QI, "hierarchy": {"type": "intervall"}}}), "did you mean interval?"),
        (
            policy({"a": {**QI, "hierarchy": {"type": "interval", "width": [5]}}}),
            "did you mean widths?",
        ),
        (
            policy({"a": {**QI, "hierarchy": {"type": "mask", "form": "left"}}}),
            "the keys are other, type, from",
        ),
        (
            policy({"a": {**QI, "transformation": "microagregation", "aggregate": "meen"}}),
            "did you mean mean?",
        ),
        (policy({"a": QI}, {}), "such as k_anonymity: {k: 5}"),
        ({"policy": {"attributes": {"a": QI}}}, "such as privacy: {k_anonymity: {k: 5}}"),
        (policy({"a": QI}, {"k_anonimity": {"k": 5}}), "did you mean k_anonymity?"),
        (
            policy(
                {"a": QI, "ill": {"role": "sensitive"}}, {"t_closeness": [{"attribute": "Ill"}]}
            ),
            "did you mean ill?",
        ),
        ({"attributes": {"a": QI}, "privacy": PRIVACY}, "it belongs below policy"),
        ({"engine": {"type": "local"}}, "no part of what is asked for: give engine to the call"),
        ({**policy({"a": QI}), "source": "people.csv"}, "such as source: {path: people.csv}"),
        (policy({"a": QI}, suppressed_records=True), "must be 'drop' or 'keep'"),
        (policy({"a": QI}, risk_analysis={"records": "yes"}), "must be true or false"),
    ],
)
def test_a_mistake_in_a_request_is_told_with_its_cure(document: Any, cure: str) -> None:
    assert cure in said(document)


PEOPLE = pd.DataFrame({"age": [1, 2], "sex": ["f", "m"], "town": [CANARY, CANARY]})
TOWN = {"town": {"role": "non_sensitive"}}


@pytest.mark.parametrize(
    ("attributes", "frame", "cure"),
    [
        ({"age": QI, "Sex": QI, **TOWN}, PEOPLE, "Sex: did you mean sex?"),
        ({"AGE": QI, "SEX": QI}, PEOPLE, "AGE: did you mean age?"),
        ({"a": QI, "b": QI}, pd.DataFrame({f"a;b;{CANARY}": [1]}), 'csv: {separator: ";"}'),
        ({"a": QI, "b": QI}, pd.DataFrame({"a\tb": [1]}), r'csv: {separator: "\t"}'),
        ({"Canary": QI, "b": QI}, pd.DataFrame({CANARY: [1], "x": [1]}), "does the file have"),
        (
            {"age": QI, "sex": {**QI, "hierarchy": {"type": "interval", "widths": [5]}}, **TOWN},
            PEOPLE,
            "sex: the hierarchy lacks 2 values of the column (2 records); these are no numbers",
        ),
        (
            {"age": QI, "town": {**QI, "hierarchy": {"type": "rounding", "steps": [5]}}, "sex": QI},
            PEOPLE,
            "these are no numbers",
        ),
        (
            {"age": QI, "town": {**QI, "hierarchy": {"type": "date"}}, "sex": QI},
            PEOPLE,
            "these are no dates as ISO 8601 writes them",
        ),
        (
            {
                "age": {**QI, "hierarchy": {"type": "interval", "widths": [5], "lower": 2}},
                "sex": QI,
                **TOWN,
            },
            PEOPLE,
            "they lie outside the bounds: widen these",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_told_with_its_cure(
    attributes: Any, frame: pd.DataFrame, cure: str
) -> None:
    assert cure in said(policy(attributes), frame)


def test_a_file_in_another_encoding_is_told_which_option_says_so(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(f"a\nKöln {CANARY}\n".encode("latin-1"))
    document = {**policy({"a": QI}), "source": {"path": str(tmp_path / "people.csv")}}
    assert "csv: {encoding: latin-1}" in said(document)


@pytest.mark.parametrize(
    ("given", "among", "found"),
    [
        ("Sex", ["age", "sex"], "sex"),
        ("zip code", ["zip_code"], "zip_code"),
        ("quasi", ["quasi_identifier", "sensitive"], "quasi_identifier"),
        ("colour", ["color", "size"], "color"),
        ("x", ["age", "sex"], None),
        ("", ["age"], None),
        (5, ["5"], None),
        ("x" * 10_000, ["x"], None),
    ],
)
def test_what_was_meant_is_what_is_most_alike(
    given: object, among: list[str], found: str | None
) -> None:
    assert meant(given, among) == found


def test_the_keys_of_a_place_are_those_of_its_model() -> None:
    assert allowed_keys(Request, ["policy", "attributes", "hierarchy", "sensitive"]) == [
        "missing",
        "role",
        "hierarchy",
        "shift",
    ]
    assert "k" in allowed_keys(Request, ["policy", "privacy", "alpha_k_anonymity", 0])
    assert "l_diversity" not in allowed_keys(Measurement, [])


def texts_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[str]:
    """Return the keys below which a request holds text that is no word of its language."""
    if model in seen:
        return set()
    seen.add(model)
    found = set()
    for name, field in model.model_fields.items():
        inner = [field.annotation]
        while inner:
            each = inner.pop()
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= texts_of(each, seen)
            elif each is str:
                found.add(field.alias or name)
            elif get_origin(each) is dict:
                inner.append(get_args(each)[1])
            else:
                inner += get_args(each)
    return found


def test_every_text_of_a_request_is_read_as_it_was_written() -> None:
    for key in texts_of(Request, set()):
        assert read_yaml(f"{key}: 01") == {key: "01"}, key
        assert read_yaml(f"{key}: [true]") == {key: ["true"]}, key
    assert read_yaml("order: {k: 01}", Below.names) == {"order": {"k": 1}}


def test_a_request_of_older_yaml_says_true_and_false() -> None:
    document = {**policy({"a": QI}), "target": {"path": "a.csv", "single_file": "no"}}
    with pytest.raises(AnonError, match="must be true or false"):
        parse_request(document)


def test_rows_of_part_files_go_with_part_files() -> None:
    document = {**policy({"a": QI}), "target": {"path": "a.csv", "rows_per_file": 5}}
    with pytest.raises(AnonError, match=r"target: rows_per_file goes with part files"):
        parse_request(document)
    document["target"] |= {"path": "a", "format": "csv", "single_file": False}
    assert parse_request(document).target is not None
