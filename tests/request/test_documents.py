"""YAML is read strictly, and complaints hold nothing of it."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    [
        f"{CANARY}: [",
        f"? [{CANARY}]\n: 1",
        f"a: {CANARY}\0",
        f"a: !!x {CANARY}",
        f"a: !!timestamp {CANARY}",
        f"a: *{CANARY}",
        f"<<: {CANARY}",
        f"--- {CANARY}\n--- 2",
    ],
)
def test_what_is_no_yaml_is_refused(text: str) -> None:
    assert complaint(text).startswith("the request is not YAML")


@pytest.mark.parametrize("text", ["", CANARY, f"[{CANARY}]"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "mapping" in complaint(text)


def test_merged_keys_may_be_overruled() -> None:
    assert parse_yaml("x: &d {p: 1, q: 1}\ny: {<<: *d, p: 2}", name="")["y"] == {"p": 2, "q": 1}


@pytest.mark.parametrize("text", ["a:\n\tb: 1", "a: 1\n\tb: 2", "a: [1,\n\t]]"])
def test_a_tab_is_said_to_be_one(text: str) -> None:
    assert "a tab stands where YAML wants spaces (line 2" in complaint(text)


@pytest.mark.parametrize(
    "text", ["NO", "on", "08:30", "2024-01-31", "1_000", "0b1", "~x", "=", "y"]
)
def test_what_was_something_else_in_older_yaml_is_text(text: str) -> None:
    assert parse_yaml(f"a: {text}", name="") == {"a": text}


def test_numbers_and_truth_values_are_those_of_the_core_schema() -> None:
    text = "[1, -2, 0o17, 0x1F, 1.5, 1e3, .5, true, False, null, ~, .inf]"
    found = parse_yaml(f"a: {text}", name="")["a"]
    assert found == [1, -2, 15, 31, 1.5, 1000.0, 0.5, True, False, None, None, float("inf")]


@pytest.mark.parametrize("key", ["missing", "order", "guarded", "names", "features"])
def test_a_list_of_values_holds_what_was_written(key: str) -> None:
    written = ["NO", "01234", "1.50", "true", "-9", "0x1F", "08:30", "2024-01-31", ".inf"]
    assert parse_yaml(f"{key}: [{', '.join(written)}]", name="") == {key: written}


def test_a_tree_holds_what_was_written_as_keys_too() -> None:
    text = "nodes: {01234: {NO: [1.50, true, 08:30, '']}, 2024-01-31: 7}"
    tree = {"01234": {"NO": ["1.50", "true", "08:30", ""]}, "2024-01-31": "7"}
    assert parse_yaml(text, name="") == {"nodes": tree}


@pytest.mark.parametrize(
    "text",
    [
        "missing: [null]",
        "order:\n  - low\n  -\n",
        "guarded: [~]",
        "nodes: {a: [NULL]}",
        "nodes: {null: a}",
        "nodes: {<<: {a: b}}",
    ],
)
def test_a_value_that_may_be_none_must_be_put_in_quotes(text: str) -> None:
    assert "put it in quotes (line " in complaint(text)


def test_a_tilde_in_a_tree_is_a_missing_value_and_no_value_is_none() -> None:
    assert parse_yaml("nodes: {a: [~, b], c: }\nother: null", name="") == {
        "nodes": {"a": [None, "b"], "c": None},
        "other": None,
    }


def test_names_are_text_whatever_they_look_like_and_words_below_them_are_words() -> None:
    text = "attributes: {2020: {lowest_level: 1}, NO: {lowest_level: 2}, order: {lowest_level: 3}}"
    named = {"2020": 1, "NO": 2, "order": 3}
    expected = {name: {"lowest_level": level} for name, level in named.items()}
    assert parse_yaml(text, name="") == {"attributes": expected}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x {b: *x}", "contains itself"),
        ("nodes: &x [1, *x]", "contains itself"),
        ("a: " + "[" * 150 + "]" * 150, "deep"),
        ("a: " + "[" * 5_000, "deep"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "\n".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]"
                for n in range(8)
            ),
            "aliases",
        ),
        (f"a: {'9' * 5_000}", "too long"),
    ],
)
def test_what_has_no_end_is_refused_at_once(text: str, why: str) -> None:
    assert why in complaint(text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", f"a,b\n{CANARY},1\n".encode()),
        ("people.parquet", b"PAR1" + CANARY.encode()),
        ("people", b"PAR1" + CANARY.encode()),
        ("people.xlsx", b"PK\x03\x04" + CANARY.encode()),
    ],
)
def test_a_table_is_no_request(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=r"is a table, no request.*detect") as caught:
        anonymize(tmp_path / name)
    assert CANARY not in str(caught.value)


@given(st.text())
def test_any_text_is_yaml_or_refused(text: str) -> None:
    with suppress(RequestError):
        parse_yaml(text, name="")


@given(
    st.text(alphabet=":-?[]{},#&*!|>'\"%@` \n\tab1.~<=\\"),
)
def test_any_signs_of_yaml_are_yaml_or_refused(text: str) -> None:
    with suppress(RequestError):
        parse_yaml(text, name="")


def test_a_file_in_another_encoding_is_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text("größe: 1", encoding="latin-1")
    with pytest.raises(RequestError, match=r"request\.yaml is not YAML"):
        load_yaml(file)
    file.write_text("größe: 1", encoding="utf-8-sig")
    assert load_yaml(file) == {"größe": 1}
