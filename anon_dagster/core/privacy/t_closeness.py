"""t-closeness: a class's sensitive values are distributed much like the whole table's.

With a class of n records that holds a value c times, and a table of N records that holds it C
times, ``e = c N - C n`` is how far the class is ahead, times n N. All three distances are sums of
such integers, so that they are compared with ``t`` exactly; all three are sums over the values
that a class holds, so that their cost does not grow with the values that it lacks.

Proofs: ``docs/proofs/t-closeness.md``.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import integers
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.privacy.model import Monotone, SensitiveModel
from anon_dagster.core.privacy.support_share import SupportShare
from anon_dagster.errors import RequestError


@dataclass(frozen=True, eq=False)
class _TCloseness(SensitiveModel):
    """What the distances have in common: how they are bounded, and compared with the bound."""

    t: Fraction
    relative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            raise RequestError(f"t must be from 0 to 1, got {float(self.t):g}")

    @property
    def monotone(self) -> Monotone:
        """A distance to a fixed distribution is convex, so a mixture is no farther."""
        return Monotone.ALL_SUFFICE

    def _scale(self, histogram: Histogram) -> int:
        """Return what the sums of a class of one record are divided by, over N."""
        raise NotImplementedError

    def _sums(self, sizes: NDArray[Any], histogram: Histogram) -> NDArray[Any]:
        """Return the distance of each class, (classes,), times ``n N scale``."""
        raise NotImplementedError

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its distance is at most ``t``."""
        histogram = classes.histograms[self.sensitive]
        total, scale = int(histogram.reference.sum()), self._scale(histogram)
        largest = 4 * total * total * scale * self.t.denominator
        sizes = integers(classes.sizes, largest)
        distances = self._sums(sizes, _widened(histogram, largest))
        bounds = sizes * (total * scale * self.t.numerator)
        verdict: NDArray[np.bool_] = distances * self.t.denominator <= bounds
        return verdict.astype(np.bool_)

    def distances(self, classes: EquivalenceClasses) -> NDArray[np.float64]:
        """Return the distance of each class, (classes,), from 0 to 1."""
        histogram = classes.histograms[self.sensitive]
        total, scale = int(histogram.reference.sum()), self._scale(histogram)
        largest = 4 * total * total * scale
        sizes = integers(classes.sizes, largest)
        sums = self._sums(sizes, _widened(histogram, largest))
        return sums.astype(np.float64) / (sizes.astype(np.float64) * total * scale)


def _widened(histogram: Histogram, largest: int) -> Histogram:
    return Histogram(
        histogram.classes,
        histogram.values,
        integers(histogram.counts, largest),
        integers(histogram.reference, largest),
    )


def _add_up(owners: NDArray[np.int64], amounts: NDArray[Any], classes: int) -> NDArray[Any]:
    """Add up amounts, (entries,), by their owners, (classes,), in their own type."""
    sums = np.zeros(classes, dtype=amounts.dtype)
    np.add.at(sums, owners, amounts)
    return sums


@dataclass(frozen=True, eq=False)
class EqualTCloseness(_TCloseness):
    """Half the sum of the differences of the shares is at most ``t`` in every class [1]_.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and
       l-diversity", ICDE 2007, section 5.2 (equal ground distance).
    """

    @property
    def relaxation(self) -> SupportShare:
        """A class is at least as far as the share of the values that it lacks."""
        return SupportShare(self.sensitive, 1 - self.t)

    def most_kept(self, classes: EquivalenceClasses) -> NDArray[np.int64]:
        """See the base class: what is kept is as near as each of its parts.

        Records of which no value has more than its share of the table make up 1 - t of any m
        that are near enough: ``Σ min(c N, m C) ≥ (1 - t) m N``. The left side is concave in m, so
        that the number at which a tangent meets the right side is none too small; the tangents at
        these numbers are followed down.
        """
        histogram = classes.histograms[self.sensitive]
        total = int(histogram.reference.sum())
        numerator, denominator = (1 - self.t).as_integer_ratio()
        largest = 4 * total * total * denominator
        histogram = _widened(histogram, largest)
        most = integers(classes.sizes, largest)
        counts, reference = histogram.counts, histogram.reference[histogram.values]
        while True:
            scarce = counts * total <= reference * most[histogram.classes]
            kept = _add_up(histogram.classes, np.where(scarce, counts, 0), len(most))
            slope = _add_up(histogram.classes, np.where(scarce, 0, reference), len(most))
            steepness = total * numerator - slope * denominator
            falls = kept * (total * denominator) < most * steepness
            if not falls.any():
                return most.astype(np.int64)
            met = kept * (total * denominator) // np.where(falls, steepness, 1)
            most = np.where(falls, met, most)

    def _scale(self, histogram: Histogram) -> int:
        del histogram
        return 1

    def _sums(self, sizes: NDArray[Any], histogram: Histogram) -> NDArray[Any]:
        total = histogram.reference.sum()
        ahead = (
            histogram.counts * total
            - histogram.reference[histogram.values] * sizes[histogram.classes]
        )
        return _add_up(histogram.classes, np.maximum(ahead, 0), len(sizes))

    def __str__(self) -> str:
        return wording.t_closeness(self.t, "equal")


