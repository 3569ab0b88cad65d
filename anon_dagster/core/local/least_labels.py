"""What the cheapest label costs that holds a tuple and enough others to be a class.

Every label of a class lies within a stratum: of an attribute with nodes, those at one level; of one
with ranges or sets, the labels of one value, or all others. The strata of all attributes together
are searched depth first: a stratum groups the tuples that its labels could hold, and a group that
could not be a class has none below it that could.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import Axis, NodeAxis
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.least_extents import least_extents
from anon_dagster.core.local.points import Points
from anon_dagster.core.privacy import KAnonymity

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WORK = 50_000_000
"""How many tuples are grouped at most; beyond it, fewer attributes are looked at."""
_PRUNED = 20
"""Searches that would group so many times more, were nothing pruned, are not begun."""
_ROUNDING = 1e-12


def least_losses(points: Points, *, work: int = WORK) -> Floats:
    """Return what a record of each tuple loses at least, unless it is suppressed, (tuples,).

    Parameters
    ----------
    work
        How many tuples may be grouped; if they are not enough for all attributes, the dearest are
        looked at alone, and the others count what they lose at their lowest levels.
    """
    attributes = [_Attribute.of(points, q) for q in range(len(points.axes))]
    attributes.sort(key=lambda each: -each.first_step)  # few groups pass the dearest ones
    enough = _Enough.of(points)
    found = _of_attributes(attributes, enough, work)
    if found is not None:
        return found
    lowest = [each.strata[0].loss[each.positions] for each in attributes]
    least: Floats = np.sum(lowest, axis=0)
    for number in range(1, len(attributes)):
        found = _of_attributes(attributes[:number], enough, work)
        if found is None:
            break
        least = np.sum([found, *lowest[number:]], axis=0)
    return least


@dataclass(frozen=True, slots=True, eq=False)
class _Stratum:
    """Labels of one attribute: which values one of them may hold, and what each costs at least."""

    groups: Ints  # (positions,), or (tuples,): values of different groups share no label
    size: int
    loss: Floats  # as many
    axis: Axis | None = None
    """Of labels that reach further, the more tuples they are to hold: ranges and sets."""
    positions: Ints | None = None  # as many, where there is an axis

    def at(self, positions: Ints) -> "_Stratum":
        """Return the same for the value of each of some tuples."""
        at_tuples = None if self.axis is None else positions
        groups, loss = self.groups[positions], self.loss[positions]
        return replace(self, groups=groups, loss=loss, positions=at_tuples)


@dataclass(frozen=True, slots=True, eq=False)
class _Attribute:
    """The labels of an attribute, and its values in the table."""

    strata: tuple[_Stratum, ...]
    """The cheapest first, by position; what costs as much as a wider one is left out."""
    positions: Ints  # (tuples,)
    most: float
    """What a record loses of it at most."""

    @classmethod
    def of(cls, points: Points, q: int) -> "_Attribute":
        """Sort the labels of an attribute into strata."""
        axis, highest = points.axes[q], points.problem.highest[q]
        if isinstance(axis, NodeAxis):
            levels = range(axis.lowest, max(highest, axis.lowest) + 1)
            strata = [
                _Stratum(axis.nodes[level], axis.leaves, axis.spans[level] * axis.unit)
                for level in levels
            ]
        else:
            every = np.arange(axis.leaves)
            bounds = axis.hierarchy.codes[highest][axis.leaf_at].astype(np.int64)
            further = np.full(axis.leaves, axis.unit)
            strata = [
                _Stratum(every, axis.leaves, np.zeros(axis.leaves)),
                _Stratum(bounds, axis.leaves, further, axis),
            ]
        needed = [
            stratum
            for stratum, wider in pairwise([*strata, None])
            if stratum and (wider is None or not np.array_equal(stratum.loss, wider.loss))
        ]
        return cls(tuple(needed), points.columns[q], axis.unit * (axis.leaves - 1))

    @property
    def first_step(self) -> float:
        """What the second cheapest labels add to the cheapest, in the mean over tuples."""
        if len(self.strata) == 1 or not len(self.positions):
            return 0.0
        return float((self.strata[1].loss - self.strata[0].loss)[self.positions].mean())


def _of_attributes(attributes: Sequence[_Attribute], enough: "_Enough", work: int) -> Floats | None:
    """Return what labels of some attributes cost at least, (tuples,); ``None``: too much work."""
    alike = first = np.arange(len(enough.weights))
    if enough.judge is None:  # what reads alike at the lowest levels is one
        lowest = [each.strata[0] for each in attributes]
        columns = (each.strata[0].groups[each.positions] for each in attributes)
        groups = group(columns, [stratum.size for stratum in lowest], len(alike))
        alike, first, weights = groups.ids, groups.first, groups.sums(enough.weights)
        enough = replace(enough, weights=weights, counts=weights)
    if len(first) * prod(len(each.strata) for each in attributes) > _PRUNED * work:
        return None
    strata = [[stratum.at(each.positions[first]) for stratum in each.strata] for each in attributes]
    most = sum(each.most for each in attributes)
    search = _Search(enough, strata, most, work)
    return search.least[alike] if search.run() else None


@dataclass(frozen=True, slots=True, eq=False)
class _Enough:
    """Which groups could be a class, or hold one: by what every class within them needs."""

    needed: int
    """How many records, or persons."""
    weights: Ints  # (tuples,): how many of these a tuple has
    counts: Ints  # (tuples,): records
    judge: ClassJudge | None
    """Holds them to everything else that joining others cannot break."""

    @classmethod
    def of(cls, points: Points) -> "_Enough":
        """Relax the models of a problem."""
        judge, counts = points.judge, points.counts
        weaker = [m.relaxation for m in points.problem.models if m.relaxation is not None]
        weights = counts
        if judge.members.persons is not None:
            every = np.arange(len(counts))
            weights = judge.members.persons.count(every, every, len(counts))
        else:
            weaker = [model for model in weaker if not isinstance(model, KAnonymity)]
        relaxed = ClassJudge.of(replace(points.problem, models=tuple(weaker))) if weaker else None
        return cls(judge.smallest, weights, counts, relaxed)

    def of_groups(self, tuples: Ints, groups: Ints, size: int) -> NDArray[np.bool_]:
        """Tell which groups could hold a class, (groups,).

        Parameters
        ----------
        tuples, groups
            (as many,): tuples, and the group of each, from 0; none is empty.
        """
        enough: NDArray[np.bool_] = _sums(groups, self.weights[tuples], size) >= self.needed
        if self.judge is None or not enough.any():
            return enough
        asked = enough[groups]
        numbers = np.cumsum(enough) - 1
        sizes = _sums(groups, self.counts[tuples], size)[enough]
        enough[enough] = self.judge.holds(tuples[asked], numbers[groups[asked]], sizes)
        return enough


def _sums(groups: Ints, weights: Ints, size: int) -> Ints:
    return np.bincount(groups, weights, size).astype(np.int64)  # exact below 2^53


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """Where the search is: the tuples in groups that could still hold a cheaper label."""

    tuples: Ints  # (rows,)
    groups: Ints  # (rows,): by the strata chosen so far, from 0
    size: int
    open: NDArray[np.bool_]  # (rows,): whether its own label could be one; the others only count
    loss: Floats  # (rows,): by the strata chosen so far
    wide: tuple[_Stratum, ...] = ()
    """Those chosen of ranges and sets of more than one value."""


@dataclass(slots=True, eq=False)
class _Search:
    """The depth-first search, and the least losses that it has found."""

    enough: _Enough
    strata: Sequence[Sequence[_Stratum]]
    most: float
    work: int
    least: Floats = field(init=False)  # (tuples,)
    rests: list[Floats] = field(init=False)
    """(attributes + 1,) of (tuples,): what all attributes from one on lose at their lowest."""

    def __post_init__(self) -> None:
        tuples = len(self.enough.weights)
        self.least = np.full(tuples, self.most)
        self.rests = [np.zeros(tuples)]
        for of_attribute in reversed(self.strata):
            self.rests.insert(0, self.rests[0] + of_attribute[0].loss)

    def run(self) -> bool:
        """Search all strata; tell whether the work was enough for it."""
        tuples = len(self.least)
        everyone = np.ones(tuples, dtype=np.bool_)
        together = np.zeros(tuples, dtype=np.int64)
        self._descend(_Branch(np.arange(tuples), together, 1, everyone, np.zeros(tuples)), 0)
        return self.work >= 0

    def _descend(self, branch: _Branch, attribute: int) -> None:
        if attribute == len(self.strata):
            self._settle(branch)
            return
        for stratum in self.strata[attribute]:
            below = self._below(branch, stratum, attribute)
            if self.work < 0:
                return
            if below is not None:
                self._descend(below, attribute + 1)

    def _below(self, branch: _Branch, stratum: _Stratum, attribute: int) -> _Branch | None:
        """Group by one more attribute; keep the groups in which a cheaper label is possible."""
        tuples = branch.tuples
        loss = branch.loss + stratum.loss[tuples]
        expected = loss + self.rests[attribute + 1][tuples]
        candidates = branch.open & (expected < self.least[tuples] - _ROUNDING)
        if not candidates.any():
            return None
        self.work -= len(tuples)
        columns = [branch.groups, stratum.groups[tuples]]
        groups = group(columns, [branch.size, stratum.size], len(tuples))
        candidates &= self.enough.of_groups(tuples, groups.ids, len(groups))[groups.ids]
        kept = np.zeros(len(groups), dtype=np.bool_)
        kept[groups.ids[candidates]] = True
        rows = kept[groups.ids]
        wide = branch.wide if stratum.axis is None else (*branch.wide, stratum)
        numbers = np.cumsum(kept) - 1
        return _Branch(
            tuples[rows],
            numbers[groups.ids[rows]],
            int(kept.sum()),
            candidates[rows],
            loss[rows],
            wide,
        )

    def _settle(self, branch: _Branch) -> None:
        """Note what labels of the chosen strata cost, where they are the cheapest so far."""
        tuples = branch.tuples
        loss = branch.loss
        weights = self.enough.weights[tuples]
        for stratum in branch.wide:
            assert stratum.axis is not None
            assert stratum.positions is not None
            extents = least_extents(
                stratum.axis, stratum.positions[tuples], branch.groups, weights, self.enough.needed
            )
            loss = loss + (np.maximum(extents, 1) - 1) * stratum.axis.unit
        found = tuples[branch.open]
        self.least[found] = np.minimum(self.least[found], loss[branch.open])
