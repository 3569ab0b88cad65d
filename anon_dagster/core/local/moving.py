"""Move single tuples to neighbouring classes where that loses less.

A class that has more records than it needs can do without its outliers; another class covers them
already, or almost. Each class takes part in one move of a round at most, so that the gains add up.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import stable_order
from anon_dagster.core.local.axis import numbered, segments
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.group_labels import GroupLabels
from anon_dagster.core.local.neighbours import first_claims, neighbouring_pairs
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.regrouping import renumbered
from anon_dagster.core.local.without import losses_without
from anon_dagster.core.objectives import TIE

Ints = NDArray[np.int64]

TREES, WINDOW, PASSES = 2, 2, 6
"""Along how many trees tuples are neighbours, of how many next ones, and how often moves are chosen
among the classes that none has touched yet."""


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Tuples, the class that each is in, and the one that it goes to, (moves,) each."""

    tuples: Ints
    origins: Ints
    targets: Ints

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "_Moves":
        """Return some of the moves."""
        return _Moves(self.tuples[which], self.origins[which], self.targets[which])


def move(points: Points, cells: Ints, *, generator: np.random.Generator) -> Ints:
    """Return classes that lose no more than the given ones, (tuples,); one round.

    Parameters
    ----------
    cells
        (tuples,): the class of each tuple, from 0 without a gap; -1 is suppressed and stays so.
    generator
        Draws the trees along which tuples are neighbours.
    """
    moves = _worthwhile(points, cells, generator)
    chosen = _apart(moves, int(cells.max(initial=-1)) + 1)
    chosen = chosen.select(_kept_by_all(points, cells, chosen))
    if not len(chosen.tuples):
        return cells
    moved = cells.copy()
    moved[chosen.tuples] = chosen.targets
    moved = renumbered(moved)
    gained = class_losses(points, cells).sum() - class_losses(points, moved).sum()
    return moved if gained > TIE * points.problem.records else cells


def _worthwhile(points: Points, cells: Ints, generator: np.random.Generator) -> _Moves:
    """Return the moves to a neighbour's class that lessen the loss, the best first."""
    tuples, starts = by_class(cells)
    counts = points.counts
    labels = GroupLabels.of(points, tuples, starts)
    before, after = losses_without(points, tuples, starts)
    total = labels.own() * labels.sizes
    of_class = cells[tuples]
    left = labels.sizes[of_class] - counts[tuples]
    gain = np.full(len(cells), -np.inf)
    free = (left >= points.judge.smallest) | (left == 0)
    gain[tuples[free]] = ((before * labels.sizes)[of_class] - after * left)[free]
    everyone = np.arange(len(tuples))
    one, two = neighbouring_pairs(
        points, tuples, everyone, generator=generator, trees=TREES, window=WINDOW
    )
    movers = tuples[np.concatenate([one, two])]
    targets = cells[tuples[np.concatenate([two, one])]]
    useful = (gain[movers] > TIE) & (targets != cells[movers])
    pairs = np.unique(movers[useful] * len(starts) + targets[useful])
    movers, targets = pairs // len(starts), pairs % len(starts)
    alone = GroupLabels.of(points, movers, np.arange(len(movers)))
    together = labels.with_others(targets, alone, np.arange(len(movers)))
    cost = together * (labels.sizes[targets] + counts[movers]) - total[targets]
    net = gain[movers] - cost
    order = np.argsort(-net, kind="stable")
    order = order[net[order] > TIE]
    return _Moves(movers[order], cells[movers[order]], targets[order])


def _apart(moves: _Moves, classes: int) -> _Moves:
    """Return the best moves of which no two touch the same class."""
    touched = np.zeros(classes, dtype=np.bool_)
    chosen = []
    places = np.arange(len(moves.tuples))
    for _ in range(PASSES):
        origins, targets = moves.origins[places], moves.targets[places]
        won = first_claims(origins, targets, classes)
        chosen.append(places[won])
        touched[origins[won]] = touched[targets[won]] = True
        places = places[~touched[origins] & ~touched[targets]]
    return moves.select(np.concatenate(chosen))


def _kept_by_all(points: Points, cells: Ints, moves: _Moves) -> NDArray[np.bool_]:
    """Tell for each move, (moves,), whether both classes keep every promise after it.

    No two moves touch the same class. A class that loses its only tuple is none any more.
    """
    classes = int(cells.max(initial=-1)) + 1
    number = np.full(classes, -1, dtype=np.int64)
    number[moves.origins] = 2 * np.arange(len(moves.tuples))
    number[moves.targets] = number[moves.origins] + 1
    moved = cells.copy()
    moved[moves.tuples] = moves.targets
    members = np.flatnonzero(moved >= 0)
    members = members[number[moved[members]] >= 0]
    group = number[moved[members]]
    order = stable_order(group)
    members, group = members[order], group[order]
    keeps = np.ones(2 * len(moves.tuples), dtype=np.bool_)
    if len(members):
        starts = segments(group)
        sizes = np.add.reduceat(points.counts[members], starts)
        keeps[group[starts]] = points.judge.holds(members, numbered(starts, len(members)), sizes)
    return keeps[0::2] & keeps[1::2]
