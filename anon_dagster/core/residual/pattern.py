"""What the labels of a class tell of an outcome, beyond what the values behind them tell.

Where classes are formed with an eye on an outcome, they keep records of one outcome together: who
knows how a class reads knows it, though nothing about these people does [1]_. It shows where the
ranges of classes overlap: of all records whose values lie in the range of a class, those of the
class have one outcome, and the others another one.

References
----------
.. [1] R. C.-W. Wong, A. W.-C. Fu, K. Wang, J. Pei, "Minimality attack in privacy preserving data
   publishing", VLDB 2007: the way in which records were generalized tells what is to be hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual.rule import Evidence, others_say

_MOST_CLASSES = 384  # that are looked at, by lot
_LEAST = 30  # records without which nothing is learnt
_GAIN = 0.05  # share of the records, at least, whose outcome the labels tell and the values do not
_LAMBDA = 0.2  # share of the mistakes of who knows the values, at least, that labels undo
_DEVIATIONS = 6.0

_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labelled:
    """A quasi-identifier of the examined records: its values and what was made of them."""

    values: _Ints  # (records,): dense from 0 on
    labels: _Ints  # (records,): dense from 0 on
    numbers: NDArray[np.float64]  # (records,): NaN for texts
    heights: NDArray[np.float64]  # (records,): how far the label is generalized, 0 to 1

    def covers(self) -> NDArray[np.bool_]:
        """Tell which values, (labels, values), each label is seen to stand for.

        A label of numbers stands for all between its least and its largest one.
        """
        shape = int(self.labels.max(initial=-1)) + 1, int(self.values.max(initial=-1)) + 1
        seen = np.zeros(shape, dtype=np.bool_)
        seen[self.labels, self.values] = True
        counted = np.isfinite(self.numbers)
        if counted.any():
            of_value = np.full(shape[1], np.nan)
            of_value[self.values[counted]] = self.numbers[counted]
            low, high = np.full(shape[0], np.inf), np.full(shape[0], -np.inf)
            np.minimum.at(low, self.labels[counted], self.numbers[counted])
            np.maximum.at(high, self.labels[counted], self.numbers[counted])
            with np.errstate(invalid="ignore"):
                seen |= (low[:, None] <= of_value) & (of_value <= high[:, None])
        return seen


@dataclass(frozen=True, slots=True)
class Telling:
    """How well labels tell an outcome, against the values that they stand for."""

    kind: str
    """``labels``, or their ``pattern``: how far each is generalized."""
    share: float
    """Of the records, whose outcome most others with these labels have."""
    baseline: float
    """… most others whose values lie in the same ranges have."""


def outcome_told(attributes: Sequence[Labelled], outcome: _Ints) -> Telling | None:
    """Find out whether labels tell an outcome that the values behind them do not.

    Parameters
    ----------
    attributes
        The quasi-identifiers, the outcome not among them.
    outcome
        (records,): dense from 0 on.

    Returns
    -------
    What tells more, the labels or their pattern; ``None`` if neither tells anything.
    """
    if not attributes or len(outcome) < _LEAST or len(np.unique(outcome)) < 2:
        return None
    classes = _joined([attribute.labels for attribute in attributes])
    chosen = _some(int(classes.max()) + 1)
    rows = np.flatnonzero(np.isin(classes, chosen))
    by_values = np.zeros(len(outcome), dtype=np.bool_)
    by_values[rows] = _told_by_ranges(attributes, classes, outcome, rows)
    pattern = _joined([_dense(attribute.heights) for attribute in attributes])
    best: tuple[float, Telling] | None = None
    for kind, groups in (("labels", classes), ("pattern", pattern)):
        right = others_say(groups, outcome).right
        evidence = Evidence(np.ones(len(rows), dtype=np.bool_), right[rows], by_values[rows])
        gain = evidence.share - evidence.baseline
        if _counts(evidence) and (best is None or gain > best[0]):
            best = gain, Telling(kind, evidence.share, evidence.baseline)
    return None if best is None else best[1]


def _counts(evidence: Evidence) -> bool:
    records = len(evidence.right)
    gain = evidence.share - evidence.baseline
    if records < _LEAST or gain < max(_GAIN, _LAMBDA * (1 - evidence.baseline)):
        return False
    different = float((evidence.right != evidence.known).sum())
    return gain * records >= _DEVIATIONS * sqrt(different + 1)


def _told_by_ranges(
    attributes: Sequence[Labelled], classes: _Ints, outcome: _Ints, rows: _Ints
) -> NDArray[np.bool_]:
    """Tell of some records whether most others in the ranges of their class have their outcome."""
    size = int(outcome.max()) + 1
    covers = [attribute.covers() for attribute in attributes]
    right = np.zeros(len(rows), dtype=np.bool_)
    of_rows = classes[rows]
    for each in np.unique(of_rows):
        own = np.flatnonzero(of_rows == each)
        first = rows[own[0]]
        inside = np.ones(len(outcome), dtype=np.bool_)
        for attribute, covered in zip(attributes, covers, strict=True):
            inside &= covered[attribute.labels[first]][attribute.values]
        counts = np.bincount(outcome[inside], minlength=size)
        others = np.repeat(counts[None, :], size, axis=0) - np.eye(size, dtype=np.int64)
        np.fill_diagonal(others, -1)
        told = counts - 1 > others.max(axis=1, initial=-1)
        right[own] = told[outcome[rows[own]]]
    return right


def _some(classes: int) -> _Ints:
    if classes <= _MOST_CLASSES:
        return np.arange(classes)
    return np.random.default_rng(0).permutation(classes)[:_MOST_CLASSES]


def _dense(values: NDArray[np.float64]) -> _Ints:
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _joined(columns: Sequence[_Ints]) -> _Ints:
    joined = columns[0]
    for column in columns[1:]:
        joined = joined * (int(column.max(initial=0)) + 1) + column
        joined = np.unique(joined, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return np.unique(joined, return_inverse=True)[1].reshape(-1).astype(np.int64)
