"""Bottom-up: put the tuples of neighbouring classes together anew where that loses less.

Classes are sorted along a tree drawn at random, neighbours form blocks, and in all blocks at once
(:mod:`anon_dagster.core.local.blocks`) the tuples are joined greedily until every group keeps
every promise. A block's groups replace its classes if they lose less: no round makes things worse.

Proofs: ``docs/proofs/local-recoding.md``.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, NodeAxis, segments
from anon_dagster.core.local.blocks import join_slots
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.objectives import TIE

SMALLEST_BLOCK, LARGEST_BLOCK = 28, 96
"""About how many tuples a block has; the work grows with its square."""
CLASSES = 4
"""How many classes of usual size a block has, within these bounds."""
BATCH = 2**18
"""How many pairs of tuples are worked on at once, which bounds the memory."""


def regroup(
    points: Points,
    cells: NDArray[np.int64],
    *,
    generator: np.random.Generator,
    on_share: Callable[[float], None] = lambda _: None,
) -> NDArray[np.int64]:
    """Return classes that lose no more than the given ones, (tuples,); one round.

    Parameters
    ----------
    cells
        (tuples,): the class of each tuple, from 0 without a gap; -1 is suppressed and stays so.
    generator
        Draws the tree along which classes are neighbours.
    on_share
        Told how much of the round is done, 0 to 1.
    """
    losses = class_losses(points, cells)
    if not len(losses):
        return cells
    tuples = sort_along_random_tree(points, cells, generator)
    size = int(np.clip(CLASSES * len(tuples) // len(losses), SMALLEST_BLOCK, LARGEST_BLOCK))
    classes = segments(cells[tuples])
    blocks = segments(classes // size * len(cells) + points.regions.ids[tuples[classes]])
    starts = classes[blocks]
    lengths = np.diff(np.append(starts, len(tuples)))
    loss = np.add.reduceat(losses[cells[tuples[classes]]], blocks)
    fits = np.flatnonzero((lengths <= 3 * size // 2) & (lengths > 1) & (loss > TIE))
    fits = fits[np.argsort(lengths[fits], kind="stable")]  # batches of like blocks waste little
    regrouped = cells.copy()
    free = len(losses)
    step = max(BATCH // size**2, 1)
    for at in range(0, len(fits), step):
        on_share(at / len(fits))
        batch = fits[at : at + step]
        slots = np.arange(int(lengths[batch].max()))
        filled = slots < lengths[batch, None]
        members = tuples[np.where(filled, starts[batch, None] + slots, 0)]
        groups, lost = join_slots(points, members, filled)
        better = filled & (lost < loss[batch] - TIE * points.problem.records)[:, None]
        names = free + np.arange(len(batch))[:, None] * len(slots) + groups
        regrouped[members[better]] = names[better]
        free += names.size
    return renumbered(regrouped)


def renumbered(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give classes the numbers from 0 on, without a gap; -1 stays."""
    kept = cells >= 0
    numbers = np.full(len(cells), -1, dtype=np.int64)
    numbers[kept] = np.unique(cells[kept], return_inverse=True)[1]
    return numbers


def sort_along_random_tree(
    points: Points, cells: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Sort tuples by class, and classes along a tree drawn at random, (kept tuples,).

    The tree tells classes apart by their regions, then by one level of one attribute after
    another, coarse before fine.
    """
    tuples, starts = by_class(cells)
    first = tuples[starts]
    levels = [
        iter(_coarse_to_fine(axis, column[first]))
        for axis, column in zip(points.axes, points.columns, strict=True)
    ]
    turns = np.repeat(np.arange(len(points.axes)), [_steps(axis) for axis in points.axes])
    keys = [points.regions.ids[first], *(next(levels[q]) for q in generator.permutation(turns))]
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.lexsort(keys[::-1])] = np.arange(len(first))
    return tuples[
        np.argsort(np.repeat(ranks, np.diff(np.append(starts, len(tuples)))), kind="stable")
    ]


def _steps(axis: Axis) -> int:
    """Return in how many steps the positions of an axis are told apart."""
    if isinstance(axis, NodeAxis):
        return axis.hierarchy.levels - 1
    return -(-_bits(axis) // 2)


def _coarse_to_fine(axis: Axis, positions: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return what tells the positions apart, step by step, each (positions,)."""
    if isinstance(axis, NodeAxis):
        return [row[positions] for row in axis.nodes[-2::-1]]
    return [positions >> shift for shift in range(_bits(axis) - 1, -1, -2)]


def _bits(axis: Axis) -> int:
    return max(axis.leaves - 1, 1).bit_length()
