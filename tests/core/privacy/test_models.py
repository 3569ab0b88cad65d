"""Every privacy model agrees with its definition, written out plainly and exactly."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial, log, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import records_needed
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    AverageRisk,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    EstimatedKMap,
    HierarchicalTCloseness,
    Histogram,
    KAnonymity,
    KMap,
    Monotone,
    OrderedTCloseness,
    PopulationUniqueness,
    PrivacyModel,
    RecursiveLDiversity,
    SampleUniqueness,
    SupportShare,
)
from anon_dagster.core.risk.uniqueness import Sample, estimate
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


@given(tables, st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=12), st.data())
def test_alpha_deassociation_bounds_the_share_of_every_guarded_value(
    table: Counts, alpha: Fraction, data: st.DataObject
) -> None:
    values = range(len(table[0]))
    guarded = data.draw(st.none() | st.lists(st.sampled_from(values), max_size=3).map(tuple))
    among = values if guarded is None else guarded
    expected = [all(Fraction(row[v], sum(row)) <= alpha for v in among) for row in table]
    assert verdicts(AlphaDeassociation(0, alpha, guarded), table) == expected


def test_the_illnesses_of_wong_are_deassociated_once_hiv_shares_its_class() -> None:
    # Wong 2006, section 1: a 2-anonymous table of six may have a class of HIV alone; with
    # (0.5, 2)-anonymity at most half of any class has it. Values: HIV, flu, fever.
    model = AlphaDeassociation(0, Fraction(1, 2), (0,))
    assert verdicts(model, [[2, 0, 0], [0, 1, 1], [0, 1, 1]]) == [False, True, True]
    assert verdicts(model, [[2, 1, 1], [0, 1, 1]]) == [True, True]


def ratios(row: list[int], table: Counts) -> list[Fraction]:
    """Return q / p of every value of the table."""
    whole = [sum(column) for column in zip(*table, strict=True)]
    n, total = sum(row), sum(whole)
    return [Fraction(c * total, n * w) for c, w in zip(row, whole, strict=True) if w]


@given(tables, st.fractions(Fraction(1, 8), 4, max_denominator=8), st.booleans())
def test_delta_disclosure_compares_integer_powers(
    table: Counts,
    delta: Fraction,
    present_only: bool,  # noqa: FBT001
) -> None:
    # |log2(q / p)| < a / b  <=>  (q / p)^b and its inverse are below 2^a, in whole numbers.
    def near(ratio: Fraction) -> bool:
        power = ratio**delta.denominator
        return bool(Fraction(1, 2**delta.numerator) < power < 2**delta.numerator)

    expected = [
        all(near(ratio) if ratio else present_only for ratio in ratios(row, table)) for row in table
    ]
    assert verdicts(DeltaDisclosure(0, delta, present_only=present_only), table) == expected


@given(tables, st.fractions(Fraction(1, 4), 4, max_denominator=4))
def test_classes_of_delta_disclosure_privacy_inform_by_less_than_delta_bits(
    table: Counts, delta: Fraction
) -> None:
    # Brickell 2008, section 3: the information gain of the class about the value is below delta.
    if not all(verdicts(DeltaDisclosure(0, delta), table)):
        return
    total = sum(map(sum, table))
    gain = sum(
        Fraction(c, total) * Fraction(log2(ratio))
        for row in table
        for c, ratio in zip(
            [c for c in row if c], [r for r in ratios(row, table) if r], strict=True
        )
    )
    assert gain < delta


def test_exactly_delta_bits_are_too_many() -> None:
    # The first class has the first value twice as often as the table: one bit.
    table = [[2, 2], [1, 7], [1, 3]]
    assert ratios(table[0], table)[0] == 2
    assert verdicts(DeltaDisclosure(0, Fraction(1)), table)[0] is False
    assert verdicts(DeltaDisclosure(0, 1 + Fraction(1, 10**30)), table)[0] is True
    assert verdicts(DeltaDisclosure(0, 1 - Fraction(1, 10**30)), table)[0] is False


@given(tables, st.fractions(Fraction(1, 10), 5, max_denominator=10))
def test_basic_beta_likeness_bounds_what_a_share_gains(table: Counts, beta: Fraction) -> None:
    expected = [all(ratio - 1 <= beta for ratio in ratios(row, table)) for row in table]
    assert verdicts(BetaLikeness(0, beta), table) == expected


@given(tables, st.fractions(Fraction(1, 10), 5, max_denominator=10))
def test_enhanced_beta_likeness_bounds_it_by_what_the_value_tells(
    table: Counts, beta: Fraction
) -> None:
    whole = [sum(column) for column in zip(*table, strict=True)]
    with localcontext() as context:
        context.prec = 60
        tells = [Decimal(sum(whole)).ln() - Decimal(w).ln() for w in whole if w]
        expected = [
            all(
                gain <= beta and Decimal(gain.numerator) / gain.denominator <= information
                for gain, information in zip(
                    (ratio - 1 for ratio in ratios(row, table)), tells, strict=True
                )
            )
            for row in table
        ]
    assert verdicts(EnhancedBetaLikeness(0, beta), table) == expected


@given(tables.filter(lambda table: sum(map(any, zip(*table, strict=True))) > 1))
def test_no_value_becomes_certain_under_enhanced_beta_likeness(table: Counts) -> None:
    # Cao 2012, section 3: p (1 - ln p) is below 1 for every p below 1, however large beta is.
    certain = [sum(c > 0 for c in row) == 1 for row in table]
    held = verdicts(EnhancedBetaLikeness(0, Fraction(10**9)), table)
    assert not any(c and h for c, h in zip(certain, held, strict=True))


def test_what_a_value_tells_is_compared_beyond_floats() -> None:
    # Half the table has the value: its share may grow to (1 + ln 2) / 2 = 0.846573590279972654…
    digits = 846573590279972654
    for c, holds in ((digits, True), (digits + 1, False)):
        row = [c, 10**18 - c]
        assert verdicts(EnhancedBetaLikeness(0, Fraction(5)), [row, row[::-1]])[0] is holds
    assert log(2) == pytest.approx(2 * digits / 10**18 - 1)


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
        AlphaDeassociation(0, Fraction(1, 2)),
        AlphaDeassociation(0, Fraction(1, 3), (0, 1)),
        DeltaDisclosure(0, Fraction(3, 2)),
        DeltaDisclosure(0, Fraction(3, 2), present_only=True),
        BetaLikeness(0, Fraction(1, 2)),
        EnhancedBetaLikeness(0, Fraction(3)),
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


@pytest.mark.parametrize("times", [1, 3_000_000_000])
def test_the_inpatients_of_the_l_diversity_paper(times: int) -> None:
    """Machanavajjhala 2006, figures 2 and 3: 4-anonymous, and 3-diverse. Heart, viral, cancer."""
    anonymous = [[2 * times, 2 * times, 0], [times, 2 * times, times], [0, 0, 4 * times]]
    diverse = [[times, times, 2 * times], [times, 2 * times, times], [times, times, 2 * times]]
    for table in (anonymous, diverse):
        assert verdicts(KAnonymity(4 * times), table) == [True] * 3
        assert verdicts(KAnonymity(4 * times + 1), table) == [False] * 3
    assert verdicts(DistinctLDiversity(0, 2), anonymous) == [True, True, False]
    assert verdicts(DistinctLDiversity(0, 3), diverse) == [True] * 3
    # The entropy of 1/2, 1/4, 1/4 is ln 2 · 3/2, that of two halves ln 2.
    assert verdicts(EntropyLDiversity(0, Fraction(2)), anonymous) == [True, True, False]
    assert verdicts(EntropyLDiversity(0, Fraction(282842712, 10**8)), diverse) == [True] * 3
    assert verdicts(EntropyLDiversity(0, Fraction(282842713, 10**8)), diverse) == [False] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(1), 2), diverse) == [False] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(100001, 100000), 2), diverse) == [True] * 3
    assert verdicts(RecursiveLDiversity(0, Fraction(2), 3), diverse) == [False] * 3


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


@given(st.lists(st.integers(1, 5), max_size=9), st.fractions(Fraction(1, 99), Fraction(98, 99)))
def test_models_of_the_whole_table_weigh_its_classes(sizes: list[int], bound: Fraction) -> None:
    of_classes = np.array(sizes, dtype=np.int64)
    risks = sum((Fraction(1, size) for size in sizes for _ in range(size)), Fraction())
    assert AverageRisk(bound).holds(of_classes) == (risks <= bound * sum(sizes))
    alone = sum(size == 1 for size in sizes)
    assert SampleUniqueness(bound).holds(of_classes) == (alone <= bound * sum(sizes))


def test_a_bound_of_the_whole_table_may_be_met_exactly() -> None:
    sizes = np.array([1, 3, 3_000_000_000, 6])
    records = 3_000_000_010
    for model in (AverageRisk(Fraction(4, records)), SampleUniqueness(Fraction(1, records))):
        assert model.holds(sizes)
    assert not AverageRisk(Fraction(4, records + 1)).holds(sizes)
    assert not SampleUniqueness(Fraction(1, records + 1)).holds(sizes)


def crowds(records: list[int], people: list[int]) -> EquivalenceClasses:
    return EquivalenceClasses(np.array(records), (), np.array(people))


def test_a_class_is_mapped_to_the_people_who_read_as_it_does() -> None:
    people = [4, 5, 3_000_000_000, 6]
    assert list(KMap(5).holds(crowds([4, 1, 1, 6], people))) == [False, True, True, True]


def test_the_public_table_of_the_delta_presence_paper() -> None:
    # Nergiz 2007, section 3: of the six Americans and of the three Europeans two thirds are in the
    # research table, which is (1/2, 2/3)-present.
    classes = crowds([4, 2], [6, 3])
    half, two_thirds = Fraction(1, 2), Fraction(2, 3)
    assert DeltaPresence(half, two_thirds).holds(classes).all()
    assert not DeltaPresence(half, two_thirds - Fraction(1, 10**9)).holds(classes).any()
    assert not DeltaPresence(two_thirds + Fraction(1, 10**9), Fraction(1)).holds(classes).any()


counted = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6)
bounds = st.tuples(shares, shares).map(sorted).filter(lambda pair: pair[1] > 0)


@given(counted, bounds)
def test_presence_is_the_share_of_people_who_are_in_the_table(
    classes: list[tuple[int, int]], bounds: list[Fraction]
) -> None:
    model = DeltaPresence(*bounds)
    expected = [bounds[0] <= Fraction(r, p) <= bounds[1] for r, p in classes]
    for times in (1, 3_000_000_000):
        records, people = ([n * times for n in column] for column in zip(*classes, strict=True))
        assert list(model.holds(crowds(records, people))) == expected


@given(counted, bounds, st.integers(2, 6), st.integers(0, 9))
def test_what_joining_does_to_people_is_as_declared(
    classes: list[tuple[int, int]], bounds: list[Fraction], k: int, others: int
) -> None:
    """Of the joined classes one may have people and no record."""
    records, people = map(list, zip(*classes, strict=True))
    joined = crowds([sum(records)], [sum(people) + others])
    presence = DeltaPresence(*bounds)
    assert KMap(k).holds(joined)[0] or not KMap(k).holds(crowds(records, people)).any()
    if presence.monotone is Monotone.ALL_SUFFICE:
        assert presence.holds(joined)[0] or not presence.holds(crowds(records, people)).all()
    if presence.relaxation is not None:
        weaker = presence.relaxation.holds(crowds(records, people))
        assert (weaker | ~presence.holds(crowds(records, people))).all()


def poisson_tail(size: int, mean: Fraction, *, truncated: bool) -> Decimal:
    """P(X >= size), with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        rate = Decimal(mean.numerator) / mean.denominator
        below = [rate**i / factorial(i) * (-rate).exp() for i in range(size)]
        tail = 1 - sum(below, Decimal(0))
        return tail / (1 - below[0]) if truncated else tail


