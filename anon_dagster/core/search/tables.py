"""Tables of a problem at some levels, each rolled up from a smaller one where there is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import kind_for
from anon_dagster.core.counts import sums
from anon_dagster.core.keys import group
from anon_dagster.core.lattice import Levels
from anon_dagster.core.persons import ByOwner, Holdings, Persons
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram, PersonsHeld
from anon_dagster.core.runs import stretches
from anon_dagster.core.search.compact import Compact, levels_at_least

_DENSE = 2**14
"""An array of so many cells costs less than sorting, however few rows there are."""
_SPARSE = 8
"""An array may have so many cells per row before sorting costs less."""
_MANY = 2**23
"""Cells that take little memory."""
_LARGE = 2**13
"""A table of so many rows is worth a smaller one."""
_PACKED = 8
"""A pack of columns has at most one code for so many rows."""
_REMEMBERED = 64
"""How many tables that were wanted once, and not made, are remembered."""
_KEPT = 3
"""How many times the rows of the whole table may be kept in smaller ones."""
_STEP = 8
"""How many times smaller a table is made."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The distinct rows of a problem at some levels."""

    levels: Levels
    columns: tuple[NDArray[np.integer], ...]  # (quasi-identifiers,) of (rows,): nodes
    sensitive: tuple[NDArray[np.integer], ...]  # (guarded attributes,) of (rows,)
    counts: NDArray[np.int64]  # (rows,): records, 0 where only people of the population are
    people: NDArray[np.int64] | None  # (rows,)
    owners: ByOwner[Persons]  # who has which row
    packs: tuple["Pack", ...]  # the same columns, several in one

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Some neighbouring columns of a table as one, so that they are looked up in one go."""

    first: int  # the columns from here
    nodes: tuple[NDArray[np.integer], ...]  # (columns,) of (codes,): what each code stands for
    codes: NDArray[np.integer]  # (rows,): as narrow as may be

    @classmethod
    def all_of(
        cls, columns: Sequence[NDArray[np.integer]], sizes: Sequence[int], rows: int
    ) -> tuple["Pack", ...]:
        """Pack columns as long as a pack has far fewer codes than there are rows."""
        packs, start = [], 0
        for end in range(1, len(columns) + 1):
            if end < len(columns) and prod(sizes[start : end + 1]) <= rows // _PACKED:
                continue
            cells = Grid.of(columns[start:end], sizes[start:end], rows)
            if cells.dims is None:
                codes = np.arange(rows, dtype=kind_for(rows))
                nodes = tuple(columns[start:end])
            else:
                codes = cells.ids.astype(kind_for(cells.space))
                nodes = cells.decode(np.arange(cells.space), ())
            packs.append(cls(start, nodes, codes))
            start = end
        return tuple(packs)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Rows grouped by some columns: cells of an array where it is small enough, else ranks."""

    ids: NDArray[np.integer]  # (rows,): cell of each row
    space: int  # cells, empty ones included
    dims: tuple[int, ...] | None  # of the array; None if cells are ranks, none of them empty
    first: NDArray[np.int64] | None  # (cells,): a row of each, for ranks

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.integer]], sizes: Sequence[int], rows: int) -> "Grid":
        """Group rows by columns, each (rows,) and below its size."""
        space = prod(sizes)
        if space > _most_cells(rows):
            groups = group(columns, sizes, rows)
            return cls(groups.ids, len(groups), None, groups.first)
        ids = np.zeros(rows, dtype=np.intp)
        for column, size in zip(columns, sizes, strict=True):
            if size > 1:
                ids *= size
                ids += column
        return cls(ids, space, tuple(sizes), None)

    def decode(
        self, cells: NDArray[np.intp], columns: Sequence[NDArray[np.integer]]
    ) -> tuple[NDArray[np.integer], ...]:
        """Return the columns' values in some cells."""
        if self.dims is not None:
            return _places(cells, self.dims)
        assert self.first is not None
        return tuple(column[self.first[cells]] for column in columns)


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The classes of a table at more general levels."""

    table: Table
    levels: Levels
    columns: tuple[NDArray[np.integer], ...]
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
        return self.grid.decode(self.cells[which], self.columns)

    def rows(self, which: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the rows of the table that are in chosen classes, (classes,)."""
        mark = np.zeros(self.grid.space, dtype=np.bool_)
        mark[self.cells[which]] = True
        return np.flatnonzero(mark[self.grid.ids])