@dataclass(frozen=True, eq=False)
class OrderedTCloseness(_TCloseness):
    """The earth mover's distance along the order of the values is at most ``t`` [1]_.

    Neighbours among the m values of the table are ``1 / (m - 1)`` apart; a value that no record
    of it has is not one of them.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.1 (ordered distance).
    """

    ranks: NDArray[np.int64]  # (values,): position of each value in the order, from 0

    def _present(self, histogram: Histogram) -> NDArray[np.bool_]:
        """Tell which values, (values,), have a position in the order."""
        return histogram.reference > 0

    def _scale(self, histogram: Histogram) -> int:
        return max(int(self._present(histogram).sum()) - 1, 1)

    def _sums(self, sizes: NDArray[Any], histogram: Histogram) -> NDArray[Any]:
        """See the base class: the sum of what is carried from each position to the next."""
        # Σ_i |N P(i) - n Q(i)| over the positions i but the last, with P and Q the cumulated
        # counts. P is constant between the values that a class holds; there the sign changes once.
        ordered = np.argsort(self.ranks)
        ordered = ordered[self._present(histogram)[ordered]]
        values = len(ordered)
        if not values:
            return np.zeros(len(sizes), dtype=np.int64)
        cumulated = histogram.reference[ordered].cumsum()  # Q: (values,)
        below = np.concatenate([cumulated[:1] * 0, cumulated.cumsum()])  # ΣQ: (values + 1,)
        total = cumulated[-1]
        position = np.zeros(len(self.ranks), dtype=np.int64)
        position[ordered] = np.arange(values)
        positions = position[histogram.values]
        order = np.lexsort((positions, histogram.classes))
        owners, start = histogram.classes[order], positions[order]
        counts = histogram.counts[order]
        opens = np.searchsorted(owners, np.arange(len(sizes)))
        running = counts.cumsum()
        held = running - (running - counts)[opens][owners]  # P: (entries,)
        last = np.append(owners[1:] != owners[:-1], True)
        end = np.where(last, values, np.append(start[1:], values))
        level, size = held * total, sizes[owners]
        turn = np.searchsorted(cumulated, level // size, side="right")
        turn = np.clip(turn, start, end)
        inside = (level * (turn - start) - size * (below[turn] - below[start])) + (
            size * (below[end] - below[turn]) - level * (end - turn)
        )
        first = start[opens]  # before the first value that a class holds, P is 0
        distances: NDArray[Any] = _add_up(owners, inside, len(sizes)) + sizes * below[first]
        return distances

    def __str__(self) -> str:
        return wording.t_closeness(self.t, "ordered")


@dataclass(frozen=True, eq=False)
class HierarchicalTCloseness(_TCloseness):
    """The earth mover's distance along a hierarchy is at most ``t`` in every class [1]_.

    Two values are as far apart as their lowest common ancestor is high, over the height of the
    tree.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.2 (hierarchical distance).
    """

    hierarchy: Hierarchy
    leaves: NDArray[np.int32]  # (values,): leaf of each value of the attribute

    def _scale(self, histogram: Histogram) -> int:
        del histogram
        return self.hierarchy.levels - 1

    def _sums(self, sizes: NDArray[Any], histogram: Histogram) -> NDArray[Any]:
        """See the base class: what moves between the children of each node, times its height."""
        distances = _add_up(histogram.classes[:0], histogram.counts[:0], len(sizes))
        below = self._at(0, histogram)
        for height in range(1, self.hierarchy.levels):
            parents = self._at(height, histogram)
            surplus = np.maximum(below.ahead(sizes), 0)
            pairs = parents.entries_of(below.classes, self._parent(height, below))
            positive = _add_up(pairs, surplus, len(parents.classes))
            negative = positive - parents.ahead(sizes)
            moved = np.minimum(positive, negative) * height
            distances = distances + _add_up(parents.classes, moved, len(sizes))
            below = parents
        return distances

    def _parent(self, height: int, below: "_Nodes") -> NDArray[np.int64]:
        """Return the node at a height above each entry of the level below, (entries,)."""
        upward = np.zeros(len(self.hierarchy.labels[height - 1]), dtype=np.int64)
        upward[self.hierarchy.codes[height - 1]] = self.hierarchy.codes[height]
        return upward[below.nodes]

    def _at(self, height: int, histogram: Histogram) -> "_Nodes":
        """Count the nodes of one level in each class, and in the table."""
        row, size = self.hierarchy.codes[height], len(self.hierarchy.labels[height])
        nodes = row[self.leaves].astype(np.int64)
        keys, entry = np.unique(
            histogram.classes * size + nodes[histogram.values], return_inverse=True
        )
        return _Nodes(
            keys,
            size,
            _add_up(entry, histogram.counts, len(keys)),
            _add_up(nodes, histogram.reference, size),
        )

    def __str__(self) -> str:
        return wording.t_closeness(self.t, "hierarchical")


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """How often each class holds each node of one level."""

    keys: NDArray[np.int64]  # (entries,): class · nodes + node, ascending
    size: int  # nodes of the level
    counts: NDArray[Any]  # (entries,)
    reference: NDArray[Any]  # (nodes,)

    @property
    def classes(self) -> NDArray[np.int64]:
        return self.keys // self.size

    @property
    def nodes(self) -> NDArray[np.int64]:
        return self.keys % self.size

    def ahead(self, sizes: NDArray[Any]) -> NDArray[Any]:
        """Return how far each entry is ahead of the table, (entries,), times ``n N``."""
        expected = self.reference[self.nodes] * sizes[self.classes]
        surplus: NDArray[Any] = self.counts * self.reference.sum() - expected
        return surplus

    def entries_of(self, classes: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the entry of each of some nodes in some classes, (nodes,); all are there."""
        return np.searchsorted(self.keys, classes * self.size + nodes)
