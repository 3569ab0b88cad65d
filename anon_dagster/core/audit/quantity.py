"""A number for each class, by floats where they are clear and by fractions where they are not."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

MARGIN = 1e-7
"""How close to a bound a float is not trusted: far above the error of any sum made here."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A number for each class, such as its distance from a reference distribution."""

    approximate: NDArray[np.float64]  # (classes,)
    exact: Callable[[int], Fraction]
    """The same for one class, without rounding."""

    @property
    def largest(self) -> float:
        """The largest of them, such as the t that the classes reach; 0 if there are none."""
        if not len(self.approximate):
            return 0.0
        most = int(self.approximate.argmax())
        return float(self.exact(most)) if np.isfinite(self.approximate[most]) else np.inf

    def above(self, t: Fraction) -> NDArray[np.bool_]:
        """Tell which classes, (classes,), are above a bound, exactly."""
        excess = self.approximate - float(t)
        above: NDArray[np.bool_] = excess > 0
        for index in np.flatnonzero(np.abs(excess) <= MARGIN).tolist():
            above[index] = self.exact(index) > t
        return above
