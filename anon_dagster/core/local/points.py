"""A table as local recoding sees it: every tuple is a point, with a position on each axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import Groups, group, stable_order
from anon_dagster.core.local.axis import Axis, axes_of, segments
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.problem import Problem
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, slots=True, eq=False)
class Points(Discreet):
    """The tuples of a problem with all that the steps of local recoding ask for.

    What changes from step to step are the cells alone: (tuples,), the class of each tuple, from 0
    without a gap unless a function says otherwise; -1 is suppressed.
    """

    judge: ClassJudge
    axes: tuple[Axis, ...]  # (quasi-identifiers,)
    columns: tuple[NDArray[np.int64], ...]  # (quasi-identifiers,) of (tuples,): positions
    regions: Groups
    """The tuples below one node each at the highest allowed levels: who may share a class."""

    @classmethod
    def of(cls, problem: Problem) -> "Points":
        """Put the tuples of a problem on its axes."""
        axes = axes_of(problem)
        levels = zip(problem.hierarchies, problem.highest, strict=True)
        nodes = [h.codes[level][problem.codes[:, q]] for q, (h, level) in enumerate(levels)]
        return cls(
            ClassJudge.of(problem),
            axes,
            tuple(axis.positions[problem.codes[:, q]] for q, axis in enumerate(axes)),
            group(nodes, [h.leaves for h in problem.hierarchies], len(problem.counts)),
        )

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.judge.problem

    @property
    def counts(self) -> NDArray[np.int64]:
        """Records of each tuple, (tuples,)."""
        return self.judge.problem.counts


def by_class(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort tuples by their classes.

    Returns
    -------
    tuples, starts
        (kept tuples,): those that are not suppressed; (classes,): where each class starts.
    """
    tuples = np.flatnonzero(cells >= 0)
    tuples = tuples[stable_order(cells[tuples])]
    return tuples, segments(cells[tuples])
