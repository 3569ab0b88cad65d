"""Tables of a problem at some levels, each rolled up from a smaller one where there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.lattice import Levels
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.search.compact import Compact, sums

_DENSE = 2**14
"""An array of so many cells costs less than sorting, however few rows there are."""
_SPARSE = 8
"""An array may have so many cells per row before sorting costs less."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The distinct rows of a problem at some levels."""

    levels: Levels
    columns: tuple[NDArray[np.intp], ...]  # (quasi-identifiers,) of (rows,): nodes
    sensitive: tuple[NDArray[np.intp], ...]  # (guarded attributes,) of (rows,)
    counts: NDArray[np.int64]  # (rows,)

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows grouped by some columns: cells of an array where it is small enough, else ranks."""

    ids: NDArray[np.intp]  # (rows,): cell of each row
    space: int  # cells, empty ones included
    dims: tuple[int, ...] | None  # of the array; None if cells are ranks, none of them empty
    first: NDArray[np.int64] | None  # (cells,): a row of each, for ranks

    @classmethod
    def of(
        cls, columns: Sequence[NDArray[np.intp]], sizes: Sequence[int], rows: int
    ) -> "Cells":
        """Group rows by columns, each (rows,) and below its size."""
        space = prod(sizes)
        if space > max(_DENSE, _SPARSE * rows):
            groups = group(columns, sizes, rows)
            return cls(groups.ids, len(groups), None, groups.first)
        ids = np.zeros(rows, dtype=np.intp)
        for column, size in zip(columns, sizes, strict=True):
            if size > 1:
                ids *= size
                ids += column
        return cls(ids, space, tuple(sizes), None)

    def decode(
        self, cells: NDArray[np.intp], columns: Sequence[NDArray[np.intp]]
    ) -> tuple[NDArray[np.intp], ...]:
        """Return the columns' values in some cells."""
        if self.dims is not None:
            return np.unravel_index(cells, self.dims) if self.dims else ()
        assert self.first is not None
        return tuple(column[self.first[cells]] for column in columns)


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The classes of a table at more general levels."""

    table: Table
    levels: Levels
    columns: tuple[NDArray[np.intp], ...]
    grid: Cells
    cells: NDArray[np.intp]  # (classes,): the cells that are not empty, ascending
    sizes: NDArray[np.int64]  # (classes,): records

    def nodes(self, which: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
        """Return the nodes, (quasi-identifiers,) of (chosen,), of chosen classes, (classes,)."""
        return self.grid.decode(self.cells[which], self.columns)

    def rows(self, which: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the rows of the table that are in chosen classes, (classes,)."""
        mark = np.zeros(self.grid.space, dtype=np.bool_)
        mark[self.cells[which]] = True
        return np.flatnonzero(mark[self.grid.ids])


class Tables:
    """The tables that candidates are evaluated from: a ladder from the whole one upward."""

    def __init__(self, compact: Compact) -> None:
        self._compact = compact
        bottom = (0,) * len(compact.trees)
        sensitive = tuple(compact.sensitive.T.astype(np.intp))
        self._ladder = [Table(bottom, tuple(compact.columns), sensitive, compact.counts)]

    def group(self, levels: Levels) -> Grouping:
        """Return the classes at some levels."""
        table = self._ladder[0]
        columns, sizes = self._generalized(table, levels)
        grid = Cells.of(columns, sizes, len(table))
        totals = sums(grid.ids, table.counts, grid.space, self._compact.records)
        cells = np.flatnonzero(totals)
        return Grouping(table, levels, columns, grid, cells, totals[cells])

    def classes(self, grouping: Grouping) -> EquivalenceClasses:
        """Describe the classes as privacy models see them."""
        compact = self._compact
        histograms = [_NOTHING] * compact.problem.sensitive.shape[1]
        for column, a in zip(grouping.table.sensitive, compact.guarded, strict=True):
            values = compact.problem.sensitive_sizes[a]
            histograms[a] = self._histogram(grouping, column, values)
        return EquivalenceClasses(grouping.sizes, tuple(histograms))

    def _histogram(
        self, grouping: Grouping, column: NDArray[np.intp], values: int
    ) -> Histogram:
        table, grid = grouping.table, grouping.grid
        pairs = Cells.of((grid.ids, column), (grid.space, values), len(table))
        totals = sums(pairs.ids, table.counts, pairs.space, self._compact.records)
        entries = np.flatnonzero(totals)
        ids, held = pairs.decode(entries, (grid.ids, column))
        ranks = np.zeros(grid.space, dtype=np.int64)
        ranks[grouping.cells] = np.arange(len(grouping.cells))
        reference = sums(column, table.counts, values, self._compact.records)
        return Histogram(ranks[ids], held.astype(np.int32), totals[entries], reference)

    def _generalized(
        self, table: Table, levels: Levels
    ) -> tuple[tuple[NDArray[np.intp], ...], tuple[int, ...]]:
        columns = tuple(
            tree.climb(start, end).take(column) if end > start else column
            for tree, start, end, column in zip(
                self._compact.trees, table.levels, levels, table.columns, strict=True
            )
        )
        sizes = tuple(
            tree.sizes[level] for tree, level in zip(self._compact.trees, levels, strict=True)
        )
        return columns, sizes


_NOTHING = Histogram(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int32),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)
