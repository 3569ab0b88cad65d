"""SUDA against every subset of attributes, and against tables that were worked out by hand."""

from itertools import combinations, permutations
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.risk.special_uniques import (
    SpecialUniques,
    dis_scores,
    intrusion_success,
    special_uniques,
)

records = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 3), min_size=width, max_size=width), min_size=1, max_size=25
    )
)


def table_of(rows: list[list[int]]) -> FrequencyTable:
    codes = np.array(rows, dtype=np.int32)
    sizes = [int(codes[:, a].max()) + 1 for a in range(codes.shape[1])]
    return FrequencyTable.of(codes, np.ones(len(codes), dtype=np.int64), sizes)


def labelled(rows: list[list[str]]) -> tuple[FrequencyTable, NDArray[np.int64]]:
    """Code texts, and say which tuple of the table each row is."""
    columns = [np.unique(column, return_inverse=True)[1] for column in zip(*rows, strict=True)]
    codes = np.stack(columns, axis=1)
    table = table_of(codes.tolist())
    known = {tuple(each): t for t, each in enumerate(table.codes.array.tolist())}
    return table, np.array([known[tuple(each)] for each in codes.tolist()])


def msus(rows: list[list[int]], record: list[int], largest: int) -> list[tuple[int, ...]]:
    """Every minimal sample unique of a record, by trying all sets of attributes."""

    def alone(chosen: tuple[int, ...]) -> bool:
        return sum(all(r[a] == record[a] for a in chosen) for r in rows) == 1

    return [
        chosen
        for size in range(1, largest + 1)
        for chosen in combinations(range(len(record)), size)
        if alone(chosen)
        and (size == 1 or not any(alone(chosen[:a] + chosen[a + 1 :]) for a in range(size)))
    ]


@given(records, st.integers(1, 6))
def test_minimal_sample_uniques_are_those_of_brute_force(
    rows: list[list[int]], largest: int
) -> None:
    found = special_uniques(table_of(rows), largest=largest)
    width = len(rows[0])
    last = min(largest, width - 1)
    for t, record in enumerate(found.table.codes.array.tolist()):
        expected = msus(rows, record, min(largest, width))
        sizes = [len(each) for each in expected]
        assert found.msus[t].tolist() == [sizes.count(k) for k in range(1, found.largest + 1)]
        assert found.smallest[t] == min(sizes, default=0)
        score = {each: prod(width - i for i in range(len(each), last + 1)) for each in expected}
        assert found.scores[t] == sum(score.values())
        parts = [sum(s for each, s in score.items() if a in each) for a in range(width)]
        assert found.contributions[t].tolist() == parts


def test_the_practice_guides_table_has_the_scores_that_it_prints() -> None:
    """T. Benschop et al., "Statistical disclosure control: a practice guide", table 4.5; M = 3."""
    table, of_record = labelled(
        [
            ["urban", "female", "secondary incomplete", "employed"],
            ["urban", "female", "secondary incomplete", "employed"],
            ["urban", "female", "primary incomplete", "non-LF"],
            ["urban", "male", "secondary complete", "employed"],
            ["rural", "female", "secondary complete", "unemployed"],
            ["urban", "male", "secondary complete", "employed"],
            ["urban", "female", "primary complete", "non-LF"],
            ["urban", "male", "post-secondary", "unemployed"],
            ["urban", "female", "secondary incomplete", "non-LF"],
            ["urban", "female", "secondary incomplete", "non-LF"],
        ]
    )
    found = special_uniques(table, largest=3)
    assert found.scores[of_record].tolist() == [0, 0, 6, 0, 12, 0, 6, 10, 0, 0]
    assert found.msus[of_record[4]].tolist() == [1, 3, 0]


def test_contributions_are_those_that_sdcmicro_is_tested_for() -> None:
    """Its test suite: a = 2, 1, 1; b = 0, 3, 0; c = 0, 6, 0 contribute 50, 37.5 and 37.5 %."""
    found = special_uniques(table_of([[2, 0, 0], [1, 3, 6], [1, 0, 0]]), largest=3)
    shares = found.contributions.sum(axis=0) / found.scores.sum()
    assert shares.tolist() == [0.5, 0.375, 0.375]


