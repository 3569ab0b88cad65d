"""Special uniques: records that few of their attributes suffice to single out."""

from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import row_keys

Combination = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SpecialUniques:
    """The minimal sample uniques of each tuple of a table, and the scores that they give.

    A minimal sample unique (MSU) of a record is a set of attributes whose values no other record
    has all of, while for each smaller part of the set some other record has.
    """

    table: FrequencyTable
    largest: int
    """No larger MSU was looked for."""
    msus: NDArray[np.int64]  # (tuples, largest): how many of 1, 2, … attributes each has
    contributions: NDArray[np.float64]
    """(tuples, attributes): what the MSUs with each attribute add to the score."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """The SUDA score of each tuple, (tuples,): 0 for what no MSU singles out."""
        scores: NDArray[np.float64] = self.msus @ msu_scores(self.table, self.largest)
        return scores

    @property
    def smallest(self) -> NDArray[np.int64]:
        """The size of the smallest MSU of each tuple, (tuples,); 0 without one."""
        has = self.msus > 0
        return np.where(has.any(axis=1), has.argmax(axis=1) + 1, 0)


def msu_scores(table: FrequencyTable, largest: int) -> NDArray[np.float64]:
    """Return what an MSU of each size adds to the score of its record, (largest,)."""
    attributes = table.codes.shape[1]
    factors = range(1, min(largest, attributes - 1) + 1)
    scores = [prod(attributes - i for i in factors if i >= k) for k in range(1, largest + 1)]
    return np.array(scores, dtype=np.float64)


def special_uniques(table: FrequencyTable, *, largest: int) -> SpecialUniques:
    """Find every minimal sample unique of up to ``largest`` attributes.

    The score of a record adds up ``Π (ATT - i), i from k to M`` over its MSUs of size k, for ATT
    attributes and M = ``largest``, at most ATT - 1 [1]_.

    Combinations are visited by size. A record that fewer attributes single out has no larger MSU
    with them, and stands in nobody's way: it is left out of all larger combinations, which is the
    idea that the recursive search of [2]_ lives on. What remains soon has no unique record.

    Parameters
    ----------
    table
        A row for each combination of values; what it counts are records.
    largest
        At least 1. The work grows with the number of combinations of so many attributes.

    References
    ----------
    .. [1] M. J. Elliot, A. M. Manning, R. W. Ford, "A computational algorithm for handling the
       special uniques problem", Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5),
       2002; the score: M. J. Elliot, A. Manning, K. Mayes, J. Gurd, M. Bane, "SUDA: a program for
       detecting special uniques", UN/ECE work session on statistical data confidentiality, 2005.
    .. [2] A. M. Manning, D. J. Haglin, J. A. Keane, "A recursive search algorithm for statistical
       disclosure assessment", Data Mining and Knowledge Discovery 16(2), 2008.
    """
    tuples, attributes = table.codes.shape
    largest = min(largest, attributes)
    msus = np.zeros((tuples, largest), dtype=np.int64)
    contributions = np.zeros((tuples, attributes))
    scores = msu_scores(table, largest)
    single = table.counts == 1
    left: dict[Combination, NDArray[np.uint8]] = {(): np.packbits(np.ones(tuples, dtype=np.bool_))}
    for size in range(1, largest + 1):
        before, left = left, {}
        for chosen in combinations(range(attributes), size):
            rows = _left(before, chosen, tuples)
            if not single[rows].any():
                continue
            unique = _alone(table, chosen, rows) & single[rows]
            msus[rows[unique], size - 1] += 1
            contributions[np.ix_(rows[unique], chosen)] += scores[size - 1]
            shared = np.zeros(tuples, dtype=np.bool_)
            shared[rows[~unique]] = True
            left[chosen] = np.packbits(shared)
    return SpecialUniques(table, largest, msus, contributions)


def _left(
    before: dict[Combination, NDArray[np.uint8]], chosen: Combination, tuples: int
) -> NDArray[np.intp]:
    """Return the rows that no part of a combination singles out."""
    parts = [chosen[:a] + chosen[a + 1 :] for a in range(len(chosen))]
    if any(part not in before for part in parts):
        return np.zeros(0, dtype=np.intp)
    shared = np.bitwise_and.reduce([before[part] for part in parts])
    return np.flatnonzero(np.unpackbits(shared, count=tuples))


def _alone(table: FrequencyTable, chosen: Combination, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which of the rows agree with no other of them in the chosen attributes."""
    columns = [table.codes[rows, a] for a in chosen]
    keys = row_keys(columns, [table.sizes[a] for a in chosen], len(rows))
    order = np.argsort(keys)
    differs = np.diff(keys[order]) != 0
    alone = np.zeros(len(rows), dtype=np.bool_)
    alone[order] = np.append(True, differs) & np.append(differs, True)
    return alone


def intrusion_success(table: FrequencyTable, fraction: float) -> float:
    """Estimate how likely a unique match between a sample and a population is correct.

    Data intrusion simulation (DIS): of ``U`` unique records and ``P`` records in pairs,
    ``U π / (U π + P (1 - π))`` [1]_; 0 without a unique record.

    Parameters
    ----------
    table
        The sample.
    fraction
        The share of the population that is in the sample, above 0 and at most 1.

    References
    ----------
    .. [1] C. J. Skinner, M. J. Elliot, "A measure of disclosure risk for microdata", Journal of
       the Royal Statistical Society B 64(4), 2002, section 4.
    """
    unique = int(np.count_nonzero(table.counts == 1)) * fraction
    pairs = 2 * int(np.count_nonzero(table.counts == 2)) * (1 - fraction)
    return unique / (unique + pairs) if unique else 0.0


def dis_scores(uniques: SpecialUniques, fraction: float) -> NDArray[np.float64]:
    """Share the success of a simulated intrusion out among the special uniques [1]_.

    A record of score S is matched correctly with the odds ``D / (1 - D) · S^q · mean(S^-q)``, of
    which the mean of the reciprocals over all special uniques is that of the whole file,
    ``(1 - D) / D``. The exponent ``q = 1 + (8 - ATT) / 20`` is that of the program in sdcMicro;
    it is not let fall below 0.

    Returns
    -------
    numpy.ndarray
        (tuples,): probabilities; 0 for a tuple without an MSU.

    References
    ----------
    .. [1] M. J. Elliot, A. M. Manning, "Using DIS to modify the classification of special
       uniques", UN/ECE work session on statistical data confidentiality, 2003.
    """
    success = intrusion_success(uniques.table, fraction)
    scores = uniques.scores
    special = scores > 0
    probabilities = np.zeros(len(scores))
    if not special.any():
        return probabilities
    q = max(1 + (8 - uniques.table.codes.shape[1]) / 20, 0.0)
    weighted = scores[special] ** q
    raised = weighted * success * float((1 / weighted).mean())
    probabilities[special] = raised / (raised + (1 - success))
    return probabilities
