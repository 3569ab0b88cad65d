"""The classes of a table are those of plain dictionaries, whatever the order and the size."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import Partition, partition


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 4)), max_size=40),
    in_order=st.booleans(),
)
def test_classes_are_those_of_a_dictionary_in_any_order_of_rows(
    rows: list[tuple[int, int, int]], *, in_order: bool
) -> None:
    rows = sorted(rows) if in_order else rows
    array = np.array(rows, dtype=np.int64).reshape(-1, 3)
    classes = partition([array[:, 0], array[:, 1]], array[:, 2])
    expected: dict[tuple[int, int], int] = {}
    for a, b, count in rows:
        expected[a, b] = expected.get((a, b), 0) + count
    found = {(a, b): int(classes.sizes[c]) for (a, b, _), c in zip(rows, classes.of, strict=True)}
    assert found == expected
    assert len(classes.sizes) == len(expected)


@given(
    classes=st.lists(st.integers(0, 6), max_size=30), most=st.integers(1, 9), in_order=st.booleans()
)
def test_what_is_divided_by_classes_is_the_table_again(
    classes: list[int], most: int, *, in_order: bool
) -> None:
    column = np.array(sorted(classes) if in_order else classes, dtype=np.int64)
    counts = np.arange(1, len(column) + 1)
    whole = partition([column], counts)
    seen: list[tuple[int, int]] = []
    sizes: list[int] = []
    lengths: list[int] = []
    for tuples, part in whole.in_turn(most):
        places = np.arange(len(column))[tuples]
        assert len(places) <= most or len(part.sizes) == 1
        assert np.bincount(part.of, counts[places]).tolist() == part.sizes.tolist()
        lengths.append(len(places))
        seen += zip(places.tolist(), (part.of + len(sizes)).tolist(), strict=True)
        sizes += part.sizes.tolist()
    assert sorted(seen) == list(enumerate(whole.of.tolist()))
    assert sizes == whole.sizes.tolist()
    assert all(one + other > most for one, other in pairwise(lengths))


def test_columns_of_many_values_are_told_apart() -> None:
    column = np.array([2**31 - 1, 0, 70_000, 0, 2**31 - 1], dtype=np.int32)
    assert partition([column], np.ones(5, dtype=np.int64)).sizes.tolist() == [2, 1, 2]
    for apart in (2**16 - 1, 2**16, 2**16 + 1):  # beyond the codes that are sorted by radix
        column = np.array([0, apart, 0, apart, 1, apart, 0], dtype=np.int32)
        classes = partition([column, column], np.ones(7, dtype=np.int64))
        assert sorted(classes.sizes.tolist()) == [1, 3, 3]


def test_a_table_without_quasi_identifiers_is_one_class() -> None:
    assert partition([], np.array([3, 4])).sizes.tolist() == [7]


def test_an_empty_table_has_no_classes() -> None:
    classes = partition([np.zeros(0, dtype=np.int32)], np.zeros(0, dtype=np.int64))
    assert (classes.records, classes.smallest, classes.largest, classes.squares) == (0, 0, 0, 0)


def test_squares_pass_every_integer_type() -> None:
    sizes = np.array([100_000, 100_000, 2**40], dtype=np.int64)
    assert Partition(np.arange(3), sizes).squares == 2 * 10**10 + 2**80


def test_records_at_risk_are_those_strictly_above_the_threshold() -> None:
    classes = Partition(np.arange(3), np.array([9, 10, 11]))
    assert classes.records_above(Fraction("0.1")) == 9
    assert classes.records_above(Fraction("0.11")) == 9
    assert classes.records_above(Fraction(1)) == 0
