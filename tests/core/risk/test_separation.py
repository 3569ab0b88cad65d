"""Distinction and separation, counted pair by pair."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.risk.separation import left_out, separation_of, separations
from tests.core.risk.test_special_uniques import records, table_of


@given(records, st.integers(1, 4), st.integers(1, 6))
def test_every_combination_is_measured_as_its_definition_says(
    rows: list[list[int]], largest: int, below: int
) -> None:
    found = dict(separations(table_of(rows), largest=largest, below=below))
    width = len(rows[0])
    assert list(found) == [
        chosen for size in range(1, largest + 1) for chosen in combinations(range(width), size)
    ]
    for chosen, measured in found.items():
        seen = [tuple(row[a] for a in chosen) for row in rows]
        pairs = list(combinations(seen, 2))
        assert measured.distinction == len(set(seen)) / len(seen)
        differing = sum(a != b for a, b in pairs)
        assert measured.separation == (differing / len(pairs) if pairs else 0)
        assert measured.unique == sum(seen.count(each) == 1 for each in seen)
        assert measured.rare == sum(seen.count(each) < below for each in seen)
        assert measured.smallest == min(seen.count(each) for each in seen)


@given(records)
def test_more_attributes_never_separate_less(rows: list[list[int]]) -> None:
    found = dict(separations(table_of(rows), largest=5))
    for chosen, measured in found.items():
        for fewer in combinations(chosen, len(chosen) - 1):
            if fewer:
                assert found[fewer].separation <= measured.separation
                assert found[fewer].unique <= measured.unique


@given(records)
def test_leaving_out_an_attribute_is_measuring_the_others(rows: list[list[int]]) -> None:
    width = len(rows[0])
    found = dict(separations(table_of(rows), largest=width))
    for a, measured in enumerate(left_out(table_of(rows))):
        others = tuple(b for b in range(width) if b != a)
        if others:
            assert measured == found[others]
        else:
            assert measured.classes == 1


def test_pairs_are_counted_beyond_64_bits() -> None:
    measured = separation_of(np.array([2**40, 2**40]))
    assert measured.alike == 2**40 * (2**40 - 1)
    assert measured.separation == (2**40 * 2**40) / (2**41 * (2**41 - 1) // 2)


def test_a_table_without_records_separates_nothing() -> None:
    measured = separation_of(np.zeros(0, dtype=np.int64))
    assert (measured.distinction, measured.separation, measured.records) == (0, 0, 0)
