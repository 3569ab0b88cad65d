"""Greedy joining in many blocks at once.

A block has slots, one tuple in each at first. The pair of groups whose union loses least, per
record that is not yet in a class that keeps every promise, is joined; each block takes one such
step at a time, all blocks together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, SetAxis
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.points import Points

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def join_slots(
    points: Points,
    members: Ints,
    filled: NDArray[np.bool_],
) -> tuple[Ints, Floats]:
    """Join the slots of each block until all groups keep every promise.

    Parameters
    ----------
    members
        (blocks, slots): the tuple in each slot.
    filled
        (blocks, slots): whether there is one.

    Returns
    -------
    groups, loss
        (blocks, slots): the slot that each slot has joined; (blocks,): the loss summed over
        records, infinite where some group breaks a promise.
    """
    labels = _Labels(points.axes, [column[members] for column in points.columns])
    blocks = _Blocks(points.judge, labels, members, filled)
    while blocks.join_cheapest():
        pass
    return blocks.group, blocks.loss()


class _Labels:
    """What the groups in the slots would read as: an interval of positions, or a set as bits."""

    def __init__(self, axes: Sequence[Axis], positions: Sequence[Ints]) -> None:
        pairs = list(zip(axes, positions, strict=True))
        self.shape = positions[0].shape if positions else (0, 0)
        self.spans = [(a, p.copy(), p.copy()) for a, p in pairs if not isinstance(a, SetAxis)]
        self.masks = [
            (a, mask) for a, p in pairs if isinstance(a, SetAxis) for mask in _bit_masks(p)
        ]
        self.first = sum((a.unit for a in axes if isinstance(a, SetAxis)), 0.0)  # is free

    def own(self) -> Floats:
        """Return the loss per record of each slot, (blocks, slots)."""
        loss = np.full(self.shape, -self.first)
        for axis, low, high in self.spans:
            loss += axis.extent(low, high) * axis.unit
        for axis, mask in self.masks:
            loss += np.bitwise_count(mask) * axis.unit
        return loss

    def pairs(self) -> Floats:
        """Return the loss per record of each pair of untouched slots, (blocks, slots, slots)."""
        loss = np.full((*self.shape, self.shape[1]), -self.first)
        for axis, position, _ in self.spans:
            loss += axis.extent(position[:, :, None], position[:, None, :]) * axis.unit
        for axis, mask in self.masks:
            loss += np.bitwise_count(mask[:, :, None] | mask[:, None, :]) * axis.unit
        return loss

    def join(self, blocks: Ints, kept: Ints, gone: Ints) -> Floats:
        """Join a slot with another in some blocks; return its loss with each, (some, slots)."""
        loss = np.full((len(blocks), self.shape[1]), -self.first)
        for axis, low, high in self.spans:
            least = np.minimum(low[blocks, kept], low[blocks, gone])
            most = np.maximum(high[blocks, kept], high[blocks, gone])
            low[blocks, kept], high[blocks, kept] = least, most
            lows = np.minimum(least[:, None], low[blocks])
            highs = np.maximum(most[:, None], high[blocks])
            loss += axis.extent(lows, highs) * axis.unit
        for axis, mask in self.masks:
            both = mask[blocks, kept] | mask[blocks, gone]
            mask[blocks, kept] = both
            loss += np.bitwise_count(mask[blocks] | both[:, None]) * axis.unit
        return loss


def _bit_masks(positions: Ints) -> list[NDArray[np.uint64]]:
    """Return a bit per slot's value, in as many words as the values of one block need."""
    order = np.argsort(positions, axis=1, kind="stable")
    ordered = np.take_along_axis(positions, order, axis=1)
    ranks = np.zeros_like(positions)
    ranks[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]).cumsum(axis=1)
    number = np.empty_like(positions)
    np.put_along_axis(number, order, ranks, axis=1)
    bit = np.left_shift(np.uint64(1), (number % 64).astype(np.uint64))
    words = range(int(number.max(initial=0)) // 64 + 1)
    return [np.where(number // 64 == word, bit, np.uint64(0)) for word in words]


class _Blocks:
    """The state of all blocks; a group lives in the first slot that it was joined into."""

    def __init__(
        self, judge: ClassJudge, labels: _Labels, members: Ints, filled: NDArray[np.bool_]
    ) -> None:
        self.judge, self.labels, self.members, self.filled = judge, labels, members, filled
        self.alive = filled.copy()
        self.group = np.broadcast_to(np.arange(members.shape[1]), members.shape).copy()
        self.sizes = np.where(filled, judge.problem.counts[members], 0)
        self.keeps = np.zeros(members.shape, dtype=np.bool_)
        tuples = members[filled]
        self.keeps[filled] = judge.holds(tuples, np.arange(len(tuples)), self.sizes[filled])
        self.short = np.where(self.keeps, 0, self.sizes)  # records still to be protected
        self.total = labels.own() * self.sizes
        self.price = self._prices()

    def _prices(self) -> Floats:
        """Return what joining each pair costs per record that it helps, (blocks, slots, slots)."""
        price: Floats = self.labels.pairs() * (self.sizes[:, :, None] + self.sizes[:, None, :])
        price -= self.total[:, :, None] + self.total[:, None, :]
        short = self.short[:, :, None] + self.short[:, None, :]
        price /= np.maximum(short, 1)
        price[(short == 0) | ~self.alive[:, :, None] | ~self.alive[:, None, :]] = np.inf
        diagonal = np.arange(self.members.shape[1])
        price[:, diagonal, diagonal] = np.inf
        return price

    def join_cheapest(self) -> bool:
        """Join the cheapest pair of each block; tell whether there was one in any."""
        blocks, slots = self.members.shape
        flat = self.price.reshape(blocks, -1)
        cheapest = flat.argmin(axis=1)
        live = np.flatnonzero(np.isfinite(flat[np.arange(blocks), cheapest]))
        if not len(live):
            return False
        one, two = np.divmod(cheapest[live], slots)
        self._join(live, np.minimum(one, two), np.maximum(one, two))
        return True

    def _join(self, live: Ints, kept: Ints, gone: Ints) -> None:
        """Join two groups in each of some blocks.

        Parameters
        ----------
        live
            (some,): the blocks.
        kept, gone
            (some,): the slots of the two groups; the union lives in the first.
        """
        here = np.arange(len(live))
        joined = self.labels.join(live, kept, gone)
        self.sizes[live, kept] += self.sizes[live, gone]
        self.total[live, kept] = joined[here, kept] * self.sizes[live, kept]
        self.alive[live, gone] = False
        groups = self.group[live]
        groups = np.where(groups == gone[:, None], kept[:, None], groups)
        self.group[live] = groups
        block, slot = np.nonzero((groups == kept[:, None]) & self.filled[live])
        verdict = self.judge.holds(self.members[live[block], slot], block, self.sizes[live, kept])
        self.keeps[live, kept] = verdict
        self.short[live, gone] = 0
        self.short[live, kept] = np.where(verdict, 0, self.sizes[live, kept])
        price = joined * (self.sizes[live] + self.sizes[live, kept][:, None])
        price -= self.total[live] + self.total[live, kept][:, None]
        short = self.short[live] + self.short[live, kept][:, None]
        price /= np.maximum(short, 1)
        price[(short == 0) | ~self.alive[live]] = np.inf
        price[here, kept] = np.inf
        self.price[live, kept, :] = price
        self.price[live, :, kept] = price
        self.price[live, gone, :] = np.inf
        self.price[live, :, gone] = np.inf

    def loss(self) -> Floats:
        """Return the loss of each block, (blocks,), infinite if a group breaks a promise."""
        lost: Floats = np.where(self.alive, self.total, 0.0).sum(axis=1)
        lost[(self.alive & ~self.keeps).any(axis=1)] = np.inf
        return lost
