"""What many groups of tuples would read as, and what it costs to join two of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import stable_order
from anon_dagster.core.local.axis import Axis, SetAxis, segments
from anon_dagster.core.local.points import Points

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_WORDS = 4
"""Sets of more values than so many words have bits are told apart by the remainder of the values'
positions: their cost is then a guess from below."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupLabels:
    """Labels and sizes of groups: intervals of positions, or sets of values as bits."""

    axes: tuple[Axis, ...]  # (quasi-identifiers,)
    spans: tuple[tuple[Axis, Ints, Ints], ...]  # first and last position, (groups,) each
    masks: tuple[tuple[Axis, NDArray[np.uint64]], ...]  # (groups,): a word of each
    sizes: Ints  # (groups,): records

    @classmethod
    def of(cls, points: Points, tuples: Ints, starts: Ints) -> "GroupLabels":
        """Label groups; each begins at one of the starts, (groups,), in the tuples."""
        spans, masks = [], []
        for axis, column in zip(points.axes, points.columns, strict=True):
            at = column[tuples]
            if not isinstance(axis, SetAxis):
                low, high = np.minimum.reduceat(at, starts), np.maximum.reduceat(at, starts)
                spans.append((axis, low, high))
                continue
            masks += [(axis, np.bitwise_or.reduceat(bits, starts)) for bits in _words(axis, at)]
        sizes = np.add.reduceat(points.counts[tuples], starts)
        return cls(points.axes, tuple(spans), tuple(masks), sizes)

    @property
    def _free(self) -> float:
        """What the first value of each set would cost if it were not free."""
        return sum((axis.unit for axis in self.axes if isinstance(axis, SetAxis)), 0.0)

    def own(self) -> Floats:
        """Return the loss per record of each group, (groups,)."""
        everyone = np.arange(len(self.sizes))
        return self.with_others(everyone, self, everyone)

    def with_others(self, these: Ints, others: "GroupLabels", those: Ints) -> Floats:
        """Return the loss per record of the union of a group and one of others, (pairs,)."""
        loss = np.full(len(these), -self._free)
        for (axis, low, high), (_, least, most) in zip(self.spans, others.spans, strict=True):
            lows = np.minimum(low[these], least[those])
            highs = np.maximum(high[these], most[those])
            loss += axis.extent(lows, highs) * axis.unit
        for (axis, mask), (_, other) in zip(self.masks, others.masks, strict=True):
            loss += np.bitwise_count(mask[these] | other[those]) * axis.unit
        return loss

    def increase(self, one: Ints, two: Ints, total: Floats) -> Floats:
        """Return by how much the loss of all records rises if two groups are joined, (pairs,).

        Parameters
        ----------
        total
            (groups,): what the records of each lose now.
        """
        together = self.with_others(one, self, two) * (self.sizes[one] + self.sizes[two])
        return together - total[one] - total[two]

    def joined(self, unions: Ints) -> "GroupLabels":
        """Join groups of the same union, (groups,), from 0 without a gap."""
        order = stable_order(unions)
        starts = segments(unions[order])
        return GroupLabels(
            self.axes,
            tuple(
                (
                    axis,
                    np.minimum.reduceat(low[order], starts),
                    np.maximum.reduceat(high[order], starts),
                )
                for axis, low, high in self.spans
            ),
            tuple((axis, np.bitwise_or.reduceat(mask[order], starts)) for axis, mask in self.masks),
            np.add.reduceat(self.sizes[order], starts),
        )


def _words(axis: Axis, positions: Ints) -> list[NDArray[np.uint64]]:
    """Return a bit per position, (positions,), in as many words as the axis needs."""
    words = min(-(-axis.leaves // 64), MOST_WORDS)
    folded = positions % (64 * words)
    bit = np.left_shift(np.uint64(1), (folded % 64).astype(np.uint64))
    return [np.where(folded // 64 == word, bit, np.uint64(0)) for word in range(words)]
