"""Lower bounds of the loss of every candidate of a lattice, held in one array.

The search rules out the candidates whose bound is above the best loss found. What it learns of one
candidate raises the bounds of all that are more specific, or more general, in one go.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.objectives import TIE, Floor

_ROUNDING = 1e-13
"""How far a bound may be off, being summed in another order than a loss."""

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
        self._offsets = [np.indices(half).reshape(len(half), int(np.prod(half))) for half in halves]

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
            total = np.zeros(offsets.shape[1])
            for term, offset in zip(part, offsets, strict=True):
                total += term.take(offset)
            sums.append(total)
        return sums

    def rule_out_below(self, levels: Levels) -> None:
        """Rule out all that is at least as specific."""
        self.bound.reshape(self.lattice.shape)[self.lattice.below(levels)] = np.inf

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

        Cumulated along one quasi-identifier after another.
        """
        counts = which.astype(np.float32)
        inner = 1
        for size in reversed(self.lattice.shape):
            axis = counts.reshape(-1, size, inner)
            for level in range(1, size):
                axis[:, level] += axis[:, level - 1]
            inner *= size
        return counts


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
        for term, end in zip(terms, self.lattice.below(levels), strict=True):
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
        """Return a floor over the candidates up to some levels, (levels, …, levels)."""
        joined = np.zeros(()) if floor.join is np.add else np.full((), -np.inf)
        for term, low, high in zip(floor.terms, self.lattice.lowest, highest, strict=True):
            joined = floor.join.outer(joined, term[low : high + 1])
        return floor.loss(joined)

    def raise_below(self, levels: Levels, floor: Floor) -> None:
        """Raise the bounds of all that is at least as specific to a floor."""
        if any(level < low for level, low in zip(levels, self.lattice.lowest, strict=True)):
            return
        highest = tuple(map(min, levels, self.lattice.highest))
        below = self.bound.reshape(self.lattice.shape)[self.lattice.below(highest)]
        np.maximum(below, self._filled(floor, highest), out=below)

    def charge_below(self, levels: Levels, surcharge: float) -> None:
        """Raise the bounds of all that is at least as specific by what suppression adds there."""
        if surcharge <= self._slack:
            return
        cut = self.lattice.below(levels)
        below = self.bound.reshape(self.lattice.shape)[cut]
        least = self._unsuppressed.reshape(self.lattice.shape)[cut]
        np.maximum(below, least + (surcharge - self._slack), out=below)

    def raise_above(self, levels: Levels, loss: float) -> None:
        """Raise the bounds of all that is at least as general to a loss without suppression."""
        cut = self.lattice.above(levels)
        for bounds, least in ((self._unsuppressed, loss), (self.bound, loss - self._slack)):
            above = bounds.reshape(self.lattice.shape)[cut]
            np.maximum(above, least, out=above)


def _split(shape: tuple[int, ...]) -> int:
    """Return where to cut the axes so that both halves have about as many candidates."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(shape))])
    return int(np.abs(logs - logs[-1] / 2).argmin())
