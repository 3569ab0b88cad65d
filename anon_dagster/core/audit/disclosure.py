"""δ-disclosure: by how many bits each class changes what is known of a sensitive value."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.contents import Contents
from anon_dagster.core.audit.diversity import distinct_values
from anon_dagster.core.audit.quantity import MARGIN


@dataclass(frozen=True, slots=True, eq=False)
class Disclosure:
    """By how many bits a class changes what is known of a value: the largest ``|log2(q / p)|``."""

    approximate: NDArray[np.float64]  # (classes,), infinite where a value is ruled out
    ratios: Callable[[int], list[Fraction]]
    """All ``q / p`` of one class."""

    @property
    def largest(self) -> float:
        """The bits of the class that tells most; 0 if there are none."""
        return float(self.approximate.max(initial=0.0))

    def reach(self, delta: Fraction) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), tell ``delta`` bits or more, exactly."""
        reaching: NDArray[np.bool_] = self.approximate >= float(delta)
        excess = self.approximate - float(delta)
        for index in np.flatnonzero(np.abs(excess) <= MARGIN * (1 + float(delta))).tolist():
            ratios = (max(ratio, 1 / ratio) for ratio in self.ratios(index))
            reaching[index] = any(not _is_below_power(ratio, delta) for ratio in ratios)
        return reaching


def disclosures(
    held: Contents, reference: NDArray[np.int64], *, present_only: bool, total: int | None = None
) -> Disclosure:
    """Measure what classes disclose beyond the whole table [1]_.

    Parameters
    ----------
    held, reference
        What each class holds, and (values,) counts of each value in the table compared with;
        one that it lacks is infinitely rarer there.
    present_only
        Leave out the values that a class lacks; they are infinitely rarer in it.
    total
        How many have a value in the table; the sum of the counts, unless some have several.

    References
    ----------
    .. [1] J. Brickell, V. Shmatikov, "The cost of privacy: destruction of data-mining utility in
       anonymized data publishing", KDD 2008, section 3.
    """
    whole = reference.tolist()
    total = int(reference.sum()) if total is None else total

    def ratios(index: int) -> list[Fraction]:
        counts, n = held.of(index), int(held.sizes[index])
        return [Fraction(c * total, n * whole[value]) for value, c in counts.items()]

    expected = reference[held.values] / max(total, 1)
    odds = np.full(len(expected), np.inf)  # of a value that a frozen table lacks
    bits = np.abs(np.log2(np.divide(held.shares, expected, out=odds, where=expected > 0)))
    most = np.maximum.reduceat(bits, held.starts) if len(bits) else bits
    if not present_only:
        most = np.where(distinct_values(held) < np.count_nonzero(reference), np.inf, most)
    return Disclosure(most, ratios)


@lru_cache(maxsize=65_536)
def _is_below_power(ratio: Fraction, exponent: Fraction) -> bool:
    """Tell whether ``ratio < 2^exponent``: by whole powers if they are short, else by digits."""
    a, b = exponent.numerator, exponent.denominator
    if b <= 64:
        return bool(ratio.numerator**b < ratio.denominator**b * 2**a)
    digits = 40
    while True:  # a power with a broken exponent is irrational
        with localcontext() as context:
            context.prec = digits
            left = Decimal(ratio.numerator) / ratio.denominator
            excess = left / Decimal(2) ** (Decimal(a) / b) - 1
            if abs(excess) > Decimal(10) ** (5 - digits) * (1 + Decimal(a) / b):
                return bool(excess < 0)
        digits *= 2
