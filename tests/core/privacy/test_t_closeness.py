"""t-closeness agrees with its definition, written out plainly and exactly, and with its paper."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    EqualTCloseness,
    EquivalenceClasses,
    HierarchicalTCloseness,
    Histogram,
    OrderedTCloseness,
    PrivacyModel,
)
from tests.core.privacy.examples import JUST, TREE, Counts, classes_of, shares, tables, verdicts


def differences(row: list[int], table: Counts) -> list[Fraction]:
    whole = [sum(column) for column in zip(*table, strict=True)]
    return [
        Fraction(c, sum(row)) - Fraction(w, sum(whole)) for c, w in zip(row, whole, strict=True)
    ]


def equal_distance(row: list[int], table: Counts) -> Fraction:
    return sum((abs(d) for d in differences(row, table)), Fraction()) / 2


def ordered_distance(row: list[int], table: Counts) -> Fraction:
    there = [place for place, column in enumerate(zip(*table, strict=True)) if any(column)]
    row, table = [row[p] for p in there], [[each[p] for p in there] for each in table]
    running, total = Fraction(), Fraction()
    gaps = differences(row, table)
    for gap in gaps[:-1]:
        running += gap
        total += abs(running)
    return total / max(len(gaps) - 1, 1)


def hierarchical_distance(row: list[int], table: Counts) -> Fraction:
    extra = dict(enumerate(differences(row, table)))
    total, height = Fraction(), TREE.levels - 1
    for level in range(1, TREE.levels):
        merged: dict[int, list[Fraction]] = {}
        parents = dict(zip(TREE.codes[level - 1].tolist(), TREE.codes[level].tolist(), strict=True))
        for node, amount in extra.items():
            merged.setdefault(parents[node], []).append(amount)
        for amounts in merged.values():
            positive = sum((a for a in amounts if a > 0), Fraction())
            negative = -sum((a for a in amounts if a < 0), Fraction())
            total += Fraction(level, height) * min(positive, negative)
        extra = {node: sum(amounts, Fraction()) for node, amounts in merged.items()}
    return total


def met_exactly(
    model: Callable[[Fraction], PrivacyModel], table: Counts, distances: list[Fraction]
) -> None:
    """See that a class may be as far as the bound, and no farther."""
    for place, distance in enumerate(distances[:2]):
        assert verdicts(model(distance), table)[place]
        if distance:
            assert not verdicts(model(distance * (1 - JUST)), table)[place]


@given(tables, shares)
def test_no_part_of_a_class_that_is_near_enough_has_more_records_than_can_be_kept(
    table: Counts, t: Fraction
) -> None:
    model = EqualTCloseness(0, t)
    most = model.most_kept(classes_of(table))
    assert (most <= [sum(row) for row in table]).all()
    for row, kept in zip(table, most.tolist(), strict=True):
        if prod(c + 1 for c in row) > 2_000:
            continue
        near = [
            sum(part)
            for part in product(*(range(c + 1) for c in row))
            if sum(part) and equal_distance(list(part), table) <= t
        ]
        assert max(near, default=0) <= kept
        assert (kept == sum(row)) == (equal_distance(row, table) <= t)


@pytest.mark.parametrize("times", [1, 2**10, 2**23 + 1, 2**26 + 3, 2**40 + 1])
@pytest.mark.parametrize("t", [Fraction(1, 3), Fraction(31, 97), Fraction(9_973, 10_007)])
def test_what_can_be_kept_is_exact_however_many_records_there_are(times: int, t: Fraction) -> None:
    table = [[c * times for c in row] for row in ([9, 1, 0], [1, 2, 5], [0, 0, 3])]
    whole = [sum(column) for column in zip(*table, strict=True)]

    def is_near(row: list[int], kept: int) -> bool:
        most = sum(min(c * sum(whole), kept * w) for c, w in zip(row, whole, strict=True))
        return bool(most >= (1 - t) * kept * sum(whole))

    for row, kept in zip(table, EqualTCloseness(0, t).most_kept(classes_of(table)), strict=True):
        assert is_near(row, int(kept))
        assert kept == sum(row) or not is_near(row, int(kept) + 1)


def test_along_a_tree_of_one_value_nothing_is_moved() -> None:
    model = HierarchicalTCloseness(
        0, Fraction(0), Hierarchy.from_labels([["a"]]), np.zeros(1, dtype=np.int32)
    )
    assert model.distances(classes_of([[3], [2]])).tolist() == [0, 0]
    assert verdicts(model, [[3], [2]]) == [True, True]


@pytest.mark.parametrize("times", [1, 2**20, 2**26 + 3, 2**40 + 1])
def test_distances_of_however_many_records_are_those_of_few(times: int) -> None:
    rows = [[*([0] * n), 4, *([0] * (11 - n))] for n in (0, 3, 11)]
    table = [[c * times for c in row] for row in rows]
    model = OrderedTCloseness(0, Fraction(1, 2), np.arange(12))
    expected = [float(ordered_distance(row, rows)) for row in rows]
    assert model.distances(classes_of(table)) == pytest.approx(expected)


@given(tables, shares)
def test_equal_t_closeness_is_half_the_sum_of_differences(table: Counts, t: Fraction) -> None:
    expected = [equal_distance(row, table) <= t for row in table]
    assert verdicts(EqualTCloseness(0, t), table) == expected
    met_exactly(lambda t: EqualTCloseness(0, t), table, [equal_distance(r, table) for r in table])


@given(tables, shares, st.randoms(use_true_random=False))
def test_ordered_t_closeness_moves_earth_between_neighbours(
    table: Counts, t: Fraction, random: object
) -> None:
    ranks = list(range(len(table[0])))
    random.shuffle(ranks)  # type: ignore[attr-defined]
    inorder = [[row[ranks.index(place)] for place in range(len(ranks))] for row in table]
    model = OrderedTCloseness(0, t, np.array(ranks))
    distances = [ordered_distance(row, inorder) for row in inorder]
    assert verdicts(model, table) == [d <= t for d in distances]
    assert model.distances(classes_of(table)) == pytest.approx([float(d) for d in distances])
    met_exactly(lambda t: OrderedTCloseness(0, t, np.array(ranks)), table, distances)


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6).filter(any), min_size=1), shares
)
def test_hierarchical_t_closeness_moves_earth_along_the_tree(table: Counts, t: Fraction) -> None:
    model = HierarchicalTCloseness(0, t, TREE, np.arange(6, dtype=np.int32))
    distances = [hierarchical_distance(row, table) for row in table]
    assert verdicts(model, table) == [d <= t for d in distances]
    assert model.distances(classes_of(table)) == pytest.approx([float(d) for d in distances])
    leaves = np.arange(6, dtype=np.int32)
    met_exactly(lambda t: HierarchicalTCloseness(0, t, TREE, leaves), table, distances)


def test_the_salaries_of_the_t_closeness_paper() -> None:
    # Li 2007, section 5.1: {3k, 4k, 5k} is 0.375 and {6k, 8k, 11k} is 0.167 from 3k .. 11k.
    low, high = [1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 0, 1]
    whole = Histogram(
        np.array([0, 0, 0, 1, 1, 1]),
        np.array([0, 1, 2, 3, 5, 8], dtype=np.int32),
        np.ones(6, dtype=np.int64),
        np.ones(9, dtype=np.int64),
    )
    classes = EquivalenceClasses(np.array([sum(low), sum(high)]), (whole,))
    distances = OrderedTCloseness(0, Fraction(1), np.arange(9)).distances(classes)
    assert distances == pytest.approx([0.375, 1 / 6])


@pytest.mark.parametrize("values", [0, 3])
def test_a_table_without_records_has_no_class_that_is_too_far(values: int) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    histogram = Histogram(
        nothing, nothing.astype(np.int32), nothing, np.zeros(values, dtype=np.int64)
    )
    classes = EquivalenceClasses(nothing, (histogram,))
    ordered = OrderedTCloseness(0, Fraction(0), np.arange(values))
    for model in (EqualTCloseness(0, Fraction(0)), ordered):
        assert model.holds(classes).tolist() == []


@given(tables, shares)
def test_a_tree_of_a_single_step_is_the_equal_distance(table: Counts, t: Fraction) -> None:
    values = len(table[0])
    flat = Hierarchy.from_labels([[str(v) for v in range(values)], ["*"] * values])
    leaves = np.arange(values, dtype=np.int32)
    tree, equal = HierarchicalTCloseness(0, t, flat, leaves), EqualTCloseness(0, t)
    assert verdicts(tree, table) == verdicts(equal, table)
    assert tree.distances(classes_of(table)) == pytest.approx(equal.distances(classes_of(table)))


def test_a_tree_of_one_level_is_no_distance() -> None:
    one = HierarchicalTCloseness(
        0, Fraction(0), Hierarchy.from_labels([["*"]]), np.zeros(1, dtype=np.int32)
    )
    assert verdicts(one, [[3], [4]]) == [True, True]
    assert one.distances(classes_of([[3], [4]])).tolist() == [0, 0]


def test_distances_along_many_values_are_right_where_their_sums_pass_64_bits() -> None:
    dice = np.random.default_rng(5)
    table = dice.integers(0, 9, (3, 60)).tolist()
    model = OrderedTCloseness(0, Fraction(1, 5), np.arange(60))
    plain = model.distances(classes_of(table))
    for times in (10**5, 10**6, 7 * 10**5):
        huge = [[c * times for c in row] for row in table]
        assert model.distances(classes_of(huge)) == pytest.approx(plain)


@pytest.mark.parametrize("records", [1, 468_000_000, 2**40])
def test_distances_are_right_where_many_values_alone_pass_64_bits(records: int) -> None:
    ends = [[records, *[1] * 58, 0], [*[0] * 59, records]]
    model = OrderedTCloseness(0, Fraction(1, 2), np.arange(60))
    expected = [float(ordered_distance(row, ends)) for row in ends]
    assert model.distances(classes_of(ends)) == pytest.approx(expected)
