"""Every privacy model is what it says of itself: monotone, relaxed, exact."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.privacy import (
    AlphaDeassociation,
    AverageRisk,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DifferentialPrivacy,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    EstimatedKMap,
    HierarchicalTCloseness,
    Histogram,
    HouseholdAnonymity,
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
from anon_dagster.core.privacy.model import SensitiveModel
from anon_dagster.errors import RequestError
from tests.core.privacy.examples import (
    JUST,
    TREE,
    Counts,
    bounds,
    classes_of,
    counted,
    crowds,
    tables,
    verdicts,
)


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


def of_many_digits(values: int) -> list[SensitiveModel]:
    """Return models with bounds whose denominators are long, too."""
    leaves, share = np.arange(values, dtype=np.int32), Fraction(3001, 10_007)
    return [
        RecursiveLDiversity(0, Fraction(20_011, 10_007), 2),
        EqualTCloseness(0, share),
        OrderedTCloseness(0, share, np.arange(values)),
        HierarchicalTCloseness(0, share, TREE, leaves),
        SupportShare(0, Fraction(5003, 10_007)),
        AlphaDeassociation(0, Fraction(5003, 10_007)),
        AlphaDeassociation(0, share, (0, 1)),
        BetaLikeness(0, Fraction(5003, 10_007)),
    ]


@settings(max_examples=10)
@given(tables)
def test_counts_beyond_64_bits_of_product_change_nothing(table: Counts) -> None:
    sensitive = models(len(table[0]))[1:] + of_many_digits(len(table[0]))
    plain = [verdicts(model, table) for model in sensitive]
    for times in (10**7, 3_000_000_000, 10**13, 10**16):
        huge = [[c * times for c in row] for row in table]
        assert [verdicts(model, huge) for model in sensitive] == plain
        for model in sensitive:
            if isinstance(model, EqualTCloseness | OrderedTCloseness | HierarchicalTCloseness):
                far = model.distances(classes_of(table))
                assert model.distances(classes_of(huge)) == pytest.approx(far)


@pytest.mark.parametrize(
    "model",
    [
        *(AlphaDeassociation(0, Fraction(a)) for a in ("1/2", "0.49", "2/5", "1/3", "0.3")),
        *(EntropyLDiversity(0, Fraction(least)) for least in ("1.01", "2", "2.5", "3", "3.01")),
        *(RecursiveLDiversity(0, Fraction(9), least) for least in (2, 3, 4)),
    ],
)
def test_a_relaxation_asks_for_as_many_values_as_a_class_needs(model: SensitiveModel) -> None:
    least = next(n for n in range(1, 9) if all(verdicts(model, [[1] * n])))
    assert model.relaxation == DistinctLDiversity(0, least)


@pytest.mark.parametrize(
    "model",
    [
        *(BetaLikeness(0, Fraction(b)) for b in ("1/9", "1/2", "1", "4")),
        *(EqualTCloseness(0, Fraction(t)) for t in ("0", "0.1", "1/3", "0.8", "1")),
        *(DeltaDisclosure(0, Fraction(d), present_only=True) for d in ("0.3", "1.01", "2")),
    ],
)
def test_of_a_class_of_one_value_a_relaxation_asks_as_much_as_the_model(
    model: SensitiveModel,
) -> None:
    assert model.relaxation is not None
    for others in (*range(12), 10**6):
        table = [[3, 0], [2, others]]
        if (5 + others) / 5 != 2 ** float(getattr(model, "delta", 0)):  # which the model excludes
            assert verdicts(model, table)[0] == verdicts(model.relaxation, table)[0]


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


HALF = Fraction(1, 2)
SHARES_BETWEEN = (
    [JUST, HALF, 1 - JUST],
    [-1 * HALF, -JUST, 0 * HALF, 2 * HALF, 1 + JUST, 4 * HALF],
)
SHARES_FROM_0 = ([0 * HALF, HALF, 1 - JUST], [-2 * HALF, -JUST, 2 * HALF, 1 + JUST])
SHARES_TO_1 = ([JUST, HALF, 2 * HALF], [-2 * HALF, -JUST, 0 * HALF, 1 + JUST, 3 * HALF])
SHARES = ([0 * HALF, HALF, 2 * HALF], [-2 * HALF, -JUST, 1 + JUST, 3 * HALF])
POSITIVE = ([JUST, HALF, 9 * HALF], [0 * HALF, -JUST, -1 * HALF])
FROM_2 = ([2, 3], [-2, 0, 1])


@pytest.mark.parametrize(
    ("build", "bounds"),
    [
        (KAnonymity, FROM_2),
        (HouseholdAnonymity, FROM_2),
        (KMap, FROM_2),
        (lambda k: EstimatedKMap(k, HALF, HALF), FROM_2),
        (lambda fraction: EstimatedKMap(2, fraction, HALF), SHARES_TO_1),
        (lambda significance: EstimatedKMap(2, HALF, significance), SHARES_BETWEEN),
        (lambda least: DistinctLDiversity(0, least), ([1, 2], [-1, 0])),
        (
            lambda least: EntropyLDiversity(0, least),
            ([1 + JUST, 4 * HALF], [0 * HALF, 2 * HALF]),
        ),
        (lambda c: RecursiveLDiversity(0, c, 2), POSITIVE),
        (lambda least: RecursiveLDiversity(0, HALF, least), FROM_2),
        (lambda t: EqualTCloseness(0, t), SHARES),
        (lambda alpha: AlphaDeassociation(0, alpha), SHARES_BETWEEN),
        (lambda delta: DeltaDisclosure(0, delta), POSITIVE),
        (lambda beta: BetaLikeness(0, beta), POSITIVE),
        (lambda beta: EnhancedBetaLikeness(0, beta), POSITIVE),
        (AverageRisk, SHARES_BETWEEN),
        (SampleUniqueness, SHARES_FROM_0),
        (lambda share: PopulationUniqueness(share, 10), SHARES_FROM_0),
        (lambda upper: DeltaPresence(0 * HALF, upper), SHARES_TO_1),
        (lambda lower: DeltaPresence(lower, 2 * HALF), SHARES),
        (lambda lower: DeltaPresence(lower, HALF), ([0 * HALF, HALF], [-JUST, HALF + JUST])),
    ],
)
def test_a_model_takes_the_bounds_that_make_sense_and_no_others(
    build: Callable[[Any], object], bounds: tuple[list[Any], list[Any]]
) -> None:
    taken, refused = bounds
    for bound in taken:
        build(bound)
    for bound in refused:
        with pytest.raises(RequestError):
            build(bound)


def test_every_model_is_said_in_words_of_its_own() -> None:
    promised = [
        *models(4),
        HouseholdAnonymity(3),
        KMap(3),
        EstimatedKMap(4, Fraction(1, 2), Fraction(1, 10)),
        DeltaPresence(Fraction(1, 4), Fraction(1, 2)),
        DifferentialPrivacy(Fraction(1), Fraction(1, 10**6)),
        AverageRisk(Fraction(1, 5)),
        SampleUniqueness(Fraction(1, 5)),
        PopulationUniqueness(Fraction(1, 5), 100),
    ]
    # guarding one value or all is said with the attribute
    words = {str(model) for model in promised if model != AlphaDeassociation(0, Fraction(1, 3))}
    assert len(words) == len(promised)
    assert all(words)
