"""Survey weights as they are counted: whole, in any order, and refused where they are none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.errors import SourceError
from anon_dagster.operations.preparation import count_records, open_to_count
from anon_dagster.reading.counting import Count
from anon_dagster.reading.packed_counts import packed, unpacked
from anon_dagster.request import parse_request

KEY = "sixteen letters!"
WEIGHTS = (1.0, 1.5, 20.25, 300.0)
RECORD = st.tuples(st.integers(0, 4), st.integers(0, 3))


def counted(
    frame: pd.DataFrame, *, person: bool = False, without: str = "refuse", **weight: Any
) -> Count:
    attributes: dict[str, Any] = {
        "age": {"role": "quasi_identifier"},
        "pw": {"role": "weight", **weight},
    }
    policy: dict[str, Any] = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    if person:
        attributes["who"] = {"role": "direct_identifier"}
        policy |= {"person": "who", "without_person": without}
    request = parse_request({"policy": policy})
    return count_records(request, open_to_count(request, frame=frame), key=KEY)


def frame_of(records: list[tuple[int, int]], *, person: bool) -> pd.DataFrame:
    """Make records of ages and weights; persons have the weight of their number."""
    frame = pd.DataFrame(records, columns=["who", "age"])
    dice = np.random.default_rng(len(records))
    of_records = dice.integers(0, len(WEIGHTS), len(frame))
    which = frame["who"] % len(WEIGHTS) if person else of_records
    frame["pw"] = np.array(WEIGHTS)[which]
    return frame if person else frame.drop(columns="who")


def sums(count: Count) -> dict[int, float]:
    """Return the weights of each age, added up."""
    assert count.weights is not None
    total = count.weights.weights * count.weights.records
    by_tuple = np.bincount(count.weights.tuples, total, minlength=len(count.table))
    ages = count.columns["age"].labels
    found: dict[int, float] = {}
    for code, value in zip(count.table.codes[:, 0], by_tuple, strict=True):
        age = int(ages[code] or 0)
        found[age] = found.get(age, 0.0) + float(value)
    return found


@pytest.mark.parametrize("release", ["drop", "generalize"])
@pytest.mark.parametrize("person", [False, True])
@settings(max_examples=25)
@given(records=st.lists(RECORD, min_size=1, max_size=30))
def test_the_weights_of_a_tuple_are_those_that_pandas_adds_up(
    records: list[tuple[int, int]], release: str, *, person: bool
) -> None:
    frame = frame_of(records, person=person)
    count = counted(frame, person=person, release=release)
    assert sums(count) == pytest.approx(frame.groupby("age")["pw"].sum().to_dict())
    assert ("pw" in count.attributes) == (release == "generalize")
    assert int(count.table.counts.sum()) == len(frame)
    if person:
        assert count.weights is not None
        assert count.weights.of_persons is not None
        each = frame.drop_duplicates("who")["pw"]
        assert sorted(count.weights.of_persons) == sorted(each)


@pytest.mark.parametrize("person", [False, True])
@settings(max_examples=12)
@given(parts=st.lists(st.lists(RECORD, min_size=1, max_size=12), min_size=2, max_size=4))
def test_parts_that_are_joined_in_any_order_are_the_whole_to_the_last_bit(
    parts: list[list[tuple[int, int]]], *, person: bool
) -> None:
    frames = [frame_of(part, person=person) for part in parts]
    whole = counted(pd.concat(frames), person=person).weights
    assert whole is not None
    for order in (frames, frames[::-1]):
        joined = counted(order[0], person=person)
        for frame in order[1:]:
            joined = joined.merge(counted(frame, person=person))
        assert joined.weights is not None
        assert joined.weights.tuples.tolist() == whole.tuples.tolist()
        assert joined.weights.weights.tolist() == whole.weights.tolist()
        assert joined.weights.records.tolist() == whole.records.tolist()
        if person:
            assert joined.weights.of_persons is not None
            assert whole.of_persons is not None
            assert joined.weights.of_persons.tolist() == whole.of_persons.tolist()


@pytest.mark.parametrize("person", [False, True])
def test_a_count_that_is_stored_keeps_them(*, person: bool) -> None:
    count = counted(frame_of([(1, 1), (2, 1), (3, 2)], person=person), person=person)
    again = unpacked(*packed(count), decimal=".").weights
    assert again is not None
    assert count.weights is not None
    assert again.weights.tolist() == count.weights.weights.tolist()
    assert again.tuples.tolist() == count.weights.tuples.tolist()
    assert (again.of_persons is None) == (not person)


def test_no_weight_is_kept_among_the_values_of_a_dropped_column() -> None:
    count = counted(pd.DataFrame({"age": [1, 1], "pw": [17.5, 30]}))
    assert len(count.columns["pw"].values) == 0
    assert count.columns["pw"].distinct == 2


def test_what_is_no_weight_is_refused_with_how_many_records_have_it() -> None:
    weights = [
        "12.5",
        None,
        "plenty",
        "x",
        "-7.25",
        "0",
        "0.5",
        "0.25",
        "0.75",
        "1e308",
        "2e10",
        "1e10",
    ]
    with pytest.raises(SourceError) as caught:
        counted(pd.DataFrame({"age": 1, "pw": weights}))
    told = str(caught.value)
    for part in (
        "1 record without a weight",
        "2 records whose weight is no number",
        "1 record whose weight is negative",
        "1 record whose weight is zero",
        "3 records whose weight is below 1",
        "2 records whose weight is above 10,000,000,000",
    ):
        assert part in told
    assert not any(cell in told for cell in ("plenty", "7.25", "0.75"))


def test_a_declared_missing_weight_is_none() -> None:
    with pytest.raises(SourceError, match="1 record without a weight"):
        counted(pd.DataFrame({"age": 1, "pw": ["5", "99999"]}), missing=["99999"])


def test_a_person_has_one_weight() -> None:
    frame = pd.DataFrame({"who": [1, 1, 2, 2, 3], "age": 1, "pw": [5, 6, 7, 7, 8]})
    with pytest.raises(SourceError, match="1 person of 3 have records with different weights"):
        counted(frame, person=True)


def test_nor_does_one_get_another_weight_in_another_part() -> None:
    one, two = (
        counted(pd.DataFrame({"who": [1], "age": 1, "pw": [weight]}), person=True)
        for weight in (5, 6)
    )
    with pytest.raises(SourceError, match="1 person of 1 have"):
        one.merge(two)


@pytest.mark.parametrize(("without", "weights"), [("together", [2, 7]), ("own", [2, 6, 7])])
def test_records_without_a_person_have_weights_of_their_own_or_the_least(
    without: str, weights: list[float]
) -> None:
    frame = pd.DataFrame({"who": [None, None, "a", "a"], "age": 1, "pw": [6, 2, 7, 7]})
    found = counted(frame, person=True, without=without).weights
    assert found is not None
    assert found.of_persons is not None
    assert sorted(found.of_persons) == weights
