"""Which classes of a release may hold people, by what is known of their quasi-identifiers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import stretched
from anon_dagster.core.keys import group, row_keys, stable_order
from anon_dagster.discreet import Discreet
from anon_dagster.residual.labels import ColumnOfPeople, Reach
from anon_dagster.residual.versions import Version

Ints = NDArray[np.int64]
_PAIRS = 2**22  # of people and classes that are looked at at once, about
_CELLS = 2**24  # labels times values that are held against each other at once


@dataclass(frozen=True, slots=True, eq=False)
class Covered(Discreet):
    """Which labels of a quasi-identifier may stand for which values of people."""

    bits: NDArray[np.uint8]  # (values, labels / 8): label l is bit l % 8 of byte l // 8
    share: NDArray[np.float64]  # (labels,): of the values

    @classmethod
    def of(cls, reach: Reach, labels: int, values: int) -> "Covered":
        """Hold the labels of a release against the values of people, some values at a time."""
        step = max(_CELLS // max(labels, 1), 1)
        bits = np.zeros((values, -(-labels // 8)), dtype=np.uint8)
        covered = np.zeros(labels, dtype=np.int64)
        for at in range(0, values, step):
            some = reach.covers(np.arange(at, min(at + step, values)))
            bits[at : at + step] = np.packbits(some, axis=0, bitorder="little").T
            covered += some.sum(axis=1)
        return cls(bits, covered / max(values, 1))

    def has(self, values: Ints, labels: Ints) -> NDArray[np.bool_]:
        """Tell for pairs, (pairs,) each, whether the label may stand for the value."""
        held: NDArray[np.bool_] = (self.bits[values, labels >> 3] >> (labels & 7) & 1) == 1
        return held


@dataclass(frozen=True, slots=True, eq=False)
class _Runs(Discreet):
    """Rows in lexicographic order, as the runs of those that begin alike: a tree of prefixes."""

    codes: Ints  # (runs,): the last code of the prefix
    starts: Ints  # (runs,): the first row of each
    children: Ints  # (runs of the prefixes that are one code shorter + 1,): the first of each

    @classmethod
    def of(cls, columns: Sequence[Ints], rows: int) -> "list[_Runs]":
        """Return the runs of prefixes of each length from 1 on, for ordered columns of codes."""
        fresh = np.arange(rows) == 0
        shorter = np.flatnonzero(fresh)
        runs = []
        for column in columns:
            fresh[1:] |= column[1:] != column[:-1]
            starts = np.flatnonzero(fresh)
            children = np.append(np.searchsorted(starts, shorter), len(starts))
            runs.append(cls(column[starts], starts, children))
            shorter = starts
        return runs


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    """Which prefixes of classes fit prefixes of people that are as long."""

    people: Ints  # (runs,): ascending and without a gap
    first: Ints  # (runs + 1,): where the classes of each begin, and their end
    classes: Ints  # (pairs,): runs of classes


@dataclass(frozen=True, slots=True, eq=False)
class Matching(Discreet):
    """The classes of a release beside the tuples of people.

    Both are sorted, so that neighbours begin alike. What fits is narrowed down one quasi-identifier
    after another, for all tuples and all classes that begin alike at once.
    """

    covered: tuple[Covered, ...]  # (quasi-identifiers,): those that exclude most classes first
    tuples: Ints  # (people,): the tuple of each
    size: int  # how many tuples there are
    classes: Ints  # (classes,): in the order of their labels
    breadth: NDArray[np.float64]
    """How much of all values the labels of each class stand for, (classes,)."""
    of_people: Sequence[_Runs]  # (quasi-identifiers,)
    of_classes: Sequence[_Runs]  # (quasi-identifiers,)

    @classmethod
    def of(
        cls, version: Version, columns: Mapping[str, ColumnOfPeople], codes: Mapping[str, Ints]
    ) -> "Matching":
        """Sort classes by their labels, and people by their values, (people,) of each column."""
        covered = {
            name: Covered.of(column.reach(labels), len(labels), column.size)
            for name, column in columns.items()
            for labels in [version.labels[name]]
        }
        shares = {name: covered[name].share[version.codes[name]] for name in columns}
        names = sorted(columns, key=lambda name: float(shares[name].sum()))
        people = len(next(iter(codes.values()), ()))
        same = group([codes[n] for n in names], [columns[n].size for n in names], people)
        labels = [version.codes[n] for n in names]
        keys = row_keys(labels, [len(version.labels[n]) for n in names], version.size)
        classes = stable_order(keys)
        return cls(
            tuple(covered[n] for n in names),
            same.ids,
            len(same),
            classes,
            np.sum([np.zeros(version.size), *shares.values()], axis=0),
            _Runs.of([codes[n][same.first] for n in names], len(same)),
            _Runs.of([column[classes] for column in labels], version.size),
        )

    def fitting(self) -> Iterator[tuple[Ints, Ints]]:
        """Give tuples with the classes that may hold each, (pairs,) each.

        Tuples ascend from batch to batch and within one, as do the classes of each; all classes of
        a tuple are in one batch.
        """
        if self.size and len(self.classes):
            start = np.zeros(1, dtype=np.int64)
            yield from self._narrowed_down(_Fitting(start, np.array([0, 1]), start), 0)

    def _narrowed_down(self, fitting: _Fitting, depth: int) -> Iterator[tuple[Ints, Ints]]:
        """Narrow down what fits by so many quasi-identifiers by all further ones."""
        if depth == len(self.covered):
            yield self._pairs(fitting)
            return
        people, classes = self.of_people[depth], self.of_classes[depth]
        sizes = np.diff(classes.children)[fitting.classes]
        work = np.diff(np.append(0, np.cumsum(sizes))[fitting.first])
        longer = np.diff(people.children)[fitting.people]
        parents, children = stretched(people.children[fitting.people], longer)
        for at, to in stretches(work[parents], _PAIRS):
            narrowed = self._by(fitting, parents[at:to], children[at:to], depth)
            if len(narrowed.classes):
                yield from self._narrowed_down(narrowed, depth + 1)

    def _by(self, fitting: _Fitting, parents: Ints, children: Ints, depth: int) -> _Fitting:
        """Keep what fits by the next quasi-identifier, too.

        Parameters
        ----------
        parents, children
            (longer prefixes of people,): the place of the prefix that each is longer than, and its
            run.
        """
        people, classes = self.of_people[depth], self.of_classes[depth]
        many = np.diff(fitting.first)[parents]
        owners, pairs = stretched(fitting.first[parents], many)
        shorter = fitting.classes[pairs]
        of_pairs, longer = stretched(classes.children[shorter], np.diff(classes.children)[shorter])
        owners = owners[of_pairs]
        kept = self.covered[depth].has(people.codes[children][owners], classes.codes[longer])
        sizes = np.bincount(owners[kept], minlength=len(children))
        return _Fitting(children, np.concatenate([[0], np.cumsum(sizes)]), longer[kept])

    def _pairs(self, fitting: _Fitting) -> tuple[Ints, Ints]:
        """Return tuples with the classes that fit them, once all is known."""
        rows = self.of_classes[-1].starts if self.of_classes else np.zeros(1, dtype=np.int64)
        many = np.diff(np.append(rows, len(self.classes)))[fitting.classes]
        of_runs, places = stretched(rows[fitting.classes], many)
        tuples = np.repeat(fitting.people, np.diff(fitting.first))[of_runs]
        classes = self.classes[places]
        order = np.lexsort((classes, tuples))
        return tuples[order], classes[order]


def stretches(sizes: Ints, most: int) -> list[tuple[int, int]]:
    """Cut runs of some sizes, (runs,), into stretches of no more than the most, or of one run."""
    total = np.cumsum(sizes)
    cuts, at = [], 0
    while at < len(sizes):
        before = int(total[at] - sizes[at])
        to = max(int(np.searchsorted(total, before + most, side="right")), at + 1)
        cuts.append((at, to))
        at = to
    return cuts
