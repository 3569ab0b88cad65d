"""The candidates of full-domain generalization: a level per quasi-identifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from anon_dagster.core.problem import Problem

Levels = tuple[int, ...]
"""A level per quasi-identifier."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """The candidates between the lowest and the highest allowed levels.

    A candidate's index counts them in the lexicographic order of their levels.
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

    def levels(self, index: int) -> Levels:
        """Return the levels of a candidate."""
        offsets = np.unravel_index(index, self.shape) if self.shape else ()
        return tuple(int(o) + low for o, low in zip(offsets, self.lowest, strict=True))

    def index(self, levels: Sequence[int]) -> int:
        """Return the index of a candidate."""
        index = 0
        for level, low, size in zip(levels, self.lowest, self.shape, strict=True):
            index = index * size + level - low
        return index

    def below(self, levels: Sequence[int]) -> tuple[slice, ...]:
        """Return the part of the lattice that is at least as specific; levels may lie outside."""
        return tuple(
            slice(0, max(level - low + 1, 0))
            for level, low in zip(levels, self.lowest, strict=True)
        )

    def above(self, levels: Sequence[int]) -> tuple[slice, ...]:
        """Return the part of the lattice that is at least as general; levels may lie outside."""
        return tuple(
            slice(max(level - low, 0), None) for level, low in zip(levels, self.lowest, strict=True)
        )
