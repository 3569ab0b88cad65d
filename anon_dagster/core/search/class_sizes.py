"""How large the classes of candidates are: what the search of one configuration tells another.

Proofs: ``docs/proofs/search.md``.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.lattice import Levels
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem

_REMEMBERED = 20_000
"""Candidates whose class sizes are kept."""


class ClassSizes:
    """The class sizes of the candidates of one table that were evaluated.

    They depend on the levels alone: not on the promises, the suppression limit or the objective.
    So they tell how much k-anonymity suppresses at each candidate, for every k.
    """

    def __init__(self) -> None:
        self._table: Problem | None = None
        self._candidates: dict[Levels, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        """Sizes that occur, ascending, and the records in classes up to each, (sizes,)."""
        self._suppressed: dict[int, list[int]] = {}
        """By k: the records of smaller classes, of the first so many candidates."""

    def fit(self, problem: Problem) -> bool:
        """Tell whether a problem is one of this table, or the first one; persons have others."""
        if problem.persons is not None or problem.households is not None:
            return False
        if self._table is None:
            self._table = problem
        return problem.counts is self._table.counts and all(
            a is b and np.array_equal(own, others)
            for a, b, own, others in zip(
                problem.hierarchies,
                self._table.hierarchies,
                problem.codes.columns,
                self._table.codes.columns,
                strict=True,
            )
        )

    def add(self, levels: Levels, sizes: NDArray[np.int64]) -> None:
        """Remember the records of each class, (classes,), of a candidate."""
        if levels not in self._candidates and len(self._candidates) < _REMEMBERED:
            occurring, classes = np.unique(sizes, return_counts=True)
            self._candidates[levels] = occurring, np.cumsum(occurring * classes)

    def too_suppressed(self, problem: Problem, limit: int) -> dict[Levels, int]:
        """Return the most general candidates that suppress more than a limit, and how much."""
        suppressed = self._suppressed_for(problem)
        over = np.flatnonzero(suppressed > limit)
        every = list(self._candidates)
        rest = np.array([every[c] for c in over], dtype=np.int64)
        if not len(rest):
            return {}
        order = np.argsort(-rest.sum(axis=1), kind="stable")
        rest, over, general = rest[order], over[order], {}
        while len(rest):
            general[every[over[0]]] = int(suppressed[over[0]])
            others = ~(rest <= rest[0]).all(axis=1)
            rest, over = rest[others], over[others]
        return general

    def within(self, problem: Problem, limit: int) -> Iterator[Levels]:
        """Yield the candidates of which k-anonymity suppresses no more than a limit."""
        for levels, suppressed in zip(self._candidates, self._suppressed_for(problem), strict=True):
            if suppressed <= limit:
                yield levels

    def _suppressed_for(self, problem: Problem) -> NDArray[np.int64]:
        """Return how many records are in classes of fewer than k, (candidates,)."""
        k = max((m.k for m in problem.models if isinstance(m, KAnonymity)), default=0)
        known = self._suppressed.setdefault(k, [])
        for sizes, records in list(self._candidates.values())[len(known) :]:
            smaller = int(np.searchsorted(sizes, k))
            known.append(int(records[smaller - 1]) if smaller else 0)
        return np.array(known, dtype=np.int64)
