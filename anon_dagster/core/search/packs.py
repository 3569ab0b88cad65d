"""Neighbouring columns of a table as one, so that they are looked up in one go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import kind_for
from anon_dagster.core.keys import group
from anon_dagster.core.lattice import Levels
from anon_dagster.core.search.compact import Tree

_PACKED = 8
"""A pack of columns has at most one combination of nodes for so many rows."""
_REMEMBERED = 2**16
"""A pack remembers what it becomes at other levels up to so many codes, or one for each row."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """What the codes of a pack become at more general levels.

    The new codes are dense, and in the lexicographic order of the nodes they stand for.
    """

    codes: NDArray[np.int64]  # (codes,): the new code of each
    nodes: tuple[NDArray[np.integer], ...]  # (columns,) of (new codes,)

    def __len__(self) -> int:
        return len(self.nodes[0])


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Some neighbouring columns of a table; a code stands for a combination that a row has."""

    first: int  # the columns from here
    nodes: tuple[NDArray[np.integer], ...]  # (columns,) of (codes,), in lexicographic order
    codes: NDArray[np.integer]  # (rows,): as narrow as may be
    _lookups: dict[Levels, Lookup] = field(default_factory=dict)

    @classmethod
    def all_of(
        cls, columns: Sequence[NDArray[np.integer]], sizes: Sequence[int], rows: int
    ) -> tuple["Pack", ...]:
        """Pack columns as long as a pack has far fewer codes than there are rows."""
        packs, start = [], 0
        for end in range(1, len(columns) + 1):
            if end < len(columns) and prod(sizes[start : end + 1]) <= rows // _PACKED:
                continue
            groups = group(columns[start:end], sizes[start:end], rows)
            nodes = tuple(column[groups.first] for column in columns[start:end])
            packs.append(cls(start, nodes, groups.ids.astype(kind_for(len(groups)))))
            start = end
        return tuple(packs)

    def __len__(self) -> int:
        return len(self.nodes[0])

    def lookup(self, trees: Sequence[Tree], start: Levels, end: Levels) -> Lookup:
        """Return what the codes become.

        Parameters
        ----------
        trees, start, end
            Of all quasi-identifiers: the levels of the table, and the more general ones.
        """
        part = slice(self.first, self.first + len(self.nodes))
        found = self._lookups.get(end[part])
        if found is None:
            if len(self._lookups) * len(self) >= max(_REMEMBERED, len(self.codes)):
                self._lookups.clear()
            climbs = zip(trees[part], start[part], end[part], self.nodes, strict=True)
            columns = [tree.climb(low, high).take(nodes) for tree, low, high, nodes in climbs]
            sizes = [tree.sizes[high] for tree, high in zip(trees[part], end[part], strict=True)]
            groups = group(columns, sizes, len(self))
            found = Lookup(groups.ids, tuple(column[groups.first] for column in columns))
            self._lookups[end[part]] = found
        return found

    def rolled_up(self, lookup: Lookup, codes: NDArray[np.integer]) -> "Pack":
        """Return the same columns of a table at other levels, with the codes of its rows."""
        return Pack(self.first, lookup.nodes, codes.astype(kind_for(len(lookup))))
