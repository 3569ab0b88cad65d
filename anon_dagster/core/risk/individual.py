"""How likely a record of a survey is given to its person, by the weights of the survey.

In the terms of the papers: ``f`` people of the sample are in a class, which has ``F`` people of
the population; the weights of the ``f`` add up to an estimate of ``F``. Given ``f``, ``F`` is taken
to be negative binomial, ``P(F = h) = C(h - 1, f - 1) p^f (1 - p)^(h - f)`` for ``h >= f``, with
``p = f / (sum of the weights)``. The individual risk is ``E(1 / F | f)`` [1]_, [2]_.

References
----------
.. [1] R. Benedetti, L. Franconi, "Statistical and technological solutions for controlled data
   dissemination", Pre-proceedings of New Techniques and Technologies for Statistics 1, 1998.
.. [2] L. Franconi, S. Polettini, "Individual risk estimation in mu-Argus: a review", Privacy in
   Statistical Databases, LNCS 3050, 2004.
"""

import numpy as np
from numpy.typing import NDArray

_MANY = 50  # people of a class from which a few terms of the series are enough, whatever p
_TERMS = 64


def individual_risk(sizes: NDArray[np.int64], people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the individual risk of each class, (classes,), from 0 to 1.

    With ``q = 1 - p`` it is ``p`` times the integral of ``y^(f - 1) / (p + q y)`` from 0 to 1,
    which is ``p/f`` times the hypergeometric function ``2F1(1, 1; f + 1; q)``. That series has
    positive terms, and is short where ``q`` is at most a half or ``f`` is large. Elsewhere the
    integral gives ``r(1) = (p/q) ln(1/p)`` and ``r(f + 1) = (p/q) (1/f - r(f))``, which shrinks
    the error at each step, for ``p`` is less than ``q``.

    Parameters
    ----------
    sizes
        (classes,): people of the sample in each, at least 1.
    people
        (classes,): the sums of their weights, at least as large.
    """
    f = sizes.astype(np.float64)
    p = np.minimum(f / people, 1.0)
    risk = np.empty(len(sizes))
    by_series = (p >= 0.5) | (sizes >= _MANY)
    risk[by_series] = _by_series(f[by_series], p[by_series])
    risk[~by_series] = _by_recurrence(sizes[~by_series], p[~by_series])
    return risk


def _by_series(f: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    total, term = np.ones(len(f)), np.ones(len(f))
    for j in range(1, _TERMS):
        term = term * (1 - p) * j / (f + j)
        total += term
    return np.asarray(p / f * total, dtype=np.float64)


def _by_recurrence(sizes: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = p / (1 - p)
    risk = -odds * np.log(p)
    for f in range(1, int(sizes.max(initial=1))):
        later = odds * (1 / f - risk)
        risk = np.where(sizes > f, later, risk)
    return np.asarray(risk, dtype=np.float64)


def unique_in_population(
    sizes: NDArray[np.int64], people: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how likely a class has one person of the population, (classes,).

    ``P(F = 1 | f)`` is ``p`` for ``f = 1``, and 0 for more.
    """
    return np.where(sizes == 1, np.minimum(1 / people, 1.0), 0.0)
