"""l-diversity: a class says little of the sensitive value of its records.

Proofs: ``docs/proofs/l-diversity.md``.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import integers
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.privacy.model import Monotone, SensitiveModel
from anon_dagster.errors import RequestError

_MARGIN = 1e-9
"""How far a float entropy may be off; nearer to the bound, it is computed anew with 60 digits."""


@dataclass(frozen=True, slots=True)
class DistinctLDiversity(SensitiveModel):
    """Every class holds at least ``l`` different values of a sensitive attribute [1]_.

    References
    ----------
    .. [1] A. Machanavajjhala, J. Gehrke, D. Kifer, M. Venkitasubramaniam, "l-diversity: privacy
       beyond k-anonymity", ICDE 2006, section 4 (distinct: N. Li et al., ICDE 2007, section 2).
    """

    l: int  # noqa: E741 (the name the model goes by)

    def __post_init__(self) -> None:
        if self.l < 1:
            raise RequestError(f"l must be at least 1, got {self.l}")

    @property
    def monotone(self) -> Monotone:
        """A class holds every value of any that it joins."""
        return Monotone.ONE_SUFFICES

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether it holds ``l`` values."""
        histogram = classes.histograms[self.sensitive]
        return np.bincount(histogram.classes, minlength=len(classes.sizes)) >= self.l

    def __str__(self) -> str:
        return wording.l_diversity("distinct", self.l)


@dataclass(frozen=True, slots=True)
class EntropyLDiversity(SensitiveModel):
    """The entropy of a sensitive attribute is at least ``ln l`` in every class [1]_.

    Compared exactly: ``l`` values that are equally frequent satisfy it.

    References
    ----------
    .. [1] A. Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", ICDE 2006,
       definition 4.1.
    """

    l: Fraction  # noqa: E741 (the name the model goes by)

    def __post_init__(self) -> None:
        if self.l <= 1:
            raise RequestError(f"l must be above 1, got {float(self.l):g}")

    @property
    def monotone(self) -> Monotone:
        """Entropy is concave: a mixture has at least the least entropy of its parts."""
        return Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> DistinctLDiversity:
        """As many values, for m values have an entropy of at most ``ln m``."""
        return DistinctLDiversity(self.sensitive, ceil(self.l))

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its entropy reaches ``ln l``."""
        histogram = classes.histograms[self.sensitive]
        counts = histogram.counts.astype(np.float64)
        weighted = np.bincount(
            histogram.classes, weights=counts * np.log(counts), minlength=len(classes.sizes)
        )
        excess = np.log(classes.sizes) - weighted / classes.sizes - np.log(float(self.l))
        verdict: NDArray[np.bool_] = excess >= 0
        starts = np.searchsorted(histogram.classes, np.arange(len(classes.sizes) + 1))
        for index in np.flatnonzero(np.abs(excess) <= _MARGIN):
            of_class = histogram.counts[starts[index] : starts[index + 1]].tolist()
            verdict[index] = _entropy_reaches(_reduced(of_class), self.l)
        return verdict

    def __str__(self) -> str:
        return wording.l_diversity("entropy", self.l)


def _reduced(counts: list[int]) -> tuple[int, ...]:
    divisor = gcd(*counts)
    return tuple(sorted(count // divisor for count in counts))


@lru_cache(maxsize=65_536)
def _entropy_reaches(counts: tuple[int, ...], l: Fraction) -> bool:  # noqa: E741
    """Tell whether ``n ln n - Σ c ln c >= n ln l``; equal if no digit of 50 says otherwise."""
    with localcontext() as context:
        context.prec = 60
        n = sum(counts)
        entropy = n * Decimal(n).ln() - sum(c * Decimal(c).ln() for c in counts)
        bound = n * (Decimal(l.numerator).ln() - Decimal(l.denominator).ln())
        return entropy - bound >= -n * Decimal(10) ** -50


@dataclass(frozen=True, slots=True)
class RecursiveLDiversity(SensitiveModel):
    """The most frequent value is not too frequent: ``r1 < c (r_l + ... + r_m)`` [1]_.

    ``r1 >= r2 >= ... >= r_m`` are the counts of the values of a sensitive attribute in a class.

    References
    ----------
    .. [1] A. Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", ICDE 2006,
       definition 4.2.
    """

    c: Fraction
    l: int  # noqa: E741 (the name the model goes by)

    def __post_init__(self) -> None:
        if self.l < 2 or self.c <= 0:
            raise RequestError("recursive l-diversity needs l of at least 2 and c above 0")

    @property
    def monotone(self) -> Monotone:
        """The tails of joined classes add up to no more than the tail of their union."""
        return Monotone.ALL_SUFFICE

    @property
    def relaxation(self) -> DistinctLDiversity:
        """As many values, for the sum must not be empty."""
        return DistinctLDiversity(self.sensitive, self.l)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its counts satisfy the inequality."""
        histogram = classes.histograms[self.sensitive]
        most, tail = self._most_and_tail(histogram, len(classes.sizes))
        scale = max(self.c.numerator, self.c.denominator)
        most, tail = (integers(a, scale * int(classes.sizes.sum())) for a in (most, tail))
        verdict: NDArray[np.bool_] = most * self.c.denominator < tail * self.c.numerator
        return verdict.astype(np.bool_)

    def _most_and_tail(
        self, histogram: Histogram, classes: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return ``r_1`` and ``r_l + ... + r_m`` of each class, (classes,) each."""
        order = np.lexsort((-histogram.counts, histogram.classes))
        owners, counts = histogram.classes[order], histogram.counts[order]
        starts = np.searchsorted(owners, np.arange(classes))
        rank = np.arange(len(owners)) - starts[owners]
        most = np.zeros(classes, dtype=np.int64)
        most[owners[rank == 0]] = counts[rank == 0]
        tail = np.zeros(classes, dtype=np.int64)
        np.add.at(tail, owners[rank >= self.l - 1], counts[rank >= self.l - 1])
        return most, tail

    def __str__(self) -> str:
        return wording.l_diversity("recursive", self.l, self.c)
