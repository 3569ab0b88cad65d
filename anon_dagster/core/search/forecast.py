"""A guess at how many records a candidate suppresses, from those that were evaluated.

It only decides what is evaluated first; the answer of a search never depends on it.
"""

import numpy as np
from numpy.typing import NDArray

_NEAR = 3.0
"""Log-odds from the limit at which an observation weighs half."""
_MEMORY = 0.95
"""What an observation's error weighs after the next one."""


class Forecast:
    """Log-odds of being suppressed as a weighted sum of the attributes' entropies.

    If attributes were independent, their entropies would add up to that of the classes, whose
    number grows with it. The weights make up for what they have in common: a ridge regression,
    most exact near the limit.
    """

    def __init__(self, attributes: int, records: int, limit: int) -> None:
        self._records = records
        self.target = self._odds(limit + 0.5)
        self._none = self._odds(0) - 1.0  # or less: nothing tells how far from one it is
        prior = np.full(attributes + 1, 0.9)
        prior[-1] = -0.63 * np.log(max(records, 2))
        ridge = np.append(np.ones(attributes), 0.05)
        self._squares = np.diag(ridge)
        self._products = ridge * prior
        self._errors, self._observed = 2.0, 2.0
        self.weights = prior  # (attributes + 1,): of the entropies, and a constant

    def _odds(self, suppressed: float) -> float:
        return float(np.log((suppressed + 0.5) / (self._records - suppressed + 1.0)))

    def learn(self, signs: NDArray[np.float64], suppressed: int) -> None:
        """Take in what a candidate with these entropies, (attributes,), suppresses."""
        if suppressed == self._records:
            return  # says no more than that it is far beyond the limit
        row = np.append(signs, 1.0)
        forecast = float(self.weights @ row)
        odds = self._odds(suppressed) if suppressed else min(forecast, self._none)
        weight = 1 / (1 + ((odds - self.target) / _NEAR) ** 2)
        error = odds - forecast
        self._errors = self._errors * _MEMORY + weight * error**2
        self._observed = self._observed * _MEMORY + weight
        self._squares += weight * np.outer(row, row)
        self._products += weight * row * odds
        self.weights = np.linalg.solve(self._squares, self._products)

    def exceeds(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how likely the limit is passed, given forecast log-odds."""
        spread = 0.6 * np.sqrt(self._errors / self._observed)
        likely: NDArray[np.float64] = 1 / (
            1 + np.exp(np.clip((self.target - odds) / spread, -30, 30))
        )
        return likely
