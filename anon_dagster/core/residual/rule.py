"""When a guess counts: what others tell of a record, against what its label tells.

A relation is believed if it does for records that it was not found on what it claims: everywhere
here a record is guessed from the others, by leaving it out. It counts if it is mostly right, and
if it removes at least half of the mistakes of who knows the label alone: Goodman and Kruskal's
lambda [1]_ of the guess, given the label. So neither a value that nearly all records have nor the
usual association of two attributes is a finding.

References
----------
.. [1] L. A. Goodman, W. H. Kruskal, "Measures of association for cross classifications", JASA
   49(268), 1954, section 5.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

_SURE = 0.75  # so many of the guesses must be right
_LAMBDA = 0.5  # so many of the label's mistakes must be gone
_DEVIATIONS = 5.0  # so far beyond chance must the right guesses be; thousands are tried
_LEAST = 8  # right guesses; of fewer nothing is learnt
_CLEAR = 0.75  # share of the other records that must agree on a value for it to be guessed


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What guessing a protected column came to, record by record."""

    guessed: NDArray[np.bool_]  # (records,): where there is a guess
    right: NDArray[np.bool_]  # (records,): where it is right
    known: NDArray[np.bool_]  # (records,): where the label alone tells as much

    @property
    def share(self) -> float:
        """The share of the records that are guessed right."""
        return _mean(self.guessed & self.right)

    @property
    def baseline(self) -> float:
        """The share of the records of which the label tells as much."""
        return _mean(self.known)

    @property
    def gained(self) -> float:
        """The share of the records that are guessed right and that the label does not tell."""
        return _mean(self.guessed & self.right & ~self.known)

    def counts(self, *, above: float) -> bool:
        """Tell whether the guesses are more than chance, and gain more than a share ``above``."""
        guesses = int(self.guessed.sum())
        right = int((self.guessed & self.right).sum())
        if right < _LEAST or self.gained <= above or right < _SURE * guesses:
            return False
        expected = float(self.known[self.guessed].mean())
        if right / guesses - expected < _LAMBDA * (1 - expected):
            return False
        noise = sqrt(guesses * expected * (1 - expected) + 1)
        return right - guesses * expected >= _DEVIATIONS * noise


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the others of a group say of each record, itself left out."""

    right: NDArray[np.bool_]  # (records,): more others have its value than any other one
    clear: NDArray[np.bool_]  # (records,): the others clearly agree, on whatever value
    undecided: NDArray[np.bool_]
    """(records,): as many others have its value as another one; so it is without others."""

    def right_or(self, otherwise: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell what is right, (records,), where a second guess is asked if nothing is decided."""
        return np.where(self.undecided, otherwise, self.right)


def others_say(
    groups: NDArray[np.int64],
    values: NDArray[np.int64],
    weights: NDArray[np.int64] | None = None,
) -> Said:
    """Guess the value of each record as what most others of its group have.

    Parameters
    ----------
    groups, values
        (records,): dense from 0 on.
    weights
        (records,): how many records each stands for; one, if left out.
    """
    cells, of_record = _cells(groups, values)
    counts = np.bincount(of_record, weights, minlength=len(cells)).astype(np.int64)
    sizes = np.bincount(groups, weights, minlength=1).astype(np.int64)[cells]
    first, second = _two_largest(cells, counts, int(groups.max(initial=0)) + 1)
    own, rival = counts - 1, np.where(counts == first[cells], second[cells], first[cells])
    clear = (np.maximum(own, rival) >= _CLEAR * (sizes - 1)) & (sizes > 1)
    return Said((own > rival)[of_record], clear[of_record], (own == rival)[of_record])


def usual(values: NDArray[np.int64], weights: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Tell which records, (records,), have the value that most others have."""
    return others_say(np.zeros(len(values), dtype=np.int64), values, weights).right


def _cells(
    groups: NDArray[np.int64], values: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the group of each different pair of a group and a value, and the pair of each record.

    Groups ascend.
    """
    width = int(values.max(initial=0)) + 1
    keys = groups * width + values
    space = (int(groups.max(initial=0)) + 1) * width
    if space <= max(4 * len(keys), 2**16):
        present = np.zeros(space, dtype=np.bool_)
        present[keys] = True
        return np.flatnonzero(present) // width, (np.cumsum(present) - 1)[keys]
    different, of_record = np.unique(keys, return_inverse=True)
    return different // width, of_record.reshape(-1)


def _two_largest(
    groups: NDArray[np.int64], counts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the largest and the second largest count of each group, (groups,) each."""
    order = np.lexsort((counts, groups))
    ordered = groups[order]
    last = np.ones(len(ordered), dtype=np.bool_)
    last[:-1] = ordered[1:] != ordered[:-1]
    first, second = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    first[ordered[last]] = counts[order][last]
    before = np.flatnonzero(last) - 1
    has_two = (before >= 0) & (ordered[np.maximum(before, 0)] == ordered[last])
    second[ordered[last][has_two]] = counts[order][before[has_two]]
    return first, second


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
