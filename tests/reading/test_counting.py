"""Laws of counting: whatever parts a table comes in, its count is the same to the last bit."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.reading import joining, part, scanning
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.part import PartCount, count_part, join_parts
from anon_dagster.storage.sources import open_frame
from tests.reading.slow_counting import slow_count

ATTRIBUTES = ("number", "grade", "share")


def _mixed(rows: int, seed: int) -> pd.DataFrame:
    """Invent a table with missing values, doubles that read alike, and categories nobody has."""
    random = np.random.default_rng(seed)
    grades = pd.Categorical.from_codes(
        random.integers(-1, 3, rows), pd.Index(["low", "mid", "high", "never"]), ordered=True
    )
    return pd.DataFrame(
        {
            "number": pd.array(random.integers(0, 4, rows), dtype="Int64"),
            "text": pd.array(random.choice(["", "a", "ä", "1.50"], rows), dtype="string"),
            "grade": grades,
            "share": random.choice([0.0, -0.0, 1.0, 2.5, np.nan], rows),
            "note": pd.array([f"note {n % 23}" for n in range(rows)], dtype="string"),
        }
    )


MIXED = st.builds(_mixed, st.integers(0, 60), st.integers(0, 10**6))


def _require_same(left: Count, right: Count) -> None:
    assert list(left.columns) == list(right.columns)
    for name, own in left.columns.items():
        _require_same_column(own, right.columns[name])
    assert left.attributes == right.attributes
    _require_same_table(left.table, right.table)


def _require_same_column(left: ColumnCount, right: ColumnCount) -> None:
    assert left.labels == right.labels
    assert left.counts.tolist() == right.counts.tolist()
    told = (left.kinds, left.distinct, left.missing, left.decimal)
    assert told == (right.kinds, right.distinct, right.missing, right.decimal)


def _require_same_table(left: FrequencyTable, right: FrequencyTable) -> None:
    assert left.codes.array.tolist() == right.codes.array.tolist()
    assert left.counts.tolist() == right.counts.tolist()
    assert left.sizes == right.sizes


def _count_of(whole: PartCount) -> Count:
    columns = {name: ColumnCount.of(values) for name, values in whole.columns.items()}
    return Count(columns, whole.attributes, FrequencyTable.of_run(whole.run))


def _parts(frame: pd.DataFrame, cuts: Sequence[int]) -> list[PartCount]:
    opened = open_frame(frame)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    whole = pa.Table.from_batches(batches, opened.schema)
    ends = sorted({0, len(frame), *(cut for cut in cuts if cut < len(frame))})
    spans = list(pairwise(ends)) or [(0, 0)]
    return [count_part(whole.slice(a, b - a), ATTRIBUTES) for a, b in spans]


@given(MIXED)
def test_a_count_is_that_of_the_slow_and_plain_way(frame: pd.DataFrame) -> None:
    opened = open_frame(frame)
    _require_same(count(opened, ATTRIBUTES), slow_count(opened, ATTRIBUTES))
    _require_same(count(opened, ()), slow_count(opened, ()))


@given(MIXED, st.lists(st.integers(1, 59), max_size=6), st.randoms(use_true_random=False))
def test_parts_may_be_joined_in_any_order_any_number_at_a_time(
    frame: pd.DataFrame, cuts: list[int], dice: Any
) -> None:
    expected = slow_count(open_frame(frame), ATTRIBUTES)
    parts = _parts(frame, cuts)
    while len(parts) > 1:
        dice.shuffle(parts)
        size = dice.randint(2, len(parts))
        parts = [join_parts(parts[:size]), *parts[size:]]
    _require_same(_count_of(join_parts(parts)), expected)


@given(MIXED, st.integers(0, 60))
def test_a_count_of_two_tables_is_that_of_both_together(frame: pd.DataFrame, cut: int) -> None:
    first, second = (count(open_frame(f), ATTRIBUTES) for f in (frame[:cut], frame[cut:]))
    _require_same(first.merge(second), count(open_frame(frame), ATTRIBUTES))


@pytest.mark.parametrize(("piece", "at_once"), [(1, 0), (7, 1_000), (50_000, 10**9)])
def test_how_much_is_counted_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, piece: int, at_once: int
) -> None:
    frame = _mixed(400, 1)
    expected = slow_count(open_frame(frame), ATTRIBUTES)
    monkeypatch.setattr(scanning, "_PIECE", piece)
    monkeypatch.setattr(scanning, "_BATCH_BYTES", 50 * piece)  # a record takes about as many
    monkeypatch.setattr(joining, "_AT_ONCE", at_once)
    monkeypatch.setattr("anon_dagster.storage.table_source.ROWS", 13)
    _require_same(count(open_frame(frame), ATTRIBUTES), expected)


# -- values that are too many to keep ------------------------------------------------------


@given(
    st.lists(st.sampled_from([*"abcdefghij", None, "12345678", "123456789"]), max_size=40),
    st.lists(st.integers(1, 39), max_size=5),
    st.integers(0, 12),
)
def test_of_many_values_all_that_stays_is_that_of_the_whole(
    values: list[str | None], cuts: list[int], most: int
) -> None:
    table = pa.table({"text": pa.array(values, pa.string())})
    exact = ColumnCount.of(join_parts([count_part(table, ())]).columns["text"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "MOST_VALUES", most)
        ends = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
        parts = [count_part(table.slice(a, b - a), ()) for a, b in pairwise(ends)]
        joined = parts[:1] or [count_part(table, ())]
        for each in parts[1:]:
            joined = [join_parts([*joined, each])]
        column = ColumnCount.of(join_parts(joined).columns["text"])
    assert (column.many is not None) == (exact.distinct > most)
    assert (column.distinct, column.missing) == (exact.distinct, exact.missing)
    assert column.kinds == exact.kinds
    if column.many is not None:
        assert column.many.mode == exact.counts.max()
        assert sorted(column.many.drawn.to_pylist()) == [
            each for each in exact.labels if each is not None
        ]


def test_a_value_that_many_records_have_is_told_however_many_values_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 10)
    monkeypatch.setattr("anon_dagster.reading.multitude._FREQUENT", 8)
    rare = [f"value {n}" for n in range(1_000)]
    values = ["none"] * 300 + rare[:500] + ["n/a"] * 250 + rare[500:] + [None] * 50
    table = pa.table({"text": values})
    for rows in (2_100, 400, 90, 7):
        parts = [count_part(table.slice(at, rows), ()) for at in range(0, 2_100, rows)]
        column = ColumnCount.of(join_parts(parts).columns["text"])
        assert column.labels == ["n/a", "none", None]
        assert column.counts.tolist() == [250, 300, 50]
        assert (column.distinct, column.missing) == (1_002, 50)


def test_a_few_long_values_are_too_many_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "MOST_BYTES", 100)
    few, long = ({"text": ["x" * length, "y" * length]} for length in (20, 60))
    kept, dropped = (
        ColumnCount.of(join_parts([count_part(pa.table(values), ())]).columns["text"])
        for values in (few, long)
    )
    assert kept.many is None
    assert dropped.many is not None
    assert dropped.distinct == 2


def test_hidden_values_are_counted_and_nowhere_kept() -> None:
    frame = pd.DataFrame({"name": ["Ada", "Ada", "Bob", None], "age": [1, 2, 3, 4]})
    column = count(open_frame(frame), ["age"], hidden=["name"]).columns["name"]
    assert (column.distinct, column.missing) == (2, 1)
    assert column.labels == []
    assert column.many is not None
    assert column.many.hashed is not None
    texts = pa.array(["Bob", "Eve", None])
    assert column.many.hashed.among(texts).tolist() == [True, False, False]
    assert not len(column.many.drawn) + len(column.many.hashed.candidates)
