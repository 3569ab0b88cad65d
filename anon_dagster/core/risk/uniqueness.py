"""How many people of a population are unique in it, estimated from a sample of it.

A record that is alone in its class of a released table need not belong to a person who is alone
in the population that the table was drawn from. Each estimator tells how many are, from the sizes
of the classes alone. In the terms of the papers: of ``N`` people in the population ``n`` are in
the sample, a share of ``π``; ``u`` classes of the sample are known, ``s_j`` of them of size j.

An estimator that finds nothing says so: it returns ``None``, never a guess. A sample without
unique records gives 0, and a sample of everybody what it holds.

References
----------
.. [1] F. K. Dankar, K. El Emam, A. Neisa, T. Roffey, "Estimating the re-identification risk of
   clinical data sets", BMC Medical Informatics and Decision Making 12:66, 2012.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, log1p, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.risk.gamma import digamma, log_gamma_gap, reciprocal_sum
from anon_dagster.errors import RequestError

Estimator = Literal["dankar", "pitman", "zayatz", "snb"]

_STEPS = 100  # of a root that is bracketed; halving alone needs fewer
_CLOSE = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The sizes of the classes of a sample, and of the population that it was drawn from."""

    sizes: NDArray[np.int64]  # (sizes,): ascending, each at least 1
    classes: NDArray[np.int64]  # (sizes,): how many classes have each, at least 1
    population: int

    @classmethod
    def of(cls, sizes: NDArray[np.int64], population: int) -> "Sample":
        """Take the size of every class, (classes,).

        Raises
        ------
        RequestError
            If the population is smaller than the sample.
        """
        sample = cls(*np.unique(sizes, return_counts=True), population)
        if population < sample.records:
            raise RequestError(
                f"a population of {population} is smaller than the {sample.records} records of its "
                "sample"
            )
        return sample

    @property
    def records(self) -> int:
        """How many people are in the sample; exact, whatever the sizes."""
        pairs = zip(self.sizes.tolist(), self.classes.tolist(), strict=True)
        return sum(size * classes for size, classes in pairs)

    @property
    def fraction(self) -> float:
        """The share of the population that is in the sample."""
        return self.records / self.population

    def having(self, size: int) -> int:
        """Tell how many classes have one size."""
        return int(self.classes[self.sizes == size].sum())

    @property
    def known(self) -> float | None:
        """The unique people of the population, where the sample leaves nothing to estimate."""
        if not self.having(1):
            return 0.0
        if self.population == self.records:
            return float(self.having(1))
        return float(self.population) if self.having(1) == self.records else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many people of the population are unique in it."""

    uniques: float | None
    """``None``: no estimate."""
    by: Estimator
    """The estimator that told; of a rule, the one that it chose."""


def estimate(sample: Sample, estimator: Estimator) -> Estimate:
    """Estimate by one of the estimators, or by the rule that chooses among them."""
    return dankar(sample) if estimator == "dankar" else Estimate(_BY[estimator](sample), estimator)


def dankar(sample: Sample) -> Estimate:
    """Choose the estimator by the sampling fraction [1]_.

    Up to a tenth of the population: Pitman's, or Zayatz's where it finds nothing. Above: the
    smaller of the slide negative binomial's and Zayatz's.

    References
    ----------
    .. [1] F. K. Dankar et al., BMC Medical Informatics and Decision Making 12:66, 2012, "A
       decision rule".
    """
    if sample.known is not None:
        return Estimate(sample.known, "dankar")
    by_zayatz = Estimate(zayatz(sample), "zayatz")
    if 10 * sample.records <= sample.population:
        by_pitman = Estimate(pitman(sample), "pitman")
        return by_zayatz if by_pitman.uniques is None else by_pitman
    by_snb = Estimate(snb(sample), "snb")
    if by_snb.uniques is None or by_zayatz.uniques is None:
        return by_zayatz
    return min(by_snb, by_zayatz, key=lambda estimated: estimated.uniques or 0.0)


# -- Zayatz --------------------------------------------------------------------------------


def zayatz(sample: Sample) -> float | None:
    """Estimate by Bayes' rule, taking the classes of the population to be like the sample's [1]_.

    A class of j people shows one of them with the hypergeometric probability
    ``P(1 | j) = j C(N - j, n - 1) / C(N, n)``. So of the s₁ unique records a share of
    ``s₁ P(1 | 1) / Σ s_j P(1 | j)`` is unique in the population, and 1 / π as many people are.

    References
    ----------
    .. [1] L. Zayatz, "Estimation of the percent of unique population elements on a microdata file
       using the sample", US Bureau of the Census, Statistical Research Division 91/08, 1991.
    """
    if sample.known is not None:
        return sample.known
    N, n, s1 = sample.population, sample.records, sample.having(1)
    fitting = sample.sizes <= N - n + 1  # of more people, some others are in the sample
    j = sample.sizes[fitting].astype(np.float64)
    ratio = np.exp(
        log_gamma_gap(float(N - n) - (j - 2), j - 1) - log_gamma_gap(float(N) - (j - 1), j - 1)
    )
    shown = float((sample.classes[fitting] * j * ratio).sum())  # over P(1 | 1) = π
    return s1 * (s1 / shown) * (N / n)


# -- Pitman --------------------------------------------------------------------------------


def pitman(sample: Sample) -> float | None:
    """Estimate by the sampling formula of Pitman [1]_, as Hoshino applied it [2]_.

    The records are a random partition with parameters 0 <= α < 1 and θ > -α, of likelihood

        Π_{i<u} (θ + iα) / Π_{i<n} (θ + i) · Π_j (Π_{i<j} (i - α))^{s_j},

    which is maximized: for each α the θ is the root of a falling function, and α the root of what
    is left. In a population of N that partition has ``N Γ(θ + α + N - 1) Γ(θ + 1) / (Γ(θ + α)
    Γ(θ + N))`` classes of one, exactly; ``Γ(θ + 1) / Γ(θ + α) · N^α`` of [2]_ is its limit for a
    large N, and above it by up to ``(1 + θ / N)^(1 - α)``.

    References
    ----------
    .. [1] J. Pitman, "Exchangeable and partially exchangeable random partitions", Probability
       Theory and Related Fields 102, 1995, proposition 9.
    .. [2] N. Hoshino, "Applying Pitman's sampling formula to microdata disclosure risk
       assessment", Journal of Official Statistics 17(4), 2001, sections 2 and 3.
    """
    if sample.known is not None:
        return sample.known
    alpha = 0.0
    if _pitman_slope(sample, alpha) > 0:
        root = _root(lambda a: _pitman_slope(sample, a), 0.0, 1 - 1e-12)
        if root is None:
            return None
        alpha = root
    first = _pitman_first(sample, alpha)
    if first is None:
        return None
    N = sample.population
    grown, shrunk = log_gamma_gap([first, first + N - 1], 1 - alpha)
    return N * exp(grown - shrunk)


def _pitman_first(sample: Sample, alpha: float) -> float | None:
    """Return θ + α of the likeliest θ for an α: ``Σ_{i<u} 1 / (θ + iα) = Σ_{i<n} 1 / (θ + i)``.

    The unknown is its logarithm, so that the whole range is as near as its beginning.
    """
    n, u = sample.records, int(sample.classes.sum())

    def slope(x: float) -> float:
        first = exp(x)
        return _over_classes(first, alpha, u) - reciprocal_sum(first + (1 - alpha), n - 1)

    root = _root(slope, -40.0, 2 * log(n) + 2)
    return None if root is None else exp(root)


def _over_classes(first: float, alpha: float, u: int) -> float:
    """Return ``Σ_{0<i<u} 1 / (θ + iα)``."""
    return reciprocal_sum(first / alpha, u - 1) / alpha if alpha else (u - 1) / first


def _pitman_slope(sample: Sample, alpha: float) -> float:
    """Return the derivative by α of the log-likelihood at the likeliest θ; NaN without one."""
    first = _pitman_first(sample, alpha)
    if first is None:
        return nan
    u = int(sample.classes.sum())
    gained = u * (u - 1) / (2 * first)
    if alpha:  # Σ i / (θ + iα) is what Σ (θ + iα) / (θ + iα) leaves
        gained = (u - 1 - (first - alpha) * _over_classes(first, alpha, u)) / alpha
    larger = sample.sizes > 1
    sizes = sample.sizes[larger].astype(np.float64)
    harmonic = digamma(sizes - alpha) - digamma(np.array(1 - alpha))
    return gained - float((sample.classes[larger] * harmonic).sum())


# -- slide negative binomial ---------------------------------------------------------------


def snb(sample: Sample) -> float | None:
    """Estimate by a negative binomial distribution that is slid by one [1]_.

    The K classes of the population have 1 + X people, ``P(X = x) = C(α + x - 1, x) β^α (1 - β)^x``,
    and each person is in the sample with probability π. K is Shlosser's estimate as modified by
    Haas and Stokes [2]_; α and β are such that as many classes of one and of two records are
    expected as there are. K β^α people are unique then.

    References
    ----------
    .. [1] G. Chen, S. Keller-McNulty, "Estimation of identification disclosure risk in microdata",
       Journal of Official Statistics 14(1), 1998.
    .. [2] P. J. Haas, L. Stokes, "Estimating the number of classes in a finite population",
       Journal of the American Statistical Association 93(444), 1998, estimator D_Sh3.
    """
    if sample.known is not None:
        return sample.known
    s1, s2, fraction = sample.having(1), sample.having(2), sample.fraction
    if not s2:
        return None
    K = shlosser(sample)
    single = s1 / (K * fraction)
    pairs = 2 * s2 / (s1 * fraction)  # so many times P(f = 1) is P(f = 2) · 2 / π

    def excess(logit: float) -> float:
        return _log_single(_snb_alpha(logit, fraction, pairs), logit, fraction) - log(single)

    root = _root(excess, -34.0, 34.0)
    if root is None:
        return None
    return K * exp(-_snb_alpha(root, fraction, pairs) * _log_over(root))


def shlosser(sample: Sample) -> float:
    """Estimate how many classes the population has; see :func:`snb`."""
    q, i, s = sample.fraction, sample.sizes.astype(np.float64), sample.classes
    none = np.exp(i * log1p(-q))  # (1 - q)^i: no one of i is drawn
    none_of_square = np.exp(i * log1p(-q * q))
    one = (s * i * q * none).sum() / (1 - q)
    one_of_square = (s * i * q * q * none_of_square).sum() / (1 - q * q)
    between = -(s * none_of_square * np.expm1(-i * log1p(q))).sum()
    hidden = (s * none).sum() / one
    return float(s.sum() + sample.having(1) * one_of_square / between * hidden * hidden)


def _log_over(logit: float) -> float:
    """Return ``-ln β`` of ``logit = ln β / (1 - β)``."""
    return log1p(exp(-logit))


def _snb_alpha(logit: float, fraction: float, pairs: float) -> float:
    """Return the α that gives the wanted ratio of pairs to singles, for a β.

    With c = 1 - β, w = (1 - π) c: ``α c (2 - w + α w) = R (1 - w) (1 - w + α w)``, which has one
    positive root.
    """
    c = 1 / (1 + exp(logit))
    w = (1 - fraction) * c
    square, linear = c * w, c * (2 - w) - pairs * (1 - w) * w
    constant = -pairs * (1 - w) ** 2
    root = sqrt(linear * linear - 4 * square * constant)
    return 2 * -constant / (linear + root) if linear >= 0 else (root - linear) / (2 * square)


def _log_single(alpha: float, logit: float, fraction: float) -> float:
    """Return ``ln P(f = 1) / π = ln (β / (1 - w))^α (1 + α w / (1 - w))``."""
    c = 1 / (1 + exp(logit))
    w = (1 - fraction) * c
    return log1p(alpha * w / (1 - w)) + alpha * (log1p(-fraction * c / (1 - w)))


# -- roots ---------------------------------------------------------------------------------


def _root(f: Callable[[float], float], low: float, high: float) -> float | None:
    """Return where a function changes its sign; ``None`` if its ends have the same.

    Ridders' method: what lies between three points is straightened by an exponential, so that the
    bracket is at least halved at every step [1]_.

    References
    ----------
    .. [1] C. J. F. Ridders, "A new algorithm for computing a single root of a real continuous
       function", IEEE Transactions on Circuits and Systems 26(11), 1979.
    """
    at_low, at_high = f(low), f(high)
    if not at_low * at_high <= 0:
        return None
    x = high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        at_middle = f(middle)
        root = sqrt(at_middle * at_middle - at_low * at_high)
        before, x = x, middle
        if root:
            x += (middle - low) * (at_middle if at_low > at_high else -at_middle) / root
        at = f(x)
        if not at or abs(x - before) <= _CLOSE * max(1.0, abs(x)):
            return x
        points = sorted([(low, at_low), (middle, at_middle), (x, at), (high, at_high)])
        pairs = pairwise(points)
        (low, at_low), (high, at_high) = next(p for p in pairs if p[0][1] * p[1][1] <= 0)
    return x


_BY: dict[str, Callable[[Sample], float | None]] = {
    "pitman": pitman,
    "zayatz": zayatz,
    "snb": snb,
}
