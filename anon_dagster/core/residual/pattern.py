"""What the labels of a class tell of an outcome, beyond what the values behind them tell.

Where classes are formed with an eye on an outcome, they keep records of one outcome together: who
knows how a class reads knows it, though nothing about these people does [1]_. It shows where the
ranges of classes overlap: of all records whose values lie in the ranges of a class, those of the
class have one outcome, and the others another one.

References
----------
.. [1] R. C.-W. Wong, A. W.-C. Fu, K. Wang, J. Pei, "Minimality attack in privacy preserving data
   publishing", VLDB 2007: the way in which records were generalized tells what is to be hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.residual.rule import most_have, others_say
from anon_dagster.discreet import Discreet

_WORK = 4_000_000  # tuples and values that are compared with the ranges of classes, about
_PER_RANGE = 200  # comparisons that take as long as it does to look a range up
_MOST_TUPLES = 2**17  # of more, a slice is looked at
_LEAST = 30  # records without which nothing is learnt
_GAIN = 0.05  # share of the records, at least, whose outcome the labels tell and the values do not
_DEVIATIONS = 6.0

_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Labelled(Discreet):
    """A quasi-identifier of the tuples of a table: its values and what was made of them."""

    values: _Ints  # (tuples,): dense from 0 on
    labels: _Ints  # (tuples,): dense from 0 on
    numbers: NDArray[np.float64]  # (values,): NaN for texts
    heights: NDArray[np.float64]  # (labels,): how far each is generalized, 0 to 1

    def take(self, tuples: _Ints) -> "Labelled":
        """Return the attribute of some of the tuples."""
        return replace(self, values=self.values[tuples], labels=self.labels[tuples])

    def covered(self, label: int) -> _Bools:
        """Tell which values, (values,), a label is seen to stand for.

        A label of numbers stands for all between its least and its largest one.
        """
        values, ends = self._seen
        first = int(ends[label - 1]) if label else 0
        low, high = self._ranges
        covered: _Bools = (low[label] <= self.numbers) & (self.numbers <= high[label])
        covered[values[first : ends[label]]] = True
        return covered

    @cached_property
    def _seen(self) -> tuple[_Ints, _Ints]:
        """Return the values of each label, label by label, and where those of a label end."""
        width = len(self.numbers)
        pairs = distinct(self.labels * width + self.values)
        labels = pairs // max(width, 1)
        return pairs % max(width, 1), np.cumsum(np.bincount(labels, minlength=len(self.heights)))

    @cached_property
    def _ranges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and the largest number of each label, (labels,); of none, none fits."""
        values, ends = self._seen
        labels = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        own = self.numbers[values]
        low, high = np.full(len(ends), np.inf), np.full(len(ends), -np.inf)
        np.fmin.at(low, labels, own)
        np.fmax.at(high, labels, own)
        return low, high

    @cached_property
    def sizes(self) -> _Ints:
        """How many tuples have each value, (values,)."""
        return np.bincount(self.values, minlength=len(self.numbers))

    @cached_property
    def _order(self) -> tuple[_Ints, _Ints]:
        """Return the tuples by their values, and where those of a value end, (values,)."""
        return np.argsort(self.values, kind="stable"), np.cumsum(self.sizes)

    def among(self, covered: _Bools) -> _Ints:
        """Return the tuples that have one of the values, (values,)."""
        order, ends = self._order
        chosen = np.flatnonzero(covered)
        runs = zip((ends - self.sizes)[chosen], ends[chosen], strict=True)
        return np.concatenate([order[:0], *(order[start:end] for start, end in runs)])


@dataclass(frozen=True, slots=True)
class Telling:
    """How well labels tell an outcome, against the values that they stand for."""

    kind: str
    """``labels``, or their ``pattern``: how far each is generalized."""
    share: float
    """Of the records, whose outcome most others with these labels have."""
    baseline: float
    """… most others whose values lie in the same ranges have."""


def outcome_told(
    attributes: Sequence[Labelled],
    outcome: _Ints,
    counts: _Ints,
    *,
    undone: float,
    seed: int = 0,
) -> Telling | None:
    """Find out whether labels tell an outcome that the values behind them do not.

    Parameters
    ----------
    attributes
        The quasi-identifiers, the outcome not among them.
    outcome
        (tuples,): dense from 0 on.
    counts
        (tuples,): how many records each stands for.
    undone
        The share of the mistakes of who knows the values, at least, that labels undo.
    seed
        Of the classes that are looked at, where all would take too long.

    Returns
    -------
    What tells more, the labels or their pattern; ``None`` if neither tells anything.
    """
    if not attributes or int(counts.sum()) < _LEAST or len(distinct(outcome)) < 2:
        return None
    at_all = most_have(np.zeros(len(outcome), dtype=np.int64), outcome, counts)
    classes = _joined([attribute.labels for attribute in attributes])
    rows, known = _told_by_ranges(attributes, classes, _Outcome(outcome, counts, at_all), seed)
    if counts[rows][known].sum() < counts[rows][at_all[rows]].sum():
        known = at_all[rows]  # who knows nothing but what is usual guesses better
    pattern = _joined([_dense(each.heights)[each.labels] for each in attributes])
    told = []
    for kind, groups in (("labels", classes), ("pattern", pattern)):
        right = others_say(groups, outcome, counts).right_or(at_all)[rows]
        told.append(_telling(kind, right, known, counts[rows], undone))
    return max(
        (each for each in told if each is not None),
        key=lambda each: each.share - each.baseline,
        default=None,
    )


