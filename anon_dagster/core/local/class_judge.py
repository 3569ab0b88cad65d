"""Which groups of tuples keep every promise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.evaluation import all_hold
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.problem import Problem

_NONE = np.zeros(0, dtype=np.int64)
_UNGUARDED = Histogram(_NONE, _NONE.astype(np.int32), _NONE, _NONE)


@dataclass(frozen=True, slots=True, eq=False)
class ClassJudge:
    """Holds groups against the models of a problem; the whole table is counted once."""

    problem: Problem
    references: tuple[NDArray[np.int64] | None, ...]  # (sensitive,) of (values,); None: unguarded

    @classmethod
    def of(cls, problem: Problem) -> "ClassJudge":
        """Count the table that relative models compare with."""
        guarded = {model.sensitive for model in problem.models}
        references: list[NDArray[np.int64] | None] = []
        for a, values in enumerate(problem.sensitive_sizes):
            whole = np.zeros(values, dtype=np.int64)
            np.add.at(whole, problem.sensitive[:, a], problem.counts)
            references.append(whole if a in guarded else None)
        return cls(problem, tuple(references))

    @property
    def smallest(self) -> int:
        """How many records a class needs at least."""
        return max((m.k for m in self.problem.models if isinstance(m, KAnonymity)), default=1)

    def holds(
        self, tuples: NDArray[np.int64], groups: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell for each group, (groups,), whether it keeps every promise.

        Parameters
        ----------
        tuples
            Positions in the problem's table.
        groups
            (as many,): the group of each, from 0.
        sizes
            (groups,): records of each group; none is empty.
        """
        histograms = tuple(
            _UNGUARDED if whole is None else self._histogram(a, whole, tuples, groups)
            for a, whole in enumerate(self.references)
        )
        return all_hold(self.problem.models, EquivalenceClasses(sizes, histograms))

    def _histogram(
        self,
        attribute: int,
        whole: NDArray[np.int64],
        tuples: NDArray[np.int64],
        groups: NDArray[np.int64],
    ) -> Histogram:
        """Count the values of a sensitive attribute in each group.

        Parameters
        ----------
        whole
            (values,): counts in the whole table.
        tuples, groups
            (as many,): positions in the table, and the group of each.
        """
        values = len(whole)
        keys = groups * values + self.problem.sensitive[tuples, attribute]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        counts = np.add.reduceat(self.problem.counts[tuples[order]], starts)
        held = keys[starts]
        return Histogram(held // values, (held % values).astype(np.int32), counts, whole)
