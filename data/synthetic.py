"""What every synthetic dataset is made with: choices that fall the same way on every machine.

Python promises that ``random.Random(seed).random()`` returns the same numbers in every version,
and promises it of nothing else that is random. So all choices are whole-number arithmetic on its
53 bits, and files are written byte by byte.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Record = dict[str, str | None]
"""The cells of one record by column; ``None`` is a missing value."""


class Chance:
    """A seeded source of choices."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to ``bound - 1``, all alike likely."""
        return int(self._random.random() * 2**53) * bound >> 53

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def happens(self, per_thousand: int) -> bool:
        """Tell whether something of this probability happens."""
        return self.below(1000) < per_thousand

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, all alike likely."""
        return items[self.below(len(items))]

    def weighted(self, weights: Mapping[T, int]) -> T:
        """Return one of the keys, as likely as its weight among all weights."""
        bounds = list(accumulate(weights.values()))
        return list(weights)[bisect_right(bounds, self.below(bounds[-1]))]

    def quantile(self, knots: Sequence[tuple[int, int]]) -> int:
        """Draw from a distribution given by its inverse, linear between the knots.

        Parameters
        ----------
        knots
            Pairs of a probability, in thousandths from 0 to 1000, and the value there; both
            ascending.
        """
        steps = 1_000_000
        place = self.below(1000 * steps)
        right = bisect_right([share * steps for share, _ in knots], place)
        (left_share, left), (right_share, value) = knots[right - 1], knots[right]
        width = (right_share - left_share) * steps
        return left + (value - left) * (place - left_share * steps) // width


def leave_out(record: Record, shares: Mapping[str, int], chance: Chance) -> Record:
    """Return the record with some cells missing, each with its share in thousandths."""
    return {
        name: None if chance.happens(shares.get(name, 0)) else cell for name, cell in record.items()
    }


def scattered(number: int, size: int) -> int:
    """Map the numbers 0 to ``size - 1`` to each other, one to one and far apart."""
    # A prime that divides none of the sizes in use is a unit modulo each of them.
    return (number * 15_485_863 + 1_299_709) % size


def cents(amount: int, decimal: str = ".") -> str:
    """Write an amount of cents in units, with two decimals."""
    return f"{amount // 100}{decimal}{amount % 100:02d}"


def write_table(
    path: Path,
    rows: Iterable[Sequence[str | None]],
    *,
    separator: str = ",",
    missing: str = "",
) -> None:
    """Write rows as CSV: cells are quoted where they must be, lines end with a line feed."""
    special = (separator, '"', "\n", "\r")

    def written(cell: str | None) -> str:
        if cell is None:
            return missing
        quoted = cell == missing or any(mark in cell for mark in special)
        return '"' + cell.replace('"', '""') + '"' if quoted else cell

    lines = (separator.join(written(cell) for cell in row) + "\n" for row in rows)
    path.write_bytes("".join(lines).encode("utf-8"))


def write_records(
    path: Path, records: Sequence[Record], *, separator: str = ",", missing: str = ""
) -> None:
    """Write records as CSV below a header with the names of their columns."""
    header = tuple(records[0])
    rows = (tuple(record.values()) for record in records)
    write_table(path, (header, *rows), separator=separator, missing=missing)
