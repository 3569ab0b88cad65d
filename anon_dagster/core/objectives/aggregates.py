"""How the losses of the quasi-identifiers become one.

Proofs: ``docs/proofs/objectives.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.objectives.objective import Floor

Floats = NDArray[np.float64]


class Aggregate:
    """One number of several; a subclass is a frozen value.

    Every one of them grows with each of its numbers, so that bounds of these bound it.
    """

    def of(self, losses: Sequence[float], weights: Sequence[float]) -> float:
        """Return the aggregate of a loss per quasi-identifier."""
        raise NotImplementedError

    def floor(self, losses: Sequence[Floats], weights: Sequence[float]) -> Floor:
        """Return the bound that follows from a bound per quasi-identifier and level."""
        raise NotImplementedError

    def weight(self, weights: Sequence[float]) -> float:
        """Return what a part of the quasi-identifiers weighs as a whole."""
        return sum(weights)


@dataclass(frozen=True, slots=True)
class ArithmeticMean(Aggregate):
    """Σ w x / Σ w."""

    def of(self, losses: Sequence[float], weights: Sequence[float]) -> float:
        """See the base class."""
        total = 0.0
        for loss, weight in zip(losses, weights, strict=True):
            total += weight * loss
        return total / (sum(weights) or 1.0)

    def floor(self, losses: Sequence[Floats], weights: Sequence[float]) -> Floor:
        """See the base class."""
        whole = sum(weights) or 1.0
        return Floor([x * (w / whole) for x, w in zip(losses, weights, strict=True)])

    def __str__(self) -> str:
        return "weighted mean"


@dataclass(frozen=True, slots=True)
class GeometricMean(Aggregate):
    """Π (1 + x) ** (w / Σ w) - 1: what is lost evenly weighs more than what is lost at once."""

    def of(self, losses: Sequence[float], weights: Sequence[float]) -> float:
        """See the base class."""
        logs = sum(w * log1p(x) for x, w in zip(losses, weights, strict=True))
        return expm1(logs / (sum(weights) or 1.0))

    def floor(self, losses: Sequence[Floats], weights: Sequence[float]) -> Floor:
        """See the base class."""
        whole = sum(weights) or 1.0
        terms = [np.log1p(x) * (w / whole) for x, w in zip(losses, weights, strict=True)]
        return Floor(terms, np.expm1)

    def __str__(self) -> str:
        return "weighted geometric mean"


@dataclass(frozen=True, slots=True)
class Maximum(Aggregate):
    """The largest w x, the largest weight being 1: what the worst attribute loses."""

    def of(self, losses: Sequence[float], weights: Sequence[float]) -> float:
        """See the base class."""
        most = max(weights, default=0.0) or 1.0
        return max((w * x / most for x, w in zip(losses, weights, strict=True)), default=0.0)

    def floor(self, losses: Sequence[Floats], weights: Sequence[float]) -> Floor:
        """See the base class."""
        most = max(weights, default=0.0) or 1.0
        terms = [x * (w / most) for x, w in zip(losses, weights, strict=True)]
        return Floor(terms, join=np.maximum)

    def weight(self, weights: Sequence[float]) -> float:
        """See the base class."""
        return max(weights, default=0.0)

    def __str__(self) -> str:
        return "weighted maximum"
