"""What the values of a column mean (numbers, dates, moments, texts), and their order."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Meaning(Enum):
    """What the values of a column are, but for a few odd ones."""

    number = "number"
    date = "date"
    """Days without a time."""
    moment = "moment"
    """Times of a day, all with an offset from UTC or all without."""
    text = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Ordering:
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

    @property
    def is_ordered(self) -> bool:
        """Whether there is an order beyond that of the alphabet, and all values have a place."""
        return self.meaning is not Meaning.text and not self.odd.any()

    @property
    def in_order(self) -> NDArray[np.int64]:
        """The values that have a place in the order, by that place: (ranked values,)."""
        ranked = np.flatnonzero(self.ranks >= 0)
        positions: NDArray[np.int64] = ranked[np.argsort(self.ranks[ranked], kind="stable")]
        return positions

    def ranks_with_missing_last(self) -> NDArray[np.int64]:
        """Return the rank of each value, (values,), where what has no place comes last."""
        return np.where(self.ranks < 0, self.ranks.max(initial=-1) + 1, self.ranks)
