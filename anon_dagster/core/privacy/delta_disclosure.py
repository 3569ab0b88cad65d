"""δ-disclosure privacy: a class changes the odds of no sensitive value by much.

Proofs: ``docs/proofs/delta-disclosure.md``.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import Monotone, SensitiveModel
from anon_dagster.core.privacy.support_share import SupportShare
from anon_dagster.errors import RequestError

_MARGIN = 1e-9
"""How far a float logarithm may be off; nearer to the bound, it is computed anew, exactly."""


@dataclass(frozen=True, slots=True)
class DeltaDisclosure(SensitiveModel):
    """``|log2(q / p)| < delta`` for every sensitive value in every class [1]_.

    ``q`` is the share of the value in the class, ``p`` that in the whole table. What a class tells
    of a person's value is below ``delta`` bits. A value that a class lacks is infinitely rarer
    there: the definition asks every class to hold every value.

    Parameters
    ----------
    present_only
        Compare only the values that a class holds. A class may then rule values out.

    References
    ----------
    .. [1] J. Brickell, V. Shmatikov, "The cost of privacy: destruction of data-mining utility in
       anonymized data publishing", KDD 2008, section 3 (δ-disclosure privacy).
    """

    delta: Fraction
    present_only: bool = False
    relative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.delta <= 0:
            raise RequestError(f"delta must be above 0, got {float(self.delta):g}")

    @property
    def monotone(self) -> Monotone:
        """Shares mix, and stay within bounds; but not those of a class that lacks the value."""
        return Monotone.UNKNOWN if self.present_only else Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> SupportShare:
        """The values that a class holds add up to 1 there, so to above 2^-δ in the table."""
        if not self.present_only:
            return SupportShare(self.sensitive, Fraction(1))
        return SupportShare(self.sensitive, _below_power(self.delta))

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its shares are near those of the table."""
        histogram = classes.histograms[self.sensitive]
        total, sizes = histogram.total, classes.sizes[histogram.classes]
        expected = histogram.reference[histogram.values]
        known = expected > 0  # a frozen table may lack a value
        of_table = np.log2(expected / max(total, 1), out=np.zeros(len(known)), where=known)
        logs = np.log2(histogram.counts / sizes) - of_table
        excess = np.abs(logs) - float(self.delta)
        far: NDArray[np.bool_] = (excess >= 0) | ~known
        near = known & (np.abs(excess) <= _MARGIN * (1 + np.abs(logs)))
        for e in np.flatnonzero(near).tolist():
            share = Fraction(int(histogram.counts[e]) * total, int(sizes[e]) * int(expected[e]))
            far[e] = not _is_within(share, self.delta)
        verdict = np.ones(len(classes.sizes), dtype=np.bool_)
        verdict[histogram.classes[far]] = False
        if not self.present_only:
            held = np.bincount(histogram.classes, minlength=len(classes.sizes))
            verdict &= held == np.count_nonzero(histogram.reference)
        return verdict

    def __str__(self) -> str:
        return wording.delta_disclosure(self.delta, present_only=self.present_only)


@lru_cache(maxsize=65_536)
def _is_within(ratio: Fraction, delta: Fraction) -> bool:
    """Tell whether ``2^-delta < ratio < 2^delta``.

    A power of 2 with a broken exponent is irrational, so that enough digits tell it from a ratio.
    """
    ratio = max(ratio, 1 / ratio)
    if delta.denominator == 1:
        return bool(ratio < 2**delta.numerator)
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            log = Decimal(ratio.numerator).ln() - Decimal(ratio.denominator).ln()
            bound = Decimal(2).ln() * delta.numerator / delta.denominator
            if abs(log - bound) > (bound + Decimal(ratio.numerator).ln()) * Decimal(10) ** (
                4 - digits
            ):
                return bool(log < bound)
        digits *= 2


def _below_power(delta: Fraction) -> Fraction:
    """Return a number just below ``2^-delta``, at least 0."""
    with localcontext() as context:
        context.prec = 40
        power = Decimal(2) ** -(Decimal(delta.numerator) / delta.denominator)
        return Fraction((power * 10**9).to_integral_value(ROUND_FLOOR)) / 10**9
