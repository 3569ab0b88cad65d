"""The candidates of full-domain generalization: a level per quasi-identifier."""

from bisect import bisect_left, bisect_right
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
    """The candidates that choose one of some levels for each quasi-identifier.

    A candidate's index counts them in the lexicographic order of their levels. An array over the
    candidates has an axis for each quasi-identifier that may take several levels, and none for the
    others: numpy has no more than 64 axes.
    """

    choices: tuple[Levels, ...]
    """(quasi-identifiers,): the levels that each may take, ascending, at least one."""

    @classmethod
    def of(cls, problem: Problem) -> "Lattice":
        """Return the candidates of a problem: all that it allows."""
        return cls.between(problem.lowest, problem.highest)

    @classmethod
    def between(cls, lowest: Sequence[int], highest: Sequence[int]) -> "Lattice":
        """Return the candidates between two."""
        return cls(
            tuple(tuple(range(low, high + 1)) for low, high in zip(lowest, highest, strict=True))
        )

    def within(self, lowest: Sequence[int], highest: Sequence[int]) -> "Lattice":
        """Return the candidates between two of them."""
        ranges = zip(self.choices, lowest, highest, strict=True)
        return Lattice(
            tuple(
                levels[bisect_left(levels, low) : bisect_right(levels, high)]
                for levels, low, high in ranges
            )
        )

    @cached_property
    def lowest(self) -> Levels:
        """The most specific candidate."""
        return tuple(levels[0] for levels in self.choices)

    @cached_property
    def highest(self) -> Levels:
        """The most general candidate."""
        return tuple(levels[-1] for levels in self.choices)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """How many levels each quasi-identifier may take."""
        return tuple(map(len, self.choices))

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
        chosen = []
        for levels in reversed(self.choices):
            index, offset = divmod(index, len(levels))
            chosen.append(levels[offset])
        return tuple(reversed(chosen))

    def offsets(self, levels: Sequence[int]) -> Levels:
        """Return which of its choices each quasi-identifier takes in a candidate."""
        pairs = zip(self.choices, levels, strict=True)
        return tuple(choices.index(level) for choices, level in pairs)

    def index(self, levels: Sequence[int]) -> int:
        """Return the index of a candidate."""
        index = 0
        for offset, size in zip(self.offsets(levels), self.shape, strict=True):
            index = index * size + offset
        return index

    def ranges_below(self, levels: Sequence[int]) -> tuple[slice, ...]:
        """Return the levels that are at least as specific, of each quasi-identifier, lowest first.

        The given levels may lie outside of the lattice.
        """
        return tuple(
            slice(0, bisect_right(choices, level))
            for choices, level in zip(self.choices, levels, strict=True)
        )

    def below(self, of_candidates: NDArray[_T], levels: Sequence[int]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), that is at least as specific: a view."""
        return self._part(of_candidates, self.ranges_below(levels))

    def above(self, of_candidates: NDArray[_T], levels: Sequence[int]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), that is at least as general: a view."""
        ranges = [
            slice(bisect_left(choices, level), None)
            for choices, level in zip(self.choices, levels, strict=True)
        ]
        return self._part(of_candidates, ranges)

    def _part(self, of_candidates: NDArray[_T], ranges: Sequence[slice]) -> NDArray[_T]:
        """Return the part of an array, (candidates,), in ranges of offsets, (1, axes, …, axes)."""
        sizes = list(zip(self.shape, ranges, strict=True))
        inside = all(range(size)[offsets] for size, offsets in sizes)
        cut = [offsets for size, offsets in sizes if size > 1]
        return of_candidates.reshape(1, *self.axes)[(slice(0, int(inside)), *cut)]
