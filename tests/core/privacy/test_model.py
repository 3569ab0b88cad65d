"""Every privacy model is what it says of itself: monotone, relaxed, exact."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
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
from anon_dagster.errors import RequestError
from tests.core.privacy.examples import (
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


@given(tables, st.data())
def test_counts_beyond_64_bits_of_product_change_nothing(
    table: Counts, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(models(2)) - 1))
    model = models(len(table[0]))[place]
    huge = [[c * 3_000_000_000 for c in row] for row in table]
    assert verdicts(model, huge) == verdicts(model, table)


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
        lambda: HouseholdAnonymity(1),
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
