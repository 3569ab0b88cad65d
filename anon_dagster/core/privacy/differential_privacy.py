"""(ε, δ)-differential privacy by a random sample, fixed generalization and suppression.

Proofs: ``docs/proofs/differential-privacy.md``.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.privacy.classes import EquivalenceClasses
from anon_dagster.core.privacy.model import SizeModel
from anon_dagster.errors import RequestError

_DIGITS = 60
_SURE = Decimal(10) ** -40
"""Above the relative error of any sum or product that is made here with so many digits."""
_RANGE = 2**64  # of what a sampling probability is a multiple of


@dataclass(frozen=True, slots=True)
class DifferentialPrivacy(SizeModel):
    """A release tells nearly the same with any one person as without her [1]_ [2]_.

    For all tables D and D' that differ by one record and every set S of releases,
    ``P(M(D) in S) <= e^epsilon P(M(D') in S) + delta``. The mechanism M is that of SafePub: every
    record is drawn with probability :attr:`below` / 2^64, each attribute is generalized to a level
    that does not depend on the records, and classes of fewer than :attr:`smallest` drawn records
    are suppressed. The model itself asks for the last of these; the sample, the levels and that
    nothing else is released are up to whoever uses it.

    Two tables that differ by one record differ in one class, of n records and of n - 1. With a
    sampling probability β of at most ``1 - e^-ε``, what is released of it is at most e^ε times as
    likely with n, but for more than ``γ n`` drawn records, ``γ = 1 - (1 - β) e^-ε``, which are
    drawn with a probability of

        a_n = P(Binomial(n, β) > γ n),

    and δ is the largest ``a_n`` of ``n >= ⌈k / γ - 1⌉`` [1]_ (theorem 1). Every bound is rounded to
    the safe side: β down, and k up.

    References
    ----------
    .. [1] N. Li, W. Qardaji, D. Su, "On sampling, anonymization, and differential privacy: or,
       k-anonymization meets differential privacy", ASIACCS 2012, section 4.
    .. [2] R. Bild, K. A. Kuhn, F. Prasser, "SafePub: a truthful data anonymization algorithm with
       strong privacy guarantees", Proceedings on Privacy Enhancing Technologies 2018(1), section 4.
    """

    epsilon: Fraction
    delta: Fraction

    def __post_init__(self) -> None:
        if not Fraction(1, 100) <= self.epsilon <= 8:
            raise RequestError(f"epsilon must be from 0.01 to 8, got {float(self.epsilon):g}")
        if not 0 < self.delta < 1:
            raise RequestError(f"delta must be between 0 and 1, got {float(self.delta):g}")

    @property
    def below(self) -> int:
        """The probability of drawing a record, times 2^64: ``1 - e^-ε`` rounded down."""
        return _below(self.epsilon)

    @property
    def smallest(self) -> int:
        """The k: how many drawn records a class needs."""
        return _smallest(self.epsilon, self.delta)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether enough of its records were drawn."""
        return classes.sizes >= self.smallest

    def __str__(self) -> str:
        return wording.differential_privacy(self.epsilon, self.delta)


def _exp_of_minus(epsilon: Fraction) -> Decimal:
    return (-Decimal(epsilon.numerator) / epsilon.denominator).exp()


@lru_cache(maxsize=256)
def _below(epsilon: Fraction) -> int:
    with localcontext() as context:
        context.prec = _DIGITS
        return int((1 - _exp_of_minus(epsilon) * (1 + _SURE)) * _RANGE)


@lru_cache(maxsize=256)
def _smallest(epsilon: Fraction, delta: Fraction) -> int:
    """Return the least k that is sure to give δ: ``⌈k / γ - 1⌉`` is above the last n that fails."""
    with localcontext() as context:
        context.prec = _DIGITS
        beta = Decimal(_below(epsilon)) / _RANGE
        gamma = 1 - (1 - beta) * _exp_of_minus(epsilon)
        bound = Decimal(delta.numerator) / delta.denominator * (1 - _SURE)
        n = _enough(beta, gamma, epsilon, bound)
        while n and _tail(n, int(gamma * (1 - _SURE) * n) + 1, beta) <= bound:
            n -= 1
        return int(gamma * (1 + _SURE) * (n + 1)) + 1


def _enough(beta: Decimal, gamma: Decimal, epsilon: Fraction, bound: Decimal) -> int:
    """Return an n from which on no ``a_n`` is above the bound.

    ``a_n <= exp(-n (γ ln(γ / β) + (1 - γ) ln((1 - γ) / (1 - β))))`` [1]_, where the last logarithm
    is -ε.

    References
    ----------
    .. [1] W. Hoeffding, "Probability inequalities for sums of bounded random variables", Journal of
       the American Statistical Association 58(301), 1963, theorem 1.
    """
    divergence = gamma * (gamma / beta).ln() - (1 - gamma) * epsilon.numerator / epsilon.denominator
    assert divergence > _SURE, "the probabilities differ by far more than the digits tell"
    return int(-bound.ln() / (divergence * (1 - _SURE))) + 2


def _tail(n: int, first: int, beta: Decimal) -> Decimal:
    """Return a bound of ``P(Binomial(n, β) >= first)``, above it by hardly anything.

    The terms fall ever faster once they fall; what is left is below a geometric series.
    """
    if first > n:
        return Decimal(0)
    odds = beta / (1 - beta)
    term = Decimal(comb(n, first)) * beta**first * (1 - beta) ** (n - first)
    total, j = term, first
    while j < n:
        ratio = odds * (n - j) / (j + 1)
        if ratio < 1 and term * ratio < total * _SURE * (1 - ratio):
            break
        term, j = term * ratio, j + 1
        total += term
    return total * (1 + 2 * _SURE)
