"""Rows of a table, and the classes that they fall into at more general levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import sums
from anon_dagster.core.keys import LARGEST, group
from anon_dagster.core.lattice import Levels
from anon_dagster.core.persons import ByOwner, Persons
from anon_dagster.core.runs import stretches
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.packs import Lookup, Pack

_DENSE = 2**14
"""An array of so many cells costs less than sorting, however few rows there are."""
_SPARSE = 8
"""An array may have so many cells per row before sorting costs less."""
_MANY = 2**23
"""Cells that take little memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The distinct rows of a problem at some levels."""

    levels: Levels
    packs: tuple[Pack, ...]  # the quasi-identifiers, several in one
    sensitive: tuple[NDArray[np.integer], ...]  # (guarded attributes,) of (rows,)
    counts: NDArray[np.int64]  # (rows,): records, 0 where only people of the population are
    people: NDArray[np.int64] | None  # (rows,)
    owners: ByOwner[Persons]  # who has which row

    def __len__(self) -> int:
        return len(self.counts)

    def held(self, rows: NDArray[np.intp], compact: Compact) -> Iterator[NDArray[np.int64]]:
        """Count the records of some rows by their nodes: per quasi-identifier, (nodes,)."""
        counts, levels = self.counts[rows], iter(zip(compact.trees, self.levels, strict=True))
        for pack in self.packs:
            of_codes = sums(pack.codes[rows], counts, len(pack), compact.records)
            for nodes in pack.nodes:
                tree, level = next(levels)
                yield sums(nodes, of_codes, tree.sizes[level], compact.records)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Rows grouped by some columns: cells of an array where it is small enough, else ranks.

    Either way cells are in the lexicographic order of what the columns hold.
    """

    ids: NDArray[np.integer]  # (rows,): cell of each row
    space: int  # cells, empty ones included
    dims: tuple[int, ...] | None  # of the array; None if cells are ranks, none of them empty
    first: NDArray[np.int64] | None  # (cells,): a row of each, for ranks

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.integer]], sizes: Sequence[int], rows: int) -> "Grid":
        """Group rows by columns, each (rows,) and below its size."""
        space = prod(sizes)
        if space > most_cells(rows):
            groups = group(columns, sizes, rows)
            return cls(groups.ids, len(groups), None, groups.first)
        ids = np.zeros(rows, dtype=np.intp)
        for column, size in zip(columns, sizes, strict=True):
            if size > 1:
                ids *= size
                ids += column
        return cls(ids, space, tuple(sizes), None)

    @classmethod
    def of_table(
        cls, table: Table, lookups: Sequence[Lookup], values: Sequence[int] = ()
    ) -> "Grid":
        """Group the rows of a table by what its packs become, and by sensitive values.

        Parameters
        ----------
        values
            How many values the sensitive attributes have, if rows are grouped by these, too.
        """
        dims, rows = (*map(len, lookups), *values), len(table)
        space = prod(dims)
        if space > LARGEST:
            packs = [
                each.codes[pack.codes] for each, pack in zip(lookups, table.packs, strict=True)
            ]
            return cls.of([*packs, *table.sensitive[: len(values)]], dims, rows)
        ids = _cells_of(table, lookups, dims)
        if values:
            for column, size in zip(table.sensitive, values, strict=True):
                ids *= size
                ids += column
        if space <= most_cells(rows):
            return cls(ids, space, dims, None)
        groups = group([ids], [space], rows)
        return cls(groups.ids, len(groups), None, groups.first)

    def decode(
        self, cells: NDArray[np.intp], columns: Sequence[NDArray[np.integer]]
    ) -> tuple[NDArray[np.integer], ...]:
        """Return what some cells hold of the columns that they were grouped by."""
        if self.dims is not None:
            return _places(cells, self.dims)
        assert self.first is not None, "ranks have a row each"
        return tuple(column[self.first[cells]] for column in columns)

    def decode_table(
        self, cells: NDArray[np.intp], table: Table, lookups: Sequence[Lookup]
    ) -> tuple[NDArray[np.integer], ...]:
        """Return the new codes of the packs in some cells, and their sensitive values, if any."""
        if self.dims is not None:
            return _places(cells, self.dims)
        assert self.first is not None, "ranks have a row each"
        rows = self.first[cells]
        codes = [
            lookup.codes.take(pack.codes[rows])
            for lookup, pack in zip(lookups, table.packs, strict=True)
        ]
        return (*codes, *(column[rows] for column in table.sensitive))


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The classes of a table at more general levels."""

    table: Table
    levels: Levels
    lookups: tuple[Lookup, ...]  # of the table's packs
    grid: Grid
    cells: NDArray[np.intp]  # (classes,): the cells that are not empty, ascending
    sizes: NDArray[np.int64]  # (classes,): records
    people: NDArray[np.int64] | None  # (classes,)
    owners: ByOwner[NDArray[np.int64]]  # (classes,): how many different ones, where they count

    def among(self, which: NDArray[np.bool_]) -> ByOwner[int]:
        """Count the different owners of chosen classes, (classes,), where they count."""
        mark = np.zeros(len(self.table), dtype=np.bool_)
        mark[self.rows(which)] = True
        return self.table.owners.map(lambda owner: owner.among(mark))

    def people_apart(self, which: NDArray[np.bool_]) -> int:
        """Count the people of the population with a record in none of chosen classes, (classes,).

        Where each may have several records.
        """
        assert self.table.owners.people is not None, "the population tells whose its records are"
        apart = np.ones(len(self.table), dtype=np.bool_)
        apart[self.rows(which)] = False
        return self.table.owners.people.among(apart)

    def nodes(self, which: NDArray[np.bool_]) -> tuple[NDArray[np.integer], ...]:
        """Return the nodes, (quasi-identifiers,) of (chosen,), of chosen classes, (classes,)."""
        codes = self.grid.decode_table(self.cells[which], self.table, self.lookups)
        return tuple(
            nodes.take(of_pack)
            for lookup, of_pack in zip(self.lookups, codes, strict=False)
            for nodes in lookup.nodes
        )

    def rows(self, which: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the rows of the table that are in chosen classes, (classes,)."""
        mark = np.zeros(self.grid.space, dtype=np.bool_)
        mark[self.cells[which]] = True
        return np.flatnonzero(mark[self.grid.ids])


