"""Who is alone once columns join the released labels, counted on keys that are drawn whole.

Whether a record is alone depends on all others that agree with it, so that a sample of records
would tell nothing. What is drawn instead are keys: all records of a combination of values or none,
by a number that is computed from the values [1]_. Among these the count is exact.

References
----------
.. [1] E. Cohen, "Size-estimation framework with applications to transitive closure and
   reachability", J. Computer and System Sciences 55(3), 1997.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_WHOLE = 2**64

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Crowding:
    """How many records share what they say with few others."""

    counted: int
    """Records of the keys that were drawn."""
    alone: int
    """Of them: nobody else says the same."""
    few: int
    """Of them: fewer than k say the same, the record itself among them."""

    @property
    def share_alone(self) -> float:
        """The share of the records that are alone."""
        return self.alone / self.counted if self.counted else 0.0

    @property
    def share_few(self) -> float:
        """The share of the records that fewer than k records agree with."""
        return self.few / self.counted if self.counted else 0.0


def mixed(keys: Keys) -> Keys:
    """Return numbers that look drawn by lot, one for each key [1]_.

    References
    ----------
    .. [1] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA 2014: the finalizer of SplitMix64.
    """
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def crowding(keys: Keys, k: int) -> Crowding:
    """Count the records of keys, (records,), that are alone, or fewer than k."""
    ordered = np.sort(keys)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    sizes = np.diff(np.append(starts, len(ordered)))
    return Crowding(len(keys), int(np.count_nonzero(sizes == 1)), int(sizes[sizes < k].sum()))


@dataclass(frozen=True, slots=True)
class KeyDraw:
    """How keys of combinations of columns are drawn: each by itself, whatever comes before it."""

    chosen: tuple[tuple[int, ...], ...]
    """The combinations, as positions of columns."""
    seed: int
    below: int | None
    """Keys below it are drawn; None: all."""

    @classmethod
    def of(
        cls, chosen: Sequence[tuple[int, ...]], *, rows: int, most: int, seed: int = 0
    ) -> "KeyDraw":
        """Prepare to draw.

        Parameters
        ----------
        rows
            How many rows there will be, or about how many.
        most
            About how many of them are to be drawn; all, if there are not more.
        """
        share = most / rows if rows > most else 1.0
        return cls(tuple(chosen), seed, None if share >= 1 else int(share * _WHOLE))

    def draw(self, labels: Keys, columns: Sequence[Keys]) -> list[Keys]:
        """Draw of each combination, from keys of the labels of rows, (rows,), and of columns."""
        parts = [mixed(column) for column in columns]
        base = labels + np.uint64(self.seed % _WHOLE)
        drawn = []
        for chosen in self.chosen:
            total = base.copy()
            for position in chosen:
                total += parts[position]
            keys = mixed(total)
            drawn.append(keys if self.below is None else keys[keys < np.uint64(self.below)])
        return drawn


class KeySample:
    """Draws the keys of combinations of columns, in one reading of a table."""

    def __init__(
        self, chosen: Sequence[tuple[int, ...]], *, rows: int, most: int, seed: int = 0
    ) -> None:
        """Prepare to draw; see :meth:`KeyDraw.of`."""
        self.drawing = KeyDraw.of(chosen, rows=rows, most=most, seed=seed)
        self._drawn: list[list[Keys]] = [[] for _ in self.drawing.chosen]

    @property
    def is_whole(self) -> bool:
        """Whether every row is counted."""
        return self.drawing.below is None

    def add(self, labels: Keys, columns: Sequence[Keys]) -> None:
        """Draw from further rows, of the keys of their labels, (rows,), and of each column."""
        self.take(self.drawing.draw(labels, columns))

    def take(self, drawn: Sequence[Keys]) -> None:
        """Take what was drawn of further rows, in any order."""
        for known, more in zip(self._drawn, drawn, strict=True):
            known.append(more)

    def crowdings(self, k: int) -> list[Crowding]:
        """Count each combination, (combinations,)."""
        nothing = np.zeros(0, dtype=np.uint64)
        return [crowding(np.concatenate([nothing, *drawn]), k) for drawn in self._drawn]


def within(count: int, most: int) -> list[tuple[int, ...]]:
    """Return the pairs among the first ``most`` of so many columns."""
    return list(combinations(range(min(count, most)), 2))
