"""What several releases together leave of people whose quasi-identifiers are known.

Whose records those of a class may be, its labels say. Where labels overlap, as those of local
recoding may, more than one class may hold a person. By the *labels alone* her crowd are all of
these. In her *own class* it is the one with records of her own values; of several the most
specific one, as where later records are recoded. The first is what an observer can be certain of,
the second what there is to know for who finds out which class it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.residual import Candidates, Crowds, Known, count_candidates
from anon_dagster.discreet import Discreet
from anon_dagster.residual.labels import Reach
from anon_dagster.residual.people import People
from anon_dagster.residual.versions import Series, Version

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_CELLS = 2**24  # classes times people that are held against each other at once


@dataclass(frozen=True, eq=False)
class Narrowed(Discreet):
    """What several releases together leave of people."""

    many: Ints  # (tuples,): how many people
    found: Candidates

    @cached_property
    def counted(self) -> Flags:
        """Of whom something is told, (tuples,): they are in a release, with their own values."""
        counted: Flags = (self.found.releases > 0) & self.found.present
        return counted

    def of_several(self) -> "Narrowed":
        """Return the same of those who are in two releases or more."""
        return Narrowed(np.where(self.found.releases > 1, self.many, 0), self.found)

    @property
    def people(self) -> int:
        """How many people it is told of."""
        return int(self.many[self.counted].sum())

    @property
    def in_several(self) -> int:
        """Those who are in two releases or more."""
        return int(self.many[self.counted & (self.found.releases > 1)].sum())

    @property
    def elsewhere(self) -> int:
        """Those of whom nothing is told: other values, or no class that may hold them."""
        return int(self.many.sum()) - self.people

    def fewer_than(self, k: int) -> int:
        """Count the people who have fewer candidates than k, themselves among these."""
        return int(self.many[self.counted & (self.found.candidates < k)].sum())

    def few_values(self, name: str, least: int) -> int:
        """Count the people who are left with fewer values of a sensitive attribute."""
        return int(self.many[self.counted & (self.found.left[name] < least)].sum())


def narrowed(
    series: Series, people: People, *, sensitive: Mapping[str, bool], own_class: bool
) -> Narrowed:
    """Count what all releases of a series together leave of people.

    Parameters
    ----------
    sensitive
        Of each attribute whose values are counted: whether a missing one is a value.
    own_class
        Whether each is in her own class, else in any that may hold her.
    """
    crowds = [
        _in_own_class(version, people) if own_class else _in_any_class(version, people)
        for version in series.versions
    ]
    known = Known(people.of_values, people.own)
    attributes = {n: series.attribute(n, missing_counts=m) for n, m in sensitive.items()}
    return Narrowed(people.many, count_candidates(crowds, known, attributes))


@dataclass(frozen=True, slots=True, eq=False)
class _Matching(Discreet):
    """Which classes of a release may hold people, by their quasi-identifiers."""

    version: Version
    reaches: Mapping[str, Reach]
    codes: Mapping[str, Ints]  # (people,)

    @classmethod
    def of(cls, version: Version, people: People, codes: Mapping[str, Ints]) -> "_Matching":
        reaches = {n: column.reach(version.labels[n]) for n, column in people.columns.items()}
        return cls(version, reaches, codes)

    def batches(self, people: int) -> Iterator[tuple[Ints, Flags]]:
        """Give people, (some,), with which classes may hold each, (classes, some)."""
        step = max(_CELLS // max(self.version.size, 1), 1)
        for at in range(0, people, step):
            some = np.arange(at, min(at + step, people))
            held = np.ones((self.version.size, len(some)), dtype=np.bool_)
            for name, reach in self.reaches.items():
                held &= reach.covers(self.codes[name][some])[self.version.codes[name]]
            yield some, held


def _in_any_class(version: Version, people: People) -> Crowds:
    """Return the records of all classes that may hold each person."""
    sizes = [column.size for column in people.columns.values()]
    same = group([people.codes[n] for n in people.columns], sizes, len(people.many))
    codes = {n: people.codes[n][same.first] for n in people.columns}
    matching = _Matching.of(version, people, codes)
    parts = [np.packbits(held, axis=0).T for _, held in matching.batches(len(same))]
    bits = np.concatenate([np.zeros((0, max(-(-version.size // 8), 1)), np.uint8), *parts])
    rows = np.ascontiguousarray(bits).view(f"V{bits.shape[1]}").reshape(-1)
    _, first, sets = np.unique(rows, return_index=True, return_inverse=True)
    members = np.unpackbits(bits[first], axis=1, count=version.size).astype(np.bool_)
    some = members.any(axis=1)
    numbers = np.where(some, np.cumsum(some) - 1, -1)
    of_people = numbers[sets.reshape(-1)][same.ids]
    return _added_up(version, of_people.astype(np.int64), members[some])


def _added_up(version: Version, of_people: Ints, members: Flags) -> Crowds:
    """Add up the records of the classes of each crowd, (crowds, classes)."""
    many = np.bincount(version.classes, minlength=version.size)
    starts = np.cumsum(many) - many
    crowds, classes = np.nonzero(members)
    owners = np.repeat(crowds, many[classes])
    within = np.arange(len(owners))
    within -= np.repeat(np.cumsum(many[classes]) - many[classes], many[classes])
    entries = np.repeat(starts[classes], many[classes]) + within
    values = version.values[entries]
    sizes = (len(members), int(version.values.max(initial=0)) + 1)
    same = group([owners, values], sizes, len(owners))
    return Crowds(
        of_people, owners[same.first], values[same.first], same.sums(version.records[entries])
    )


def _in_own_class(version: Version, people: People) -> Crowds:
    """Return the records of the own class of each person."""
    matching = _Matching.of(version, people, people.codes)
    in_order = np.argsort(_breadth(matching, people), kind="stable")
    places = np.argsort(in_order)
    first = np.full(len(people.many), version.size, dtype=np.int64)
    for some, held in matching.batches(len(people.many)):
        fitting, whom = np.nonzero(held & _with_values(version, people, people.own[some]))
        np.minimum.at(first, some[whom], places[fitting])
    classes = np.append(in_order, -1)[first]
    return Crowds(classes, version.classes, version.values, version.records)


def _breadth(matching: _Matching, people: People) -> NDArray[np.float64]:
    """Return how much of all values the labels of each class stand for, (classes,)."""
    total = np.zeros(matching.version.size)
    for name, reach in matching.reaches.items():
        size = people.columns[name].size
        covered = reach.covers(np.arange(size)).sum(axis=1)
        total += (covered / max(size, 1))[matching.version.codes[name]]
    return total


def _with_values(version: Version, people: People, own: Ints) -> Flags:
    """Tell which classes have a record of what is known of people, (classes, people)."""
    distinct, at = np.unique(own, return_inverse=True)
    place = np.full(int(max(people.own.max(initial=0), people.of_values.max(initial=0))) + 1, -1)
    place[distinct] = np.arange(len(distinct))
    of_entries = place[people.of_values[version.values]]
    there = np.zeros((version.size, len(distinct)), dtype=np.bool_)
    there[version.classes[of_entries >= 0], of_entries[of_entries >= 0]] = True
    return there[:, at.reshape(-1)]
