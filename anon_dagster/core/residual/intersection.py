"""What is left of classes that are intersected: those that one person has records in.

Each class may have k persons and l values, and who knows two records of a person still finds those
that both of their classes have in common: few persons, and of a value that stays the same in all
records of a person, few possibilities, since it lies in every class of theirs [1]_.

References
----------
.. [1] S. R. Ganta, S. P. Kasiviswanathan, A. Smith, "Composition attacks and auxiliary information
   in data privacy", KDD 2008, of several releases; here it is several records in one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct, first_of_equal, stretched

_Ints = NDArray[np.int64]
_MOST = 10_000  # persons who are examined
_WORK = 8_000_000  # members of classes that are looked up for them, about
_SPREAD = np.int64(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """What each class has, persons or values; each said once."""

    starts: _Ints  # (classes + 1,): where the members of each begin
    members: _Ints  # (entries,): ascending within a class
    keys: _Ints  # (entries,): class and member in one number, ascending
    kinds: int
    """How many different members there may be."""

    @classmethod
    def of(cls, classes: NDArray[np.integer], members: NDArray[np.integer], size: int) -> "Members":
        """Sort what is said in any order, (entries,), of so many classes, maybe several times."""
        kinds = int(members.max()) + 1 if len(members) else 1
        keys = distinct(classes.astype(np.int64) * kinds + members)
        lengths = np.bincount(keys // kinds, minlength=size)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return cls(starts, keys % kinds, keys, kinds)

    @property
    def sizes(self) -> _Ints:
        """How many members each class has, (classes,)."""
        return np.diff(self.starts)

    def have(self, classes: _Ints, members: _Ints) -> NDArray[np.bool_]:
        """Tell which classes have which members, (questions,)."""
        wanted = classes * self.kinds + members
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found: NDArray[np.bool_] = self.keys[places] == wanted
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Sets of classes, each of at least one."""

    classes: _Ints  # (entries,)
    starts: _Ints  # (sets + 1,): where the classes of each begin

    @property
    def lengths(self) -> _Ints:
        """How many classes each has, (sets,)."""
        return np.diff(self.starts)

    def take(self, which: _Ints) -> "Sets":
        """Return some of them, (sets,)."""
        lengths = self.lengths[which]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Sets(self.classes[np.repeat(self.starts[which], lengths) + within], starts)

    def least(self, sizes: _Ints) -> _Ints:
        """Return the size of the smallest class of each, (sets,)."""
        return np.minimum.reduceat(sizes[self.classes], self.starts[:-1])

    def distinct(self) -> tuple["Sets", _Ints]:
        """Return the different ones, and which of them each is, (sets,); but for 2^-62."""
        lots = np.random.default_rng(0).integers(_SPREAD, size=int(self.classes.max(initial=0)) + 1)
        sums = np.add.reduceat(lots[self.classes], self.starts[:-1])
        _, first, which = np.unique(sums, return_index=True, return_inverse=True)
        return self.take(first.astype(np.int64)), which.reshape(-1).astype(np.int64)

    def common(self, members: Members) -> _Ints:
        """Count what all classes of a set have in common, (sets,).

        The members of the smallest class are looked up in one other class of the set after another.
        """
        order = np.lexsort(
            (members.sizes[self.classes], np.repeat(np.arange(len(self.lengths)), self.lengths))
        )
        classes = self.classes[order]
        smallest = classes[self.starts[:-1]]
        sizes = members.sizes[smallest]
        sets, positions = stretched(members.starts[smallest], sizes)
        left = members.members[positions]
        for place in range(1, int(self.lengths.max(initial=1))):
            has = np.ones(len(sets), dtype=np.bool_)
            going = np.flatnonzero(self.lengths[sets] > place)
            if not len(going):
                break
            has[going] = members.have(classes[self.starts[sets[going]] + place], left[going])
            sets, left = sets[has], left[has]
        return np.bincount(sets, minlength=len(sizes)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class OwnClasses:
    """The classes that persons have records in."""

    classes: _Ints  # (memberships,): ascending within a person, each once
    owners: _Ints  # (memberships,): persons from 0 on, ascending
    numbers: _Ints  # (persons,): of each, as it was given
    size: int
    """How many classes there are."""
    seed: int
    """By which persons are drawn, where there are many."""

    @classmethod
    def of(
        cls, classes: NDArray[np.integer], owners: NDArray[np.integer], size: int, *, seed: int
    ) -> "OwnClasses":
        """Sort who has a record in which class, (pairs,) each, maybe said several times."""
        keys = distinct(owners.astype(np.int64) * size + classes)
        numbers = keys // max(size, 1)
        opens = first_of_equal(numbers)
        whose = np.cumsum(opens) - 1
        return cls(keys % max(size, 1), whose, numbers[opens], size, seed)

    @cached_property
    def _sets(self) -> Sets:
        lengths = np.bincount(self.owners)
        return Sets(self.classes, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    @property
    def persons(self) -> int:
        """How many have a record in a class."""
        return len(self._sets.lengths)

    @cached_property
    def _several(self) -> _Ints:
        return np.flatnonzero(self._sets.lengths > 1)

    @property
    def several(self) -> int:
        """How many have records in two classes or more."""
        return len(self._several)

    @cached_property
    def _members(self) -> Members:
        return Members.of(self.classes, self.owners, self.size)

    @cached_property
    def drawn(self) -> _Ints:
        """Some of those who have records in several classes; all, if they are not many."""
        dice = np.random.default_rng(self.seed)
        drawn = dice.permutation(self._several)[:_MOST]
        if not len(drawn):
            return drawn
        sets = self._sets.take(drawn).distinct()[0]
        work = int(sets.least(self._members.sizes).sum())
        return np.sort(drawn[: max(len(drawn) * _WORK // max(work, _WORK), 1)])

    def alone(self) -> NDArray[np.bool_]:
        """Tell who of those drawn, (drawn,), is the only one with records in all of their classes.

        Others may have records in further classes, too.
        """
        sets, which = self._sets.take(self.drawn).distinct()
        alone: NDArray[np.bool_] = sets.common(self._members)[which] == 1
        return alone

    def possibilities(self, values: Members) -> tuple[_Ints, _Ints]:
        """Count the values that all classes of a person have, for those drawn, (drawn,).

        Returns
        -------
        of_all, of_one
            In all of their classes, and in the one that has the fewest.
        """
        sets, which = self._sets.take(self.drawn).distinct()
        return sets.common(values)[which], sets.least(values.sizes)[which]

    def steady(
        self,
        classes: NDArray[np.integer],
        owners: NDArray[np.integer],
        values: NDArray[np.integer],
    ) -> NDArray[np.bool_]:
        """Tell who of those drawn, (drawn,), has some value in every class of theirs.

        Parameters
        ----------
        classes, owners, values
            (pairs,): as :meth:`of` was given them, and a value of each; without the pairs whose
            value does not count.
        """
        wanted = self.numbers[self.drawn]
        inside = np.isin(owners, wanted)
        kinds = int(values.max(initial=0)) + 1
        who = np.searchsorted(wanted, owners[inside])
        said = np.unique(np.stack([who * kinds + values[inside], classes[inside]]), axis=1)
        keys, times = np.unique(said[0], return_counts=True)
        most = np.zeros(len(wanted), dtype=np.int64)
        np.maximum.at(most, keys // kinds, times)
        steady: NDArray[np.bool_] = most == self._sets.lengths[self.drawn]
        return steady
