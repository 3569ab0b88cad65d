"""Keys of people: however they are given, they are the same people, and none is quoted."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.continuous.given_keys import keys_of, read_keys
from anon_dagster.errors import AnonError, RequestError
from anon_dagster.reading.persons import PERSON, with_persons
from anon_dagster.request import parse_policy
from anon_dagster.storage.table_source import TableSource

POLICY = parse_policy(
    {
        "person": "id",
        "attributes": {"id": {"role": "direct_identifier"}, "age": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
)
TWO = ("id", "born")


def hashes(keys: pa.Table) -> list[int]:
    source = with_persons(TableSource.of(keys), POLICY, "sixteen bytes it")
    return [
        hashed
        for part in source.parts
        for batch in source.batches(part)
        for hashed in batch.column(PERSON).to_pylist()
    ]


@pytest.mark.parametrize(
    "keys",
    [
        [7, 1001, 77_777],
        ["7", " 1001 ", "077777"],
        [7.0, np.int64(1001), "077777"],
        (7, 1001, 77_777),
        np.array([7, 1001, 77_777]),
        pd.Series([7, 1001, 77_777]),
        pd.DataFrame({"more": [1, 2, 3], "id": [7, 1001, 77_777]}),
        pd.DataFrame({"id": ["007", "1001", "77777.0"]}),
    ],
    ids=["numbers", "texts", "mixed", "tuple", "array", "series", "frame", "frame of texts"],
)
def test_people_are_the_same_however_their_keys_are_given(keys: Any) -> None:
    assert hashes(keys_of(("id",), keys)) == hashes(pa.table({"id": ["7", "1001", "77777"]}))


@pytest.mark.parametrize(
    "content",
    [
        b"7\n1001\n",
        b"\xef\xbb\xbf7\r\n1001\r\n",
        b"id\n7\n\n 1001 ",
    ],
    ids=["lines", "of Windows", "with a name"],
)
def test_a_file_has_a_key_in_each_line(content: bytes) -> None:
    assert read_keys(("id",), content).to_pydict() == {"id": ["7", "1001"]}


def test_a_file_of_several_attributes_names_them() -> None:
    content = b'more,born,id\n1,"1970, May",7\n\n2,1971,8\n'
    assert read_keys(TWO, content).to_pydict() == {"id": ["7", "8"], "born": ["1970, May", "1971"]}
    assert keys_of(TWO, [(7, "1970"), ["8", 1971]]).to_pydict() == {
        "id": ["7", "8"],
        "born": ["1970", "1971"],
    }


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("4711", "keys must be a DataFrame with id, or a list, not str"),
        ({"id": [4711]}, "not dict"),
        (4711, "not int"),
        (pd.DataFrame({"person": [4711]}), "the keys lack the columns id"),
        ([4711, None, float("nan"), " ", pd.NA], "4 keys of 5 lack a value of id; nobody was"),
        (pd.DataFrame({"id": ["4711", None]}), "1 key of 2 lack a value"),
        ([True], "a key is of the type bool"),
        ([("4711",)], "a key is of the type tuple"),
        (["\ud800 4711"], "a text that is not UTF-8"),
        (pd.DataFrame({"id": ["4711", 3.5]}), "the keys cannot be read"),
    ],
)
def test_keys_that_name_nobody_are_refused_without_being_quoted(keys: Any, told: str) -> None:
    with pytest.raises(RequestError) as raised:
        keys_of(("id",), keys)
    assert told in str(raised.value)
    assert "4711" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"4711\xff\n", "no UTF-8 text"),
        (b"4711,1970\n", "the first line of the keys must name id, born, once each"),
        (b"id,born,id\n4711,1970,4711\n", "once each"),
        (b"id,born\n4711\n4711,1970,1\n", "2 lines of the keys have more or fewer fields"),
        (b'id,born\n"4711,1970\n', "no CSV file"),
        (b"id,born\n4711,\n", "1 key of 1 lack a value of id, born"),
        (b"", "the first line of the keys must name"),
    ],
)
def test_a_file_that_has_no_keys_is_refused_without_being_quoted(content: bytes, told: str) -> None:
    with pytest.raises(AnonError) as raised:
        read_keys(TWO, content)
    assert told in str(raised.value)
    assert "4711" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_keys_are_nobody() -> None:
    assert read_keys(("id",), b"\n \n").num_rows == 0
