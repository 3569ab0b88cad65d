"""What a table reaches, held against definitions, papers and the models that the search uses."""

from fractions import Fraction
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.audit import (
    Contents,
    Partition,
    beyond_information,
    contents,
    disclosures,
    distinct_values,
    entropies,
    entropy_below,
    equal_distances,
    head_and_tail,
    hierarchical_distances,
    largest_shares,
    ordered_distances,
    partition,
    relative_gains,
)
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    HierarchicalTCloseness,
    Histogram,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)

FOUR_LEAVES = Hierarchy.from_labels([["a", "b", "c", "d"], ["ab", "ab", "cd", "cd"]])


def of_classes(*histograms: list[int]) -> Contents:
    """Build the contents of classes, each a count per value."""
    table = np.array(histograms, dtype=np.int64)
    classes, values = np.nonzero(table)
    counts = table[classes, values]
    sizes = table.sum(axis=1)
    return contents(Partition(classes.astype(np.int64), sizes), values, counts)


def as_models_see(*histograms: list[int]) -> EquivalenceClasses:
    table = np.array(histograms, dtype=np.int64)
    classes, values = np.nonzero(table)
    histogram = Histogram(
        classes, values.astype(np.int32), table[classes, values], table.sum(axis=0)
    )
    return EquivalenceClasses(table.sum(axis=1), (histogram,))


tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 6), min_size=width, max_size=width).filter(any),
        min_size=1,
        max_size=6,
    )
)


# -- classes -------------------------------------------------------------------------------


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


def test_columns_of_many_values_are_told_apart() -> None:
    column = np.array([2**31 - 1, 0, 70_000, 0, 2**31 - 1], dtype=np.int32)
    assert partition([column], np.ones(5, dtype=np.int64)).sizes.tolist() == [2, 1, 2]


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


# -- papers --------------------------------------------------------------------------------


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


def test_the_recursive_example_of_machanavajjhala_needs_c_above_the_ratio() -> None:
    # r1 < c (r2 + ... + rm): counts 9, 1, 1 need c above 9 / 2 for l = 2 and above 9 for l = 3.
    held = of_classes([9, 1, 1])
    assert head_and_tail(held, 2).ratio == 4.5
    assert head_and_tail(held, 3).ratio == 9
    assert head_and_tail(held, 3).fail(Fraction(9)).tolist() == [True]
    assert head_and_tail(held, 3).fail(Fraction("9.0001")).tolist() == [False]
    assert head_and_tail(held, 4).ratio == inf


@pytest.mark.parametrize("values", [2, 3, 4, 6, 7, 8, 10, 1000])
def test_equally_frequent_values_have_the_entropy_of_their_number(values: int) -> None:
    held = of_classes([3] * values)
    assert exp(entropies(held)[0]) == pytest.approx(values)
    assert not entropy_below(held, Fraction(values)).any()
    assert entropy_below(held, Fraction(values) + Fraction(1, 10**12)).all()


def test_an_entropy_that_is_rational_without_being_uniform_is_compared_exactly() -> None:
    held = of_classes([4, 1, 1, 1, 1])  # two bits: four values
    assert not entropy_below(held, Fraction(4)).any()
    assert entropy_below(held, Fraction(4) + Fraction(1, 10**30)).all()


def test_two_frequencies_of_five_billion_are_told_from_a_tie() -> None:
    n = 5 * 10**9
    assert not entropy_below(of_classes([n, n]), Fraction(2)).any()
    assert entropy_below(of_classes([n, n + 1]), Fraction(2)).all()


def test_a_distance_is_right_where_the_product_of_counts_passes_32_and_64_bits() -> None:
    for scale in (1, 10_000, 10**9, 10**15):
        held = of_classes([7 * scale, scale, scale, scale], [scale, scale, scale, 7 * scale])
        whole = np.array([8, 2, 2, 8]) * scale
        distances = hierarchical_distances(held, whole, hierarchy=FOUR_LEAVES, leaves=np.arange(4))
        assert distances.largest == pytest.approx(0.3)
        assert distances.above(Fraction("0.3")).tolist() == [False, False]
        assert distances.above(Fraction("0.3") - Fraction(1, 10**20)).all()


# -- agreement with the models of the search -----------------------------------------------


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


@settings(max_examples=200, deadline=None)
@given(tables, st.integers(2, 5), st.fractions(Fraction(1, 4), 4, max_denominator=12))
def test_the_diversities_agree_with_the_models_of_the_search(
    table: list[list[int]],
    l: int,  # noqa: E741
    c: Fraction,
) -> None:
    held, classes = of_classes(*table), as_models_see(*table)
    cases: tuple[tuple[PrivacyModel, np.ndarray], ...] = (
        (DistinctLDiversity(0, l), distinct_values(held) < l),
        (EntropyLDiversity(0, Fraction(l)), entropy_below(held, Fraction(l))),
        (RecursiveLDiversity(0, c, l), head_and_tail(held, l).fail(c)),
    )
    for model, failing in cases:
        assert (~failing == model.holds(classes)).all(), str(model)


@given(tables)
def test_the_entropy_is_its_definition(table: list[list[int]]) -> None:
    for histogram, entropy in zip(table, entropies(of_classes(*table)), strict=True):
        shares = [c / sum(histogram) for c in histogram if c]
        assert entropy == pytest.approx(-sum(p * log(p) for p in shares), abs=1e-12)


# -- shares --------------------------------------------------------------------------------


scales = st.sampled_from([1, 3_000_000_000])


@given(tables, st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20), scales)
def test_shares_are_judged_as_the_search_judges_them(
    table: list[list[int]], alpha: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    guarded = np.arange(len(table[0])) % 2 == 0
    measured = largest_shares(of_classes(*table), guarded)
    model = AlphaDeassociation(0, alpha, tuple(np.flatnonzero(guarded).tolist()))
    assert (~measured.above(alpha)).tolist() == model.holds(as_models_see(*table)).tolist()
    assert measured.largest == max(max(row[::2]) / sum(row) for row in table)


@given(tables, st.fractions(Fraction(1, 20), 5, max_denominator=20), scales)
def test_gains_are_judged_as_the_search_judges_them(
    table: list[list[int]], beta: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    held, seen = of_classes(*table), as_models_see(*table)
    reference = np.array(table).sum(axis=0)
    above = relative_gains(held, reference).above(beta)
    assert (~above).tolist() == BetaLikeness(0, beta).holds(seen).tolist()
    beyond = above | beyond_information(held, reference)
    assert (~beyond).tolist() == EnhancedBetaLikeness(0, beta).holds(seen).tolist()


@given(
    tables,
    st.one_of(
        st.fractions(Fraction(1, 8), 4, max_denominator=8),
        st.fractions(Fraction(1, 8), 4, max_denominator=10**6),
    ),
    scales,
)
def test_disclosure_is_judged_as_the_search_judges_it(
    table: list[list[int]], delta: Fraction, scale: int
) -> None:
    table = [[c * scale for c in row] for row in table]
    held, reference = of_classes(*table), np.array(table).sum(axis=0)
    for present_only in (False, True):
        told = disclosures(held, reference, present_only=present_only).reach(delta)
        model = DeltaDisclosure(0, delta, present_only=present_only)
        assert (~told).tolist() == model.holds(as_models_see(*table)).tolist()


def test_a_class_that_lacks_a_value_tells_infinitely_much() -> None:
    reference = np.array([3, 1])
    assert disclosures(of_classes([2, 0]), reference, present_only=False).largest == inf
    present = disclosures(of_classes([2, 0]), reference, present_only=True)
    assert present.largest == pytest.approx(log(4 / 3) / log(2))
