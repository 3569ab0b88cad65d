"""Which groups of tuples keep every promise."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import first_of_equal
from anon_dagster.core.evaluation import all_hold
from anon_dagster.core.keys import stable_order
from anon_dagster.core.persons import ByOwner, Holdings, OwnersByRow, Persons
from anon_dagster.core.privacy import HouseholdAnonymity, KAnonymity
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.problem import Problem

Ints = NDArray[np.int64]

_PLACES = 8
"""Values are counted in a place each where there are at most so many places for each tuple."""
_NONE = np.zeros(0, dtype=np.int64)
_UNGUARDED = Histogram(_NONE, _NONE.astype(np.int32), _NONE, _NONE)


class _Counting(Protocol):
    """How groups are described to privacy models."""

    def describe(self, tuples: Ints, groups: Ints, sizes: Ints) -> EquivalenceClasses:
        """Describe groups; see :meth:`ClassJudge.holds`."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassJudge:
    """Holds groups against the models of a problem; the whole table is counted once."""

    problem: Problem
    _counting: _Counting
    members: "ByOwner[Members]"
    """Whose the tuples are, where that counts."""

    @classmethod
    def of(cls, problem: Problem) -> "ClassJudge":
        """Count the table that relative models compare with."""
        guarded = sorted({m.sensitive for m in problem.models if m.sensitive is not None})
        members = problem.owners.map(Members.of)
        if problem.persons is None or members.persons is None:
            references = {a: _reference(problem, a) for a in guarded}
            return cls(problem, _ByRecords(problem, references), members)
        one_class = np.zeros(len(problem.counts), dtype=np.int64)
        columns = problem.sensitive.columns
        tables = {a: problem.persons.holdings(one_class, columns[a]) for a in guarded}
        counting = _ByPersons(problem, members.persons, tables, problem.persons.total)
        return cls(problem, counting, members)

    @property
    def smallest(self) -> int:
        """How many records, or persons, a class needs at least."""
        return max((m.k for m in self.problem.models if isinstance(m, KAnonymity)), default=1)

    @property
    def fewest_households(self) -> int:
        """How many households a class needs at least."""
        models = (m for m in self.problem.models if isinstance(m, HouseholdAnonymity))
        return max((m.k for m in models), default=1)

    @property
    def by_size(self) -> bool:
        """Whether the sizes of groups decide alone, and it does not matter who is in them."""
        guarded = any(m.sensitive is not None for m in self.problem.models)
        return not guarded and self.members.persons is None and self.members.households is None

    def holds(self, tuples: Ints, groups: Ints, sizes: Ints) -> NDArray[np.bool_]:
        """Tell for each group, (groups,), whether it keeps every promise.

        Parameters
        ----------
        tuples
            Positions in the problem's table; not looked at if sizes decide alone.
        groups
            (as many,): the group of each, from 0.
        sizes
            (groups,): records of each group; none is empty.
        """
        described = self._counting.describe(tuples, groups, sizes)
        if self.members.households is not None:
            counted = self.members.households.count(tuples, groups, len(sizes))
            described = replace(described, households=counted)
        return all_hold(self.problem.models, described)


def _reference(problem: Problem, a: int) -> Ints:
    whole = np.zeros(problem.sensitive_sizes[a], dtype=np.int64)
    np.add.at(whole, problem.sensitive[:, a], problem.counts)
    return whole


