"""Risk of persons, where one may have several records.

Of the classes of a table, with the number of different persons of each as its size:

- ``persons``: how many there are; ``persons_suppressed``: how many have no released record.
- ``smallest_class_of_persons``, ``largest_class_of_persons``, ``classes_of_one_person``.
- ``person_average``: the mean of 1 / size over the persons of classes, classes / Σ sizes;
  ``person_highest``: 1 / the smallest; ``person_above_threshold``: the persons who have a record in
  a class whose 1 / size is strictly above the threshold.

Of households, where these are counted: ``households`` and ``smallest_class_of_households``.

What is reached for a sensitive attribute is that of persons, too, see
:mod:`anon_dagster.core.privacy.of_persons`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit import (
    Belongings,
    Partition,
    distances_of_ends,
    distances_of_weights,
    distinct_values,
    entropies,
    equal_distances,
    head_and_tail,
    largest_group,
    share_differences,
)
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import (
    HierarchicalTCloseness,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.privacy.of_persons import LDiversityOfPersons, TClosenessOfPersons
from anon_dagster.core.problem import Problem

Statistic = tuple[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class PersonsOfClasses:
    """The classes of a table, and whose the records of each are."""

    problem: Problem
    rows: NDArray[np.intp]  # (tuples of the table,): their positions in the problem
    classes: Partition  # of these tuples

    @property
    def _persons(self) -> Persons:
        assert self.problem.persons is not None, "persons are counted"
        return self.problem.persons

    @property
    def cells(self) -> NDArray[np.int64]:
        """The class of each tuple of the problem, (tuples,); one past the last for none."""
        return _cells(len(self.problem.counts), self.rows, self.classes)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many different persons each class has, (classes,)."""
        size = len(self.classes.sizes)
        return self._persons.count(self.cells, size + 1)[:size]

    def among(self, classes: NDArray[np.bool_]) -> int:
        """Count the different persons who have a record in some classes, (classes,)."""
        return self._persons.among(np.append(classes, False)[self.cells])

    def statistics(self, threshold: Fraction) -> Iterator[Statistic]:
        """Yield the statistics of sizes, in their order; see the head of this module."""
        sizes = self.sizes
        every = np.ones(len(sizes), dtype=np.bool_)
        there = self.among(every)
        smallest = int(sizes.min()) if len(sizes) else 0
        yield "persons", there
        yield "persons_suppressed", self._persons.total - there
        yield "smallest_class_of_persons", smallest
        yield "largest_class_of_persons", int(sizes.max(initial=0))
        yield "classes_of_one_person", int((sizes == 1).sum())
        yield "person_average", len(sizes) / int(sizes.sum()) if len(sizes) else nan
        yield "person_highest", 1 / smallest if smallest else nan
        yield "person_above_threshold", self.among(sizes < ceil(1 / threshold))

    def reached(self, position: int, name: str) -> Iterator[Statistic]:
        """Tell what the table reaches for one sensitive attribute."""
        rows, owners = self._persons.listed()
        cells = self.cells[rows]
        inside = cells < len(self.classes.sizes)
        values = self.problem.sensitive.columns[position][rows[inside]]
        held = Belongings.of(len(self.classes.sizes), cells[inside], owners[inside], values)
        table, size = held.together(), self.problem.sensitive_sizes[position]
        some = held.size > 0
        pairs = held.pairs
        hidden = held.sizes - largest_group(held) + 1 if some else np.zeros(0)
        distinct = np.minimum(distinct_values(pairs), hidden)
        yield f"distinct_l({name})", int(distinct.min()) if some else 0
        effective = np.minimum(np.exp(entropies(pairs)), hidden) if some else hidden
        yield f"entropy_l({name})", float(effective.min()) if some else nan
        for l in _asked_depths(self.problem, position):  # noqa: E741 (the name of the model)
            ratio = head_and_tail(pairs, l).ratio if some else nan
            kept = not some or bool((hidden >= l).all())
            yield f"recursive_c({name}, l={l})", ratio if kept else inf
        if not some:
            yield f"t_equal({name})", nan
            return
        apart = share_differences(held, table, size).largest
        yield f"t_equal({name})", max(equal_distances(pairs, table.counts(size)).largest, apart)
        yield from _other_distances(self.problem, held, table, position, name)


def _cells(tuples: int, rows: NDArray[np.intp], classes: Partition) -> NDArray[np.int64]:
    cells = np.full(tuples, len(classes.sizes), dtype=np.int64)
    cells[rows] = classes.of
    return cells


def households(owners: Persons, rows: NDArray[np.intp], classes: Partition) -> Iterator[Statistic]:
    """Yield the statistics of households; see the head of this module.

    Parameters
    ----------
    owners
        Which households have which tuple of a problem.
    rows, classes
        (tuples of the table,): their positions in the problem, and their classes.
    """
    cells, size = _cells(len(owners.alone), rows, classes), len(classes.sizes)
    sizes = owners.count(cells, size + 1)[:size]
    yield "households", owners.among(cells < size)
    yield "smallest_class_of_households", int(sizes.min()) if size else 0


def _asked_depths(problem: Problem, position: int) -> list[int]:
    models = (m.model for m in problem.models if isinstance(m, LDiversityOfPersons))
    recursive = (m for m in models if isinstance(m, RecursiveLDiversity))
    return sorted({model.l for model in recursive if model.sensitive == position})


def _other_distances(
    problem: Problem, held: Belongings, table: Belongings, position: int, name: str
) -> Iterator[Statistic]:
    for asked in problem.models:
        if not isinstance(asked, TClosenessOfPersons) or asked.sensitive != position:
            continue
        model: PrivacyModel = asked.model
        if isinstance(model, OrderedTCloseness):
            ends = (distances_of_ends(held, table, model.ranks, high=h) for h in (False, True))
            yield f"t_ordered({name})", max(distances.largest for distances in ends)
        elif isinstance(model, HierarchicalTCloseness):
            distances = distances_of_weights(
                held, table, hierarchy=model.hierarchy, leaves=model.leaves
            )
            yield f"t_hierarchical({name})", distances.largest
