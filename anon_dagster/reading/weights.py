"""How many people of the population records stand for: the weights of a survey."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_dagster.errors import SourceError, counted
from anon_dagster.reading.columns import ColumnCount

_MOST = 10**10
"""More people than there are, and far from sums that no number holds."""


@dataclass(frozen=True, slots=True, eq=False)
class CountedWeights:
    """The weights of the records of each tuple of a count.

    They are kept one by one, and added up only at the end, so that parts may be joined in any
    order, with the same result to the last bit.
    """

    tuples: NDArray[np.int64]  # (pairs,): ascending
    weights: NDArray[np.float64] = field(repr=False)  # (pairs,): ascending within a tuple
    records: NDArray[np.int64]  # (pairs,): how many records have it, each at least 1
    of_persons: NDArray[np.float64] | None = field(default=None, repr=False)
    """(persons,): of each in the order of their hashes, where persons are counted."""

    @classmethod
    def of(
        cls,
        tuples: NDArray[np.int64],
        weights: NDArray[np.float64],
        records: NDArray[np.integer],
        of_persons: NDArray[np.float64] | None = None,
    ) -> "CountedWeights":
        """Put pairs, (pairs,), in their order; equal ones are joined."""
        order = np.lexsort((weights, tuples))
        tuples, weights, records = tuples[order], weights[order], records[order]
        fresh = np.ones(len(tuples), dtype=np.bool_)
        fresh[1:] = (tuples[1:] != tuples[:-1]) | (weights[1:] != weights[:-1])
        first = np.flatnonzero(fresh)
        totals = np.add.reduceat(records, first, dtype=np.int64) if len(first) else records
        return cls(tuples[first], weights[first], totals.astype(np.int64), of_persons)

    def moved(
        self, places: NDArray[np.int64], of_persons: NDArray[np.float64] | None
    ) -> "CountedWeights":
        """Return the same of other tuples: ``places[t]``, (tuples,), stands for tuple t."""
        return CountedWeights.of(places[self.tuples], self.weights, self.records, of_persons)

    def merge(
        self,
        other: "CountedWeights",
        places: tuple[NDArray[np.int64], NDArray[np.int64]],
        persons: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    ) -> "CountedWeights":
        """Add the weights of another part of the same table.

        Parameters
        ----------
        places
            Where the tuples of each part are among those of both, (tuples,) each.
        persons
            The hashes of the persons of each part, (persons,) each, where these are counted.

        Raises
        ------
        SourceError
            If a person has another weight in the other part.
        """
        parts, of_persons = (self, other), None
        if persons is not None:
            both = np.union1d(*persons)
            owners = np.concatenate([np.searchsorted(both, hashes) for hashes in persons])
            values = np.concatenate([p.of_persons for p in parts if p.of_persons is not None])
            of_persons = weights_of_persons(owners, values, both)
        return CountedWeights.of(
            np.concatenate([at[p.tuples] for at, p in zip(places, parts, strict=True)]),
            np.concatenate([p.weights for p in parts]),
            np.concatenate([p.records for p in parts]),
            of_persons,
        )


def weights_in(column: ColumnCount, name: str) -> NDArray[np.float64]:
    """Return the weight that each value of a column is, (values,).

    Raises
    ------
    SourceError
        If some are missing, no numbers, negative, zero or below 1: nobody stands for fewer people
        than herself; or above 10 billion: nor for more than there are. It says how many records
        have each.
    """
    numbers = column.ordering.numbers
    missing = column.values.is_null().to_numpy(zero_copy_only=False)
    strange = ~missing & ~np.isfinite(numbers)
    with np.errstate(invalid="ignore"):
        wrong = {
            "without a weight": missing,
            "whose weight is no number": strange,
            "whose weight is negative": numbers < 0,
            "whose weight is zero": numbers == 0,
            "whose weight is below 1": (numbers > 0) & (numbers < 1),
            f"whose weight is above {_MOST:,}": np.isfinite(numbers) & (numbers > _MOST),
        }
    found = {why: int(column.counts[which].sum()) for why, which in wrong.items()}
    if any(found.values()):
        told = ", ".join(f"{counted(n, 'record')} {why}" for why, n in found.items() if n)
        raise SourceError(
            f"{name} is a survey weight, which says how many people of the population a record "
            f"stands for, at least itself: {told}; correct them, leave these records out, or give "
            f"{name} another role"
        )
    return np.asarray(numbers, dtype=np.float64)


def weights_of_persons(
    owners: NDArray[np.integer],
    values: NDArray[np.float64],
    hashes: NDArray[np.int64],
    *,
    nobody: int = 0,
) -> NDArray[np.float64]:
    """Return the weight of each person, (persons,).

    Parameters
    ----------
    owners, values
        (pairs,): persons, and weights that records of them have.
    hashes
        (persons,): of the persons.
    nobody
        The hash of records that name nobody and count as one person: the least weight is theirs,
        by which they are the easiest to find.

    Raises
    ------
    SourceError
        If persons have several, saying how many.
    """
    least, greatest = np.full(len(hashes), np.inf), np.full(len(hashes), -np.inf)
    np.minimum.at(least, owners, values)
    np.maximum.at(greatest, owners, values)
    several = int(np.count_nonzero((least < greatest) & (hashes != nobody)))
    if several:
        raise SourceError(
            f"{counted(several, 'person')} of {len(hashes):,} have records with different weights: "
            "with policy.person a weight says how many people a person stands for, so all records "
            "of one need the same; correct them, or leave policy.person out"
        )
    return least
