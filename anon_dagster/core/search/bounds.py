"""What is known of the loss of every candidate at once."""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.search.compact import Compact


class Bounds:
    """A lower bound of the loss of every candidate of a lattice.

    At first the loss without suppression, a sum of a term per quasi-identifier. What is suppressed
    at a general candidate is suppressed at every more specific one: that adds another such sum to
    the bounds of all of these. Sums of terms fill the lattice as an outer sum of two halves.
    """

    def __init__(self, compact: Compact, lattice: Lattice) -> None:
        self.lattice = lattice
        self._split = _split(lattice.shape)
        self._levels = [
            np.indices(shape).reshape(len(shape), -1)
            for shape in (lattice.shape[: self._split], lattice.shape[self._split :])
        ]  # of (quasi-identifiers of the half, candidates of the half)
        self.base = self._outer(
            [
                compact.losses(q)[low : high + 1]
                for q, (low, high) in enumerate(zip(lattice.lowest, lattice.highest, strict=True))
            ]
        )
        self.bound = self.base.copy()

    def _outer(self, terms: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.add.outer(*self._halves(terms))

    def _halves(self, terms: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        halves = []
        for levels, part in zip(
            self._levels, (terms[: self._split], terms[self._split :]), strict=True
        ):
            total = np.zeros(levels.shape[1])
            for term, of in zip(part, levels, strict=True):
                total += term.take(of)
            halves.append(total)
        return halves

    def raise_below(self, levels: Levels, terms: list[NDArray[np.float64]]) -> None:
        """Raise the bounds of what is at least as specific by a term per level, (levels,) each."""
        below = []
        for term, level, low in zip(terms, levels, self.lattice.lowest, strict=True):
            cut = term.copy()
            cut[max(level - low + 1, 0) :] = -np.inf
            below.append(cut)
        first, second = self._halves(below)
        rows = np.flatnonzero(first > -np.inf)
        raised = self.base[rows]
        raised += first[rows, None]
        raised += second
        self.bound[rows] = np.maximum(self.bound[rows], raised)

    def kill_below(self, levels: Levels) -> None:
        """Rule out what is at least as specific."""
        self.bound.reshape(self.lattice.shape)[self.lattice.below(levels)] = np.inf


def _split(shape: tuple[int, ...]) -> int:
    """Return where to cut the axes so that both halves have about as many candidates."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(shape))])
    return int(np.abs(logs - logs[-1] / 2).argmin())
