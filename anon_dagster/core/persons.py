"""Who is behind the records of a table, where one person may have several of them.

A class of five records may be one person. Promises about people need to know how many different
persons are behind rows that are joined, and no sum of counts tells that. Of households the same is
asked: to :class:`Persons` it is all one what several rows have in common.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import stretched
from anon_dagster.discreet import Discreet

_T = TypeVar("_T")
_U = TypeVar("_U")
_NEAR = 12
"""So many rows of a person are compared with each other; those of persons with more are sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class ByOwner(Generic[_T]):
    """Something of the persons of a table, and the same of others, where these count."""

    persons: _T | None = None
    households: _T | None = None
    people: _T | None = None
    """Of the population, where one of it may have several records."""

    def map(self, change: Callable[[_T], _U]) -> "ByOwner[_U]":
        """Return what becomes of each that there is."""
        return ByOwner(
            None if self.persons is None else change(self.persons),
            None if self.households is None else change(self.households),
            None if self.people is None else change(self.people),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Holdings(Discreet):
    """Which values of one sensitive attribute persons have in each class.

    Persons with one row need not be told apart: those of the same class and value are one entry.
    """

    classes: NDArray[np.int64]  # (entries,)
    values: NDArray[np.int32]  # (entries,)
    persons: NDArray[np.int64]  # (entries,): who it is, or -1 for persons with no other row
    weights: NDArray[np.int64]  # (entries,): how many persons; 1 where it is told who

    def select(self, which: NDArray[np.bool_]) -> "Holdings":
        """Return some entries, (entries,)."""
        return Holdings(
            self.classes[which], self.values[which], self.persons[which], self.weights[which]
        )

    def joined(self) -> "Holdings":
        """Return what persons have in all classes together, as those of one class."""
        single = self.persons < 0
        values, places = np.unique(self.values[single], return_inverse=True)
        weights = np.zeros(len(values), dtype=np.int64)
        np.add.at(weights, places.reshape(-1), self.weights[single])
        pairs = np.unique(np.stack([self.persons[~single], self.values[~single]]), axis=1)
        entries = len(values) + pairs.shape[1]
        return Holdings(
            np.zeros(entries, dtype=np.int64),
            np.concatenate([values, pairs[1]]).astype(np.int32),
            np.concatenate([np.full(len(values), -1), pairs[0]]).astype(np.int64),
            np.concatenate([weights, np.ones(pairs.shape[1], dtype=np.int64)]),
        )

    def numbered(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number the persons of each class; one who is in two classes is one in each.

        Returns
        -------
        numbers
            (entries,): the same for the entries of one person in one class. Persons who are not
            told apart have a number together, and a weight.
        first
            (numbers,): an entry of each.
        """
        told = self.persons >= 0
        keys = np.stack([self.classes, np.where(told, self.persons, -1 - np.arange(len(told)))])
        _, first, numbers = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        return numbers.reshape(-1).astype(np.int64), first.astype(np.int64)

    def sizes(self, classes: int) -> NDArray[np.int64]:
        """Count the persons who have a value in each class, (classes,)."""
        _, first = self.numbered()
        sizes = np.zeros(classes, dtype=np.int64)
        np.add.at(sizes, self.classes[first], self.weights[first])
        return sizes


@dataclass(frozen=True, eq=False)
class Persons(Discreet):
    """Which persons have a record that reads as each row of a table.

    Persons with one row cannot be counted twice, so of these there are only the counts.
    """

    rows: NDArray[np.int32]  # (pairs,): ascending within a person, who has at least two
    owners: NDArray[np.int32]  # (pairs,): who it is, ascending
    alone: NDArray[np.int64]  # (rows,): how many persons have this row and no other

    @classmethod
    def of(
        cls,
        rows: NDArray[np.integer],
        owners: NDArray[np.integer],
        size: int,
        alone: NDArray[np.int64] | None = None,
    ) -> "Persons":
        """Return who has which row.

        Parameters
        ----------
        rows, owners
            (pairs,): in any order; a pair may stand several times.
        size
            How many rows the table has.
        alone
            (rows,): persons besides these who have one row.
        """
        ascending = bool((rows[1:] >= rows[:-1]).all())
        order = np.argsort(owners, kind="stable") if ascending else np.lexsort((rows, owners))
        of_pairs, whose = rows[order].astype(np.int32), owners[order].astype(np.int32)
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = (of_pairs[1:] == of_pairs[:-1]) & (whose[1:] == whose[:-1])
        if again.any():
            of_pairs, whose = of_pairs[~again], whose[~again]
        return cls._of_distinct(of_pairs, whose, size, alone)

    @classmethod
    def _of_distinct(
        cls,
        rows: NDArray[np.int32],
        owners: NDArray[np.int32],
        size: int,
        alone: NDArray[np.int64] | None,
    ) -> "Persons":
        """Return who has which row, of distinct pairs by owner, (pairs,)."""
        opens = np.ones(len(owners) + 1, dtype=np.bool_)
        np.not_equal(owners[1:], owners[:-1], out=opens[1:-1])
        single = opens[:-1] & opens[1:]
        counts = np.bincount(rows[single], minlength=size).astype(np.int64)
        return cls(rows[~single], owners[~single], counts if alone is None else counts + alone)

    @property
    def total(self) -> int:
        """How many persons there are."""
        return int(self.alone.sum()) + len(self._bounds) - 1

    @property
    def pairs(self) -> int:
        """How many different pairs of a row and a person there are."""
        return int(self.alone.sum()) + len(self.rows)

    @cached_property
    def _bounds(self) -> NDArray[np.int64]:
        """Where the pairs of each person begin, and the last ones end, (persons + 1,)."""
        fresh = np.ones(len(self.owners), dtype=np.bool_)
        np.not_equal(self.owners[1:], self.owners[:-1], out=fresh[1:])
        return np.append(np.flatnonzero(fresh), len(self.owners))

    @cached_property
    def _layout(self) -> list[tuple[int, NDArray[np.int32]]]:
        """The pairs of persons with as many: how many, and places, the first of each, then on.

        So that the first pairs of all these persons are compared with their second ones in one go.
        """
        lengths = np.diff(self._bounds)
        layout = []
        for length in np.unique(lengths[lengths <= _NEAR]).tolist():
            begins = self._bounds[:-1][lengths == length]
            layout.append((length, (np.arange(length)[:, None] + begins).astype(np.int32)))
        return layout

    @cached_property
    def _laid(self) -> tuple[NDArray[np.int32], list[tuple[int, int, int]]]:
        """The rows of :attr:`_layout`, all first ones of persons with as many in one stretch.

        Returns
        -------
        rows, blocks
            (pairs,); and of each length: where its rows begin, how many pairs, how many persons.
        """
        rows, blocks, begin = [np.zeros(0, dtype=np.int32)], [], 0
        for length, places in self._layout:
            rows.append(self.rows[places].reshape(-1))
            blocks.append((begin, length, places.shape[1]))
            begin += places.size
        return np.concatenate(rows), blocks

    @cached_property
    def _many(self) -> NDArray[np.int32]:
        """The pairs of persons who have too many to compare each with each."""
        lengths = np.diff(self._bounds)
        return np.flatnonzero(np.repeat(lengths > _NEAR, lengths)).astype(np.int32)

    @cached_property
    def _rows_alone(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.alone)

    def first(self, cells: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which pairs, (pairs,), are the first of their person in a cell.

        Parameters
        ----------
        cells
            (rows,): where each row belongs.
        """
        return self._first(cells[self.rows])

    def _first(self, of_pairs: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which pairs, (pairs,), are the first of their person in the cell of each."""
        first = np.empty(len(of_pairs), dtype=np.bool_)
        for _, places in self._layout:
            first[places] = _new(of_pairs[places])
        if len(self._many):
            first[self._many] = self._first_of_many(of_pairs[self._many])
        return first

    def _first_of_many(self, of_many: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which pairs of persons with many, (pairs,), are the first of theirs in a cell."""
        owners = self.owners[self._many]
        order = np.lexsort((of_many, owners))
        again = of_many[order[1:]] == of_many[order[:-1]]
        again &= owners[order[1:]] == owners[order[:-1]]
        first = np.ones(len(of_many), dtype=np.bool_)
        first[order[1:][again]] = False
        return first

    def _alone_in(self, cells: NDArray[np.integer], space: int) -> NDArray[np.int64]:
        """Count the persons with one row of each cell, (cells,)."""
        rows = self._rows_alone
        return np.bincount(cells[rows], self.alone[rows], space).astype(np.int64)  # below 2^53

    def count(self, cells: NDArray[np.integer], space: int) -> NDArray[np.int64]:
        """Count the different persons of each cell, (cells,).

        Parameters
        ----------
        cells
            (rows,): where each row belongs, below ``space``.
        """
        counted: NDArray[np.int64] = self._alone_in(cells, space)
        rows, blocks = self._laid
        laid = cells[rows]
        fresh = np.empty(len(laid), dtype=np.bool_)
        for begin, length, persons in blocks:
            end = begin + length * persons
            fresh[begin:end] = _new(laid[begin:end].reshape(length, persons)).reshape(-1)
        counted += np.bincount(laid[fresh], minlength=space)
        if len(self._many):
            of_many = cells[self.rows[self._many]]
            counted += np.bincount(of_many[self._first_of_many(of_many)], minlength=space)
        return counted

    def among(self, which: NDArray[np.bool_]) -> int:
        """Count the different persons who have one of some rows, (rows,)."""
        there = np.zeros(int(self.owners.max(initial=-1)) + 1, dtype=np.bool_)
        there[self.owners[which[self.rows]]] = True
        return int(self.alone[which].sum()) + int(np.count_nonzero(there))

    def rolled_up(self, cells: NDArray[np.integer], size: int) -> "Persons":
        """Return who has which cell; see :meth:`count`."""
        of_pairs = cells[self.rows]
        first = self._first(of_pairs)
        rows = of_pairs[first].astype(np.int32)
        alone = self._alone_in(cells, size)
        return Persons._of_distinct(rows, self.owners[first], size, alone)

    def holdings(self, classes: NDArray[np.integer], values: NDArray[np.integer]) -> Holdings:
        """Return which values persons have in each class.

        Parameters
        ----------
        classes, values
            (rows,): class of each row, or -1 for none, and the value of a sensitive attribute.
        """
        size = int(values.max(initial=0)) + 1
        cells = classes.astype(np.int64) * size + values
        cells[classes < 0] = -1
        there = self._rows_alone[cells[self._rows_alone] >= 0]
        singles, places = np.unique(cells[there], return_inverse=True)
        weights = np.zeros(len(singles), dtype=np.int64)
        np.add.at(weights, places.reshape(-1), self.alone[there])
        first = self.first(cells) & (cells[self.rows] >= 0)
        several = cells[self.rows[first]]
        whole = np.concatenate([singles, several])
        return Holdings(
            whole // size,
            (whole % size).astype(np.int32),
            np.concatenate([np.full(len(singles), -1), self.owners[first]]).astype(np.int64),
            np.concatenate([weights, np.ones(len(several), dtype=np.int64)]),
        )

    def listed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every row of every person, and who it is, (pairs,) each, in any order."""
        single = np.repeat(np.arange(len(self.alone)), self.alone)
        others = int(self.owners.max(initial=-1)) + 1 + np.arange(len(single))
        return np.concatenate([self.rows, single]), np.concatenate([self.owners, others])

    def extended(self, rows: int, *, before: int = 0) -> "Persons":
        """Return the same with further rows that nobody has, behind its own and before them."""
        nobody = np.zeros(before, np.int64), np.zeros(rows, np.int64)
        alone = np.concatenate([nobody[0], self.alone, nobody[1]])
        return Persons((self.rows + before).astype(np.int32), self.owners, alone)


def _new(cells: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell which cells of persons with as many, (pairs, persons), none of theirs before is."""
    new = np.ones(cells.shape, dtype=np.bool_)
    for later in range(1, len(cells)):
        for earlier in range(later):
            new[later] &= cells[later] != cells[earlier]
    return new


@dataclass(frozen=True, slots=True, eq=False)
class OwnersByRow:
    """Whose each row of a table is, row by row."""

    starts: NDArray[np.int64]  # (rows + 1,): where the owners of each begin
    owners: NDArray[np.int64]  # (pairs,)

    @classmethod
    def of(cls, rows: NDArray[np.integer], owners: NDArray[np.integer], size: int) -> "OwnersByRow":
        """Sort pairs, (pairs,), by their rows, of which there are so many."""
        order = np.argsort(rows, kind="stable")
        lengths = np.bincount(rows, minlength=size)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return cls(starts, owners[order].astype(np.int64))

    def of_rows(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the place of each owner's row among some rows, and the owner, (owners,) both."""
        starts = self.starts[rows]
        places, positions = stretched(starts, self.starts[rows + 1] - starts)
        return places, self.owners[positions]
