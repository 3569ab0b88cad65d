"""How one quasi-identifier is labelled in a class: by a node, a range or a set of values.

Every value has a position on a line: depth first for trees, by rank for ordered values. A node is
then an interval of positions, as a range is: joining two classes is a minimum and a maximum.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.problem import Problem
from anon_dagster.discreet import Discreet

_TABULATED = 512
"""Trees with up to so many leaves have the extent of every pair of positions in a table."""


@dataclass(frozen=True, eq=False)
class Axis(Discreet):
    """The positions of the values of one quasi-identifier and what an interval of them costs."""

    hierarchy: Hierarchy
    positions: NDArray[np.int64]  # (leaves,): position of each leaf
    unit: float
    """Loss of one more covered leaf for one record, its share of the importance included."""
    lowest: int = 0

    @property
    def leaves(self) -> int:
        """How many positions there are."""
        return len(self.positions)

    @cached_property
    def leaf_at(self) -> NDArray[np.int64]:
        """The leaf at each position, (positions,)."""
        return np.argsort(self.positions)

    def extent(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many leaves beyond the first the label of each interval covers."""
        raise NotImplementedError


class NodeAxis(Axis):
    """An interval reads as the lowest node that covers it."""

    @cached_property
    def nodes(self) -> NDArray[np.int64]:
        """The node of each position at each level, (levels, positions)."""
        return self.hierarchy.codes[:, self.leaf_at].astype(np.int64)

    @cached_property
    def spans(self) -> NDArray[np.int64]:
        """Leaves beyond the first below the node of each position at each level."""
        rows = zip(self.hierarchy.covered, self.nodes, strict=True)
        return np.stack([covered[nodes] - 1 for covered, nodes in rows])

    @cached_property
    def _table(self) -> NDArray[np.int64] | None:
        if self.leaves > _TABULATED:
            return None
        low, high = np.indices((self.leaves, self.leaves)).reshape(2, -1)
        return self.spans[self.level(low, high), low]

    def level(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the level of the lowest node that covers each interval."""
        level = np.full(np.broadcast(low, high).shape, self.lowest, dtype=np.int64)
        for row in self.nodes[self.lowest : -1]:
            level += row[low] != row[high]
        return level

    def extent(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """See the base class; ``low`` and ``high`` may be swapped."""
        if self._table is not None:
            table: NDArray[np.int64] = self._table[low * self.leaves + high]
            return table
        spans: NDArray[np.int64] = self.spans[self.level(low, high), low]
        return spans


@dataclass(frozen=True, eq=False)
class RangeAxis(Axis):
    """An interval reads as its two ends.

    The first positions hold the values without a rank, such as a missing one; whoever shares a
    class with another value than his own can only be told as ``*``.
    """

    unranked: int = 0

    def extent(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """See the base class."""
        width: NDArray[np.int64] = np.abs(high - low)
        if not self.unranked:
            return width
        torn = (np.minimum(low, high) < self.unranked) & (width > 0)
        return np.where(torn, self.leaves - 1, width)


class SetAxis(Axis):
    """A class reads as the values it holds; intervals say nothing."""

    def extent(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the extent of a pair of values."""
        extents: NDArray[np.int64] = (low != high).astype(np.int64)
        return extents


def axes_of(problem: Problem) -> tuple[Axis, ...]:
    """Return an axis per quasi-identifier of a problem."""
    total = sum(problem.weights) or 1.0
    axes: list[Axis] = []
    for q, hierarchy in enumerate(problem.hierarchies):
        unit = problem.weights[q] / total / max(hierarchy.leaves - 1, 1)
        order = problem.orders[q] if problem.orders else None
        if order is not None:
            unranked = int((order < 0).sum())
            axes.append(
                RangeAxis(hierarchy, _inverse(np.argsort(order, kind="stable")), unit, 0, unranked)
            )
            continue
        kind = SetAxis if problem.sets and problem.sets[q] else NodeAxis
        positions = _inverse(np.lexsort(hierarchy.codes))
        axes.append(kind(hierarchy, positions, unit, problem.lowest[q]))
    return tuple(axes)


def _inverse(order: NDArray[np.intp]) -> NDArray[np.int64]:
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order))
    return positions


def segments(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each run of equal keys starts, (runs,)."""
    fresh = np.ones(len(keys), dtype=np.bool_)
    fresh[1:] = keys[1:] != keys[:-1]
    return np.flatnonzero(fresh)


def numbered(starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return the number of the run that each position is in, (length,)."""
    marks = np.zeros(length, dtype=np.int64)
    marks[starts[1:]] = 1
    return marks.cumsum()
