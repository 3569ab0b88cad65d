"""What candidates cost, and what one that was evaluated tells of the others.

Proofs: ``docs/proofs/search.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice
from anon_dagster.core.objectives import CERTAINTY, Floor, WeightedTable
from anon_dagster.core.search.bounds import Bounds, Floors, SummedBounds
from anon_dagster.core.search.classes import Classes
from anon_dagster.core.search.compact import Compact

Floats = NDArray[np.float64]


class Costs(Protocol):
    """How an objective is asked, for the candidates of one problem."""

    def loss(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """Return what a candidate loses if its failing classes, (classes,), are suppressed."""

    def bound(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """Return what a candidate loses at least if these classes are suppressed, and others."""

    def bounds(self, lattice: Lattice) -> Bounds:
        """Return what is known before any candidate is evaluated."""

    def learn(self, bounds: Bounds, classes: Classes, doomed: NDArray[np.bool_]) -> None:
        """Raise the bounds of other candidates, for what was found at one.

        Parameters
        ----------
        doomed
            Its classes, (classes,), that are suppressed at every more specific candidate, too.
        """


def costs_of(compact: Compact) -> Costs:
    """Return the fastest way to ask the objective of a problem."""
    if compact.problem.objective == CERTAINTY:
        return CertaintyCosts(compact)
    return ObjectiveCosts(compact)


class CertaintyCosts:
    """The weighted mean of the certainty penalty: sums, of which few parts must be looked up."""

    def __init__(self, compact: Compact) -> None:
        self._compact = compact
        self._table = compact.problem.weighted_table

    def loss(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """See :class:`Costs`."""
        compact = self._compact
        penalties = [
            total[level] for total, level in zip(compact.totals, classes.levels, strict=True)
        ]
        if suppressed:
            sizes = classes.sizes[failing]
            for q, (tree, level, nodes) in enumerate(
                zip(compact.trees, classes.levels, classes.nodes(failing), strict=True)
            ):
                penalties[q] -= int(tree.extra[level].take(nodes) @ sizes)
        return CERTAINTY.combined(self._table, penalties, suppressed)

    def bound(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """See :class:`Costs`."""
        loss = self.loss(classes, failing, suppressed)
        if not self._compact.suppression_may_save:
            return loss
        most = sum(
            self._compact.largest_penalties(q)[level] for q, level in enumerate(classes.levels)
        )
        return loss - float(self._compact.saved_by_suppression(np.array([most]))[0])

    def bounds(self, lattice: Lattice) -> SummedBounds:
        """See :class:`Costs`."""
        compact = self._compact
        choices = [list(levels) for levels in lattice.choices]
        penalties = [compact.largest_penalties(q)[levels] for q, levels in enumerate(choices)]
        return SummedBounds(
            lattice,
            [compact.losses(q)[levels] for q, levels in enumerate(choices)],
            (compact.saved_by_suppression, penalties) if compact.suppression_may_save else None,
        )

    def learn(self, bounds: Bounds, classes: Classes, doomed: NDArray[np.bool_]) -> None:
        """See :class:`Costs`."""
        assert isinstance(bounds, SummedBounds), "these bounds were made here"
        if doomed.any():
            bounds.raise_below(classes.levels, self._added(bounds.lattice, classes, doomed))

    def _added(self, lattice: Lattice, classes: Classes, doomed: NDArray[np.bool_]) -> list[Floats]:
        """Return what suppression adds at each level of more specific candidates.

        Below the levels of the table at hand this is the (smaller) addition at these levels.
        """
        compact, table = self._compact, classes.table
        held = table.held(classes.rows(doomed), compact)
        return [
            compact.suppression_surcharge(q, table.levels[q], levels) @ of_nodes
            for q, (of_nodes, levels) in enumerate(zip(held, lattice.choices, strict=True))
        ]


class ObjectiveCosts:
    """Any objective, asked as it is."""

    def __init__(self, compact: Compact) -> None:
        self._compact = compact
        self._objective = compact.problem.objective
        self._table = compact.problem.weighted_table
        self._floors = list(self._objective.floors(self._table))
        self._slack = self._objective.slack(self._table)
        self._penalties = [
            self._of_trees(q, self._objective.penalties(self._table, q))
            for q in range(len(compact.trees))
        ]

    def _of_trees(
        self, q: int, penalties: Sequence[NDArray[np.floating]] | None
    ) -> list[Floats] | None:
        """Return penalties by the nodes that records have: (levels,) of (nodes,)."""
        if penalties is None:
            return None
        tree, codes = self._compact.trees[q], self._compact.problem.hierarchies[q].codes
        return [
            np.asarray(penalty, dtype=np.float64)[row[tree.order[first]]]
            for penalty, row, first in zip(penalties, codes, tree.first, strict=True)
        ]

    def loss(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """See :class:`Costs`."""
        kept = ~failing
        outcome = _Candidate(
            self._table,
            self._compact,
            classes.levels,
            classes.nodes(kept),
            classes.sizes[kept],
            suppressed,
        )
        return self._objective.loss(outcome)

    def bound(self, classes: Classes, failing: NDArray[np.bool_], suppressed: int) -> float:
        """See :class:`Costs`."""
        del suppressed
        floors = [*self._floors, *self._raised(classes, failing)]
        least = max(floor.at(classes.levels) for floor in floors)
        charged = self._unsuppressed(classes) + self._surcharge(classes, failing) - self._slack
        return max(least, charged)

    def bounds(self, lattice: Lattice) -> Floors:
        """See :class:`Costs`."""
        return Floors(lattice, self._floors, self._slack)

    def learn(self, bounds: Bounds, classes: Classes, doomed: NDArray[np.bool_]) -> None:
        """See :class:`Costs`."""
        assert isinstance(bounds, Floors), "these bounds were made here"
        least = self._unsuppressed(classes)
        if least > -np.inf:
            bounds.raise_above(classes.levels, least)
        if doomed.any():
            for floor in self._raised(classes, doomed):
                bounds.raise_below(classes.levels, floor)
            bounds.charge_below(classes.levels, self._surcharge(classes, doomed))

    def _unsuppressed(self, classes: Classes) -> float:
        """Return the objective's bound of all candidates at least as general."""
        every = np.ones(len(classes.sizes), dtype=np.bool_)
        outcome = _Candidate(
            self._table,
            self._compact,
            classes.levels,
            classes.nodes(every),
            classes.sizes,
            0,
        )
        return self._objective.unsuppressed(outcome)

    def _surcharge(self, classes: Classes, doomed: NDArray[np.bool_]) -> float:
        return self._objective.surcharge(self._table, classes.sizes[doomed])

    def _raised(self, classes: Classes, doomed: NDArray[np.bool_]) -> list[Floor]:
        """Return the bounds that follow from classes, (classes,), that are surely suppressed.

        None if the objective has no penalties per record. What the records of these classes lose
        unless they are suppressed is looked up at the levels of the table at hand, ``start``; at
        more specific levels they lose no more.
        """
        if not doomed.any() or not self._penalties or self._penalties[0] is None:
            return []
        compact, table = self._compact, classes.table
        rows = classes.rows(doomed)
        lost = []
        for tree, penalties, start, held in zip(
            compact.trees, self._penalties, table.levels, table.held(rows, compact), strict=True
        ):
            assert penalties is not None, "an objective has penalties for all or for none"
            lost_at_levels = [
                penalties[level][tree.climb(start, level)] @ held
                for level in (max(level, start) for level in range(tree.height))
            ]
            lost.append(np.array(lost_at_levels))
        raised = self._objective.raised(self._table, int(table.counts[rows].sum()), lost)
        return [] if raised is None else [raised]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A candidate as an objective sees it: an outcome, by the nodes that records have."""

    table: WeightedTable
    compact: Compact
    levels: tuple[int, ...]
    nodes: Sequence[NDArray[np.integer]]  # (quasi-identifiers,) of (classes,)
    sizes: NDArray[np.int64]  # (classes,)
    suppressed: int

    def covered(self, q: int) -> NDArray[np.int64]:
        """See :class:`anon_dagster.core.objectives.Outcome`."""
        covered: NDArray[np.int64] = self.compact.trees[q].extra[self.levels[q]][self.nodes[q]] + 1
        return covered

    def held(self, q: int) -> NDArray[np.int64]:
        """See :class:`anon_dagster.core.objectives.Outcome`."""
        held: NDArray[np.int64] = self.compact.held(q)[self.levels[q]][self.nodes[q]]
        return held

    def volume(self) -> NDArray[np.float64]:
        """See :class:`anon_dagster.core.objectives.Outcome`."""
        bits = np.zeros(len(self.sizes))
        for level, nodes, of_levels in zip(self.levels, self.nodes, self.compact.bits, strict=True):
            bits += of_levels[level].take(nodes)
        return bits
