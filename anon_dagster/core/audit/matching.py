"""How many people of a population may be behind classes, by another path than the search's."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.classes import different_persons, partition


def people_alike(
    classes: Sequence[NDArray[np.integer]],
    people: Sequence[NDArray[np.integer]],
    counts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Count the people who read as each class does, (classes,).

    Parameters
    ----------
    classes, people
        How each reads in each quasi-identifier, in the same codes: (classes,) and (kinds,) each.
    counts
        (kinds,): people of each kind.
    """
    number = len(classes[0]) if classes else 1
    columns = [np.concatenate(pair) for pair in zip(classes, people, strict=True)]
    together = partition(columns, np.concatenate([np.zeros(number, dtype=np.int64), counts]))
    return together.sizes[together.of[:number]]


def persons_alike(
    classes: Sequence[NDArray[np.integer]],
    people: Sequence[NDArray[np.integer]],
    kinds: NDArray[np.integer],
    persons: NDArray[np.integer],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the different persons with a record that reads as each class does.

    Parameters
    ----------
    classes, people
        As for :func:`people_alike`.
    kinds, persons
        (pairs,): a kind of people, and a person with a record of it.

    Returns
    -------
    behind
        (classes,): how many persons.
    classes_of
        (pairs,): the class that the record of each pair reads as, or -1 for none.
    """
    number = len(classes[0]) if classes else 1
    columns = [np.concatenate(pair) for pair in zip(classes, people, strict=True)]
    total = len(columns[0]) if columns else number + int(kinds.max(initial=-1)) + 1
    alike = partition(columns, np.ones(total, dtype=np.int64)).of
    class_of_group = np.full(int(alike.max(initial=-1)) + 1, -1, dtype=np.int64)
    class_of_group[alike[:number]] = np.arange(number)
    classes_of = class_of_group[alike[number:]][kinds]
    inside = classes_of >= 0
    return different_persons(classes_of[inside], persons[inside], number), classes_of


@lru_cache(maxsize=1_024)
def records_needed(k: int, fraction: Fraction, significance: Fraction, truncated: bool) -> int:  # noqa: FBT001 (a key of the cache)
    """Return how many records ``k`` people show with a probability of at most ``significance``.

    The least s with ``P(X >= s) <= significance`` for a Poisson distributed X of mean
    ``fraction * k``, truncated at zero or not, and at most ``k``. Probabilities are enclosed in
    whole multiples of 2^-b, rounded down and up, with as many bits as the answer needs [1]_.

    References
    ----------
    .. [1] K. El Emam, F. K. Dankar, "Protecting privacy using k-anonymity", Journal of the American
       Medical Informatics Association 15(5), 2008.
    """
    bits = 64
    while True:
        low, high = (_least_size(k, fraction, significance, truncated, bits, up) for up in (0, 1))
        if low == high:
            return low
        bits *= 2


def _least_size(
    k: int,
    fraction: Fraction,
    alpha: Fraction,
    truncated: bool,  # noqa: FBT001
    bits: int,
    up: int,
) -> int:
    """Return the least s for the tails that are too small (``up`` = 0) or too large (1)."""
    terms = _poisson_terms(fraction * k, bits, up=1), _poisson_terms(fraction * k, bits, up=0)
    above, below = terms if up else terms[::-1]  # weights of the tail, weights of the rest
    nothing = 1 if truncated else 0
    tail, rest = sum(above[1:]), sum(below[:1]) * (1 - nothing)
    for size in range(1, k):
        # tail / (tail + rest) <= alpha, where what was left out has gone from the rest
        if tail * alpha.denominator <= alpha.numerator * (tail + rest):
            return size
        tail -= above[size]  # of which there are more: the last one leaves a tail of 0
        rest += sum(below[size : size + 1])  # none beyond its end
    return k


def _poisson_terms(mean: Fraction, bits: int, *, up: int) -> list[int]:
    """Return ``2^b mean^i / i!`` for each i until it vanishes, rounded down or up.

    Up to twice the mean none does: there ``mean^i / i!`` is at least ``(i / (i + 1))^i > 1 / e``.
    """
    terms = [1 << bits]
    while terms[-1] > up:
        divisor = mean.denominator * len(terms)
        terms.append((terms[-1] * mean.numerator + up * (divisor - 1)) // divisor)
    return [*terms, up]  # what follows halves at every step
