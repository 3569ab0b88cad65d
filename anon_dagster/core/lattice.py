"""The candidates of full-domain generalization: a level per quasi-identifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.problem import Problem

_T = TypeVar("_T", bound=np.generic)

Levels = tuple[int, ...]
"""A level per quasi-identifier."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """The candidates between the lowest and the highest allowed levels.

    A candidate's index counts them in the lexicographic order of their levels. An array over the
    candidates has an axis for each quasi-identifier that may take several levels, and none for the
    others: numpy has no more than 64 axes.
    """

    lowest: Levels
    highest: Levels

    @classmethod
    def of(cls, problem: Problem) -> "Lattice":
        """Return the candidates of a problem."""
        return cls(tuple(problem.lowest), tuple(problem.highest))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many levels each quasi-identifier may take."""
        return tuple(high - low + 1 for low, high in zip(self.lowest, self.highest, strict=True))

    @cached_property
    def candidates(self) -> int:
        """How many candidates there are."""
        return prod(self.shape)

    @cached_property
    def axes(self) -> tuple[int, ...]:
        """How many levels each quasi-identifier may take that may take several."""
        return tuple(size for size in self.shape if size > 1)

    def levels(self, index: int) -> Levels:
        """Return the levels of a candidate."""
        offsets = []
        for size in reversed(self.shape):
            index, offset = divmod(index, size)
            offsets.append(offset)
        return tuple(o + low for o, low in zip(reversed(offsets), self.lowest, strict=True))

    def index(self, levels: Sequence[int]) -> int:
        """Return the index of a candidate."""
        index = 0
        for level, low, size in zip(levels, self.lowest, self.shape, strict=True):
            index = index * size + level - low
        return index

    def ranges_below(self, levels: Sequence[int]) -> tuple[slice, ...]:
        """Return the levels that are at least as specific, of each quasi-identifier, lowest first.

        The given levels may lie outside of the lattice.
        """
        return tuple(
            slice(0, max(level - low + 1, 0))
            for level, low in zip(levels, self.lowest, strict=True)
        )

    def below(self, of_candidates: NDArray[_T], levels: Sequence[int]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), that is at least as specific: a view."""
        return self._part(of_candidates, self.ranges_below(levels))

    def above(self, of_candidates: NDArray[_T], levels: Sequence[int]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), that is at least as general: a view."""
        ranges = [
            slice(max(level - low, 0), None) for level, low in zip(levels, self.lowest, strict=True)
        ]
        return self._part(of_candidates, ranges)

    def _part(self, of_candidates: NDArray[_T], ranges: Sequence[slice]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), in ranges of offsets, (1, axes, …, axes)."""
        sizes = list(zip(self.shape, ranges, strict=True))
        inside = all(range(size)[offsets] for size, offsets in sizes)
        cut = [offsets for size, offsets in sizes if size > 1]
        return of_candidates.reshape(1, *self.axes)[(slice(0, int(inside)), *cut)]
