"""Bottom-up: join neighbouring tuples, the cheapest pairs first, until all are in classes.

Agglomerative clustering [1]_: in each round every two groups that are the cheapest for each other
are joined, where what a pair costs is told per record that is not in a class yet.

Proofs: ``docs/proofs/local-recoding.md``.

References
----------
.. [1] J. Goldberger, T. Tassa, "Efficient anonymizations with enhanced utility", Transactions on
   Data Privacy 3(2), 2010.
"""

from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import numbered
from anon_dagster.core.local.group_labels import GroupLabels
from anon_dagster.core.local.neighbours import mutually_cheapest, neighbouring_pairs
from anon_dagster.core.local.points import Points, by_class

TREES, WINDOW = 5, 4
"""Along how many trees neighbours are looked for among single tuples (more as groups become fewer),
and how many of the next ones are looked at."""
MOST_ROUNDS = 120
"""A table whose groups need more rounds is started from elsewhere."""


def join_neighbours(
    points: Points, coarsest: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64] | None:
    """Return classes made by joining tuples, (tuples,), or ``None`` if some break a promise.

    Parameters
    ----------
    coarsest
        (tuples,): -1 for those that stay suppressed.
    """
    kept = coarsest >= 0
    cells = np.where(kept, kept.cumsum() - 1, -1)
    whole = int(kept.sum())
    for _ in range(MOST_ROUNDS if whole else 0):
        tuples, starts = by_class(cells)
        labels = GroupLabels.of(points, tuples, starts)
        holds = points.judge.holds(tuples, numbered(starts, len(tuples)), labels.sizes)
        if holds.all():
            return cells
        short = np.where(holds, 0, labels.sizes)
        one, two = neighbouring_pairs(
            points,
            tuples,
            starts,
            generator=generator,
            trees=ceil(TREES * sqrt(whole / len(starts))),
            window=WINDOW,
        )
        helped = short[one] + short[two]
        useful = helped > 0
        one, two, helped = one[useful], two[useful], helped[useful]
        price = labels.increase(one, two, labels.own() * labels.sizes) / helped
        unions = mutually_cheapest(one, two, price, len(starts))
        if int(unions.max()) + 1 == len(starts):
            return None
        cells[kept] = unions[cells[kept]]
    return None
