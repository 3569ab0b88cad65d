"""What is written as YAML is read back as it was, by this project and by others."""

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anon_dagster import detect, parse_request
from anon_dagster.request import CsvOptions, TreeRule
from anon_dagster.request.documents import parse_yaml
from anon_dagster.request.yaml_writing import comment, document, flow, pair

ODD = ["NO", "01234", "on", "yes", "null", "~", "1e3", "0x1F", "08:30", "2024-01-31", "", " ", "<<"]
ODD += [
    "a: b",
    "a #b",
    "- a",
    "? a",
    "\ufeff",
    "\x85",
    "\u2028",
    "\r\n",
    "\t",
    "x" * 2_000,
    "'",
    '"',
]
TEXTS = st.text() | st.sampled_from(ODD)
LEAVES = st.lists(TEXTS, min_size=1, max_size=3)
TREES = st.dictionaries(
    TEXTS, st.recursive(LEAVES, lambda below: st.dictionaries(TEXTS, below, max_size=3))
)


@given(TREES)
@example({"NO": ["01234", "1.50", "true", "null", "~"]})
@example({"\ud800": ["\U0001f600", "\0", "\x7f", "\ufffe"]})
def test_every_tree_survives_being_written_and_read(tree: dict[str, Any]) -> None:
    assert parse_yaml(document({"nodes": tree}), name="") == {"nodes": tree}
    assert TreeRule(nodes=tree).nodes == tree


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXTS,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
        max_leaves=10,
    )
)
def test_every_document_survives_being_written_and_read(value: object) -> None:
    assert parse_yaml(document({"x": value}), name="") == {"x": value}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", object()])
def test_what_yaml_has_no_word_for_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        flow([value])


def test_plain_words_stay_bare_and_a_long_key_is_still_one() -> None:
    assert flow({"role": "quasi_identifier", "k": 5}) == "{role: quasi_identifier, k: 5}"
    long = "k" * 3_000
    text = f"policy:\n  attributes:\n    {pair(long, {'role': 'sensitive'}, indent='    ')}\n"
    assert parse_yaml(text, name="") == {"policy": {"attributes": {long: {"role": "sensitive"}}}}


def test_a_comment_stays_in_its_line() -> None:
    assert comment("a\nb: 1\x85c") == "# a b: 1 c"


@pytest.mark.parametrize(
    "name", ["NO", "2020", "a: b", "line\nbreak: [", "~", "x" * 1_500, "'", "# a"]
)
def test_a_proposal_is_read_back_whatever_the_columns_are_called(name: str) -> None:
    ages = [20 + n % 50 for n in range(200)]
    found = detect(pd.DataFrame({name: ages, "age": ages, "sex": ["f", "m"] * 100}))
    text = found.yaml(source="people.csv")
    assert parse_yaml(text, name="") == json.loads(json.dumps(found.request(source="people.csv")))
    parse_request(parse_yaml(text, name=""))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-9, "-9"),
        (1.0, "1.0"),
        (True, "true"),
        ("01", "01"),
        (pd.Timestamp("2024-01-31").date(), "2024-01-31"),
    ],
)
def test_a_value_in_a_python_request_is_its_text(value: object, text: str) -> None:
    options = CsvOptions.model_validate({"missing": [value, "NA"]})
    assert options.missing == (text, "NA")
    tree = TreeRule.model_validate({"nodes": {"a": [value]}})
    assert tree.nodes == {"a": [text]}