@given(
    st.integers(2, 40),
    st.fractions(Fraction(1, 100), 1, max_denominator=100),
    st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100),
    st.booleans(),
)
def test_few_people_seldom_show_as_many_records_as_an_estimated_map_needs(
    k: int,
    fraction: Fraction,
    significance: Fraction,
    truncated: bool,  # noqa: FBT001
) -> None:
    needed = EstimatedKMap(k, fraction, significance, truncated).smallest
    mean, most = fraction * k, Decimal(significance.numerator) / significance.denominator
    assert needed == k or poisson_tail(needed, mean, truncated=truncated) <= most
    assert needed == 1 or poisson_tail(needed - 1, mean, truncated=truncated) > most
    assert needed == records_needed(k, fraction, significance, truncated)


def test_an_estimated_map_asks_no_more_than_k_records_and_bears_any_count() -> None:
    model = EstimatedKMap(9, Fraction(1), Fraction(1, 1000))
    assert model.smallest == 9
    classes = EquivalenceClasses(np.array([8, 9, 2**62]))
    assert list(model.holds(classes)) == [False, True, True]


def test_population_uniqueness_is_what_the_estimator_says() -> None:
    sizes = np.array([1] * 30 + [2] * 20 + [3] * 10)
    for estimator in ("dankar", "pitman", "zayatz", "snb"):
        found = estimate(Sample.of(sizes, 1_000), estimator).uniques
        assert found is not None
        share = Fraction(found) / 1_000
        assert PopulationUniqueness(share, 1_000, estimator).holds(sizes)
        assert not PopulationUniqueness(share * Fraction(999, 1000), 1_000, estimator).holds(sizes)