@dataclass(frozen=True, slots=True, eq=False)
class _ByRecords:
    """Every record is one of another person."""

    problem: Problem
    references: dict[int, Ints]  # by guarded attribute: (values,)

    def describe(self, tuples: Ints, groups: Ints, sizes: Ints) -> EquivalenceClasses:
        """See :class:`_Counting`."""
        histograms = [_UNGUARDED] * len(self.problem.sensitive_sizes)
        for a, whole in self.references.items():
            histograms[a] = self._histogram(a, whole, tuples, groups)
        return EquivalenceClasses(sizes, tuple(histograms))

    def _histogram(self, attribute: int, whole: Ints, tuples: Ints, groups: Ints) -> Histogram:
        """Count the values of a sensitive attribute in each group.

        Parameters
        ----------
        whole
            (values,): counts in the whole table.
        tuples, groups
            (as many,): positions in the table, and the group of each.
        """
        values = len(whole)
        keys = groups * values + self.problem.sensitive[tuples, attribute]
        weights, places = self.problem.counts[tuples], int(groups.max(initial=-1) + 1) * values
        if places <= _PLACES * len(keys):
            sums = np.bincount(keys, weights, places)  # exact below 2^53, as records are
            held = np.flatnonzero(sums)
            counts = sums[held].astype(np.int64)
        else:
            order = stable_order(keys)
            starts = np.flatnonzero(first_of_equal(keys[order]))
            held, counts = keys[order[starts]], np.add.reduceat(weights[order], starts)
        return Histogram(held // values, (held % values).astype(np.int32), counts, whole)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Whose each tuple is, tuple by tuple; persons with no other tuple are counted only."""

    several: OwnersByRow
    alone: Ints  # (tuples,)

    @classmethod
    def of(cls, persons: Persons) -> "Members":
        """Sort persons by their tuples."""
        alone = persons.alone
        return cls(OwnersByRow.of(persons.rows, persons.owners, len(alone)), alone)

    def of_tuples(self, tuples: Ints) -> tuple[Ints, Ints]:
        """See :meth:`OwnersByRow.of_rows`."""
        return self.several.of_rows(tuples)

    def count(self, tuples: Ints, groups: Ints, size: int) -> Ints:
        """Count the different owners of each group, (groups,); see :meth:`ClassJudge.holds`."""
        places, owners = self.of_tuples(tuples)
        counts = np.bincount(groups, self.alone[tuples], size).astype(np.int64)  # exact below 2^53
        different, _ = _distinct(groups[places], owners)
        counts += np.bincount(different, minlength=size)
        return counts


@dataclass(frozen=True, slots=True, eq=False)
class _ByPersons:
    """A person counts once in each group."""

    problem: Problem
    members: Members
    tables: dict[int, Holdings]  # by guarded attribute
    total: int

    def describe(self, tuples: Ints, groups: Ints, sizes: Ints) -> EquivalenceClasses:
        """See :class:`_Counting`."""
        places, owners = self.members.of_tuples(tuples)
        alone = self.members.alone[tuples]
        persons = self.members.count(tuples, groups, len(sizes))
        histograms = [_UNGUARDED] * len(self.problem.sensitive_sizes)
        for a, table in self.tables.items():
            values = self.problem.sensitive_sizes[a]
            cells = groups * values + self.problem.sensitive[tuples, a]
            singles, weights = _added_up(cells[alone > 0], alone[alone > 0])
            several, whose = _distinct(cells[places], owners)
            every = np.concatenate([singles, several])
            held = Holdings(
                every // values,
                (every % values).astype(np.int32),
                np.concatenate([np.full(len(singles), -1), whose]).astype(np.int64),
                np.concatenate([weights, np.ones(len(several), dtype=np.int64)]),
            )
            histograms[a] = Histogram.of_persons(held, table, total=self.total, values=values)
        return EquivalenceClasses(persons, tuple(histograms))


def _distinct(cells: Ints, owners: Ints) -> tuple[Ints, Ints]:
    """Return every pair of a cell and an owner once, (pairs,) each."""
    order = np.lexsort((owners, cells))
    cells, owners = cells[order], owners[order]
    fresh = np.ones(len(cells), dtype=np.bool_)
    fresh[1:] = (cells[1:] != cells[:-1]) | (owners[1:] != owners[:-1])
    return cells[fresh], owners[fresh]


def _added_up(cells: Ints, weights: Ints) -> tuple[Ints, Ints]:
    """Return every cell once, and the sum of its weights, (cells,) each."""
    distinct, places = np.unique(cells, return_inverse=True)
    sums = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(sums, places.reshape(-1), weights)
    return distinct, sums
