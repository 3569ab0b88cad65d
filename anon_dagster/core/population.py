"""The people that a table was drawn from, and how many of them stand behind its classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.keys import group
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, slots=True, eq=False)
class Population(Discreet):
    """Distinct people of a population, told apart by the quasi-identifiers of a table."""

    codes: Codes  # (kinds, quasi-identifiers): leaves
    counts: NDArray[np.int64]  # (kinds,): people, each at least 1

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.counts.sum())

    def behind(
        self,
        codes: Codes,
        ids: NDArray[np.int64],
        hierarchies: Sequence[Hierarchy],
        levels: Sequence[int],
    ) -> NDArray[np.int64]:
        """Count the people that read as each class does at some levels, (classes,).

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
        nobody = np.zeros(len(codes), dtype=np.int64)
        together = group(columns, sizes, len(codes) + len(self.codes))
        people = together.sums(np.concatenate([nobody, self.counts]))
        member = ids >= 0
        of_classes = np.zeros(int(ids.max(initial=-1)) + 1, dtype=np.int64)
        of_classes[ids[member]] = people[together.ids[: len(codes)][member]]
        return of_classes
