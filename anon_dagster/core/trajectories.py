"""Trajectories: how the released records of one person read, all of them together.

Where these stay linked, such as by a pseudonym, classes hide nobody: who knows the classes of some
of a person's records intersects them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording


@dataclass(frozen=True, slots=True, eq=False)
class Trajectories:
    """At least ``k`` persons share the multiset of classes that their released records are in.

    A person of whom no record is released has none. It is a promise of the release as a whole, and
    no record is suppressed for it: what is taken from one person would have to be taken from
    others, too, until nothing of them is left.
    """

    rows: NDArray[np.integer]  # (pairs,): tuples of a table
    owners: NDArray[np.integer]  # (pairs,): who has records of it
    records: NDArray[np.integer]  # (pairs,): how many
    k: int

    def alone(self, cells: NDArray[np.integer]) -> int:
        """Count the persons with fewer than ``k`` alike, themselves among these.

        Parameters
        ----------
        cells
            (tuples,): the class of each, -1 for those that are not released.
        """
        items, lengths = self._steps(cells)
        starts = np.cumsum(lengths) - lengths
        kinds = int(items.max(initial=0)) + 1
        state = np.zeros(len(lengths), dtype=np.int64)  # equal for persons alike so far
        going, place, alone = np.arange(len(lengths)), 0, 0
        while len(going):
            keys = state[going] * kinds + items[starts[going] + place]
            state[going] = np.unique(keys, return_inverse=True)[1].reshape(-1)
            place += 1
            ended = going[lengths[going] == place]
            alike = np.bincount(state[ended])
            alone += int(alike[alike < self.k].sum())
            going = going[lengths[going] > place]
        return alone

    def _steps(self, cells: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what each person has of each class, in the order of the classes.

        Returns
        -------
        items, lengths
            (steps,): equal for the same number of records of the same class, person after person;
            (persons,): how many steps each has, at least 1.
        """
        released = cells[self.rows] >= 0
        owners, of = self.owners[released], cells[self.rows[released]]
        order = np.lexsort((of, owners))
        owners, of, records = owners[order], of[order], self.records[released][order]
        fresh = np.ones(len(order), dtype=np.bool_)
        fresh[1:] = (owners[1:] != owners[:-1]) | (of[1:] != of[:-1])
        first = np.flatnonzero(fresh)
        totals = np.add.reduceat(records, first, dtype=np.int64) if len(first) else first
        pairs = np.stack([of[first].astype(np.int64), totals])
        items = np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)
        return items, np.unique(owners[first], return_counts=True)[1].astype(np.int64)

    def __str__(self) -> str:
        return wording.trajectories(self.k)
