"""Trajectories: how the released records of one person read, all of them together.

Where these stay linked, such as by a pseudonym, classes hide nobody: who knows the classes of some
of a person's records intersects them.

Proofs: ``docs/proofs/trajectories.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.counts import distinct


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

    def few_alike(self, cells: NDArray[np.integer]) -> "FewAlike":
        """Find the persons with fewer than ``k`` alike, themselves among these.

        Parameters
        ----------
        cells
            (tuples,): the class of each, -1 for those that are not released.
        """
        items, lengths = self._steps(cells)
        starts = np.cumsum(lengths) - lengths
        kinds = int(items.max(initial=0)) + 1
        state = np.zeros(len(lengths), dtype=np.int64)  # equal for persons alike so far
        sizes = np.zeros(len(lengths), dtype=np.int64)
        going, place = np.arange(len(lengths)), 0
        while len(going):
            keys = state[going] * kinds + items[starts[going] + place]
            state[going] = np.unique(keys, return_inverse=True)[1].reshape(-1)
            place += 1
            ended = going[lengths[going] == place]
            sizes[ended] = np.bincount(state[ended])[state[ended]] if len(ended) else 0
            going = going[lengths[going] > place]
        few = distinct(self.owners[cells[self.rows] >= 0])[sizes < self.k]
        return FewAlike(sizes[sizes < self.k], few, self.k)

    def alone(self, cells: NDArray[np.integer]) -> int:
        """Count the persons with fewer than ``k`` alike; see :meth:`few_alike`."""
        return len(self.few_alike(cells).owners)

    def records_of(self, owners: NDArray[np.integer]) -> int:
        """Count the records of some persons, released or not."""
        return int(self.records[np.isin(self.owners, owners)].sum())

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


@dataclass(frozen=True, slots=True, eq=False)
class FewAlike:
    """Persons who share their trajectory with too few."""

    sizes: NDArray[np.int64]  # (persons,): how many are alike, each below ``k``
    owners: NDArray[np.integer]  # (persons,): who it is
    k: int

    @property
    def least_changed(self) -> int:
        """How many persons must have a record suppressed, at least, until nobody is left of them.

        A group of g persons alike is gone when each of its g has another trajectory, or is large
        enough when ``k - g`` others have this one. Who is changed leaves one group and joins one.
        """
        sizes = np.arange(1, self.k)
        groups = np.bincount(self.sizes, minlength=self.k)[1:] // sizes
        return -(-int((groups * np.minimum(sizes, self.k - sizes)).sum()) // 2)
