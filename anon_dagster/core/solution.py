"""What was decided: the class of every tuple, and how each class reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.discreet import Discreet


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
    """``exact``, ``heuristic`` or ``local``."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution(Discreet, shown=("levels",)):
    """A class for every tuple of the frequency table; ``-1`` is suppressed."""

    classes: NDArray[np.int64]  # (tuples,): class of each tuple, or -1
    generalized: tuple[Generalized, ...]  # (quasi-identifiers,)
    proof: Proof
    levels: tuple[int, ...] | None = None
    """Level of each quasi-identifier, for full-domain generalization."""
