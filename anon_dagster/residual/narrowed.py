"""What several releases together leave of people whose quasi-identifiers are known.

Whose records those of a class may be, its labels say. Where labels overlap, as those of local
recoding may, more than one class may hold a person. By the *labels alone* her crowd are all of
these. In her *own class* it is the one with records of her own values; of several the most
specific one, as where later records are recoded. The first is what an observer can be certain of,
the second what there is to know for who finds out which class it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct, first_of_equal, stretched
from anon_dagster.core.keys import group, stable_order
from anon_dagster.core.residual import Candidates, Crowds, Known, count_candidates
from anon_dagster.discreet import Discreet
from anon_dagster.residual.matching import Matching
from anon_dagster.residual.people import People
from anon_dagster.residual.versions import Series, Version

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


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


def _in_any_class(version: Version, people: People) -> Crowds:
    """Return the records of all classes that may hold each person."""
    matching = Matching.of(version, people.columns, people.codes)
    numbers: dict[bytes, int] = {}
    crowds: list[Ints] = []
    of_tuples = np.full(matching.size, -1, dtype=np.int64)
    for tuples, classes in matching.fitting():
        starts = np.flatnonzero(first_of_equal(tuples))
        for at, fitting in zip(tuples[starts], np.split(classes, starts[1:]), strict=True):
            number = of_tuples[at] = numbers.setdefault(fitting.tobytes(), len(crowds))
            if number == len(crowds):
                crowds.append(fitting)
    return _added_up(version, of_tuples[matching.tuples], crowds)


def _added_up(version: Version, of_people: Ints, members: Sequence[Ints]) -> Crowds:
    """Add up the records of the classes of each crowd, which has these members, (classes,)."""
    many = np.bincount(version.classes, minlength=version.size)
    starts = np.cumsum(many) - many
    crowds = np.repeat(np.arange(len(members)), [len(classes) for classes in members])
    classes = np.concatenate([np.zeros(0, dtype=np.int64), *members])
    places, entries = stretched(starts[classes], many[classes])
    owners = crowds[places]
    values = version.values[entries]
    sizes = (len(members), int(version.values.max(initial=0)) + 1)
    same = group([owners, values], sizes, len(owners))
    return Crowds(
        of_people, owners[same.first], values[same.first], same.sums(version.records[entries])
    )


def _in_own_class(version: Version, people: People) -> Crowds:
    """Return the records of the own class of each person: the most specific one that fits."""
    matching = Matching.of(version, people.columns, people.codes)
    in_order = np.argsort(matching.breadth, kind="stable")
    places = np.argsort(in_order)
    whom = stable_order(matching.tuples)
    many = np.bincount(matching.tuples, minlength=matching.size)
    first_of = np.cumsum(many) - many
    has = _Entries.of(version, people)
    first = np.full(len(people.many), version.size, dtype=np.int64)
    for tuples, classes in matching.fitting():
        owners, positions = stretched(first_of[tuples], many[tuples])
        persons, theirs = whom[positions], classes[owners]
        fits = has.value(theirs, people.own[persons])
        np.minimum.at(first, persons[fits], places[theirs[fits]])
    return Crowds(np.append(in_order, -1)[first], version.classes, version.values, version.records)


@dataclass(frozen=True, slots=True, eq=False)
class _Entries(Discreet):
    """Which classes of a release have a record of what is known of people."""

    keys: Ints  # (pairs,): of a class and what is known, ascending
    size: int  # how much there is to know

    @classmethod
    def of(cls, version: Version, people: People) -> "_Entries":
        known = people.of_values[version.values]
        size = int(max(people.own.max(initial=0), known.max(initial=0))) + 1
        return cls(distinct(version.classes * size + known), size)

    def value(self, classes: Ints, own: Ints) -> Flags:
        """Tell for pairs, (pairs,) each, whether the class has such a record."""
        keys = classes * self.size + own
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        held: Flags = self.keys[places] == keys
        return held
