"""The people that a table was drawn from, and how many of them stand behind its classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.keys import group
from anon_dagster.core.persons import Persons
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, slots=True, eq=False)
class Population(Discreet):
    """Distinct people of a population, told apart by the quasi-identifiers of a table."""

    codes: Codes  # (kinds, quasi-identifiers): leaves
    counts: NDArray[np.int64]  # (kinds,): records of people, each at least 1
    persons: Persons | None = None
    """Who has a record of which kind, where one may have several; else each is another person."""

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.counts.sum()) if self.persons is None else self.persons.total

    def behind(
        self,
        codes: Codes,
        ids: NDArray[np.int64],
        hierarchies: Sequence[Hierarchy],
        levels: Sequence[int],
    ) -> "Behind":
        """Find the people that read as each class does at some levels.

        Parameters
        ----------
        codes, ids
            Of the table: the leaves of each tuple, (tuples, quasi-identifiers), and its class at
            these levels, (tuples,), or -1; every class has a tuple.
        """
        columns, sizes = [], []
        for q, (hierarchy, level) in enumerate(zip(hierarchies, levels, strict=True)):
            leaves = np.concatenate([codes[:, q], self.codes[:, q]])
            columns.append(hierarchy.codes[level][leaves])
            sizes.append(len(hierarchy.labels[level]))
        together = group(columns, sizes, len(codes) + len(self.codes))
        classes = np.full(len(together), -1, dtype=np.int64)
        member = ids >= 0
        classes[together.ids[: len(codes)][member]] = ids[member]
        return Behind(self, classes[together.ids[len(codes) :]], int(ids.max(initial=-1)) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """Which people of a population read as some classes do."""

    population: Population
    classes: NDArray[np.int64]  # (kinds,): the class that each reads as, or -1 for none
    size: int
    """How many classes there are."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many people read as each class does, (classes,)."""
        inside = np.where(self.classes < 0, self.size, self.classes)
        if self.population.persons is not None:
            return self.population.persons.count(inside, self.size + 1)[:-1]
        counts = np.zeros(self.size + 1, dtype=np.int64)
        np.add.at(counts, inside, self.population.counts)
        return counts[:-1]

    def absent(self, released: NDArray[np.int64]) -> int:
        """Count the people with a record that reads as none of the released classes, in any order.

        Who has others besides, which do read so, is among them: nobody is to be ruled out, whatever
        record is known of her.
        """
        apart = ~np.isin(self.classes, released[released >= 0])
        if self.population.persons is not None:
            return self.population.persons.among(apart)
        return int(self.population.counts[apart].sum())
