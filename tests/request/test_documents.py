"""YAML is read strictly, and complaints hold nothing of it."""

from pathlib import Path

import pytest

from anon_dagster import RequestError, anonymize
from anon_dagster.request.documents import load_yaml, parse_yaml

CANARY = "Canary4711"


def complaint(text: str) -> str:
    with pytest.raises(RequestError) as caught:
        parse_yaml(text, name="the request")
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nage: 2\nage: 3", "the key age twice (line 3, column 1)"),
        ("a: {b: 1, b: 1}", "the key b twice (line 1, column 11)"),
        ("- {b: 1}\n- {c: 1, 'c': 2}", "the key c twice (line 2, column 10)"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_its_name_and_place(text: str, place: str) -> None:
    assert complaint(text) == f"the request has {place}"


def test_a_value_of_a_tree_that_stands_twice_is_refused_by_its_place_alone() -> None:
    text = f"type: tree\nnodes:\n  all:\n    {CANARY}: [a]\n    {CANARY}: [b]"
    assert complaint(text) == "the request has a key twice (line 5, column 5)"


def test_a_file_that_cannot_be_read_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        load_yaml(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path}: is a directory"


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
