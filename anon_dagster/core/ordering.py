"""What the values of a column mean (numbers, dates, moments, texts), and their order."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet


class Meaning(Enum):
    """What the values of a column are, but for a few odd ones."""

    number = "number"
    date = "date"
    """Days without a time."""
    moment = "moment"
    """Times of a day, all with an offset from UTC or all without."""
    boolean = "boolean"
    """True and false, which is the larger one."""
    category = "category"
    """Texts whose order the table declares."""
    text = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Ordering(Discreet, shown=("meaning",)):
    """The meaning of the distinct values of one column.

    A column of numbers may hold a few values that are none: they are *odd*, stand outside of the
    order, and change nothing for the others. So do missing values.
    """

    meaning: Meaning
    ranks: NDArray[np.int64]  # (values,): place in the order, from 0 on; missing and odd ones: -1
    numbers: NDArray[np.float64]
    """(values,): the nearest double of a number, of the days or of the seconds since 1970; NaN
    for texts, odd and missing values."""
    odd: NDArray[np.bool_]  # (values,): what is no number (date, moment) where the others are

    def take(self, positions: NDArray[np.integer]) -> "Ordering":
        """Return the ordering of some of the values, one of each rank at least."""
        parts = (array[positions] for array in (self.ranks, self.numbers, self.odd))
        return Ordering(self.meaning, *parts)

    def as_texts(self) -> "Ordering":
        """Return the ordering of values of which nothing may be said but that they are texts."""
        nothing = np.zeros(len(self.odd), dtype=np.bool_)
        return Ordering(Meaning.text, self.ranks, np.full(len(self.odd), np.nan), nothing)

    @property
    def is_ordered(self) -> bool:
        """Whether values themselves tell their order, and each has a place in it.

        The order that a table declares is one that a reader of its text cannot tell.
        """
        return self.meaning not in {Meaning.text, Meaning.category} and not self.odd.any()

    @property
    def in_order(self) -> NDArray[np.int64]:
        """The values that have a place in the order, by that place: (ranked values,)."""
        ranked = np.flatnonzero(self.ranks >= 0)
        positions: NDArray[np.int64] = ranked[np.argsort(self.ranks[ranked], kind="stable")]
        return positions

    def ranks_with_missing_last(self) -> NDArray[np.int64]:
        """Return the rank of each value, (values,), where what has no place comes last."""
        return np.where(self.ranks < 0, self.ranks.max(initial=-1) + 1, self.ranks)
