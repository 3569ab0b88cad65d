"""How many persons have records that read alike, all of them together: by plain comparison."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.classes import Partition


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """What some persons have in common: the classes of their records, each as often."""

    persons: int
    records: int
    """Of all of them."""


def trajectories(
    classes: Partition,
    tuples: NDArray[np.integer],
    owners: NDArray[np.integer],
    records: NDArray[np.integer],
) -> list[Trajectory]:
    """Compare what persons have in all their records together.

    Parameters
    ----------
    tuples, owners, records
        (pairs,): a tuple of the table, a person who has records of it, and how many.
    """
    rows = np.repeat(np.stack([owners, classes.of[tuples]]).astype(np.int64), records, axis=1)
    owners, of = rows[:, np.lexsort(rows[::-1])]
    starts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1])[: len(owners)])
    ends = np.append(starts, len(owners))[1:]  # of nobody none
    alike = Counter(
        of[start:end].tobytes() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    )
    return [Trajectory(n, n * (len(steps) // of.itemsize)) for steps, n in alike.items()]
