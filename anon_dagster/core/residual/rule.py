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

    def but_for(self, other: "Evidence") -> "Evidence":
        """Return the evidence against who knows another relation, too."""
        return Evidence(self.guessed, self.right, self.known | (other.guessed & other.right))


def others_say(groups: NDArray[np.int64], values: NDArray[np.int64]) -> Evidence:
    """Guess the value of each record as what most others of its group have.

    Parameters
    ----------
    groups, values
        (records,): dense from 0 on.

    Returns
    -------
    Where most others clearly agree there is a guess; ``right`` is told of the usual value, clear
    or not. Nothing is known.
    """
    cells, of_record = _cells(groups, values)
    counts = np.bincount(of_record, minlength=len(cells.groups))
    sizes = np.bincount(groups, minlength=1)
    first, second = _two_largest(cells.groups, counts, len(sizes))
    is_first = counts == first[cells.groups]
    tied = first == second
    rival = np.where(is_first & ~tied[cells.groups], second[cells.groups], first[cells.groups])
    own, others = counts - 1, np.maximum(sizes[cells.groups] - 1, 1)
    right = own > rival
    clear = np.maximum(own, rival) >= _CLEAR * others
    clear &= sizes[cells.groups] > 1
    nothing = np.zeros(len(groups), dtype=np.bool_)
    return Evidence(clear[of_record], right[of_record], nothing)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    groups: NDArray[np.int64]  # (cells,): ascending


def _cells(
    groups: NDArray[np.int64], values: NDArray[np.int64]
) -> tuple[_Cells, NDArray[np.int64]]:
    """Return the different pairs of a group and a value, and the pair of each record."""
    width = int(values.max(initial=-1)) + 1
    keys = groups * width + values
    space = (int(groups.max(initial=-1)) + 1) * width
    if space <= max(4 * len(keys), 2**16):
        present = np.zeros(space, dtype=np.bool_)
        present[keys] = True
        different = np.flatnonzero(present)
        of_record = (np.cumsum(present) - 1)[keys]
    else:
        different, of_record = np.unique(keys, return_inverse=True)
    return _Cells(different // max(width, 1)), of_record.reshape(-1)


def _two_largest(
    groups: NDArray[np.int64], counts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the largest and the second largest count of each group, (groups,) each."""
    order = np.lexsort((counts, groups))
    ordered = groups[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    last = last[-len(ordered) :] if len(ordered) else last[:0]
    first, second = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    first[ordered[last]] = counts[order][last]
    before = np.flatnonzero(last) - 1
    has_two = (before >= 0) & (ordered[np.maximum(before, 0)] == ordered[last])
    second[ordered[last][has_two]] = counts[order][before[has_two]]
    return first, second


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
