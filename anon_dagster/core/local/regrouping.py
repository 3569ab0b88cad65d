"""Bottom-up: put the tuples of neighbouring classes together anew where that loses less.

Classes that would lose little together form blocks, and in all blocks at once
(:mod:`anon_dagster.core.local.blocks`) the tuples are joined greedily until every group keeps
every promise. A block's groups replace its classes if they lose less: no round makes things worse.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.blocks import join_slots
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.group_labels import GroupLabels
from anon_dagster.core.local.neighbours import mutually_cheapest, neighbouring_pairs
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.objectives import TIE

Ints = NDArray[np.int64]

SMALLEST_BLOCK, LARGEST_BLOCK = 48, 128
"""At most about how many tuples a block has; the work grows with its square."""
CLASSES = 4
"""How many classes of usual size a block has, within these bounds."""
TREES, WINDOW, PASSES = 4, 6, 8
"""Along how many trees classes are neighbours, of how many next ones, and how often those left over
are paired."""
NOISE = 0.5
"""By how much of itself at most a price is raised at random, so that blocks differ each round."""
BATCH = 2**18
"""How many pairs of tuples are worked on at once, which bounds the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Disjoint sets of neighbouring classes."""

    tuples: Ints  # (kept tuples,): by block
    starts: Ints  # (blocks,): where each starts
    lengths: Ints  # (blocks,): tuples of each
    loss: NDArray[np.float64]  # (blocks,): of all records

    @classmethod
    def of(
        cls, points: Points, cells: Ints, generator: np.random.Generator, *, trees: int
    ) -> "_Blocks":
        """Put the tuples of neighbouring classes into blocks."""
        tuples, starts = by_class(cells)
        loss = class_losses(points, cells)
        limit = int(np.clip(CLASSES * len(tuples) // len(starts), SMALLEST_BLOCK, LARGEST_BLOCK))
        block = neighbouring_blocks(points, cells, generator, limit=limit, trees=trees)
        tuples, starts = by_class(np.where(cells < 0, -1, block[cells]))
        lengths = np.diff(np.append(starts, len(tuples)))
        return cls(tuples, starts, lengths, np.bincount(block, loss).astype(np.float64))


def neighbouring_blocks(
    points: Points, cells: Ints, generator: np.random.Generator, *, limit: int, trees: int = TREES
) -> Ints:
    """Join each class with the one that goes best with it, then these pairs, and so on.

    Returns
    -------
    (classes,)
        The block of each class, from 0 without a gap.

    Parameters
    ----------
    limit
        How many tuples a block of several classes has at most.
    """
    tuples, starts = by_class(cells)
    labels = GroupLabels.of(points, tuples, starts)
    block = np.arange(len(starts))
    while True:
        lengths = np.diff(np.append(starts, len(tuples)))
        one, two = neighbouring_pairs(
            points, tuples, starts, generator=generator, trees=trees, window=WINDOW
        )
        small = lengths[one] + lengths[two] <= limit
        one, two = one[small], two[small]
        price = labels.increase(one, two, labels.own() * labels.sizes)
        price /= np.minimum(labels.sizes[one], labels.sizes[two])
        price *= 1 + NOISE * generator.random(len(price))
        unions = mutually_cheapest(one, two, price, len(starts), passes=PASSES)
        if int(unions.max()) + 1 == len(starts):
            return block
        block = unions[block]
        labels = labels.joined(unions)
        tuples, starts = by_class(np.where(cells < 0, -1, block[cells]))


def regroup(
    points: Points,
    cells: Ints,
    *,
    generator: np.random.Generator,
    trees: int = TREES,
    on_share: Callable[[float], None] = lambda _: None,
) -> Ints:
    """Return classes that lose no more than the given ones, (tuples,); one round.

    Parameters
    ----------
    cells
        (tuples,): the class of each tuple, from 0 without a gap; -1 is suppressed and stays so.
    generator
        Draws the trees along which classes are neighbours.
    on_share
        Told how much of the round is done, 0 to 1.
    """
    if not (cells >= 0).any():
        return cells
    blocks = _Blocks.of(points, cells, generator, trees=trees)
    fits = np.flatnonzero((blocks.lengths > 1) & (blocks.loss > TIE))
    fits = fits[blocks.lengths[fits] <= LARGEST_BLOCK]
    fits = fits[np.argsort(blocks.lengths[fits], kind="stable")]  # like blocks waste little
    regrouped = cells.copy()
    free, at = int(cells.max()) + 1, 0
    while at < len(fits):
        on_share(at / len(fits))
        batch = fits[at : at + _batch_of(blocks.lengths[fits], at)]
        at += len(batch)
        slots = np.arange(int(blocks.lengths[batch].max()))
        filled = slots < blocks.lengths[batch, None]
        members = blocks.tuples[np.where(filled, blocks.starts[batch, None] + slots, 0)]
        groups, lost = join_slots(points, members, filled)
        less = lost < blocks.loss[batch] - TIE * points.problem.records
        better = filled & less[:, None]
        names = free + np.arange(len(batch))[:, None] * len(slots) + groups
        regrouped[members[better]] = names[better]
        free += names.size
    return renumbered(regrouped)


def _batch_of(lengths: Ints, at: int) -> int:
    """Return how many blocks of ascending lengths, from one on, are worked on at once."""
    last = at
    while last + 1 < len(lengths) and (last + 2 - at) * int(lengths[last + 1]) ** 2 <= BATCH:
        last += 1
    return last + 1 - at


def renumbered(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give classes the numbers from 0 on, without a gap; -1 stays."""
    kept = cells >= 0
    numbers = np.full(len(cells), -1, dtype=np.int64)
    numbers[kept] = np.unique(cells[kept], return_inverse=True)[1]
    return numbers
