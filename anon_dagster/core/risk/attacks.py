"""Attacks on a release, carried out in full: singling out, linkability, inference.

The three attacks are those that Giomi et al. [1]_ try on a sample of people, against a control
group that the release was not made from. On a release of equivalence classes no sample is needed:
the success that is to be expected follows from counts, exactly. The control group is found by
leaving out: each person in turn is attacked by means of the release without her own record. What
succeeds then is known about people in general; what succeeds beyond is the risk of being in it.

The attacker knows how each attribute was recoded, and which label it has for the person attacked.

References
----------
.. [1] M. Giomi, F. Boenisch, C. Wehmeyer, B. Tasnádi, "A unified framework for quantifying privacy
   risk in synthetic data", Proceedings on Privacy Enhancing Technologies 2023(2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import Groups, group
from anon_dagster.core.risk.separation import class_sizes

_MOST_SPLITS = 100  # in two halves, of more a sample
_Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Attack:
    """What came of an attack on every record: shares from 0 to 1, to be expected."""

    records: int
    success: float
    control: float
    """The success against the same people by means of the release without their records."""
    naive: float
    """The success of one who has not seen the release; NaN where none is defined."""

    @property
    def risk(self) -> float:
        """``(success - control) / (1 - control)``, at least 0: what is due to the record [1]_.

        References
        ----------
        .. [1] M. Giomi et al., PoPETs 2023(2), equation 3.
        """
        return _excess(self.success, self.control)

    @property
    def interval(self) -> tuple[float, float]:
        """The risk that 95 % of samples of so many people from the same population might show.

        Of the Wilson intervals of success and control, the ends that are worst for the risk on
        either side [1]_: wider than 95 % needs. Where the control succeeds always, there is nothing
        to gain.

        References
        ----------
        .. [1] M. Giomi et al., PoPETs 2023(2), section 4.2; E. B. Wilson, "Probable inference, the
           law of succession, and statistical inference", JASA 22(158), 1927.
        """
        if self.control >= 1:
            return 0.0, 0.0
        success, control = (wilson(s, self.records) for s in (self.success, self.control))
        return _excess(success[0], control[1]), _excess(success[1], control[0])


def _excess(success: float, control: float) -> float:
    return max((success - control) / (1 - control), 0.0) if control < 1 else 0.0


def wilson(share: float, trials: int) -> tuple[float, float]:
    """Return the Wilson score interval, at 95 %, of a share of successes; without trials, all."""
    if not trials:
        return 0.0, 1.0
    square = _Z * _Z / trials
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * sqrt(share * (1 - share) / trials + square / (4 * trials))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def singling_out(table: FrequencyTable, known: int) -> Attack:
    """Pick out one record by what it says in ``known`` attributes.

    The mean over all combinations of so many attributes, and all records that the predicate is
    taken from. Without that record, it picks out one if there is exactly one other.
    """
    n, attributes = table.records, table.codes.shape[1]
    chosen = combinations(range(attributes), known)
    alone = pairs = 0
    for attributes_seen in chosen:
        sizes = class_sizes(table, attributes_seen)
        alone += int(np.count_nonzero(sizes == 1))
        pairs += 2 * int(np.count_nonzero(sizes == 2))
    trials = n * comb(attributes, known)
    return Attack(n, _share(alone, trials), _share(pairs, trials), nan)


def linkability(table: FrequencyTable, *, seed: int = 0) -> Attack:
    """Find the other half of a person's data, by half of her attributes and the release.

    The attacker picks a record among those that agree with the first half, and then a person
    among those that agree with that record's second half. Without the release she picks anybody.
    The mean over all records and all ways to halve the attributes, of many ways over a sample.
    """
    n, attributes = table.records, table.codes.shape[1]
    splits = _splits(attributes, seed)
    shares = [_linked(table, first) for first in splits]
    success = float(np.mean([s for s, _ in shares])) if shares and n else 0.0
    control = float(np.mean([c for _, c in shares])) if shares and n else 0.0
    return Attack(n, success, control, _share(1, n))


def _splits(attributes: int, seed: int) -> list[tuple[int, ...]]:
    half = attributes // 2
    if not half:
        return []
    if comb(attributes, half) <= _MOST_SPLITS:
        return list(combinations(range(attributes), half))
    rng = np.random.default_rng(seed)
    drawn = (rng.permutation(attributes)[:half] for _ in range(_MOST_SPLITS))
    return [tuple(sorted(half_drawn.tolist())) for half_drawn in drawn]


def _linked(table: FrequencyTable, first: tuple[int, ...]) -> tuple[float, float]:
    """Return the mean success over the records, with their own record and without it."""
    second = [a for a in range(table.codes.shape[1]) if a not in first]
    of_first, of_second, of_both = (
        _sizes_of(table, attributes) for attributes in (first, second, [*first, *second])
    )
    success = of_both / of_first / of_second
    others = np.maximum(of_first - 1, 1)
    control = (of_both - 1) / others / of_second
    return _mean(success, table.counts), _mean(control, table.counts)


def _sizes_of(table: FrequencyTable, attributes: Sequence[int]) -> NDArray[np.int64]:
    """Return with how many records each tuple agrees in some attributes, (tuples,)."""
    groups = _grouped(table, attributes)
    return groups.sums(table.counts)[groups.ids]


def _grouped(table: FrequencyTable, attributes: Sequence[int]) -> Groups:
    columns = [table.codes[:, a] for a in attributes]
    return group(columns, [table.sizes[a] for a in attributes], len(table))


def inference(table: FrequencyTable, known: Sequence[int], secret: int) -> Attack:
    """Guess an attribute of a person as what most who agree with her in the known ones have.

    Of several values that are as frequent, one is picked by chance; where nobody else agrees, as
    is the rule without her own record, what most people have. That is the naive guess, too.

    Parameters
    ----------
    known, secret
        Positions of attributes.
    """
    n = table.records
    if not n:
        return Attack(0, 0.0, 0.0, nan)
    cells = _grouped(table, [*known, secret])
    counts = cells.sums(table.counts)
    classes = _grouped(table, known).ids[cells.first]
    values = table.codes[cells.first, secret].astype(np.int64)
    overall = np.zeros(table.sizes[secret], dtype=np.int64)
    np.add.at(overall, values, counts)
    everybody = np.zeros(len(overall), dtype=np.int64)
    of_all = _majority_of_others(everybody, overall, np.zeros(len(overall)))
    with_own = _majority(classes, counts)
    without = _majority_of_others(classes, counts, of_all[values])
    return Attack(n, _mean(with_own, counts), _mean(without, counts), float(overall.max() / n))


def _majority(classes: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how likely the value of each cell is guessed in its class, (cells,)."""
    most, ties = _tops(classes, counts)
    return np.where(counts == most[classes], 1 / ties[classes], 0.0)


