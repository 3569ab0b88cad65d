"""Bottom-up: put the tuples of neighbouring classes together anew where that loses less.

Classes are sorted along trees drawn at random, neighbours form blocks, and in all blocks at once
the tuples are joined greedily, cheapest pair first, until every group keeps every promise. A
block's new groups replace its classes if they lose less, so that no round makes things worse.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, SetAxis, numbered, segments
from anon_dagster.core.local.judge import Judge
from anon_dagster.core.local.order import neighbourly
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.loss import TIE

BLOCK = 32
"""About how many tuples a block has; the work grows with its square."""
LARGEST_BLOCK = 48
"""Blocks beyond, which hold a large class, stay as they are."""
BATCH = 1024
"""How many blocks are worked on at once, which bounds the memory."""


def regroup(
    judge: Judge,
    axes: Sequence[Axis],
    columns: Sequence[NDArray[np.int64]],
    cells: NDArray[np.int64],
    *,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Return classes that lose no more than the given ones, (tuples,); one round.

    Parameters
    ----------
    cells
        (tuples,): the class of each tuple, from 0 without a gap; -1 is suppressed and stays so.
    """
    losses = class_losses(axes, columns, judge.problem.counts, cells)
    tuples = neighbourly(axes, columns, cells, generator)
    classes = segments(cells[tuples])
    block = (classes // BLOCK)[numbered(classes, len(tuples))]
    starts = segments(block)
    lengths = np.diff(np.append(starts, len(tuples)))
    loss = np.add.reduceat(losses[cells[tuples[classes]]], segments(classes // BLOCK))
    fits = np.flatnonzero((lengths <= LARGEST_BLOCK) & (lengths > 1) & (loss > TIE))
    regrouped = cells.copy()
    free = len(losses)
    for at in range(0, len(fits), BATCH):
        batch = fits[at : at + BATCH]
        slots = np.arange(int(lengths[batch].max()))
        filled = slots < lengths[batch, None]
        members = tuples[np.where(filled, starts[batch, None] + slots, 0)]
        groups, lost = join(judge, axes, [c[members] for c in columns], members, filled)
        chosen = filled & (lost < loss[batch] - TIE * judge.problem.records)[:, None]
        names = free + np.arange(len(batch))[:, None] * len(slots) + groups
        regrouped[members[chosen]] = names[chosen]
        free += names.size
    return renumbered(regrouped)


def renumbered(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number classes from 0 without a gap, -1 aside."""
    kept = cells >= 0
    numbers = np.full(len(cells), -1, dtype=np.int64)
    numbers[kept] = np.unique(cells[kept], return_inverse=True)[1]
    return numbers


class _Labels:
    """What the groups in the slots of each block would read as, attribute by attribute."""

    def __init__(self, axes: Sequence[Axis], places: Sequence[NDArray[np.int64]]) -> None:
        pairs = list(zip(axes, places, strict=True))
        self.spans = [(a, p.copy(), p.copy()) for a, p in pairs if not isinstance(a, SetAxis)]
        self.masks = [
            (a, mask) for a, p in pairs if isinstance(a, SetAxis) for mask in _bit_masks(a, p)
        ]
        self.constant = sum(a.unit for a in axes if isinstance(a, SetAxis))

    def all_pairs(self) -> NDArray[np.float64]:
        """Return the loss per record of each pair of slots, (blocks, slots, slots)."""
        loss = 0.0
        for axis, low, _ in self.spans:
            loss = loss + axis.extent(low[:, :, None], low[:, None, :]) * axis.unit
        for axis, mask in self.masks:
            bits = np.bitwise_count(mask[:, :, None] | mask[:, None, :])
            loss = loss + bits * axis.unit
        return loss - self.constant

    def own(self) -> NDArray[np.float64]:
        """Return the loss per record of each slot, (blocks, slots)."""
        loss = 0.0
        for axis, low, high in self.spans:
            loss = loss + axis.extent(low, high) * axis.unit
        for axis, mask in self.masks:
            loss = loss + np.bitwise_count(mask) * axis.unit
        return loss - self.constant

    def merge(self, blocks, kept, gone) -> NDArray[np.float64]:
        """Join two slots in each of some blocks; return the loss with each other, (_, slots)."""
        loss = 0.0
        for axis, low, high in self.spans:
            lo = np.minimum(low[blocks, kept], low[blocks, gone])
            hi = np.maximum(high[blocks, kept], high[blocks, gone])
            low[blocks, kept], high[blocks, kept] = lo, hi
            lows = np.minimum(lo[:, None], low[blocks])
            highs = np.maximum(hi[:, None], high[blocks])
            loss = loss + axis.extent(lows, highs) * axis.unit
        for axis, mask in self.masks:
            both = mask[blocks, kept] | mask[blocks, gone]
            mask[blocks, kept] = both
            loss = loss + np.bitwise_count(mask[blocks] | both[:, None]) * axis.unit
        return loss - self.constant


def _bit_masks(axis: Axis, places: NDArray[np.int64]) -> list[NDArray[np.uint64]]:
    words = range(-(-axis.leaves // 64))
    bit = np.left_shift(np.uint64(1), (places % 64).astype(np.uint64))
    return [np.where(places // 64 == word, bit, np.uint64(0)) for word in words]


def join(judge, axes, places, members, filled):
    """Join the slots of each block until all groups keep every promise.

    Returns
    -------
    groups, loss
        (blocks, slots): the slot that each slot has joined; (blocks,): the loss over all
        records, infinite where some group breaks a promise.
    """
    blocks, slots = members.shape
    labels = _Labels(axes, places)
    sizes = np.where(filled, judge.problem.counts[members], 0)
    rows = np.flatnonzero(filled.ravel())
    keeps = np.zeros((blocks, slots), dtype=np.bool_)
    keeps.ravel()[rows] = judge.holds(
        members.ravel()[rows], np.arange(len(rows)), sizes.ravel()[rows]
    )
    alive = filled.copy()
    group = np.broadcast_to(np.arange(slots), (blocks, slots)).copy()
    each = np.zeros((blocks, slots))  # loss per record
    each[:] = labels.own()
    price = labels.all_pairs() * (sizes[:, :, None] + sizes[:, None, :])
    total = each * sizes
    price -= total[:, :, None] + total[:, None, :]
    price[~alive[:, :, None] | ~alive[:, None, :]] = np.inf
    price[keeps[:, :, None] & keeps[:, None, :]] = np.inf
    price[:, np.arange(slots), np.arange(slots)] = np.inf
    live = np.arange(blocks)
    while True:
        flat = price.reshape(blocks, -1)[live] if len(live) < blocks else price.reshape(blocks, -1)
        at = flat.argmin(axis=1)
        open_ = np.isfinite(flat[np.arange(len(live)), at])
        live, at = live[open_], at[open_]
        if not len(live):
            break
        one, two = at // slots, at % slots
        kept, gone = np.minimum(one, two), np.maximum(one, two)
        sizes[live, kept] += sizes[live, gone]
        alive[live, gone] = False
        sub = group[live]
        sub[sub == gone[:, None]] = -1
        sub = np.where(sub == -1, kept[:, None], sub)
        group[live] = sub
        joined = labels.merge(live, kept, gone)
        each[live, kept] = joined[np.arange(len(live)), kept]
        total[live, kept] = each[live, kept] * sizes[live, kept]
        inside = (sub == kept[:, None]) & filled[live]
        r, c = np.nonzero(inside)
        keeps[live, kept] = judge.holds(members[live[r], c], r, sizes[live, kept])
        row = (
            joined * (sizes[live] + sizes[live, kept][:, None])
            - total[live]
            - total[live, kept][:, None]
        )
        row[~alive[live] | (keeps[live] & keeps[live, kept][:, None])] = np.inf
        row[np.arange(len(live)), kept] = np.inf
        price[live, kept, :] = row
        price[live, :, kept] = row
        price[live, gone, :] = np.inf
        price[live, :, gone] = np.inf
    lost = np.where(alive, total, 0).sum(axis=1)
    lost[(alive & ~keeps).any(axis=1)] = np.inf
    return group, lost