def _cells_of(table: Table, lookups: Sequence[Lookup], dims: Sequence[int]) -> NDArray[np.integer]:
    """Return the cell of each row, (rows,), by what its packs become.

    Parameters
    ----------
    dims
        The size of each pack, and of what the cells will be divided by besides.
    """
    kind = np.int32 if prod(dims) < 2**31 else np.int64
    ids: NDArray[np.integer] = np.zeros(len(table), dtype=kind)
    for place, (lookup, pack) in enumerate(zip(lookups, table.packs, strict=True)):
        step = prod(dims[place + 1 : len(lookups)])
        offsets = (lookup.codes * step).astype(kind)
        for part in stretches(len(ids)):
            np.add(ids[part], offsets.take(pack.codes[part]), out=ids[part])
    return ids


def most_cells(rows: int) -> int:
    """Return how many cells an array may have: of many rows fewer for each, for its memory."""
    return max(_DENSE, min(_SPARSE * rows, max(_MANY, rows)))


def _places(cells: NDArray[np.intp], dims: Sequence[int]) -> tuple[NDArray[np.intp], ...]:
    """Return the place of cells, (cells,), on each axis of an array; it may have any number."""
    axes = tuple(size for size in dims if size > 1)
    several = iter(np.unravel_index(cells, axes) if axes else ())
    return tuple(next(several) if size > 1 else np.zeros_like(cells) for size in dims)
