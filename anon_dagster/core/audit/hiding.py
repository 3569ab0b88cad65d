"""How many drawn records hide one more or less: differential privacy, by its definition.

A path of its own beside :mod:`anon_dagster.core.privacy.differential_privacy`, which rests on the
theorem of a paper: here the probabilities of two tables are compared outcome by outcome.

Proofs: ``docs/proofs/differential-privacy.md``.
"""

from fractions import Fraction
from functools import lru_cache
from math import exp, expm1, log

import numpy as np
from numpy.typing import NDArray

_MARGIN = 1e-9
"""How far a sum may be off, over itself."""


@lru_cache(maxsize=256)
def records_that_hide(epsilon: Fraction, delta: Fraction) -> int:
    """Return the least k with which a suppressed or released class tells little of any record.

    Of n records each is drawn with probability ``β = 1 - e^-ε``, and how many were is released if
    they are at least k. For every n, ``Σ_{j >= k} max(0, P(j | n) - e^ε P(j | n - 1))`` is at most
    ``delta`` [1]_; that nothing is released, and all the other way round, is at most ``e^ε`` times
    as likely.

    References
    ----------
    .. [1] C. Dwork, A. Roth, "The algorithmic foundations of differential privacy", Foundations and
       Trends in Theoretical Computer Science 9(3-4), 2014, definition 2.4.
    """
    e, d = float(epsilon), float(delta)
    beta = -expm1(-e)
    gamma = -expm1(-2 * e)  # 1 - (1 - β) e^-ε
    divergence = gamma * log(gamma / beta) - e * (1 - gamma)
    last = int(-log(d) / divergence) + 1  # Hoeffding's bound: no later n tells as much
    logs = np.concatenate([[0.0], np.log(np.arange(1, last + 1)).cumsum()])
    return max(_hiding(n, e, d, logs) for n in range(1, last + 1))


def _hiding(n: int, epsilon: float, delta: float, logs: NDArray[np.float64]) -> int:
    """Return the least k for one n."""
    j = np.arange(1, n + 1)
    exponent = logs[n] - logs[j] - logs[n - j] + j * log(-expm1(-epsilon)) - (n - j) * epsilon
    # P(j | n - 1) / P(j | n) is (n - j) / (n (1 - β)), and 1 - β is e^-ε
    excess = np.exp(exponent) * np.maximum(1 - exp(2 * epsilon) * (n - j) / n, 0.0)
    beyond = excess[::-1].cumsum()  # of k = n, n - 1, ..., 1: never less for a smaller k
    return 1 + int(np.count_nonzero(beyond > delta * (1 + _MARGIN)))
