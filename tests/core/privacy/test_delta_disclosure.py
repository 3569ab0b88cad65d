"""δ-disclosure privacy agrees with its definition, written out plainly and exactly."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.privacy import DeltaDisclosure, Monotone
from tests.core.privacy.examples import Counts, beside_a_frozen_table, ratios, tables, verdicts


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


def test_a_value_that_a_frozen_table_lacks_is_disclosed_without_bound() -> None:
    for present_only in (False, True):
        model = DeltaDisclosure(0, Fraction(1000), present_only=present_only)
        assert beside_a_frozen_table(model, [1, 1, 0], [5, 5, 0])
        assert not beside_a_frozen_table(model, [50, 50, 1], [50, 50, 0])
        assert beside_a_frozen_table(model, [1, 0, 0], [5, 5, 0]) is present_only
        bit = DeltaDisclosure(0, Fraction(1), present_only=present_only)
        assert not beside_a_frozen_table(bit, [1, 0, 1], [5, 5, 0])


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_ratios_that_floats_take_for_whole_bits_are_told_from_them(bits: int) -> None:
    # Half a class has a value that is so many times rarer in the table, or half less one.
    for less, holds in ((1, True), (0, False)):
        n = 10**17
        c = n // 2 - less
        others = 10 * n // 2 ** (bits + 1) - c
        table = [[c, n - c], [others, 9 * n - others]]
        model = DeltaDisclosure(0, Fraction(bits), present_only=True)
        assert verdicts(model, table)[0] is holds


def test_whole_bits_double() -> None:
    for bits in range(1, 9):
        table = [[2**bits, 0], [0, 2**bits * (2**bits - 1)]]
        for delta, holds in ((Fraction(bits), False), (Fraction(bits) + Fraction(1, 99), True)):
            assert verdicts(DeltaDisclosure(0, delta, present_only=True), table)[0] is holds


@pytest.mark.parametrize("delta", [Fraction(1, 10**8), Fraction(3, 10**8), Fraction(7, 10**7)])
def test_a_hair_of_a_bit_is_told_by_a_record(delta: Fraction) -> None:
    with localcontext() as context:
        context.prec = 60
        n = 4 * 10**17
        bound = int(n // 2 * Decimal(2) ** -(Decimal(delta.numerator) / delta.denominator))
    for c, holds in ((bound + 1, True), (bound, False)):
        table = [[c, n - c], [n - c, c]]
        assert verdicts(DeltaDisclosure(0, delta), table)[0] is holds


def test_joined_classes_keep_it_unless_one_may_lack_a_value() -> None:
    assert DeltaDisclosure(0, Fraction(1)).monotone is Monotone.ALL_SUFFICE
    present = DeltaDisclosure(0, Fraction(1), present_only=True)
    one, other = [10, 0], [8, 2]  # of the table three tenths have the second value
    joined = [a + b for a, b in zip(one, other, strict=True)]
    kept = [beside_a_frozen_table(present, row, [70, 30]) for row in (one, other, joined)]
    assert kept == [True, True, False]
    assert present.monotone is Monotone.UNKNOWN


@given(tables)
def test_its_relaxation_is_to_hold_every_value(table: Counts) -> None:
    whole = [any(column) for column in zip(*table, strict=True)]
    every = [all(c or not w for c, w in zip(row, whole, strict=True)) for row in table]
    relaxation = DeltaDisclosure(0, Fraction(99)).relaxation
    assert verdicts(relaxation, table) == every