def test_without_an_estimate_no_uniqueness_is_promised() -> None:
    sizes = np.array([1, 1, 3])  # no class of two: the slide negative binomial finds nothing
    assert estimate(Sample.of(sizes, 100), "snb").uniques is None
    assert not PopulationUniqueness(Fraction(99, 100), 100, "snb").holds(sizes)
    assert PopulationUniqueness(Fraction(0), 2**40, "snb").holds(np.array([2, 3_000_000_000]))


def test_a_model_refuses_nonsense() -> None:
    for build in (
        lambda: KAnonymity(1),
        lambda: DistinctLDiversity(0, 0),
        lambda: EntropyLDiversity(0, Fraction(1)),
        lambda: RecursiveLDiversity(0, Fraction(0), 2),
        lambda: EqualTCloseness(0, Fraction(3, 2)),
        lambda: AlphaDeassociation(0, Fraction(1)),
        lambda: AverageRisk(Fraction(0)),
        lambda: SampleUniqueness(Fraction(1)),
        lambda: PopulationUniqueness(Fraction(1), 10),
        lambda: KMap(1),
        lambda: EstimatedKMap(1, Fraction(1, 2), Fraction(1, 2)),
        lambda: EstimatedKMap(2, Fraction(0), Fraction(1, 2)),
        lambda: EstimatedKMap(2, Fraction(1, 2), Fraction(1)),
        lambda: DeltaPresence(Fraction(1, 2), Fraction(1, 3)),
        lambda: DeltaPresence(Fraction(0), Fraction(0)),
        lambda: DeltaDisclosure(0, Fraction(0)),
        lambda: BetaLikeness(0, Fraction(0)),
        lambda: EnhancedBetaLikeness(0, Fraction(0)),
    ):
        with pytest.raises(RequestError):
            build()
