"""What classes hold, added up by cells of an array, by merging or by sorting: always the same."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import Partition, contents, without
from tests.core.audit.examples import of_classes, tables


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(1, 3)), max_size=200),
    st.sampled_from((list, sorted)),
    st.sampled_from((0, 31, 10**6)),
)
def test_each_class_holds_the_records_of_each_value_once(
    tuples: list[tuple[int, int, int]],
    arranged: Callable[..., list[tuple[int, int, int]]],
    apart: int,
) -> None:
    tuples = arranged(tuples)
    held = Counter[tuple[int, int]]()
    for owner, value, count in tuples:
        held[owner, value + apart] += count
    numbers = sorted({owner for owner, _ in held})
    of = np.array([numbers.index(owner) for owner, _, _ in tuples], dtype=np.int64)
    values = np.array([value + apart for _, value, _ in tuples], dtype=np.int32)
    counts = np.array([count for *_, count in tuples], dtype=np.int64)
    sizes = np.bincount(of, counts, len(numbers)).astype(np.int64)
    found = contents(Partition(of, sizes), values, counts)
    owners = [numbers[owner] for owner in found.classes.tolist()]
    entries = list(zip(owners, found.values.tolist(), strict=True))
    assert entries == sorted(held)
    assert found.counts.tolist() == [held[entry] for entry in entries]


@pytest.mark.parametrize("alike", [1, 3, None])
def test_two_long_stretches_in_order_hold_what_they_do_in_any_order(alike: int | None) -> None:
    half = np.arange(0, 200, dtype=np.int64)
    values = np.concatenate([half * 10**6, half[::2] * 10**6])
    counts = np.arange(2, 2 + len(values), dtype=np.int64)
    if alike is not None:
        counts[:] = alike
    of, sizes = np.zeros(len(values), dtype=np.int64), np.array([counts.sum()])
    found = contents(Partition(of, sizes), values, counts)
    expected = Counter[int]()
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        expected[value] += count
    assert found.values.tolist() == sorted(expected)
    assert found.of(0) == expected


@pytest.mark.parametrize("half", [2**51, 2**52, 2**53, 2**60])
@pytest.mark.parametrize("values", [1, 40])
def test_records_that_no_float_counts_are_counted(half: int, values: int) -> None:
    of = np.array([0, 0, 1, 0], dtype=np.int64)
    counts = np.array([half, half, 1, 1], dtype=np.int64)
    column = np.array([0, 0, 0, 0], dtype=np.int32) + (values - 1)
    found = contents(Partition(of, np.array([2 * half + 1, 1])), column, counts)
    assert found.counts.tolist() == [2 * half + 1, 1]
    assert found.of(0) == {values - 1: 2 * half + 1}


@given(tables, st.data())
def test_what_is_left_without_a_value_is_what_the_others_are(
    table: list[list[int]], data: st.DataObject
) -> None:
    value = data.draw(st.integers(0, len(table[0]) - 1))
    others = [[0 if v == value else c for v, c in enumerate(row)] for row in table]
    left, has = without(of_classes(*table), value)
    assert has.tolist() == [any(row) for row in others]
    assert left.sizes.tolist() == [sum(row) for row in others if any(row)]
    held = [{v: c for v, c in enumerate(row) if c} for row in others if any(row)]
    assert [left.of(place) for place in range(len(held))] == held
    assert np.bincount(left.classes, left.counts, len(held)).tolist() == left.sizes.tolist()
