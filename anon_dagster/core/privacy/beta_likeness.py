"""β-likeness: no sensitive value is much likelier in a class than in the whole table.

Proofs: ``docs/proofs/beta-likeness.md``.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import integers
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import Monotone, SensitiveModel
from anon_dagster.core.privacy.support_share import SupportShare
from anon_dagster.errors import RequestError

_MARGIN = 1e-9
"""How far a float logarithm may be off; nearer to the bound, it is computed anew, exactly."""


@dataclass(frozen=True, slots=True)
class BetaLikeness(SensitiveModel):
    """``(q - p) / p <= beta`` for every sensitive value in every class: basic β-likeness [1]_.

    ``q`` is the share of the value in the class, ``p`` that in the whole table. Values that a
    class has less often than the table are no concern: only what an attacker gains is bounded.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 2.
    """

    beta: Fraction
    relative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise RequestError(f"beta must be above 0, got {float(self.beta):g}")

    @property
    def monotone(self) -> Monotone:
        """A share in a joined class is no larger than the largest in its parts."""
        return Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> SupportShare:
        """The values that a class holds add up to 1 there, so to 1 / (1 + β) in the table."""
        return SupportShare(self.sensitive, 1 / (1 + self.beta))

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether no value is too much ahead."""
        histogram = classes.histograms[self.sensitive]
        total, most = histogram.total, 1 + self.beta
        largest = total * total * max(most.numerator, most.denominator)
        counts, sizes, reference = (
            integers(a, largest) for a in (histogram.counts, classes.sizes, histogram.reference)
        )
        ahead = counts * (total * most.denominator)
        bounds = sizes[histogram.classes] * reference[histogram.values] * most.numerator
        verdict = np.ones(len(sizes), dtype=np.bool_)
        verdict[histogram.classes[(ahead > bounds).astype(np.bool_)]] = False
        return verdict

    def __str__(self) -> str:
        return wording.beta_likeness("basic", self.beta)


@dataclass(frozen=True, slots=True)
class EnhancedBetaLikeness(SensitiveModel):
    """``(q - p) / p <= min(beta, -ln p)`` for every sensitive value in every class [1]_.

    As :class:`BetaLikeness`, and however large ``beta``, no value becomes certain: what frequent
    values may gain is bounded by how little they tell.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 5(11),
       2012, definition 3.
    """

    beta: Fraction
    relative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        BetaLikeness(self.sensitive, self.beta)

    @property
    def monotone(self) -> Monotone:
        """A share in a joined class is no larger than the largest in its parts."""
        return Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> SupportShare:
        """That of basic β-likeness, which is weaker."""
        return BetaLikeness(self.sensitive, self.beta).relaxation

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether no value is too much ahead."""
        verdict = BetaLikeness(self.sensitive, self.beta).holds(classes)
        histogram = classes.histograms[self.sensitive]
        total = histogram.total
        sizes, expected = classes.sizes[histogram.classes], histogram.reference[histogram.values]
        known = expected > 0  # a frozen table may lack a value
        shares = np.where(known, expected / max(total, 1), 1.0)
        excess = histogram.counts / sizes / shares - 1 + np.log(shares)
        ahead: NDArray[np.bool_] = (excess > 0) | ~known
        near = known & (np.abs(excess) <= _MARGIN * (1 - np.log(shares)))
        for e in np.flatnonzero(near).tolist():
            ratio = Fraction(int(histogram.counts[e]) * total, int(sizes[e]) * int(expected[e]))
            ahead[e] = not _is_below_log(ratio - 1, Fraction(total, int(expected[e])))
        verdict[histogram.classes[ahead]] = False
        return verdict

    def __str__(self) -> str:
        return wording.beta_likeness("enhanced", self.beta)


@lru_cache(maxsize=65_536)
def _is_below_log(gain: Fraction, odds: Fraction) -> bool:
    """Tell whether ``gain <= ln odds``, of odds of at least 1.

    The logarithm of a ratio other than 1 is irrational, so that enough digits tell the two apart.
    """
    if odds == 1:
        return gain <= 0
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            log = Decimal(odds.numerator).ln() - Decimal(odds.denominator).ln()
            excess = Decimal(gain.numerator) / gain.denominator - log
            scale = abs(log) + Decimal(odds.numerator).ln() + 1
            if abs(excess) > scale * Decimal(10) ** (4 - digits):
                return excess < 0
        digits *= 2
