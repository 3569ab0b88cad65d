"""Rows are grouped the same way, whether or not they are sorted for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.keys import group, stable_order, sums_of_rows


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30),
    st.sampled_from(["ascending", "any"]),
    st.sampled_from([(4, 3), (4, 10**6), (2**40, 2**40)]),
)
def test_groups_are_those_that_sorting_finds(
    rows: list[tuple[int, int]], ordering: str, sizes: tuple[int, int]
) -> None:
    rows = sorted(rows) if ordering == "ascending" else rows
    columns = [np.array([row[c] for row in rows], dtype=np.int64) for c in (0, 1)]
    groups = group(columns, sizes, len(rows))
    distinct = sorted(set(rows))
    assert groups.ids.tolist() == [distinct.index(row) for row in rows]
    assert groups.first.tolist() == [rows.index(row) for row in distinct]
    assert groups.ids.dtype == groups.first.dtype == np.int64
    counts = np.arange(len(rows))
    assert groups.sums(counts).tolist() == [
        sum(n for n, row in enumerate(rows) if row == each) for each in distinct
    ]
    assert sums_of_rows(columns, sizes, counts).tolist() == groups.sums(counts).tolist()


@pytest.mark.parametrize("rows", [0, 3])
def test_rows_without_columns_are_one_group(rows: int) -> None:
    groups = group([], [], rows)
    assert groups.ids.tolist() == [0] * rows
    assert len(groups) == min(rows, 1)


@given(
    st.lists(st.integers(0, 5), max_size=40),
    st.sampled_from([0, 2**40, 2**58, 2**61]),
)
def test_the_stable_order_is_that_of_a_stable_sort(small: list[int], offset: int) -> None:
    keys = np.array(small, dtype=np.int64) + offset
    order = stable_order(keys)
    assert order.tolist() == sorted(range(len(small)), key=lambda row: (small[row], row))
    assert order.dtype == np.int64
