"""Peel blocks of neighbouring classes anew, with the candidates that fixed classes before.

What is left after peeling a whole table is spread over its blocks here, where other classes of the
same candidates may take it in; a block's new classes replace its old ones if they lose less.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group, stable_order
from anon_dagster.core.local.axis import numbered, segments
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.group_labels import GroupLabels
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.regrouping import neighbouring_blocks, renumbered
from anon_dagster.core.objectives import TIE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CLASSES, SMALLEST_BLOCK = (8, 4, 16), 48
"""How many classes of usual size a block has, round by round; and tuples at least."""
PATIENCE = 2 * len(CLASSES)
"""After so many rounds without a gain no more is expected."""
NOISE = 0.2
"""By how much of itself at most a candidate's loss is raised at random, so that orders differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Repeeling:
    """Rounds with the same candidates."""

    points: Points
    nodes: NDArray[np.int32]  # (candidates, tuples): which tuples read alike, from 0
    losses: Floats  # (candidates,): what each loses if nothing is suppressed

    @classmethod
    def of(cls, points: Points, levels: Ints) -> "Repeeling":
        """Read the table by each candidate, (candidates, quasi-identifiers)."""
        problem = points.problem
        nodes = np.zeros((len(levels), len(problem.counts)), dtype=np.int32)
        losses = np.zeros(len(levels))
        for at, candidate in enumerate(levels.tolist()):
            chosen = list(zip(problem.hierarchies, points.axes, candidate, strict=True))
            read = [h.codes[of][problem.codes[:, q]] for q, (h, _, of) in enumerate(chosen)]
            sizes = [len(h.labels[of]) for h, _, of in chosen]
            nodes[at] = group(read, sizes, len(problem.counts)).ids
            for (hierarchy, axis, of), column in zip(chosen, read, strict=True):
                losses[at] += float((hierarchy.covered[of] - 1)[column] @ points.counts) * axis.unit
        return cls(points, nodes, losses)

    def improve(
        self,
        cells: Ints,
        *,
        rounds: int | None,
        is_over: Callable[[], bool],
        generator: np.random.Generator,
    ) -> Ints:
        """Return classes that lose no more than the given ones, (tuples,).

        Parameters
        ----------
        cells
            (tuples,): the class of each tuple, from 0 without a gap; -1 stays suppressed.
        rounds
            So many at most; as long as they gain, if left out.
        is_over
            Asked before each round.
        """
        idle = 0 if (cells >= 0).any() else PATIENCE
        for at in count() if rounds is None else range(rounds):
            if idle == PATIENCE or is_over():
                break
            usual = CLASSES[at % len(CLASSES)] * len(cells) // (int(cells.max(initial=-1)) + 1)
            blocks = neighbouring_blocks(
                self.points, cells, generator, limit=max(usual, SMALLEST_BLOCK)
            )
            block = np.where(cells < 0, -1, blocks[cells])
            peeled = self._completed(self._peeled(block, generator), block)
            better = self._losses(peeled, block) < self._losses(cells, block) - TIE
            anew = (block >= 0) & better[block]
            idle = 0 if anew.any() else idle + 1
            cells = renumbered(np.where(anew, peeled + int(cells.max()) + 1, cells))
        return cells

    def _peeled(self, block: Ints, generator: np.random.Generator) -> Ints:
        """Peel each block, (tuples,), as a table of its own; -1 for what no candidate keeps."""
        points, tuples = self.points, len(block)
        cells = np.full(tuples, -1, dtype=np.int64)
        rows, free = np.flatnonzero(block >= 0), 0
        order = np.argsort(self.losses * (1 + NOISE * generator.random(len(self.losses))))
        for nodes in self.nodes[order]:
            if not len(rows):
                break
            groups = group([block[rows], nodes[rows]], [tuples, tuples], len(rows))
            sizes = groups.sums(points.counts[rows])
            holds = points.judge.holds(rows, groups.ids, sizes)
            kept = holds[groups.ids]
            cells[rows[kept]] = free + (holds.cumsum() - 1)[groups.ids[kept]]
            rows, free = rows[~kept], free + int(holds.sum())
        return cells

    def _completed(self, cells: Ints, block: Ints) -> Ints:
        """Join what is left of each block with the class of it that this costs least."""
        left = np.flatnonzero((cells < 0) & (block >= 0))
        tuples, starts = by_class(cells)
        if not len(left) or not len(tuples):
            return cells
        left = left[stable_order(block[left])]
        firsts = segments(block[left])
        labels = GroupLabels.of(self.points, tuples, starts)
        remains = GroupLabels.of(self.points, left, firsts)
        number = np.full(int(block.max()) + 1, -1, dtype=np.int64)
        number[block[left[firsts]]] = np.arange(len(firsts))
        of_class = number[block[tuples[starts]]]
        classes = np.flatnonzero(of_class >= 0)
        those = of_class[classes]
        price = labels.with_others(classes, remains, those)
        price *= labels.sizes[classes] + remains.sizes[those]
        price -= (labels.own() * labels.sizes)[classes]
        order = np.lexsort((price, those))
        cheapest = order[segments(those[order])]
        target = np.full(len(firsts), -1, dtype=np.int64)
        target[those[cheapest]] = classes[cheapest]
        completed = cells.copy()
        completed[left] = target[numbered(firsts, len(left))]
        return completed

    def _losses(self, cells: Ints, block: Ints) -> Floats:
        """Return the loss of each block, (blocks,), infinite if some record is in no good class."""
        loss = np.zeros(int(block.max(initial=-1)) + 1)
        cells_without_gap = renumbered(cells)
        tuples, starts = by_class(cells_without_gap)
        if len(tuples):
            sizes = np.add.reduceat(self.points.counts[tuples], starts)
            holds = self.points.judge.holds(tuples, numbered(starts, len(tuples)), sizes)
            lost = np.where(holds, class_losses(self.points, cells_without_gap), np.inf)
            np.add.at(loss, block[tuples[starts]], lost)
        loss[block[(cells < 0) & (block >= 0)]] = np.inf
        return loss
