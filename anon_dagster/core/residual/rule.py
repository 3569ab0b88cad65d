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
from math import lgamma

import numpy as np
from numpy.typing import NDArray

_SURE = 0.75  # so many of the guesses must be right
_LAMBDA = 0.5  # so many of the label's mistakes must be gone, if no more is asked
_NATS = 12.5  # so far beyond chance must the right guesses be, five deviations; thousands are tried
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
        """The share of the records that are guessed right and of which the label tells as much."""
        return _mean(self.guessed & self.right & self.known)

    @property
    def gained(self) -> float:
        """The share of the records that are guessed right and that the label does not tell."""
        return _mean(self.guessed & self.right & ~self.known)

    def counts(self, *, above: float, undone: float = _LAMBDA) -> bool:
        """Tell whether the guesses are more than chance, and gain more than a share ``above``.

        Parameters
        ----------
        undone
            The share of the label's mistakes that must be gone.
        """
        guesses = int(self.guessed.sum())
        right = int((self.guessed & self.right).sum())
        if right < _LEAST or self.gained <= above or right < _SURE * guesses:
            return False
        expected = float(self.known[self.guessed].mean())
        if right / guesses - expected < undone * (1 - expected):
            return False
        return guesses * float(divergence(right / guesses, expected)) >= _NATS


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
    cells, of_record = cells_of(groups, values)
    counts = np.bincount(of_record, weights, minlength=len(cells)).astype(np.int64)
    sizes = np.bincount(groups, weights, minlength=1).astype(np.int64)[cells]
    first, second = _two_largest(cells, counts, int(groups.max(initial=0)) + 1)
    own, rival = counts - 1, np.where(counts == first[cells], second[cells], first[cells])
    clear = (np.maximum(own, rival) >= _CLEAR * (sizes - 1)) & (sizes > 1)
    return Said((own > rival)[of_record], clear[of_record], (own == rival)[of_record])


def most_have(
    groups: NDArray[np.int64],
    values: NDArray[np.int64],
    weights: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Tell which records, (records,), have the usual value of their group, one of several.

    Who is alone in a group has the usual value if it is that of all records.
    """
    everybody = np.zeros(len(groups), dtype=np.int64)
    alone = np.bincount(groups, minlength=1)[groups] < 2
    of_all = _is_first(everybody, values, weights) if alone.any() else alone
    return np.where(alone, of_all, _is_first(groups, values, weights))


def _is_first(
    groups: NDArray[np.int64], values: NDArray[np.int64], weights: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    cells, of_record = cells_of(groups, values)
    counts = np.bincount(of_record, weights, minlength=len(cells))
    order = np.lexsort((-np.arange(len(cells)), counts, cells))
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = cells[order][1:] != cells[order][:-1]
    first = np.zeros(len(cells), dtype=np.bool_)
    first[order[last]] = True
    return first[of_record]


def surprise(
    groups: NDArray[np.int64], values: NDArray[np.int64], expected: NDArray[np.float64]
) -> float:
    """Return how surprising it is, in nats, that groups agree on a value where they clearly do.

    The first record of a group may have any value; by Chernoff's bound the others agree with it by
    chance with a probability of at most ``exp(-(n - 1) KL)``, for all groups that clearly agree
    together. They may be any of the groups, which is counted, too.

    Parameters
    ----------
    groups, values
        (records,): dense from 0 on.
    expected
        (records,): how likely others have the value of the record, by what is known anyway.
    """
    cells, of_record = cells_of(groups, values)
    counts = np.bincount(of_record, minlength=len(cells))
    sizes = np.bincount(groups, minlength=1)
    first, _ = _two_largest(cells, counts, len(sizes))
    several = np.flatnonzero(sizes > 1)
    share = (first[several] - 1) / (sizes[several] - 1)
    clear = share >= _CLEAR
    of_group = np.zeros(len(sizes))
    is_first = (counts == first[cells])[of_record]
    np.maximum.at(of_group, groups[is_first], expected[is_first])
    chance = of_group[several]
    nats = np.where(share > chance, (sizes[several] - 1) * divergence(share, chance), 0.0)
    information = float(nats[clear].sum())
    groups_clear = int(clear.sum())
    ways = lgamma(len(several) + 1) - lgamma(groups_clear + 1)
    ways -= lgamma(len(several) - groups_clear + 1)
    return information - ways


def divergence(
    share: float | NDArray[np.float64], chance: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Kullback-Leibler divergence of shares of two outcomes, in nats.

    Of n outcomes a share as high is seen by chance with a probability of at most
    ``exp(-n KL)`` [1]_.

    References
    ----------
    .. [1] H. Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis based on the
       sum of observations", Annals of Mathematical Statistics 23(4), 1952.
    """
    q, p = (np.clip(each, 1e-12, 1 - 1e-12) for each in (share, chance))
    nats: NDArray[np.float64] = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
    return nats


def cells_of(
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
        there = np.flatnonzero(present)
        places = np.empty(space, dtype=np.int64)
        places[there] = np.arange(len(there))
        return there // width, places[keys]
    different, of_record = np.unique(keys, return_inverse=True)
    return different // width, of_record.reshape(-1)


def _two_largest(
    groups: NDArray[np.int64], counts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the largest and the second largest count of each group, (groups,) each.

    Groups ascend.
    """
    first, second = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    if not len(groups):
        return first, second
    starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    present = groups[starts]
    first[present] = np.maximum.reduceat(counts, starts)
    is_first = counts == first[groups]
    ties = np.add.reduceat(is_first.astype(np.int64), starts)
    below = np.maximum.reduceat(np.where(is_first, 0, counts), starts)
    second[present] = np.where(ties > 1, first[present], below)
    return first, second


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
