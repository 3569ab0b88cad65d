"""Tables of a problem at some levels, each rolled up from a smaller one where there is one."""

from collections.abc import Callable
from functools import cache, partial
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import present_sums, sums
from anon_dagster.core.lattice import Levels
from anon_dagster.core.persons import Holdings, Persons
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram, PersonsHeld
from anon_dagster.core.search.classes import Classes, Grid, Table
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.packs import Lookup, Pack

_LARGE = 2**11
"""A table of so many rows is worth a smaller one."""
_REMEMBERED = 64
"""How many tables that were wanted once, and not made, are remembered."""
_KEPT = 3
"""How many times the rows of the whole table may be kept in smaller ones."""
_STEP = 4
"""How many times smaller a table is made."""


class Tables:
    """The tables that candidates are evaluated from: a ladder from the whole one upward.

    A candidate is rolled up from the smallest table that is at least as specific. Where that is
    large, a smaller one between the two is made, once a second candidate can use it.
    """

    def __init__(self, compact: Compact) -> None:
        self._compact = compact
        bottom = (0,) * len(compact.trees)
        packs = Pack.all_of(compact.columns, self._sizes(bottom), len(compact.counts))
        whole = Table(
            bottom,
            packs,
            compact.sensitive.columns,
            compact.counts,
            compact.people,
            compact.owners,
        )
        self._rungs = [whole]
        self._rung_levels = _matrix([bottom])
        self._references: dict[int, tuple[NDArray[np.int64], Callable[[], Holdings]]] = {}
        self._all_persons = 0 if whole.owners.persons is None else whole.owners.persons.total
        self._wanted: list[tuple[int, Levels]] = []
        """Rungs that one candidate would have used, and how many rows they have at most."""
        self._wanted_levels = _matrix([])
        self._guarded = tuple(compact.problem.sensitive_sizes[a] for a in compact.guarded)

    def classes(self, levels: Levels) -> Classes:
        """Return the classes at some levels."""
        table = self._table_for(levels)
        lookups = self._lookups(table, levels)
        grid = Grid.of_table(table, lookups)
        cells, sizes = present_sums(grid.ids, table.counts, grid.space, self._compact.records)
        people = self._people(table, grid)
        owners = table.owners.map(lambda owner: owner.count(grid.ids, grid.space)[cells])
        of_classes = owners.people if people is None else people[cells]
        self._want(table, levels, len(cells) * prod(self._guarded))
        return Classes(table, levels, lookups, grid, cells, sizes, of_classes, owners)

    def _lookups(self, table: Table, levels: Levels) -> tuple[Lookup, ...]:
        trees = self._compact.trees
        return tuple(pack.lookup(trees, table.levels, levels) for pack in table.packs)

    def _people(self, table: Table, grid: Grid) -> NDArray[np.int64] | None:
        """Count the people of the population in each cell, (cells,)."""
        population = self._compact.problem.population
        if table.people is None or population is None:
            return None
        return sums(grid.ids, table.people, grid.space, population.people)

    # -- the ladder --------------------------------------------------------------------------

    def _table_for(self, levels: Levels) -> Table:
        """Return the smallest table that is at least as specific, making a smaller one."""
        smallest = self._smallest(levels)
        if len(smallest) <= _LARGE or not self._wanted:
            return smallest
        fitting = [self._wanted[w] for w in np.flatnonzero(_at_most(self._wanted_levels, levels))]
        rows, wanted = min(fitting, default=(len(smallest), levels))
        if rows > len(smallest) // _STEP:
            return smallest
        self._remember([each for each in self._wanted if each != (rows, wanted)])
        made = self._rolled_up(self._smallest(wanted), wanted)
        self._keep([*self._rungs, made])
        return made

    def _smallest(self, levels: Levels) -> Table:
        """Return the smallest table at hand that is at least as specific."""
        fitting = [self._rungs[r] for r in np.flatnonzero(_at_most(self._rung_levels, levels))]
        smallest = min(fitting, key=len)
        if smallest is not self._rungs[0] and smallest is not self._rungs[-1]:
            others = [rung for rung in self._rungs if rung is not smallest]
            self._keep([*others, smallest])  # the last to be forgotten
        return smallest

    def _want(self, table: Table, levels: Levels, rows: int) -> None:
        """Remember which smaller table would have served a candidate of so many rows, or fewer."""
        most = len(table) // _STEP
        if len(table) > _LARGE and rows <= most:
            between = self._between(table, levels, rows, most)
            if between not in self._wanted:
                self._remember([*self._wanted[1 - _REMEMBERED :], between])

    def _between(self, table: Table, levels: Levels, rows: int, most: int) -> tuple[int, Levels]:
        """Return the levels of a table of at most so many rows, for a candidate and others."""
        trees, below, bound = self._compact.trees, list(levels), float(rows)
        while True:
            factors = [
                (trees[q].sizes[below[q] - 1] / trees[q].sizes[below[q]], q)
                for q in range(len(below))
                if below[q] > table.levels[q]
            ]
            factor, q = min(factors, default=(np.inf, -1))
            if bound * factor > most:
                return int(bound), tuple(below)
            bound *= factor
            below[q] -= 1

    def _remember(self, wanted: list[tuple[int, Levels]]) -> None:
        self._wanted, self._wanted_levels = wanted, _matrix([levels for _, levels in wanted])

    def _keep(self, tables: list[Table]) -> None:
        """Keep the memory of the smaller tables within some times that of the whole one."""
        whole, *rungs = tables
        while sum(map(len, rungs)) > _KEPT * max(len(whole), _LARGE):
            rungs.pop(0)
        self._rungs = [whole, *rungs]
        self._rung_levels = _matrix([rung.levels for rung in self._rungs])

    def _rolled_up(self, table: Table, levels: Levels) -> Table:
        """Return a table at more general levels, by adding up the rows that become alike."""
        lookups = self._lookups(table, levels)
        grid = Grid.of_table(table, lookups, self._guarded)
        totals = sums(grid.ids, table.counts, grid.space, self._compact.records)
        people = self._people(table, grid)
        filled = totals if people is None else totals + people
        if table.owners.people is not None:
            filled = totals + table.owners.people.count(grid.ids, grid.space)
        cells = np.flatnonzero(filled != 0)
        held = grid.decode_table(cells, table, lookups)
        packs = tuple(
            pack.rolled_up(lookup, codes)
            for pack, lookup, codes in zip(table.packs, lookups, held, strict=False)
        )
        sensitive = tuple(
            values.astype(column.dtype)
            for values, column in zip(held[len(packs) :], table.sensitive, strict=True)
        )
        of_cells = None if people is None else people[cells]
        owners = table.owners.map(lambda owner: _rolled_up(owner, grid, cells))
        return Table(levels, packs, sensitive, totals[cells], of_cells, owners)

    def _sizes(self, levels: Levels) -> tuple[int, ...]:
        """Return how many nodes each quasi-identifier has at some levels."""
        return tuple(
            tree.sizes[level] for tree, level in zip(self._compact.trees, levels, strict=True)
        )

    # -- what privacy models see -------------------------------------------------------------

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


def _matrix(levels: list[Levels]) -> NDArray[np.int64]:
    """Return levels, (some, quasi-identifiers), as an array."""
    return np.array(levels, dtype=np.int64)


def _at_most(some: NDArray[np.int64], levels: Levels) -> NDArray[np.bool_]:
    """Tell which of some levels, (some, quasi-identifiers), are at least as specific, (some,)."""
    specific: NDArray[np.bool_] = np.logical_and.reduce(some <= np.array(levels), axis=1)
    return specific


def _rolled_up(owner: Persons, grid: Grid, cells: NDArray[np.intp]) -> Persons:
    """Return who has which of the cells of a grid that are not empty, (rows,)."""
    rows = np.zeros(grid.space, dtype=np.intp)
    rows[cells] = np.arange(len(cells))
    return owner.rolled_up(rows[grid.ids], len(cells))


_UNGUARDED = Histogram(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int32),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)
