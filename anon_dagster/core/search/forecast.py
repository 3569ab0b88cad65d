"""A guess at how many records a candidate suppresses, from those that were evaluated.

It only decides what is evaluated first. A search that runs to its end finds the same whatever the
forecast says; one that a budget stops may have found less. So all constants here are heuristics,
and no part of any proof.
"""

import numpy as np
from numpy.typing import NDArray

_HALF_WEIGHT = 3.0
"""Log-odds from the limit at which an observation weighs half."""
_MEMORY = 0.95
"""What an observation's error weighs after the next one."""


class Forecast:
    """Log-odds of being suppressed as a weighted sum of the attributes' entropies.

    If attributes were independent, their entropies would add up to that of the classes, whose
    number grows with it. The weights make up for what they have in common: a ridge regression,
    most exact near the limit, which each observation updates. As long as nothing was observed, the
    log-odds are taken for 0.9 times the sum of the entropies, less 0.63 times the logarithm of the
    number of records.

    Parameters
    ----------
    attributes
        How many there are.
    records
        How many the table has.
    limit
        How many may be suppressed.
    """

    def __init__(self, attributes: int, records: int, limit: int) -> None:
        self._records = records
        self.target = self._odds(limit + 0.5)
        self._none = self._odds(0) - 1.0  # or less: nothing tells how far from one it is
        prior = np.full(attributes + 1, 0.9)
        prior[-1] = -0.63 * np.log(max(records, 2))
        ridge = np.append(np.ones(attributes), 0.05)
        self._inverse = np.diag(1 / ridge)  # of the squares of what was observed, and the ridge
        self._errors, self._observed = 2.0, 2.0
        self.weights = prior  # (attributes + 1,): of the entropies, and a constant

    def _odds(self, suppressed: float) -> float:
        """Return the log-odds of a record to be suppressed; half a record keeps them finite."""
        return float(np.log((suppressed + 0.5) / (self._records - suppressed + 1.0)))

    def learn(self, entropies: NDArray[np.float64], suppressed: int) -> None:
        """Refine the weights by what a candidate of these entropies, (attributes,), suppresses."""
        row = np.append(entropies, 1.0)
        forecast = float(self.weights @ row)
        if suppressed == self._records:  # nothing tells how far beyond the limit it is
            odds = max(forecast, self.target + _HALF_WEIGHT)
        else:
            odds = self._odds(suppressed) if suppressed else min(forecast, self._none)
        weight = 1 / (1 + ((odds - self.target) / _HALF_WEIGHT) ** 2)
        error = odds - forecast
        self._errors = self._errors * _MEMORY + weight * error**2
        self._observed = self._observed * _MEMORY + weight
        turned = self._inverse @ row
        gain = turned * (weight / (1 + weight * float(row @ turned)))
        self._inverse -= np.outer(gain, turned)
        self.weights = self.weights + gain * error

    def exceeds(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how likely the limit is passed, (candidates,), given forecast log-odds."""
        spread = 0.6 * np.sqrt(self._errors / self._observed)
        likely: NDArray[np.float64] = 1 / (
            1 + np.exp(np.clip((self.target - odds) / spread, -30, 30))
        )
        return likely
