"""Whose a record is: the same person however her name is written, and nobody's records."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.errors import SourceError
from anon_dagster.operations.preparation import count_records
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import PERSON, with_persons
from anon_dagster.request import Request, parse_request
from anon_dagster.storage.sources import OpenSource, open_frame

KEY = "sixteen letters!"


def request_of(*names: str, **policy: object) -> Request:
    roles = {name: {"role": "direct_identifier"} for name in names}
    roles["age"] = {"role": "quasi_identifier"}
    asked = {"k_anonymity": {"k": 2}}
    return parse_request(
        {"policy": {"attributes": roles, "privacy": asked, "person": list(names), **policy}}
    )


def counted(frame: pd.DataFrame, *names: str, **policy: object) -> Count:
    return count_records(request_of(*names, **policy), open_frame(frame))


def persons_of(frame: pd.DataFrame, *names: str, **policy: object) -> int:
    persons = counted(frame, *names, **policy).persons
    assert persons is not None
    return len(persons.hashes)


def hashes(source: OpenSource) -> list[int]:
    return [
        value
        for part in source.parts
        for batch in source.batches(part)
        for value in batch.column(PERSON).to_pylist()
    ]


@pytest.mark.parametrize(
    ("names", "persons"),
    [
        (["12", "12.0", "0012", " 12 ", "+12", "12."], 1),
        (["12", "12,0", "0012,", "1,2e1"], 1),
        (["-12.5", "-012.50", "-12,5"], 1),
        ([".5", ",5", "0,50"], 1),
        (["1,2,3", "1,2,30", "1.2,3"], 3),
        (["0", "000", "0.0", "-0", "-0.0"], 1),
        (["10", "1e1", "1E+01", "1.0e1", "100e-1", "+.1e2"], 1),
        ([".5", "0.5", "0.50", "5e-1"], 1),
        (["1e+16", "10000000000000000", "1e16"], 1),
        (["1e999", "1e9999", "e1", "1e", "1e1.5"], 5),
        (["A12", "a12", "A012"], 3),
        (["1.2.3", "1.2.30"], 2),
        (["12", "-12", "120"], 3),
    ],
)
def test_a_number_is_one_person_however_it_is_written(names: list[str], persons: int) -> None:
    assert persons_of(pd.DataFrame({"who": names, "age": 30}), "who") == persons


@pytest.mark.parametrize(
    "names",
    [
        ["Jos\u00e9", "Jose\u0301"],
        ["\uff11\uff12", "12", "12.0"],
        ["A\u00a0", "\u00a0A", "A"],
        ["\ufb01nn", "finn", None],
    ],
)
def test_a_name_is_one_person_in_whatever_characters_it_is_written(names: list[str | None]) -> None:
    persons = 1 + names.count(None)
    assert (
        persons_of(pd.DataFrame({"who": names, "age": 1}), "who", without_person="own") == persons
    )


def test_several_attributes_name_a_person_together() -> None:
    frame = pd.DataFrame(
        {"country": ["a", "a", "b", "b"], "number": [1, 2, 1, 1], "age": [30, 30, 30, 30]}
    )
    assert persons_of(frame, "country", "number") == 3
    assert persons_of(frame, "number") == 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40))
def test_persons_of_a_tuple_are_counted_as_pandas_does_in_any_order(
    records: list[tuple[int, int]],
) -> None:
    frame = pd.DataFrame(records, columns=["who", "age"])
    count = counted(frame, "who")
    assert count.persons is not None
    found = pd.Series(count.persons.owners).groupby(count.persons.tuples).nunique()
    ages = count.columns["age"].labels
    of_tuples = [int(ages[code] or 0) for code in count.table.codes[:, 0]]
    wanted = frame.groupby("age")["who"].nunique()
    assert dict(zip(of_tuples, found, strict=True)) == wanted.to_dict()
    assert int(count.persons.records.astype(np.int64).sum()) == len(frame)
    shuffled = frame.sample(frac=1, random_state=len(records))
    other = counted(shuffled, "who").persons
    assert other is not None
    assert (other.tuples == count.persons.tuples).all()


def test_persons_are_recognised_by_the_same_key_and_by_no_other() -> None:
    policy = request_of("who").policy
    source = open_frame(pd.DataFrame({"who": ["a", "b", "a", None], "age": 1}))
    one, again, other = (hashes(with_persons(source, policy, k)) for k in (KEY, KEY, KEY[::-1]))
    assert one == again
    assert one[0] == one[2] != one[1]
    assert one[3] == 0
    assert set(one[:3]).isdisjoint(other)


def test_the_hash_is_beside_the_columns_of_the_source() -> None:
    source = with_persons(
        open_frame(pd.DataFrame({"who": ["a"], "age": [1]})), request_of("who").policy, KEY
    )
    assert source.columns == ("who", "age", PERSON)
    assert source.schema.field(PERSON).type == pa.int64()
    assert KEY not in repr(source)


def test_records_without_a_person_are_refused_with_their_number() -> None:
    frame = pd.DataFrame({"who": ["anna", None, None], "age": [1, 1, 2]})
    with pytest.raises(SourceError, match="2 records of 3 have no value of who") as caught:
        counted(frame, "who")
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(("rule", "persons"), [("together", 2), ("own", 3)])
def test_records_without_a_person_count_as_the_policy_says(rule: str, persons: int) -> None:
    frame = pd.DataFrame({"who": ["a", "a", None, None], "age": [1, 1, 2, 2]})
    assert persons_of(frame, "who", without_person=rule) == persons


def test_a_part_of_a_name_that_is_missing_names_nobody() -> None:
    frame = pd.DataFrame({"one": ["a", None, "a"], "two": ["b", "b", None], "age": 1})
    assert persons_of(frame, "one", "two", without_person="own") == 3
    assert persons_of(frame, "one", "two", without_person="together") == 2


def test_whole_persons_are_drawn() -> None:
    who = np.repeat(np.arange(2_000), 3)
    frame = pd.DataFrame({"who": who, "age": who % 7})
    policy = {"sampling": {"fraction": 0.25, "seed": 5}}
    some = counted(frame, "who", **policy)
    assert some.persons is not None
    assert some.records == 3 * len(some.persons.hashes)
    assert 400 < len(some.persons.hashes) < 600
    again = counted(frame.sample(frac=1, random_state=1), "who", **policy)
    assert again.records == some.records
    other = counted(frame, "who", sampling={"fraction": 0.25, "seed": 6})
    assert other.table.counts.tolist() != some.table.counts.tolist()


# -- leaving people out ----------------------------------------------------------------------

records = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([None, "20", "31.5"]), st.sampled_from("xyz")),
    min_size=1,
    max_size=15,
)


def told_of(count: Count) -> tuple[object, ...]:
    """Return what a count says, in words of its own: values, tuples, and who has which."""
    held = count.persons
    assert held is not None
    labels = [count.columns[name].labels for name in count.attributes]
    tuples = [
        tuple(own[code] for own, code in zip(labels, row, strict=True))
        for row in count.table.codes.array.tolist()
    ]
    pairs = zip(held.tuples.tolist(), held.owners.tolist(), held.records.tolist(), strict=True)
    return (
        count.attributes,
        [list(zip(c.labels, c.counts.tolist(), strict=True)) for c in count.columns.values()],
        dict(zip(tuples, count.table.counts.tolist(), strict=True)),
        {(tuples[place], int(held.hashes[owner])): number for place, owner, number in pairs},
        held.hashes.tolist(),
    )


@given(records, st.sets(st.integers(0, 6)))
def test_leaving_people_out_is_counting_the_table_without_them(
    drawn: list[tuple[int, str | None, str]], gone: set[int]
) -> None:
    frame = pd.DataFrame(drawn, columns=["id", "age", "illness"])
    attributes = {
        "id": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    }
    policy = {"attributes": attributes, "person": "id", "privacy": {"k_anonymity": {"k": 2}}}
    request = parse_request({"policy": policy})

    def count_of(part: pd.DataFrame) -> Count:
        nothing = request.policy.model_copy(update={"attributes": {}})  # nothing is to be released
        counted = count_records(request, open_frame(part), key=KEY, released=nothing)
        return counted.of_attributes()

    left = frame[~frame["id"].isin(gone)]
    keys = open_frame(pd.DataFrame({"id": pd.Series(sorted(gone), dtype="int64")}))
    hashed = np.array(hashes(with_persons(keys, request.policy, KEY)), dtype=np.int64)
    without = count_of(frame).without_persons_of(hashed)
    if len(left):
        assert told_of(without) == told_of(count_of(left))
    else:
        assert without.records == 0
