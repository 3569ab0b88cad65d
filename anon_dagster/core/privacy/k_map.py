"""k-map: every class stands for enough people of the population that the table was drawn from.

Proofs: ``docs/proofs/k-map.md``.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import SizeModel
from anon_dagster.errors import RequestError


@dataclass(frozen=True, slots=True)
class KMap(SizeModel):
    """Every class reads as at least ``k`` people of the population do [1]_.

    Nobody who knows a person of the population, but not that she is in the table, finds fewer than
    ``k`` people who may be behind a record. Who knows that she is in it may find her.

    References
    ----------
    .. [1] L. Sweeney, "k-anonymity: a model for protecting privacy", International Journal of
       Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002 (k-map protection).
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 2:
            raise RequestError(f"k must be at least 2, got {self.k}")

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether ``k`` people read as it does."""
        assert classes.people is not None, "the problem has a population"
        return classes.people >= self.k

    def __str__(self) -> str:
        return wording.k_map(self.k)


@dataclass(frozen=True, slots=True)
class EstimatedKMap(SizeModel):
    """Classes are so large that they are unlikely to stand for fewer than ``k`` people [1]_ [2]_.

    Nobody who knows a person of the population, but not that she is in the table, finds fewer than
    ``k`` people who may be behind a record. How many there are is not known: a class that k people
    are behind shows about a Poisson distributed number of records, of mean ``fraction * k``.
    Fewer than ``k`` people show :attr:`smallest` records or more with a probability of at most
    ``significance``, and that many are asked of every class.

    Parameters
    ----------
    fraction
        The share of the population that is in the table.
    significance
        The probability of taking a class of fewer people for one of ``k``.
    truncated
        Leave out that a class shows no record, for such a class is not in the table.

    References
    ----------
    .. [1] L. Sweeney, "k-anonymity: a model for protecting privacy", International Journal of
       Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002 (k-map protection).
    .. [2] K. El Emam, F. K. Dankar, "Protecting privacy using k-anonymity", Journal of the American
       Medical Informatics Association 15(5), 2008 (hypothesis testing approach).
    """

    k: int
    fraction: Fraction
    significance: Fraction
    truncated: bool = False

    def __post_init__(self) -> None:
        if self.k < 2:
            raise RequestError(f"k must be at least 2, got {self.k}")
        if not 0 < self.fraction <= 1:
            raise RequestError("the table must be a part of the population, no more than all of it")
        if not 0 < self.significance < 1:
            raise RequestError(
                f"significance must be between 0 and 1, got {float(self.significance):g}"
            )

    @property
    def smallest(self) -> int:
        """The records that every class needs; never more than ``k``, which are people already."""
        return _critical_size(self.k, self.fraction, self.significance, self.truncated)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it is large enough."""
        return classes.sizes >= self.smallest

    def __str__(self) -> str:
        return wording.estimated_k_map(self.k)


@lru_cache(maxsize=1_024)
def _critical_size(k: int, fraction: Fraction, significance: Fraction, truncated: bool) -> int:  # noqa: FBT001 (a key of the cache)
    """Return the least s with ``P(X >= s) <= significance``, at most ``k``.

    With λ = fraction · k that is ``Σ_{i<s} λ^i / i! >= (1 - significance) e^λ``, where a truncated
    distribution adds ``significance`` on the right. A power of e with an exponent other than 0 is
    irrational, so that enough digits tell the two sides apart.
    """
    rate, digits = fraction * k, 40
    while True:
        with localcontext() as context:
            context.prec = digits
            mean = Decimal(rate.numerator) / rate.denominator
            alpha = Decimal(significance.numerator) / significance.denominator
            bound = (1 - alpha) * mean.exp() + (alpha if truncated else 0)
            slack = Decimal(k + 10) * Decimal(10) ** (4 - digits)
            term, total, size = Decimal(1), Decimal(1), 1
            while size < k and total < bound * (1 - slack):
                term *= mean / size
                total += term
                size += 1
            if size == k or total > bound * (1 + slack):
                return size
        digits *= 2