def a_slice(attributes: Sequence[Labelled], *, seed: int = 0) -> _Ints:
    """Return the tuples to look at: all, or of too many those in a stretch of values.

    The stretch is one of the attribute that has most values. Classes whose ranges overlap are in it
    together, which they would not be in a sample of classes.
    """
    tuples = len(attributes[0].values)
    if tuples <= _MOST_TUPLES:
        return np.arange(tuples)
    finest = max(attributes, key=lambda attribute: int(np.count_nonzero(attribute.sizes)))
    ranks = np.where(np.isfinite(finest.numbers), finest.numbers, np.inf)
    order = np.argsort(np.argsort(ranks, kind="stable"), kind="stable")[finest.values]
    by_value = np.argsort(order, kind="stable")
    first = int(np.random.default_rng(seed).integers(tuples - _MOST_TUPLES))
    return np.sort(by_value[first : first + _MOST_TUPLES])


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome:
    values: _Ints  # (tuples,)
    counts: _Ints  # (tuples,)
    usual: _Bools  # (tuples,): whether it is the usual one of the table

    def told(self, inside: _Ints, own: _Ints) -> _Bools:
        """Tell of some tuples whether most others inside some ranges have their outcome."""
        held = np.bincount(self.values[inside], self.counts[inside], int(self.values.max()) + 1)
        second, most = np.partition(held, len(held) - 2)[-2:]
        rest = held - 1 - np.where(held == most, second, most)
        of_own = rest[self.values[own]]
        return np.where(of_own == 0, self.usual[own], of_own > 0)


def _telling(
    kind: str, right: _Bools, known: _Bools, counts: _Ints, undone: float
) -> Telling | None:
    """Say how much more is right than is known, unless it is little, or may be chance."""
    records = int(counts.sum())
    share, baseline = (float(counts[told].sum() / records) for told in (right, known))
    if records < _LEAST or share - baseline < max(_GAIN, undone * (1 - baseline)):
        return None
    different = int(counts[right != known].sum())
    if (share - baseline) * records < _DEVIATIONS * sqrt(different + 1):
        return None
    return Telling(kind, share, baseline)


def _told_by_ranges(
    attributes: Sequence[Labelled], classes: _Ints, outcome: _Outcome, seed: int
) -> tuple[_Ints, _Bools]:
    """Look whether most others in the ranges of a class have the outcome of its tuples.

    Returns
    -------
    The tuples of some classes, (rows,), and whether it is so, (rows,).
    """
    order = np.argsort(classes, kind="stable")
    ends = np.cumsum(np.bincount(classes))
    starts = np.append(0, ends[:-1])
    rows: list[_Ints] = []
    known: list[_Bools] = []
    work = 0
    for each in np.random.default_rng(seed).permutation(len(ends)).tolist():
        own = order[starts[each] : ends[each]]
        inside, compared = _inside(attributes, int(own[0]))
        rows.append(own)
        known.append(outcome.told(inside, own))
        work += compared
        if work > _WORK:
            break
    return np.concatenate(rows), np.concatenate(known)


def _inside(attributes: Sequence[Labelled], first: int) -> tuple[_Ints, int]:
    """Return the tuples in the ranges of the class of a tuple, and how many were compared."""
    covered = [attribute.covered(int(attribute.labels[first])) for attribute in attributes]
    sizes = [int(a.sizes[c].sum()) for a, c in zip(attributes, covered, strict=True)]
    by_size = sorted(range(len(sizes)), key=sizes.__getitem__)
    inside = attributes[by_size[0]].among(covered[by_size[0]])
    for position in by_size[1:]:
        if sizes[position] < len(attributes[position].values):
            inside = inside[covered[position][attributes[position].values[inside]]]
    return inside, sizes[by_size[0]] + sum(len(each) + _PER_RANGE for each in covered)


def _dense(values: NDArray[np.float64]) -> _Ints:
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _joined(columns: Sequence[_Ints]) -> _Ints:
    joined = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        joined = joined * (int(column.max(initial=0)) + 1) + column
        joined = np.unique(joined, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return joined
