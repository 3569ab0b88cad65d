"""How large the equivalence classes of source and release are, one by one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit import Partition, partition
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.statistics.persons import PersonsOfClasses


@dataclass(frozen=True, slots=True, eq=False)
class SizesOfClasses(Discreet, shown=("persons",)):
    """The sizes of equivalence classes; suppressed records are in none."""

    source: NDArray[np.int64]  # (classes of the source,)
    release: NDArray[np.int64]  # (classes of the release,)
    persons: bool
    """Whether they are numbers of persons."""


def sizes_of_classes(problem: Problem, solution: Solution) -> SizesOfClasses:
    """Return how many records, or persons where these count, each class has."""
    every, kept = np.arange(len(problem.counts)), np.flatnonzero(solution.classes >= 0)
    before = partition(problem.codes.columns, problem.counts)
    after = partition([solution.classes[kept]], problem.counts[kept])
    return SizesOfClasses(
        _sizes(problem, every, before),
        _sizes(problem, kept, after),
        persons=problem.persons is not None,
    )


def _sizes(problem: Problem, rows: NDArray[np.intp], classes: Partition) -> NDArray[np.int64]:
    if problem.persons is None:
        return classes.sizes
    return PersonsOfClasses(problem, rows, classes).sizes
