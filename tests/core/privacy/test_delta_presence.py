"""δ-presence agrees with its definition, and with its paper."""

from fractions import Fraction

from hypothesis import given

from anon_dagster.core.privacy import DeltaPresence, KMap, Monotone
from tests.core.privacy.examples import bounds, counted, crowds


def test_the_public_table_of_the_delta_presence_paper() -> None:
    # Nergiz 2007, section 3: of the six Americans and of the three Europeans two thirds are in the
    # research table, which is (1/2, 2/3)-present.
    classes = crowds([4, 2], [6, 3])
    half, two_thirds = Fraction(1, 2), Fraction(2, 3)
    assert DeltaPresence(half, two_thirds).holds(classes).all()
    assert not DeltaPresence(half, two_thirds - Fraction(1, 10**9)).holds(classes).any()
    assert not DeltaPresence(two_thirds + Fraction(1, 10**9), Fraction(1)).holds(classes).any()


@given(counted, bounds)
def test_presence_is_the_share_of_people_who_are_in_the_table(
    classes: list[tuple[int, int]], bounds: list[Fraction]
) -> None:
    model = DeltaPresence(*bounds)
    expected = [bounds[0] <= Fraction(r, p) <= bounds[1] for r, p in classes]
    for times in (1, 3_000_000_000, 10**17):
        records, people = ([n * times for n in column] for column in zip(*classes, strict=True))
        assert list(model.holds(crowds(records, people))) == expected


def test_joining_people_without_records_breaks_a_lower_bound_and_no_upper_one() -> None:
    half, whole = Fraction(1, 2), Fraction(1)
    apart, joined = crowds([2, 2], [4, 4]), crowds([4], [9])
    for model, survives in (
        (DeltaPresence(half, whole), False),
        (DeltaPresence(0 * half, half), True),
    ):
        assert model.holds(apart).all()
        assert model.holds(joined).all() == survives
        assert (model.monotone is Monotone.ALL_SUFFICE) == survives
    together = DeltaPresence(0 * half, half, overlapping=True)
    assert together.monotone is Monotone.UNKNOWN
    assert str(together)


def test_one_record_of_a_class_needs_as_many_people_as_the_upper_bound_says() -> None:
    none, half = Fraction(0), Fraction(1, 2)
    assert DeltaPresence(none, Fraction(1)).relaxation is None
    assert DeltaPresence(none, half).relaxation == KMap(2)
    assert DeltaPresence(none, Fraction(2, 5)).relaxation == KMap(3)
    for lower, everybody in ((none, False), (Fraction(1, 9), True), (half, True)):
        assert DeltaPresence(lower, Fraction(1)).complete == everybody
