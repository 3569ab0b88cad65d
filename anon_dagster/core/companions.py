"""Tables that are released together with another one, at the same levels of what they share.

A problem is that of a *joined* table: the records of one table, the detail, each with the
quasi-identifiers that another one, the master, has of its person. Of what is decided for it two
releases are made, and each must keep the promises by itself: joining classes may break a promise
where a person is in both, so neither follows from the joined table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.evaluation import (
    Evaluation,
    all_hold,
    classes_at,
    evaluate,
    release_holds,
    summarize,
)
from anon_dagster.core.lattice import Levels
from anon_dagster.core.problem import Problem
from anon_dagster.core.trajectories import Trajectories


@dataclass(frozen=True, slots=True, eq=False)
class ReleasedColumns:
    """The detail: the records that the joined table releases, by their own columns alone."""

    name: str
    """What messages call the table."""
    problem: Problem
    """Of the same tuples as the joined table, by the quasi-identifiers of the detail."""
    positions: tuple[int, ...]
    """(quasi-identifiers of the detail,): which of the joined table each is."""

    def holds(self, levels: Sequence[int], kept: NDArray[np.bool_]) -> bool:
        """Tell whether the release keeps the promises by its own columns.

        Parameters
        ----------
        levels
            (quasi-identifiers of the joined table,)
        kept
            (tuples,): whether the joined table releases each.
        """
        own = classes_at(self.problem, [levels[q] for q in self.positions])
        if not len(kept):
            return True
        if not kept.any():
            return False
        _, dense = np.unique(own.ids[kept], return_inverse=True)
        inside = np.full(len(kept), -1, dtype=np.int64)
        inside[kept] = dense.reshape(-1)
        classes = summarize(self.problem, inside, int(dense.max()) + 1)
        return bool(all_hold(self.problem.models, classes).all()) and release_holds(
            self.problem, own.ids, kept
        )

    def dooms_the_more_specific(self, _: Sequence[int], /) -> bool:
        """Tell whether no more specific candidate keeps the promises either: nobody can tell."""
        return False


@dataclass(frozen=True, slots=True, eq=False)
class PersonTable:
    """The master: a record for each person, also of those whom the joined table lacks."""

    name: str
    """What messages call the table."""
    problem: Problem
    positions: tuple[int, ...]
    """(quasi-identifiers of the master,): which of the joined table each is."""
    tuples: NDArray[np.int64]
    """(tuples of the joined table,): one of the master that reads as the person of each does."""
    trajectories: Trajectories | None = None
    """Of the joined table, if records of a person stay linked: who has none released in it is seen
    to have none."""

    def levels_of(self, levels: Sequence[int]) -> Levels:
        """Return the levels of the master, given those of the joined table."""
        return tuple(levels[q] for q in self.positions)

    def holds(self, levels: Sequence[int], kept: NDArray[np.bool_]) -> bool:
        """Tell whether the release keeps the promises, and has whoever has a released record.

        See :meth:`ReleasedColumns.holds`.
        """
        evaluation = evaluate(self.problem, self.levels_of(levels))
        if not evaluation.feasible:
            return False
        if evaluation.failing[evaluation.classes[self.tuples[kept]]].any():
            return False
        return self.trajectories is None or not self._few_silent(evaluation, kept)

    def _few_silent(self, evaluation: Evaluation, kept: NDArray[np.bool_]) -> bool:
        """Tell whether in some class too few, but not none, have no released record of the detail.

        Their trajectory is that of the master alone.
        """
        assert self.trajectories is not None, "records of a person stay linked"
        held = self.trajectories
        shown = np.flatnonzero(kept[held.rows])
        _, first = np.unique(held.owners[shown], return_index=True)
        speaking = evaluation.classes[self.tuples[held.rows[shown[first]]]]
        silent = np.zeros(len(evaluation.failing), dtype=np.int64)
        np.add.at(silent, evaluation.classes, self.problem.counts)
        np.subtract.at(silent, speaking, 1)
        few = (silent > 0) & (silent < held.k) & ~evaluation.failing
        return bool(few.any())

    def dooms_the_more_specific(self, levels: Sequence[int], /) -> bool:
        """Tell whether more is suppressed than may be at every more specific candidate, too."""
        weaker = [model.relaxation for model in self.problem.models]
        groups = classes_at(self.problem, self.levels_of(levels))
        classes = summarize(self.problem, groups.ids, len(groups))
        failing = ~all_hold([model for model in weaker if model is not None], classes)
        suppressed = int(groups.sums(self.problem.counts)[failing].sum())
        return suppressed > self.problem.most_suppressed
