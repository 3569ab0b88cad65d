"""Comparisons with logarithms and exponentials that no rounding decides."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, prod

_SHORT = 100
"""Up to this denominator an exponent is compared by whole powers."""


def ln_bounds(x: Fraction, terms: int) -> tuple[Fraction, Fraction]:
    """Enclose ``ln x``, x > 0, between two fractions; more terms bring them closer.

    ``ln x = 2 artanh((x - 1) / (x + 1))``, once x is divided by a power of two to be from 2/3
    to 4/3; the rest of the series is below a geometric one.
    """
    power = 0
    while x > Fraction(4, 3):
        x, power = x / 2, power + 1
    while x < Fraction(2, 3):
        x, power = x * 2, power - 1
    low, high = _artanh_bounds((x - 1) / (x + 1), terms)
    of_two = _artanh_bounds(Fraction(1, 3), terms)
    below, above = sorted(power * bound for bound in of_two)
    return 2 * (low + below), 2 * (high + above)


def _artanh_bounds(z: Fraction, terms: int) -> tuple[Fraction, Fraction]:
    total = sum((z ** (2 * k + 1) / (2 * k + 1) for k in range(terms)), Fraction(0))
    rest = abs(z) ** (2 * terms + 1) / ((2 * terms + 1) * (1 - z * z))
    return total - rest, total + rest


def exp_bounds(x: Fraction, terms: int) -> tuple[Fraction, Fraction]:
    """Enclose ``e^x``, x >= 0, by its series; so many terms that x is below half of them."""
    terms = max(terms, 2 * int(x) + 4)
    term = total = Fraction(1)
    for k in range(1, terms):
        term = term * x / k
        total += term
    return total, total + 2 * term


def is_at_most_ln(x: Fraction, odds: Fraction) -> bool:
    """Tell whether ``x <= ln odds``. Of fractions, only ``ln 1 = 0`` is one."""
    if odds == 1:
        return x <= 0
    terms = 20
    while True:
        low, high = ln_bounds(odds, terms)
        if x <= low or x > high:
            return x <= low
        terms *= 2


def is_below_power_of_two(ratio: Fraction, exponent: Fraction) -> bool:
    """Tell whether ``ratio < 2^exponent``.

    By ``ratio^b < 2^a`` for an exponent a / b. Where b is long, by logarithms: a power of two with
    a broken exponent is no fraction, so these differ.
    """
    a, b = exponent.numerator, exponent.denominator
    if b <= _SHORT:
        return ratio**b < Fraction(2) ** a
    terms = 20
    while True:
        low, high = ln_bounds(ratio, terms)
        two_low, two_high = ln_bounds(Fraction(2), terms)
        if high < exponent * two_low or low >= exponent * two_high:
            return high < exponent * two_low
        terms *= 2


def entropy_reaches(counts: Sequence[int], l: Fraction) -> bool:  # noqa: E741 (the papers' name)
    """Tell whether the entropy of counts is at least ``ln l``.

    ``-Σ (c/n) ln (c/n) >= ln l`` is ``n^n >= l^n Π c^c``, in whole numbers. Only shares matter, so
    a common divisor of the counts is taken out. Counts of billions without one are compared by
    what the entropy is at most: ln of how many there are, and that only of equal ones.
    """
    divisor = gcd(*counts)
    counts = [count // divisor for count in counts]
    n = sum(counts)
    if n > 10**5:
        assert l >= len(counts), "no other answer is known without the powers"
        return l == len(counts) and len(set(counts)) == 1
    return bool(n**n * l.denominator**n >= l.numerator**n * prod(c**c for c in counts))


def poisson_tail_is_at_most(size: int, mean: Fraction, share: Fraction, *, truncated: bool) -> bool:
    """Tell whether ``P(X >= size) <= share`` of a Poisson distributed X, truncated at 0 or not.

    Times e^mean: ``e^mean - Σ_{i < size} mean^i / i! <= share (e^mean - [truncated])``, where the
    sum leaves out what is truncated on both sides.
    """
    term = below = Fraction(1)
    for i in range(1, size):
        term = term * mean / i
        below += term
    left = below - share if truncated else below
    terms = 40
    while True:  # (1 - share) e^mean <= left, and e^mean is no fraction
        low, high = (bound * (1 - share) for bound in exp_bounds(mean, terms))
        if high <= left or low > left:
            return high <= left
        terms *= 2