@given(records, st.data())
def test_the_order_of_columns_and_records_means_nothing(
    rows: list[list[int]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(rows[0]))))
    shuffled = data.draw(st.permutations([[row[a] for a in order] for row in rows]))
    one, other = (special_uniques(table_of(r), largest=3) for r in (rows, list(shuffled)))
    here = {tuple(c): s for c, s in zip(one.table.codes.array.tolist(), one.scores, strict=True)}
    for code, score in zip(other.table.codes.array.tolist(), other.scores, strict=True):
        assert here[tuple(code[order.index(a)] for a in range(len(order)))] == score


@given(records, records)
def test_a_table_counted_in_parts_has_the_special_uniques_of_the_whole(
    some: list[list[int]], more: list[list[int]]
) -> None:
    more = [(row * 5)[: len(some[0])] for row in more]
    sizes = (4,) * len(some[0])
    one, two, whole = (
        FrequencyTable.of(np.array(rows, dtype=np.int32), np.ones(len(rows), dtype=np.int64), sizes)
        for rows in (some, more, some + more)
    )
    merged = special_uniques(one.merge(two), largest=4)
    assert (merged.scores == special_uniques(whole, largest=4).scores).all()


@given(records)
def test_records_that_are_doubled_have_no_special_uniques(rows: list[list[int]]) -> None:
    doubled = table_of(rows + rows)
    assert not special_uniques(doubled, largest=5).scores.any()
    assert intrusion_success(doubled, 0.5) == 0


@given(records, st.floats(0.001, 0.999))
def test_the_odds_of_an_intrusion_average_to_those_of_the_file(
    rows: list[list[int]], fraction: float
) -> None:
    found = special_uniques(table_of(rows), largest=5)
    scores, success = dis_scores(found, fraction), intrusion_success(found.table, fraction)
    special = found.scores > 0
    assert (scores[~special] == 0).all()
    if special.any():
        assert (scores <= 1).all()
        assert (1 / scores[special] - 1).mean() == pytest.approx(1 / success - 1)
        order = np.argsort(found.scores[special])
        assert (np.diff(scores[special][order]) >= -1e-12).all()
    assert dis_scores(found, 1.0)[special] == pytest.approx(1)


def test_an_intrusion_succeeds_as_often_as_the_paper_estimates() -> None:
    """One unique record and one pair, of a tenth of the population: 0.1 / (0.1 + 2 · 0.9)."""
    table = table_of([[0], [1], [1], [2], [2], [2]])
    assert intrusion_success(table, 0.1) == pytest.approx(0.1 / 1.9)


def test_counts_beyond_every_32_bit_type_are_counts() -> None:
    codes = np.array([[0, 0], [0, 1], [1, 0]], dtype=np.int32)
    table = FrequencyTable.of(codes, np.array([2**40, 1, 2**33 + 1]), (2, 2))
    found = special_uniques(table, largest=2)
    assert found.msus.tolist() == [[0, 0], [1, 0], [0, 0]]


def test_a_table_without_records_or_attributes_has_none() -> None:
    nothing = FrequencyTable.of(np.zeros((0, 2), np.int32), np.zeros(0, np.int64), (1, 1))
    assert special_uniques(nothing, largest=3).scores.tolist() == []
    blank = FrequencyTable.of(np.zeros((3, 0), np.int32), np.ones(3, np.int64), ())
    found: SpecialUniques = special_uniques(blank, largest=3)
    assert found.scores.tolist() == [0]


def test_every_order_of_a_latin_square_singles_out_by_pairs_alone() -> None:
    """Each value stands in a row and a column of its own: two attributes tell, one never does."""
    rows = [[i, j, (i + j) % 3] for i, j in permutations(range(3), 2)]
    rows += [[i, i, 2 * i % 3] for i in range(3)]
    found = special_uniques(table_of(rows), largest=3)
    assert (found.msus == [0, 3, 0]).all()
