"""Lower bounds of the loss of every candidate of a lattice, held in one array.

The search rules out the candidates whose bound is above the best loss found. What it learns of one
candidate raises the bounds of all that are more specific, or more general, in one go.

Proofs: ``docs/proofs/search.md``.
"""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.objectives import TIE, Floor

_ROUNDING = 1e-13
"""How far a bound may be off, being summed in another order than a loss."""

_TOGETHER = 16
"""So many offsets of neighbouring axes are cumulated as one; a heuristic."""

_MULTIPLIED = 2**17
"""Numbers that are multiplied at a time: few enough that no library puts several threads on them,
which spend more on waiting than they save."""

Terms = Sequence[NDArray[np.float64]]
"""What each level adds, lowest level first: per quasi-identifier, (levels,)."""


class Bounds:
    """A lower bound of the loss of every candidate of a lattice.

    The sum of a term per quasi-identifier is taken for all candidates at once, as an outer sum: of
    the sums over the first quasi-identifiers, and of those over the others.
    """

    base: NDArray[np.float64]
    """(candidates,): the loss without suppression, or a bound of it; guides the search."""
    bound: NDArray[np.float64]  # (candidates,): infinite where ruled out or evaluated

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self._split = _split(lattice.shape)
        halves = lattice.shape[: self._split], lattice.shape[self._split :]
        self._offsets = [_offsets(half) for half in halves]
        self._cumulating = _cumulating(lattice.axes)

    def fill(self, terms: Terms) -> NDArray[np.float64]:
        """Return the sum of the terms of every candidate, (candidates,)."""
        return np.add.outer(*self._halves(terms)).reshape(-1)

    def _halves(self, terms: Terms) -> list[NDArray[np.float64]]:
        """Return the sums of terms over the first quasi-identifiers and over the others.

        Each for every combination of their levels, (combinations,), in lexicographic order.
        """
        parts = terms[: self._split], terms[self._split :]
        sums = []
        for offsets, part in zip(self._offsets, parts, strict=True):
            total = np.zeros(1)
            for term, offset in zip(part, offsets, strict=True):
                total = total + term.take(offset)
            sums.append(total)
        return sums

    def rule_out_below(self, levels: Levels) -> None:
        """Rule out all that is at least as specific."""
        self.lattice.below(self.bound, levels)[...] = np.inf

    def open(self, best: float, index: int) -> NDArray[np.bool_]:
        """Tell which candidates, (candidates,), may beat or precede the best one.

        Parameters
        ----------
        best
            The least loss found.
        index
            The candidate that wins so far; none after it matters unless it is better.
        """
        still = self.bound <= best + TIE + _ROUNDING
        if np.isfinite(best):
            still[index:] &= self.bound[index:] < best - _ROUNDING
        else:
            still &= self.bound < np.inf
        return still

    def count_below(self, which: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Count for every candidate, (candidates,), how many of some are at least as specific.

        Cumulated along some quasi-identifiers after others; each product puts the axis that it
        cumulates behind all others, so that in the end they stand as before.
        """
        counts = which.astype(np.float32)
        for cumulating in self._cumulating:
            along = counts.reshape(len(cumulating), -1).T
            counts = np.empty(along.shape, dtype=np.float32)
            step = max(_MULTIPLIED // len(cumulating) ** 2, 1)
            for start in range(0, len(along), step):
                np.matmul(along[start : start + step], cumulating, out=counts[start : start + step])
        return counts.reshape(-1)


class SummedBounds(Bounds):
    """Bounds of a loss that is a sum of a term per quasi-identifier.

    At first the loss without suppression. What is suppressed at a general candidate is suppressed
    at every more specific one: that adds another such sum to the bounds of all of these.

    Parameters
    ----------
    losses
        What each level adds to the loss without suppression.
    savings
        If suppression can lower the loss: a function from sums of terms, (candidates,), to by how
        much it does at most, (candidates,); and these terms.
    """

    def __init__(
        self,
        lattice: Lattice,
        losses: Terms,
        savings: tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], Terms] | None = None,
    ) -> None:
        super().__init__(lattice)
        self.base = self.fill(losses)
        self._floor = self.base
        if savings is not None:
            saved_at_most, terms = savings
            self._floor = self.base - saved_at_most(self.fill(terms))
        self.bound = self._floor.copy()

    def raise_below(self, levels: Levels, terms: Terms) -> None:
        """Add terms to the loss without suppression of all that is at least as specific.

        The terms of levels above the given ones are -inf, so that the outer sum leaves the rest
        of the lattice as it is; rows of the array without a change are not touched.
        """
        cut = []
        for term, end in zip(terms, self.lattice.ranges_below(levels), strict=True):
            below = np.full(len(term), -np.inf)
            below[end] = term[end]
            cut.append(below)
        first, second = self._halves(cut)
        rows = np.flatnonzero(first > -np.inf)
        shape = len(first), len(second)
        raised = self._floor.reshape(shape)[rows]
        raised += first[rows, None]
        raised += second
        bound = self.bound.reshape(shape)
        bound[rows] = np.maximum(bound[rows], raised)


class Floors(Bounds):
    """Bounds of any loss: what an objective declares, raised by what candidates turn out to lose.

    Parameters
    ----------
    floors
        Each one holds.
    slack
        By how much suppression may lower a loss below what candidates lose without it.
    """

    def __init__(self, lattice: Lattice, floors: Sequence[Floor], slack: float) -> None:
        super().__init__(lattice)
        self._slack = slack
        self.bound = np.maximum.reduce([self._filled(floor, lattice.highest) for floor in floors])
        self.bound = self.bound.reshape(-1)
        self._unsuppressed = self.base = self.bound + slack  # (candidates,): without suppression

    def _filled(self, floor: Floor, highest: Levels) -> NDArray[np.float64]:
        """Return a floor over the candidates up to some levels, (axes, …, axes)."""
        joined = np.zeros(()) if floor.join is np.add else np.full((), -np.inf)
        several = [size > 1 for size in self.lattice.shape]
        below = zip(self.lattice.choices, self.lattice.ranges_below(highest), strict=True)
        for term, (choices, end), axis in zip(floor.terms, below, several, strict=True):
            levels = list(choices[end])
            joined = (
                floor.join.outer(joined, term[levels])
                if axis
                else floor.join(joined, term[levels[0]])
            )
        return floor.loss(joined)

    def raise_below(self, levels: Levels, floor: Floor) -> None:
        """Raise the bounds of all that is at least as specific to a floor."""
        if any(level < low for level, low in zip(levels, self.lattice.lowest, strict=True)):
            return
        highest = tuple(map(min, levels, self.lattice.highest))
        below = self.lattice.below(self.bound, highest)
        np.maximum(below, self._filled(floor, highest), out=below)

    def charge_below(self, levels: Levels, surcharge: float) -> None:
        """Raise the bounds of all that is at least as specific by what suppression adds there."""
        if surcharge <= self._slack:
            return
        below = self.lattice.below(self.bound, levels)
        least = self.lattice.below(self._unsuppressed, levels)
        np.maximum(below, least + (surcharge - self._slack), out=below)

    def raise_above(self, levels: Levels, loss: float) -> None:
        """Raise the bounds of all that is at least as general to a loss without suppression."""
        for bounds, least in ((self._unsuppressed, loss), (self.bound, loss - self._slack)):
            above = self.lattice.above(bounds, levels)
            np.maximum(above, least, out=above)


def _offsets(shape: tuple[int, ...]) -> list[NDArray[np.intp]]:
    """Return the offset of every combination of levels: per quasi-identifier, (combinations,).

    Of a quasi-identifier with one level, that level alone, (1,).
    """
    axes = tuple(size for size in shape if size > 1)
    several = iter(np.indices(axes).reshape(len(axes), prod(axes)))
    one = np.zeros(1, dtype=np.intp)
    return [next(several) if size > 1 else one for size in shape]


def _cumulating(axes: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """Return what cumulates along all axes, a few neighbouring ones at a time.

    Each (offsets, offsets): 1 where the first is at most the second, on all of the axes.
    """
    parts: list[NDArray[np.float32]] = []
    for size in axes:
        along = np.triu(np.ones((size, size), dtype=np.float32))
        if parts and len(parts[-1]) * size <= _TOGETHER:
            parts[-1] = np.kron(parts[-1], along)
        else:
            parts.append(along)
    return parts


def _split(shape: tuple[int, ...]) -> int:
    """Return where to cut the axes so that both halves have about as many candidates."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(shape))])
    return int(np.abs(logs - logs[-1] / 2).argmin())