class Tables:
    """The tables that candidates are evaluated from: a ladder from the whole one upward.

    A candidate is rolled up from the smallest table that is at least as specific. Where that is
    large, a smaller one between the two is made, once a second candidate can use it.
    """

    def __init__(self, compact: Compact) -> None:
        self._compact = compact
        bottom = (0,) * len(compact.trees)
        sensitive = compact.sensitive.columns
        packs = Pack.all_of(compact.columns, self._sizes(bottom), len(compact.counts))
        columns = tuple(compact.columns)
        people, owners = compact.people, compact.owners
        whole = Table(bottom, columns, sensitive, compact.counts, people, owners, packs)
        self._rungs = [whole]
        self._references: dict[int, tuple[NDArray[np.int64], Callable[[], Holdings]]] = {}
        self._all_persons = 0 if owners.persons is None else owners.persons.total
        self._wanted: list[Levels] = []  # rungs that one candidate would have used
        self._values = prod(compact.problem.sensitive_sizes[a] for a in compact.guarded)

    def classes(self, levels: Levels) -> Classes:
        """Return the classes at some levels."""
        table = self._table_for(levels)
        sizes = self._sizes(levels)
        space = prod(sizes)
        if space > _most_cells(len(table)):
            columns = self._generalized(table, levels)
            grid = Grid.of(columns, sizes, len(table))
        else:
            columns = ()
            grid = Grid(self._ids(table, levels, sizes, space), space, sizes, None)
        totals = sums(grid.ids, table.counts, grid.space, self._compact.records)
        cells = np.flatnonzero(totals)
        people = self._people(table, grid)
        owners = table.owners.map(lambda owner: owner.count(grid.ids, grid.space)[cells])
        of_classes = owners.people if people is None else people[cells]
        return Classes(table, levels, columns, grid, cells, totals[cells], of_classes, owners)

    def _people(self, table: Table, grid: Grid) -> NDArray[np.int64] | None:
        """Count the people of the population in each cell, (cells,)."""
        population = self._compact.problem.population
        if table.people is None or population is None:
            return None
        return sums(grid.ids, table.people, grid.space, population.people)

    def _ids(
        self, table: Table, levels: Levels, sizes: tuple[int, ...], space: int
    ) -> NDArray[np.integer]:
        """Return the cell of each row, (rows,), a pack of columns at a time.

        Parameters
        ----------
        space
            How large numbers the cells will be given.
        """
        kind = np.int32 if space < 2**31 else np.int64
        ids: NDArray[np.integer] = np.zeros(len(table), dtype=kind)
        for pack in table.packs:
            lookup = np.zeros(1, dtype=np.intp)
            for q, nodes in enumerate(pack.nodes, pack.first):
                climb = self._compact.trees[q].climb(table.levels[q], levels[q])
                lookup = lookup * sizes[q] + climb.take(nodes)
            lookup = (lookup * prod(sizes[pack.first + len(pack.nodes) :])).astype(ids.dtype)
            for part in stretches(len(ids)):
                np.add(ids[part], lookup.take(pack.codes[part]), out=ids[part])
        return ids

    def _table_for(self, levels: Levels) -> Table:
        """Return the smallest table that is at least as specific, making smaller ones."""
        smallest = self._smallest(levels)
        if len(smallest) <= _LARGE:
            return smallest
        most = len(smallest) // _STEP
        fitting = [w for w in self._wanted if levels_at_least(levels, w) and self._cells(w) <= most]
        if fitting:
            wanted = min(fitting, key=self._cells)
            self._wanted.remove(wanted)
            self._rungs.append(self._rolled_up(self._smallest(wanted), wanted))
            self._forget()
            return self._rungs[-1]
        if self._cells(levels) <= most:
            self._wanted = [*self._wanted[1 - _REMEMBERED :], self._between(smallest, levels, most)]
        return smallest

    def _smallest(self, levels: Levels) -> Table:
        """Return the smallest table at hand that is at least as specific."""
        fitting = (rung for rung in self._rungs if levels_at_least(levels, rung.levels))
        smallest = min(fitting, key=len)
        if smallest is not self._rungs[0]:
            self._rungs.remove(smallest)
            self._rungs.append(smallest)  # the last to be forgotten
        return smallest

    def _cells(self, levels: Levels) -> int:
        """Return how many rows a table at some levels has at most."""
        return self._values * prod(self._sizes(levels))

    def _between(self, table: Table, levels: Levels, most: int) -> Levels:
        """Return the levels of a table of at most so many rows, for a candidate and others."""
        trees, below, cells = self._compact.trees, list(levels), float(self._cells(levels))
        while True:
            factors = [
                (trees[q].sizes[below[q] - 1] / trees[q].sizes[below[q]], q)
                for q in range(len(below))
                if below[q] > table.levels[q]
            ]
            factor, q = min(factors, default=(np.inf, -1))
            if cells * factor > most:
                return tuple(below)
            cells *= factor
            below[q] -= 1

    def _rolled_up(self, table: Table, levels: Levels) -> Table:
        """Return a table at more general levels, by adding up the rows that become alike."""
        sizes = self._sizes(levels)
        grid, everything = self._grid_with_sensitive(table, levels, sizes)
        totals = sums(grid.ids, table.counts, grid.space, self._compact.records)
        people = self._people(table, grid)
        filled = totals if people is None else totals + people
        if table.owners.people is not None:
            filled = totals + table.owners.people.count(grid.ids, grid.space)
        cells = np.flatnonzero(filled)
        of_cells = None if people is None else people[cells]
        decoded = grid.decode(cells, everything)
        width = len(sizes)
        packs = Pack.all_of(decoded[:width], sizes, len(cells))
        nodes, values = decoded[:width], decoded[width:]
        owners = table.owners.map(lambda owner: _rolled_up(owner, grid, cells))
        return Table(levels, nodes, values, totals[cells], of_cells, owners, packs)

    def _grid_with_sensitive(
        self, table: Table, levels: Levels, sizes: tuple[int, ...]
    ) -> tuple[Grid, tuple[NDArray[np.integer], ...]]:
        """Group the rows of a table by nodes and sensitive values; return what was grouped by.

        Nothing, where the cells of the grid tell by themselves.
        """
        guarded = tuple(self._compact.problem.sensitive_sizes[a] for a in self._compact.guarded)
        space = prod(sizes + guarded)
        if space > _most_cells(len(table)):
            everything = (*self._generalized(table, levels), *table.sensitive)
            return Grid.of(everything, sizes + guarded, len(table)), everything
        ids = self._ids(table, levels, sizes, space)
        for column, values in zip(table.sensitive, guarded, strict=True):
            ids *= values
            ids += column
        return Grid(ids, space, sizes + guarded, None), ()

    def _forget(self) -> None:
        """Keep the memory of the smaller tables within some times that of the whole one."""
        whole, *rungs = self._rungs
        while sum(map(len, rungs)) > _KEPT * max(len(whole), _LARGE):
            rungs.pop(0)
        self._rungs = [whole, *rungs]

    def described(self, classes: Classes) -> EquivalenceClasses:
        """Describe the classes as privacy models see them."""
        compact = self._compact
        histograms = [_UNGUARDED] * compact.problem.sensitive.shape[1]
        for column, a in zip(classes.table.sensitive, compact.guarded, strict=True):
            values = compact.problem.sensitive_sizes[a]
            if classes.owners.persons is None:
                histograms[a] = self._histogram(classes, column, values)
            else:
                histograms[a] = self._histogram_of_persons(classes, column, a, values)
        owners = classes.owners
        sizes = classes.sizes if owners.persons is None else owners.persons
        return EquivalenceClasses(sizes, tuple(histograms), classes.people, owners.households)

    def _histogram(self, classes: Classes, column: NDArray[np.integer], values: int) -> Histogram:
        """Count the values, (rows,), of one sensitive attribute in each class."""
        table, grid = classes.table, classes.grid
        pairs = Grid.of((grid.ids, column), (grid.space, values), len(table))
        totals = sums(pairs.ids, table.counts, pairs.space, self._compact.records)
        entries = np.flatnonzero(totals)
        ids, held = pairs.decode(entries, (grid.ids, column))
        ranks = np.zeros(grid.space, dtype=np.int64)
        ranks[classes.cells] = np.arange(len(classes.cells))
        reference = sums(column, table.counts, values, self._compact.records)
        return Histogram(ranks[ids], held.astype(np.int32), totals[entries], reference)

    def _histogram_of_persons(
        self, classes: Classes, column: NDArray[np.integer], a: int, values: int
    ) -> Histogram:
        """Count who has each value, (rows,), of a sensitive attribute in each class."""
        table, grid, persons = classes.table, classes.grid, classes.table.owners.persons
        assert persons is not None, "persons count"
        pairs = Grid.of((grid.ids, column), (grid.space, values), len(table))
        totals = persons.count(pairs.ids, pairs.space)
        entries = np.flatnonzero(totals)
        ids, held = pairs.decode(entries, (grid.ids, column))
        ranks = np.full(grid.space, -1, dtype=np.int64)
        ranks[classes.cells] = np.arange(len(classes.cells))
        reference, in_table = self._held_in_table(a, values)

        def in_classes() -> Holdings:
            return persons.holdings(ranks[grid.ids], column)

        return Histogram(
            ranks[ids],
            held.astype(np.int32),
            totals[entries],
            reference,
            PersonsHeld(in_classes, in_table, self._all_persons),
        )

    def _held_in_table(
        self, a: int, values: int
    ) -> tuple[NDArray[np.int64], Callable[[], Holdings]]:
        """Count the persons who have each value, (values,), and return what finds who they are."""
        if a not in self._references:
            whole = self._rungs[0]
            column = whole.sensitive[self._compact.guarded.index(a)]
            persons = whole.owners.persons
            assert persons is not None, "persons count"
            one_class = np.zeros(len(whole), dtype=np.int64)
            find = cache(partial(persons.holdings, one_class, column))
            self._references[a] = persons.count(column, values), find
        return self._references[a]

    def _generalized(self, table: Table, levels: Levels) -> tuple[NDArray[np.integer], ...]:
        """Return the nodes of a table's rows at more general levels: (attributes,) of (rows,)."""
        return tuple(
            tree.climb(start, end).astype(kind_for(tree.sizes[end])).take(column)
            if end > start
            else column
            for tree, start, end, column in zip(
                self._compact.trees, table.levels, levels, table.columns, strict=True
            )
        )

    def _sizes(self, levels: Levels) -> tuple[int, ...]:
        """Return how many nodes each quasi-identifier has at some levels."""
        return tuple(
            tree.sizes[level] for tree, level in zip(self._compact.trees, levels, strict=True)
        )


def _rolled_up(owner: Persons, grid: Grid, cells: NDArray[np.intp]) -> Persons:
    """Return who has which of the cells of a grid that are not empty, (rows,)."""
    rows = np.zeros(grid.space, dtype=np.intp)
    rows[cells] = np.arange(len(cells))
    return owner.rolled_up(rows[grid.ids], len(cells))


def _most_cells(rows: int) -> int:
    """Return how many cells an array may have: of many rows fewer for each, for its memory."""
    return max(_DENSE, min(_SPARSE * rows, max(_MANY, rows)))


def _places(cells: NDArray[np.intp], dims: Sequence[int]) -> tuple[NDArray[np.intp], ...]:
    """Return the place of cells, (cells,), on each axis of an array; it may have any number."""
    axes = tuple(size for size in dims if size > 1)
    several = iter(np.unravel_index(cells, axes) if axes else ())
    return tuple(next(several) if size > 1 else np.zeros_like(cells) for size in dims)


_UNGUARDED = Histogram(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int32),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)
