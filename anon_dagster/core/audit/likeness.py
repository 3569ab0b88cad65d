"""How large the shares of sensitive values are in each class, alone and beside a table's."""

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.contents import Contents
from anon_dagster.core.audit.quantity import MARGIN, Quantity


def largest_shares(held: Contents, guarded: NDArray[np.bool_]) -> Quantity:
    """Measure the share of the most frequent guarded value in each class; 0 where it has none.

    Parameters
    ----------
    guarded
        (values,): which values count.
    """

    def exact(index: int) -> Fraction:
        most = max((c for value, c in held.of(index).items() if guarded[value]), default=0)
        return Fraction(most, int(held.sizes[index]))

    shares = np.where(guarded[held.values], held.shares, 0.0)
    largest = np.maximum.reduceat(shares, held.starts) if len(shares) else shares
    return Quantity(largest, exact)


def relative_gains(
    held: Contents, reference: NDArray[np.int64], total: int | None = None
) -> Quantity:
    """Measure by which part of itself the share of a value in a table grows in each class.

    The largest ``(q - p) / p`` [1]_ over the values; at least 0, for some value is no rarer.

    Parameters
    ----------
    held, reference
        What each class holds, and (values,) counts of each value in the table compared with;
        one that it lacks grows without bound.
    total
        How many have a value there; the sum of the counts, unless some have several.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 2.
    """
    whole = reference.tolist()
    total = int(reference.sum()) if total is None else total

    def exact(index: int) -> Fraction:
        counts, n = held.of(index), int(held.sizes[index])
        return max(Fraction(c * total, n * whole[value]) for value, c in counts.items()) - 1

    expected = reference[held.values] / max(total, 1)
    ratios = np.full(len(expected), np.inf)  # of a value that a frozen table lacks
    gains = np.divide(held.shares, expected, out=ratios, where=expected > 0) - 1
    return Quantity(np.maximum.reduceat(gains, held.starts) if len(gains) else gains, exact)


def beyond_information(
    held: Contents, reference: NDArray[np.int64], total: int | None = None
) -> NDArray[np.bool_]:
    """Tell which classes, (classes,), raise a value's share by more than it tells [1]_.

    ``(q - p) / p > -ln p``, that is ``exp(q / p - 1) > 1 / p``, exactly. A value that every
    record of the table has is raised by nothing.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 3.
    """
    expected = reference[held.values]
    total = int(reference.sum()) if total is None else total
    shares = expected / max(total, 1)
    tells = np.log(shares, out=np.zeros(len(shares)), where=shares > 0)
    excess = held.shares - shares * (1 - tells)
    beyond: NDArray[np.bool_] = excess > 0
    sizes = held.sizes[held.classes]
    for entry in np.flatnonzero(np.abs(excess) <= MARGIN * held.shares).tolist():
        p = Fraction(int(expected[entry]), total)
        gain = Fraction(int(held.counts[entry]), int(sizes[entry])) / p - 1
        beyond[entry] = _exceeds(gain, 1 / p)
    verdict = np.zeros(len(held.sizes), dtype=np.bool_)
    verdict[held.classes[beyond]] = True
    return verdict


@lru_cache(maxsize=65_536)
def _exceeds(exponent: Fraction, odds: Fraction) -> bool:
    """Tell whether ``exp(exponent) > odds``, of which only ``exp(0) = 1`` could be equal."""
    if exponent == 0:
        return odds < 1
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            power = (Decimal(exponent.numerator) / exponent.denominator).exp()
            ratio = power * odds.denominator / odds.numerator
            slack = (abs(float(exponent)) + 1) * 10.0 ** -(digits - 5)
            if abs(ratio - 1) > Decimal(slack):
                return ratio > 1
        digits *= 2
