"""Distances are those of papers, and of the models that the search uses."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.audit import (
    equal_distances,
    hierarchical_distances,
    ordered_distances,
    without,
)
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import EqualTCloseness, HierarchicalTCloseness, OrderedTCloseness
from tests.core.audit.examples import as_models_see, of_classes, tables

FOUR_LEAVES = Hierarchy.from_labels([["a", "b", "c", "d"], ["ab", "ab", "cd", "cd"]])


def test_the_salaries_of_li_2007_are_as_far_as_the_paper_says() -> None:
    # Section 5: Q = {3k ... 11k}, P1 = {3k, 4k, 5k}, P2 = {6k, 8k, 11k}.
    whole = np.ones(9, dtype=np.int64)
    held = of_classes([1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 0, 1])
    distances = ordered_distances(held, whole, ranks=np.arange(9))
    assert distances.approximate.tolist() == pytest.approx([0.375, 1 / 6])
    assert [distances.exact(c) for c in (0, 1)] == [Fraction(3, 8), Fraction(1, 6)]


def test_the_diseases_of_li_2007_are_as_far_along_the_hierarchy_as_the_paper_says() -> None:
    # Section 5.2, figure 1: six diseases, equally frequent; gastric ulcer, gastritis and stomach
    # cancer are 0.5 from them, gastric ulcer, stomach cancer and pneumonia 0.278.
    tree = Hierarchy.from_labels(
        [
            ["ulcer", "gastritis", "stomach cancer", "flu", "pneumonia", "bronchitis"],
            ["stomach"] * 3 + ["infection"] * 3,
            ["digestive"] * 3 + ["respiratory"] * 3,
        ]
    )
    held = of_classes([1, 1, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0])
    whole = np.ones(6, dtype=np.int64)
    distances = hierarchical_distances(held, whole, hierarchy=tree, leaves=np.arange(6))
    assert [distances.exact(c) for c in (0, 1)] == [Fraction(1, 2), Fraction(5, 18)]
    assert distances.approximate.tolist() == pytest.approx([1 / 2, 5 / 18])


def test_a_distance_is_right_where_the_product_of_counts_passes_32_and_64_bits() -> None:
    for scale in (1, 10_000, 10**9, 10**15):
        held = of_classes([7 * scale, scale, scale, scale], [scale, scale, scale, 7 * scale])
        whole = np.array([8, 2, 2, 8]) * scale
        distances = hierarchical_distances(held, whole, hierarchy=FOUR_LEAVES, leaves=np.arange(4))
        assert distances.largest == pytest.approx(0.3)
        assert distances.above(Fraction("0.3")).tolist() == [False, False]
        assert distances.above(Fraction("0.3") - Fraction(1, 10**20)).all()


@settings(max_examples=200, deadline=None)
@given(tables, st.fractions(0, 1, max_denominator=12))
def test_the_distances_agree_with_the_models_of_the_search(
    table: list[list[int]], t: Fraction
) -> None:
    width = len(table[0])
    whole = np.array(table).sum(axis=0)
    held, classes = of_classes(*table), as_models_see(*table)
    ranks = np.arange(width)[::-1].copy()
    rows = [[str(v) for v in range(width)], [str(v // 2) for v in range(width)]]
    tree = Hierarchy.from_labels(rows if width > 1 else rows[:1])
    leaves = np.arange(width, dtype=np.int32)
    cases = (
        (EqualTCloseness(0, t), equal_distances(held, whole)),
        (OrderedTCloseness(0, t, ranks), ordered_distances(held, whole, ranks=ranks)),
        (
            HierarchicalTCloseness(0, t, tree, leaves),
            hierarchical_distances(held, whole, hierarchy=tree, leaves=leaves),
        ),
    )
    for model, distances in cases:
        assert (~distances.above(t) == model.holds(classes)).all(), str(model)
        exact = [float(distances.exact(c)) for c in range(len(table))]
        assert distances.approximate.tolist() == pytest.approx(exact, abs=1e-12)


@given(tables, st.data())
def test_a_value_that_nobody_has_is_no_step_of_an_order(
    table: list[list[int]], data: st.DataObject
) -> None:
    whole = np.array(table)
    table = whole[:, whole.any(axis=0)].tolist()
    width = len(table[0])
    places = sorted(data.draw(st.permutations(range(width + 2)))[:width])
    wider = np.zeros((len(table), width + 2), dtype=np.int64)
    wider[:, places] = table
    near, far = (
        ordered_distances(of_classes(*t), np.array(t).sum(axis=0), ranks=np.arange(len(t[0])))
        for t in (table, wider.tolist())
    )
    assert far.approximate.tolist() == pytest.approx(near.approximate.tolist())
    assert [far.exact(c) for c in range(len(table))] == [near.exact(c) for c in range(len(table))]


@pytest.mark.parametrize("values", [1, 2, 3])
@pytest.mark.parametrize("records", [0, 1])
def test_one_record_and_none_are_no_distance_from_themselves(values: int, records: int) -> None:
    table = [[0] * (values - 1) + [1]] * records
    held = of_classes(*table) if records else without(of_classes([1]), 0)[0]
    whole = np.array(table, dtype=np.int64).reshape(-1, values).sum(axis=0)
    leaves = np.arange(values)
    tree = Hierarchy.from_labels([[str(v) for v in leaves], ["*"] * values])
    for distances in (
        equal_distances(held, whole),
        ordered_distances(held, whole, ranks=leaves),
        hierarchical_distances(held, whole, hierarchy=tree, leaves=leaves),
    ):
        assert distances.approximate.tolist() == [0] * records
        assert distances.largest == 0
        assert not distances.above(Fraction(0)).any()


def test_all_moves_where_a_table_of_one_record_has_another_value() -> None:
    held, whole = of_classes([0, 3]), np.array([1, 0])
    for distances in (
        equal_distances(held, whole),
        ordered_distances(held, whole, ranks=np.arange(2)),
    ):
        assert distances.approximate.tolist() == [1]


@given(tables)
def test_a_class_may_be_as_far_as_the_bound_and_no_farther(table: list[list[int]]) -> None:
    held, whole = of_classes(*table), np.array(table).sum(axis=0)
    for distances in (
        equal_distances(held, whole),
        ordered_distances(held, whole, ranks=np.arange(len(whole))),
    ):
        exact = [distances.exact(c) for c in range(len(table))]
        for place, distance in enumerate(exact):
            assert not distances.above(distance)[place]
            assert distances.above(distance - Fraction(1, 10**30))[place]
        assert distances.largest == float(max(exact))
