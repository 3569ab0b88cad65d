"""Differences of the gamma function's logarithm and of its derivative, without cancellation.

The logarithms themselves are so large that their difference would keep few digits. Arguments are
moved up by the recurrence Γ(x + 1) = x Γ(x); from there Stirling's series is exact to the last
digits, and the difference of its leading terms is a logarithm of a ratio [1]_.

References
----------
.. [1] NIST Digital Library of Mathematical Functions, 5.5.1 and 5.11.1 to 5.11.2.
"""

from math import log1p
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

_T = TypeVar("_T", float, NDArray[np.float64])

_MOVED = 16
_STEPS = np.arange(_MOVED)


def log_gamma_gap(x: ArrayLike, d: ArrayLike) -> NDArray[np.float64]:
    """Return ``ln Γ(x + d) - ln Γ(x)`` of x > 0, d >= 0, in their common shape."""
    x, d = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(d, dtype=np.float64))
    moved = np.log1p(d[..., None] / (x[..., None] + _STEPS)).sum(axis=-1)
    low, high = x + _MOVED, x + _MOVED + d
    leading = d * np.log(low) + (high - 0.5) * np.log1p(d / low) - d
    gap: NDArray[np.float64] = leading + _log_gamma_tail(high) - _log_gamma_tail(low) - moved
    return gap


def digamma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``Γ'(x) / Γ(x)`` of x > 0, in its shape."""
    moved = (1 / (x[..., None] + _STEPS)).sum(axis=-1)
    high = x + _MOVED
    value: NDArray[np.float64] = np.log(high) - _digamma_tail(high) - moved
    return value


def reciprocal_sum(x: float, terms: int) -> float:
    """Return ``1 / x + 1 / (x + 1) + …`` of so many terms, with x > 0."""
    total = 0.0
    while terms and x < _MOVED:
        total, x, terms = total + 1 / x, x + 1, terms - 1
    return total + log1p(terms / x) + _digamma_tail(x) - _digamma_tail(x + terms)


def _log_gamma_tail(x: NDArray[np.float64]) -> NDArray[np.float64]:
    s = 1 / (x * x)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / x


def _digamma_tail(x: _T) -> _T:
    s = 1 / (x * x)
    return 1 / (2 * x) + s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132))))
