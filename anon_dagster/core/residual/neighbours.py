"""What records that are near in one column tell of another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SIDE = 3  # neighbours on either side


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest records of each by the numbers of a column, itself left out."""

    records: NDArray[np.int64]  # (records with a number,): by these numbers
    near: NDArray[np.int64]  # (records with a number, neighbours)
    size: int

    @classmethod
    def of(cls, numbers: NDArray[np.float64], *, most: int | None = None) -> "Neighbours":
        """Sort records by their numbers, (records,); equal ones in an order by lot.

        Parameters
        ----------
        most
            Of more records so many are drawn.
        """
        counted = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(numbers)))[:most]
        records = counted[np.argsort(numbers[counted], kind="stable")]
        side = min(_SIDE, max(len(records) - 1, 0) // 2)
        places = np.arange(len(records))[:, None]
        steps = np.array([s for s in range(-side, side + 1) if s], dtype=np.int64)
        shifted = places + np.clip(side - places, 0, None)  # at the ends all are on one side
        shifted -= np.clip(places + side - (len(records) - 1), 0, None)
        near = shifted + steps
        itself = near == places
        near = np.where(itself, shifted, near)
        return cls(records, records[near] if len(records) else near, len(numbers))

    def middles(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Guess numbers, (records,), as the median of the neighbours'; NaN without neighbours."""
        guesses = np.full(self.size, np.nan)
        if self.near.shape[1]:
            with np.errstate(invalid="ignore"):
                near = np.sort(numbers[self.near], axis=1)  # missing ones come last
            known = np.isfinite(near).sum(axis=1)
            rows = np.arange(len(near))
            low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, near.shape[1] - 1)
            middle = (near[rows, low] + near[rows, high]) / 2
            guesses[self.records] = np.where(known > 0, middle, np.nan)
        return guesses

    def concordance(self, numbers: NDArray[np.float64]) -> float:
        """Return Spearman's rank correlation of both columns, -1 to 1."""
        both = self.records[np.isfinite(numbers[self.records])]
        if len(both) < 3:
            return 0.0
        ranks = np.empty(len(both))
        ranks[np.argsort(numbers[both], kind="stable")] = np.arange(len(both))
        return float(np.corrcoef(np.arange(len(both)), ranks)[0, 1])


def middles_of_others(
    groups: NDArray[np.int64], numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Guess numbers, (records,), as the median of the others of each group; NaN without others."""
    guesses = np.full(len(numbers), np.nan)
    counted = np.flatnonzero(np.isfinite(numbers))
    order = counted[np.lexsort((numbers[counted], groups[counted]))]
    if not len(order):
        return guesses
    own = groups[order]
    starts = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
    sizes = np.diff(np.append(starts, len(own)))
    start, others = np.repeat(starts, sizes), np.repeat(sizes, sizes) - 1
    rank = np.arange(len(own)) - start
    ordered = numbers[order]

    def of_rank(wanted: NDArray[np.int64]) -> NDArray[np.float64]:
        place = np.where(wanted < rank, wanted, wanted + 1)
        return ordered[np.minimum(start + place, len(ordered) - 1)]

    middle = (of_rank(np.maximum(others - 1, 0) // 2) + of_rank(others // 2)) / 2
    guesses[order] = np.where(others > 0, middle, np.nan)
    return guesses
