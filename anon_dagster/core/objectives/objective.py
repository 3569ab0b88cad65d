"""What the search asks of an objective: what a release loses, and what it loses at least.

Proofs: ``docs/proofs/objectives.md``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.objectives.outcome import Outcome, WeightedTable

Floats = NDArray[np.float64]

TIE = 1e-12
"""Losses this close are equal; the lexicographically smallest levels win."""


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """A loss that candidates do not stay below, from what each quasi-identifier adds to it."""

    terms: Sequence[Floats]  # (quasi-identifiers,) of (levels,)
    loss: Callable[[Floats], Floats] = np.asarray
    """From the joined terms of candidates, (candidates,), to the bound of each."""
    join: np.ufunc = np.add

    def at(self, levels: Sequence[int]) -> float:
        """Return the bound of one candidate."""
        joined = np.zeros(()) if self.join is np.add else np.full((), -np.inf)
        for term, level in zip(self.terms, levels, strict=True):
            joined = self.join(joined, term[level])
        return float(self.loss(np.atleast_1d(joined))[0])


class Objective:
    """What a release loses, and bounds that hold for every candidate of full-domain generalization.

    A subclass is a frozen value. Losses are numbers of the size of one, so that one tolerance
    serves all; less is better.
    """

    costs_suppression = False
    """Whether what a suppressed record counts can be chosen."""
    needs_levels = False
    """Whether it is defined for full-domain generalization alone."""

    def loss(self, outcome: Outcome) -> float:
        """Return what a release loses."""
        raise NotImplementedError

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """Return bounds that are known before any candidate is evaluated; each one holds."""
        raise NotImplementedError

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]] | None:
        """Return what a record adds that reads a node: (levels,) of (nodes,).

        They grow from level to level. ``None`` if records do not add up.
        """
        del table, q
        return None

    def raised(self, table: WeightedTable, doomed: int, lost: Sequence[Floats]) -> Floor | None:
        """Return a bound for candidates where some records are surely suppressed.

        Parameters
        ----------
        doomed
            How many these are.
        lost
            (quasi-identifiers,) of (levels,): what they would add, were they not suppressed, or
            more.
        """
        del table, doomed, lost
        return None

    def unsuppressed(self, outcome: Outcome) -> float:
        """Return a bound of every candidate at least as general, slack aside.

        Parameters
        ----------
        outcome
            The release in which no record is suppressed, whatever it breaks.
        """
        del outcome
        return -np.inf

    def surcharge(self, table: WeightedTable, doomed: NDArray[np.int64]) -> float:
        """Return what surely suppressed classes, (classes,): records, add to what is unsuppressed.

        It holds for every more specific candidate, too, where they fall apart.
        """
        del table, doomed
        return 0.0

    def slack(self, table: WeightedTable) -> float:
        """Return by how much suppression may lower a loss at most, below what is unsuppressed."""
        del table
        return 0.0

    def __str__(self) -> str:
        """Say the objective as a report does."""
        raise NotImplementedError