def _majority_of_others(
    classes: NDArray[np.int64], counts: NDArray[np.int64], alone: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the same where one record of the cell is not there, (cells,).

    The cell has one less. It is guessed if no other cell of the class has more; of those that
    have as many, and of itself, each is as likely. ``alone`` is the guess where nobody is left.
    """
    most, ties = _tops(classes, counts)
    below = np.where(counts < most[classes], counts, 0)  # the highest but the top
    second, seconds = _tops(classes, below)
    own = counts - 1
    is_top = counts == most[classes]
    others_tie = is_top & (ties[classes] > 1)  # another has one more now
    single_top = is_top & (ties[classes] == 1)
    ahead = single_top & (own > second[classes])
    level = single_top & (own == second[classes])
    guess = np.where(ahead, 1.0, 0.0)
    guess[level] = 1 / (1 + seconds[classes[level]])
    guess[others_tie] = 0.0
    class_sizes = np.zeros(len(most), dtype=np.int64)
    np.add.at(class_sizes, classes, counts)
    return np.where(class_sizes[classes] == 1, alone, guess)


def _tops(
    classes: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the highest count of each class, and how many cells have it, (classes,) each."""
    number = int(classes.max(initial=-1)) + 1
    most = np.zeros(number, dtype=np.int64)
    np.maximum.at(most, classes, counts)
    ties = np.zeros(number, dtype=np.int64)
    np.add.at(ties, classes[counts == most[classes]], 1)
    return most, ties


def _mean(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the mean over records; what is certain for all of them is 1, not almost."""
    return min(float(counts @ values) / (int(counts.sum()) or 1), 1.0)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
