"""What an objective knows: the table, and what a release makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import fsum, log2
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.keys import sums_of_rows
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, eq=False)
class WeightedTable(Discreet):
    """A table, and how it may be generalized."""

    codes: Codes  # (tuples, quasi-identifiers): leaves
    counts: NDArray[np.int64]  # (tuples,)
    hierarchies: tuple[Hierarchy, ...]  # (quasi-identifiers,)
    weights: tuple[float, ...]  # (quasi-identifiers,): importance
    suppression_cost: Fraction
    most_suppressed: int

    @cached_property
    def records(self) -> int:
        """How many records there are."""
        return int(self.counts.sum())

    @cached_property
    def held(self) -> list[list[NDArray[np.int64]]]:
        """Records of each node: per quasi-identifier and level, (nodes,)."""
        held = []
        for q, hierarchy in enumerate(self.hierarchies):
            leaves = np.zeros(hierarchy.leaves, dtype=np.int64)
            np.add.at(leaves, self.codes.columns[q], self.counts)
            levels = []
            for row, labels in zip(hierarchy.codes, hierarchy.labels, strict=True):
                nodes = np.zeros(len(labels), dtype=np.int64)
                np.add.at(nodes, row, leaves)
                levels.append(nodes)
            held.append(levels)
        return held

    @cached_property
    def tuples(self) -> NDArray[np.int64]:
        """Records of each distinct tuple of quasi-identifiers, (distinct tuples,), in any order."""
        sizes = [h.leaves for h in self.hierarchies]
        return sums_of_rows(self.codes.columns, sizes, self.counts)

    @cached_property
    def leaf_logs(self) -> list[float]:
        """Σ c log₂ c over the leaves of each quasi-identifier."""
        return [self.logs(levels[0]) for levels in self.held]

    @cached_property
    def tuple_logs(self) -> float:
        """Σ c log₂ c over the distinct tuples."""
        return self.logs(self.tuples)

    @cached_property
    def domain(self) -> float:
        """Bits of the domain: the logarithm of how many tuples the hierarchies allow."""
        return fsum(log2(max(h.leaves, 1)) for h in self.hierarchies)

    def entropy(self, counts: NDArray[np.int64]) -> float:
        """Return the entropy, in bits, of a division of the records, (parts,)."""
        return log2(self.records) - self.logs(counts) / self.records if self.records else 0.0

    @staticmethod
    def logs(counts: NDArray[np.int64]) -> float:
        """Return Σ c log₂ c."""
        several = counts[counts > 1].astype(np.float64)  # the others have a logarithm of 0, or none
        return fsum(several * np.log2(several))


class Outcome(Protocol):
    """A release: its classes, how they read, and how many records have none."""

    @property
    def table(self) -> WeightedTable:
        """The table."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Records of each released class, (classes,)."""

    @property
    def suppressed(self) -> int:
        """Records that are suppressed."""

    @property
    def levels(self) -> tuple[int, ...] | None:
        """The level of each quasi-identifier; ``None`` for local recoding."""

    def covered(self, q: int) -> NDArray[np.int64]:
        """Return the leaves that the label of each class covers, (classes,)."""

    def held(self, q: int) -> NDArray[np.int64]:
        """Return the records of the table whose value the label covers, (classes,)."""

    def volume(self) -> NDArray[np.float64]:
        """Return log₂ of the tuples of the domain that each class covers, (classes,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Generalization(Discreet, shown=("levels", "suppressed")):
    """What full-domain generalization makes of a table."""

    table: WeightedTable
    levels: tuple[int, ...]
    nodes: Sequence[NDArray[np.integer]]  # (quasi-identifiers,) of (classes,)
    sizes: NDArray[np.int64]  # (classes,)
    suppressed: int

    def covered(self, q: int) -> NDArray[np.int64]:
        """See :class:`Outcome`."""
        covered = self.table.hierarchies[q].covered[self.levels[q]]
        return covered.take(self.nodes[q])

    def held(self, q: int) -> NDArray[np.int64]:
        """See :class:`Outcome`."""
        return self.table.held[q][self.levels[q]].take(self.nodes[q])

    def volume(self) -> NDArray[np.float64]:
        """See :class:`Outcome`."""
        return _volume(self)


@dataclass(frozen=True, slots=True, eq=False)
class Recoding(Discreet, shown=("levels", "suppressed")):
    """What local recoding makes of a table."""

    table: WeightedTable
    sizes: NDArray[np.int64]  # (classes,)
    suppressed: int
    coverage: Callable[[int], NDArray[np.int64]]
    """Of a quasi-identifier, (classes,): leaves; looked up where they are asked for."""
    holdings: Callable[[int], NDArray[np.int64]]
    """Of a quasi-identifier, (classes,): records; looked up only where they are asked for."""
    levels: tuple[int, ...] | None = None

    def covered(self, q: int) -> NDArray[np.int64]:
        """See :class:`Outcome`."""
        return self.coverage(q)

    def held(self, q: int) -> NDArray[np.int64]:
        """See :class:`Outcome`."""
        return self.holdings(q)

    def volume(self) -> NDArray[np.float64]:
        """See :class:`Outcome`."""
        return _volume(self)


def _volume(outcome: Outcome) -> NDArray[np.float64]:
    bits = np.zeros(len(outcome.sizes))
    for q in range(len(outcome.table.hierarchies)):
        bits += np.log2(outcome.covered(q).astype(np.float64))
    return bits
