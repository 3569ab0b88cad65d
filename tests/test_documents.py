"""YAML is read strictly, and complaints hold nothing of it."""

from pathlib import Path

import pytest

from anon_dagster import RequestError, anonymize
from anon_dagster.documents import load_yaml, parse_yaml

CANARY = "Canary4711"


def complaint(text: str) -> str:
    with pytest.raises(RequestError) as caught:
        parse_yaml(text, name="the request")
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"a: 1\n{CANARY}: 2\n{CANARY}: 3",
        "a: {b: 1, b: 1}",
        "- {b: 1}\n- {c: 1, 'c': 2}",
    ],
)
def test_a_key_that_stands_twice_is_refused_by_its_place(text: str) -> None:
    assert complaint(text).startswith("the request has a key twice (line ")


def test_a_name_given_a_second_role_is_not_published(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text(
        "policy:\n  attributes:\n    name: {role: direct_identifier}\n"
        "    name: {role: non_sensitive}\n  privacy: {k_anonymity: {k: 2}}\n"
    )
    with pytest.raises(RequestError, match=r"twice \(line 4, column 5\)"):
        anonymize(file)


@pytest.mark.parametrize(
    "text",
    [f"{CANARY}: [", f"? [{CANARY}]\n: 1", "day: 2024-13-45", f"a: {CANARY}\0", f"a: !!x {CANARY}"],
)
def test_what_is_no_yaml_is_refused(text: str) -> None:
    assert complaint(text).startswith("the request is not YAML")


@pytest.mark.parametrize("text", ["", CANARY, f"[{CANARY}]"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "mapping" in complaint(text)


def test_merged_keys_may_be_overruled() -> None:
    assert parse_yaml("x: &d {p: 1, q: 1}\ny: {<<: *d, p: 2}", name="")["y"] == {"p": 2, "q": 1}


def test_a_file_in_another_encoding_is_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text("größe: 1", encoding="latin-1")
    with pytest.raises(RequestError, match=r"request\.yaml is not YAML"):
        load_yaml(file)
    file.write_text("größe: 1", encoding="utf-8-sig")
    assert load_yaml(file) == {"größe": 1}
