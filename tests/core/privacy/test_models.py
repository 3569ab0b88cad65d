"""Every privacy model agrees with its definition, written out plainly and exactly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    HierarchicalTCloseness,
    Histogram,
    KAnonymity,
    Monotone,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.privacy.t_closeness import SupportShare
from anon_dagster.errors import RequestError

TREE = Hierarchy.from_labels(
    [list("abcdef"), list("112223"), ["x", "x", "y", "y", "y", "y"], ["*"] * 6]
)
Counts = list[list[int]]  # (classes, values)

tables = st.integers(2, 6).flatmap(
    lambda values: st.lists(
        st.lists(st.integers(0, 4), min_size=values, max_size=values).filter(any),
        min_size=1,
        max_size=5,
    )
)
shares = st.fractions(0, 1, max_denominator=20)


def classes_of(table: Counts) -> EquivalenceClasses:
    counts = np.array(table, dtype=np.int64)
    owners, values = np.nonzero(counts)
    histogram = Histogram(
        owners, values.astype(np.int32), counts[owners, values], counts.sum(axis=0)
    )
    return EquivalenceClasses(counts.sum(axis=1), (histogram,))


def verdicts(model: PrivacyModel, table: Counts) -> list[bool]:
    return list(map(bool, model.holds(classes_of(table))))


def differences(row: list[int], table: Counts) -> list[Fraction]:
    whole = [sum(column) for column in zip(*table, strict=True)]
    return [
        Fraction(c, sum(row)) - Fraction(w, sum(whole)) for c, w in zip(row, whole, strict=True)
    ]


def equal_distance(row: list[int], table: Counts) -> Fraction:
    return sum((abs(d) for d in differences(row, table)), Fraction()) / 2


def ordered_distance(row: list[int], table: Counts) -> Fraction:
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


@given(tables, st.integers(2, 9))
def test_k_anonymity_counts_the_records_of_a_class(table: Counts, k: int) -> None:
    assert verdicts(KAnonymity(k), table) == [sum(row) >= k for row in table]


@given(tables, st.integers(1, 6))
def test_distinct_l_diversity_counts_the_values_of_a_class(table: Counts, l: int) -> None:  # noqa: E741
    expected = [sum(c > 0 for c in row) >= l for row in table]
    assert verdicts(DistinctLDiversity(0, l), table) == expected


@given(tables, st.fractions(Fraction(11, 10), 6, max_denominator=10))
def test_entropy_l_diversity_compares_integer_powers(table: Counts, l: Fraction) -> None:  # noqa: E741
    # H >= ln l  <=>  n^n >= l^n Π c^c, in whole numbers.
    expected = []
    for row in table:
        n, product = sum(row), 1
        for c in row:
            product *= c**c
        expected.append(n**n * l.denominator**n >= l.numerator**n * product)
    assert verdicts(EntropyLDiversity(0, l), table) == expected


@pytest.mark.parametrize("l", range(2, 12))
def test_l_equally_frequent_values_have_an_entropy_of_l(l: int) -> None:  # noqa: E741
    assert verdicts(EntropyLDiversity(0, Fraction(l)), [[7] * l]) == [True]
    assert verdicts(EntropyLDiversity(0, l + Fraction(1, 10**9)), [[7] * l]) == [False]


@given(tables, st.fractions(Fraction(1, 4), 5, max_denominator=8), st.integers(2, 5))
def test_recursive_l_diversity_weighs_the_first_against_the_tail(
    table: Counts,
    c: Fraction,
    l: int,  # noqa: E741
) -> None:
    expected = []
    for row in table:
        r = sorted(row, reverse=True)
        expected.append(r[0] < c * sum(r[l - 1 :]))
    assert verdicts(RecursiveLDiversity(0, c, l), table) == expected


@given(tables, shares)
def test_equal_t_closeness_is_half_the_sum_of_differences(table: Counts, t: Fraction) -> None:
    expected = [equal_distance(row, table) <= t for row in table]
    assert verdicts(EqualTCloseness(0, t), table) == expected


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


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6).filter(any), min_size=1), shares
)
def test_hierarchical_t_closeness_moves_earth_along_the_tree(table: Counts, t: Fraction) -> None:
    model = HierarchicalTCloseness(0, t, TREE, np.arange(6, dtype=np.int32))
    distances = [hierarchical_distance(row, table) for row in table]
    assert verdicts(model, table) == [d <= t for d in distances]
    assert model.distances(classes_of(table)) == pytest.approx([float(d) for d in distances])


def models(values: int) -> list[PrivacyModel]:
    leaves = np.arange(values, dtype=np.int32)
    return [
        KAnonymity(3),
        DistinctLDiversity(0, 2),
        EntropyLDiversity(0, Fraction(2)),
        RecursiveLDiversity(0, Fraction(2), 2),
        EqualTCloseness(0, Fraction(3, 10)),
        OrderedTCloseness(0, Fraction(3, 10), np.arange(values)),
        HierarchicalTCloseness(0, Fraction(3, 10), TREE, leaves),
        SupportShare(0, Fraction(1, 2)),
    ]


@given(tables, st.data())
def test_joining_classes_does_what_each_model_declares(table: Counts, data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(models(len(table[0]))))
    parts = verdicts(model, table)
    union = [sum(column) for column in zip(*table, strict=True)]
    joined = model.holds(
        EquivalenceClasses(
            classes_of([union]).sizes,
            (_compared_with(classes_of([union]).histograms[0], classes_of(table)),),
        )
    )[0]
    if model.monotone is Monotone.ONE_SUFFICES:
        assert joined or not any(parts)
    elif model.monotone is Monotone.ALL_SUFFICE:
        assert joined or not all(parts)


def _compared_with(histogram: Histogram, whole: EquivalenceClasses) -> Histogram:
    reference = whole.histograms[0].reference
    return Histogram(histogram.classes, histogram.values, histogram.counts, reference)


@given(tables, st.data())
def test_a_class_that_satisfies_a_model_satisfies_its_relaxation(
    table: Counts, data: st.DataObject
) -> None:
    model = data.draw(st.sampled_from(models(len(table[0]))))
    if model.relaxation is not None:
        assert model.relaxation.monotone is Monotone.ONE_SUFFICES
        weaker = verdicts(model.relaxation, table)
        assert all(w or not s for s, w in zip(verdicts(model, table), weaker, strict=True))


@given(tables, st.data())
def test_counts_beyond_64_bits_of_product_change_nothing(
    table: Counts, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(models(2)) - 1))
    model = models(len(table[0]))[place]
    huge = [[c * 3_000_000_000 for c in row] for row in table]
    assert verdicts(model, huge) == verdicts(model, table)


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


def test_a_model_refuses_nonsense() -> None:
    for build in (
        lambda: KAnonymity(1),
        lambda: DistinctLDiversity(0, 0),
        lambda: EntropyLDiversity(0, Fraction(1)),
        lambda: RecursiveLDiversity(0, Fraction(0), 2),
        lambda: EqualTCloseness(0, Fraction(3, 2)),
    ):
        with pytest.raises(RequestError):
            build()
