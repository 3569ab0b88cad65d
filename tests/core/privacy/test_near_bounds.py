"""However near a class is to a bound, both paths tell on which side it is.

Logarithms and powers are irrational: a bound that agrees with them in sixty digits is not reached,
or is passed. Counts of records come as near only in theory, so that the comparisons are asked
themselves where no count can ask them.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np
import pytest

from anon_dagster.core.audit import Disclosure, entropy_below, records_needed
from anon_dagster.core.audit.likeness import _exceeds
from anon_dagster.core.privacy import EntropyLDiversity, EstimatedKMap
from anon_dagster.core.privacy.beta_likeness import _is_below_log
from anon_dagster.core.privacy.delta_disclosure import _is_within
from tests.core.audit.examples import as_models_see, of_classes

TINY = Fraction(1, 10**60)
LITTLE = Fraction(1, 10**30)
NEAR_ONE = [1 + Fraction(1, part) for part in (10**12 + 39, 3 * 10**15, 7 * 10**18 + 1)]
DIGITS = 120


def exact(number: Decimal) -> Fraction:
    return Fraction(number)


def told_by(ratio: Fraction, bits: float) -> Disclosure:
    """Return what one class tells, by its ratio, of which a float says so many bits."""
    return Disclosure(np.array([bits]), lambda _: [ratio])


@pytest.fixture(autouse=True)
def many_digits() -> object:
    with localcontext() as context:
        context.prec = DIGITS
        yield


@pytest.mark.parametrize(
    "delta",
    [Fraction(1, 3), Fraction(7, 5), Fraction(99, 101), Fraction(203, 101), Fraction(1, 10**12)],
)
def test_bits_are_told_from_a_bound(delta: Fraction) -> None:
    power = exact(Decimal(2) ** (Decimal(delta.numerator) / delta.denominator))
    below, above = power - TINY, power + TINY
    for ratio, within in ((below, True), (above, False), (1 / below, True), (1 / above, False)):
        assert _is_within(ratio, delta) is within
        for off in (-1e-15, 0, 1e-15):  # as far as a float may be
            told = told_by(ratio, float(delta) + off).reach(delta)
            assert told.tolist() == [not within]


def test_whole_bits_are_reached_exactly() -> None:
    for ratio, within in ((Fraction(4), False), (4 - TINY, True), (Fraction(1, 4), False)):
        assert _is_within(ratio, Fraction(2)) is within
        told = told_by(ratio, 2.0).reach(Fraction(2))
        assert told.tolist() == [not within]


@pytest.mark.parametrize("odds", [Fraction(3), Fraction(10, 9), Fraction(10**9), *NEAR_ONE])
def test_gains_are_told_from_information(odds: Fraction) -> None:
    log = exact(Decimal(odds.numerator).ln() - Decimal(odds.denominator).ln())
    for gain, within in ((log - TINY, True), (log + TINY, False)):
        assert _is_below_log(gain, odds) is within
        assert _exceeds(gain, odds) is (not within)


def test_a_value_that_everybody_has_tells_nothing_and_gains_nothing() -> None:
    assert _is_below_log(Fraction(0), Fraction(1))
    assert not _is_below_log(TINY, Fraction(1))
    assert not _exceeds(Fraction(0), Fraction(1))
    assert not _exceeds(Fraction(0), Fraction(2))
    assert _exceeds(Fraction(0), Fraction(1, 2))


@pytest.mark.parametrize("counts", [[2, 1], [5, 3, 3], [7, 6]])
def test_entropies_are_told_from_a_bound(counts: list[int]) -> None:
    n = Decimal(sum(counts))
    entropy = n.ln() - sum(Decimal(c) * Decimal(c).ln() for c in counts) / n
    bound = exact(entropy.exp())
    held = of_classes(counts)
    assert not entropy_below(held, bound - TINY).any()
    assert entropy_below(held, bound + TINY).all()
    for near, reached in ((bound - LITTLE, True), (bound + LITTLE, False)):
        assert EntropyLDiversity(0, near).holds(as_models_see(counts)).tolist() == [reached]


def test_entropies_that_are_equal_to_a_bound_share_factors_with_it() -> None:
    # counts 4, 4, 2, 2, 2, 2 have the entropy of 4 · sqrt(2) · … : n^n / Π c^c is a power of 2
    held = of_classes([8, 4, 4])  # 1.5 bits, so that 2^1.5 values are no fraction
    assert not entropy_below(held, Fraction(28284271247461900, 10**16)).any()
    assert entropy_below(held, Fraction(28284271247461901, 10**16)).all()
    held = of_classes([12, 3, 3, 3, 3, 12])  # 12 · 12 and 3^4: coprime bases are refined
    assert entropy_below(held, Fraction(5)).all()
    assert not entropy_below(held, Fraction(4)).any()


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(("k", "size"), [(9, 3), (9, 8), (40, 11)])
def test_tails_are_told_from_a_significance(k: int, size: int, *, truncated: bool) -> None:
    fraction = Fraction(1, 4)
    rate = Decimal(k) / 4
    below = [rate**i / factorial(i) * (-rate).exp() for i in range(size)]
    tail = (1 - sum(below, Decimal(0))) / ((1 - below[0]) if truncated else 1)
    for significance, needed in ((exact(tail) + TINY, size), (exact(tail) - TINY, size + 1)):
        assert EstimatedKMap(k, fraction, significance, truncated).smallest == needed
        assert records_needed(k, fraction, significance, truncated) == needed
