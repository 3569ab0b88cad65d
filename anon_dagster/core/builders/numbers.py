"""Many numbers at once: read, and written, as :mod:`.number` does each.

Short ones that are written plainly are read by whole columns of their characters; all others, and
those that take more than 64 bits, one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.characters import Characters, chunks
from anon_dagster.core.builders.number import Number, common_places, plain, read_number, units
from anon_dagster.discreet import Discreet

Units = NDArray[Any]
"""Whole numbers: of 64 bits, or Python's own where these are too few."""

_DIGITS = 18  # so many always fit into 64 bits
_LONGEST = _DIGITS + 2  # with a sign and a decimal mark
_SAFE = 2**60  # what is smaller may be added to its like, and doubled


@dataclass(frozen=True, slots=True, eq=False)
class Numbers(Discreet):
    """Those of some texts that are numbers, each of n / 10ᵖ."""

    known: NDArray[np.bool_]  # (texts,): which are numbers
    counts: Units  # (numbers,): n
    places: NDArray[np.int64]  # (numbers,): p

    @classmethod
    def of(cls, texts: Sequence[str], *, decimal: str = ".") -> "Numbers":
        """Read texts as :func:`read_number` does."""
        parts = [_read(part, decimal) for part in chunks(texts)]
        if not parts:
            return cls(np.zeros(0, np.bool_), np.zeros(0, np.int64), np.zeros(0, np.int64))
        return cls(
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.places for part in parts]),
        )

    def common_places(self, others: Iterable[Number] = ()) -> int:
        """Return how many decimal places write all of these numbers and of some others."""
        finest = [(0, int(self.places.max()))] if len(self.places) else []
        return common_places([*finest, *others])

    def in_units(self, places: int, others: Iterable[int] = ()) -> Units:
        """Return each number in whole units of 10⁻ᵖ, (numbers,), p being the places.

        They have 64 bits only if they can be computed with, each with the others.
        """
        shifts = places - self.places
        largest = max(map(abs, others), default=0)
        if self.counts.dtype == np.int64 and shifts.max(initial=0) <= _DIGITS:
            powers = 10 ** np.arange(_DIGITS + 1)[shifts]
            highest = int(np.abs(self.counts).max(initial=0)) * int(powers.max(initial=1))
            if max(highest, largest) < _SAFE:
                return self.counts * powers
        numbers = zip(self.counts.tolist(), self.places.tolist(), strict=True)
        exact = np.empty(len(self.counts), dtype=object)
        exact[:] = [units(number, places) for number in numbers]
        return exact


def _read(texts: Sequence[str], decimal: str) -> Numbers:
    """Read the texts of a part."""
    known, counts, places = _read_plain(texts, decimal)
    if known.all():
        return Numbers(known, counts, places)
    others = np.flatnonzero(~known).tolist()
    found = [(at, read_number(texts[at], decimal=decimal)) for at in others]
    numbers = {at: number for at, number in found if number is not None}
    if not numbers:
        return Numbers(known, counts[known], places[known])
    at = np.fromiter(numbers, np.int64, len(numbers))
    known[at], places[at] = True, [p for _, p in numbers.values()]
    exact = [n for n, _ in numbers.values()]
    if max(map(abs, exact)) < _SAFE:
        counts[at] = exact
    else:
        counts = counts.astype(object)
        for place, (count, _) in numbers.items():
            counts[place] = count
    return Numbers(known, counts[known], places[known])


def _read_plain(
    texts: Sequence[str], decimal: str
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Read what has at most 18 digits, a sign before them and a decimal mark.

    Returns
    -------
    Whether a text is such a number, its n and its p, (texts,) each.
    """
    characters = Characters.of(texts)
    lengths = characters.lengths
    nothing = np.zeros(len(texts), dtype=np.int64)
    width = min(int(lengths.max(initial=0)), _LONGEST)
    if not width or decimal not in {".", ","}:
        return np.zeros(len(texts), dtype=np.bool_), nothing, nothing.copy()
    columns = characters.columns(width)
    digits = (columns >= ord("0")) & (columns <= ord("9"))
    marks = columns == ord(decimal)
    minus = columns[0] == ord("-")
    signs = minus | (columns[0] == ord("+"))
    amount, marked = digits.sum(axis=0), marks.sum(axis=0)
    known = (
        (amount > 0) & (amount <= _DIGITS) & (marked <= 1) & (amount + marked + signs == lengths)
    )
    counts = nothing
    for column, digit in zip(columns, digits, strict=True):
        counts = np.where(digit & known, counts * 10 + (column - np.int64(ord("0"))), counts)
    places = np.where(known & (marked > 0), lengths - 1 - marks.argmax(axis=0), 0)
    return known, np.where(minus, -counts, counts), places


def readable(counts: Units, places: int) -> list[int] | list[str]:
    """Return so many units of 10⁻ᵖ each, (numbers,), as they read within a text.

    They are written as :func:`plain` does, or numbers themselves if all are whole.
    """
    if counts.dtype == np.int64 and 0 <= places <= _DIGITS:
        whole, rest = np.divmod(counts, 10**places)
        if not rest.any():
            numbers: list[int] = whole.tolist()
            return numbers
    return [plain(count, places) for count in counts.tolist()]
