"""What was decided: the class of every tuple, and how each class reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.discreet import Discreet

LOCAL, BY_INTEGER_PROGRAM = "local", "integer programming"
"""How solutions are found that differ in their levels from class to class."""


@dataclass(frozen=True, slots=True, eq=False)
class Generalized(Discreet, shown=("leaves",)):
    """How one quasi-identifier reads in each class, and what that costs."""

    codes: NDArray[np.integer]  # (classes,): a label each
    labels: tuple[Label, ...]  # (labels,)
    covered: NDArray[np.int64]  # (labels,): leaves of the hierarchy that each stands for
    heights: NDArray[np.float64]  # (labels,): level / (levels - 1), 0 to 1
    leaves: int  # of the hierarchy


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the search got, and what is known of what it did not evaluate."""

    optimal: bool
    """Whether nothing better exists among the candidates of the request."""
    loss: float
    """What the solution loses by the objective of its problem, 0 to 1; more or less where a
    suppressed record counts more or less than 1."""
    lower_bound: float
    """No candidate has a smaller loss; equals ``loss`` (to rounding) when optimal."""
    candidates: int
    evaluated: int
    method: str
    """``exact``, ``heuristic``, ``local`` or ``integer programming``."""
    rounds: int = 0
    """How often local recoding improved its classes."""

    @property
    def gap(self) -> float:
        """What the solution loses beyond the lower bound: no candidate loses less by more."""
        return max(self.loss - self.lower_bound, 0.0)

    @property
    def gap_ratio(self) -> float | None:
        """How many times the lower bound the solution loses; ``None`` if the bound is 0."""
        if self.loss <= self.lower_bound:
            return 1.0
        return self.loss / self.lower_bound if self.lower_bound > 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class Solution(Discreet, shown=("levels",)):
    """A class for every tuple of the frequency table; ``-1`` is suppressed."""

    classes: NDArray[np.int64]  # (tuples,): class of each tuple, or -1
    generalized: tuple[Generalized, ...]  # (quasi-identifiers,)
    proof: Proof
    levels: tuple[int, ...] | None = None
    """Level of each quasi-identifier, for full-domain generalization."""
