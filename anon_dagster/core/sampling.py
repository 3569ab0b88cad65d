"""Which records of a table are drawn: the same in every reading, whatever parts it comes in."""

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet

_BLOCK = 4_096  # draws that are made at once
_RANGE = 2**64  # of a draw


@dataclass(frozen=True, slots=True)
class Sampling(Discreet, shown=("records",)):
    """Draws each record by its place in the table: where a number below ``below`` falls to it.

    The numbers are SHAKE-256 of the key and the place, in 64 bits: without the key nobody tells
    them from dice [1]_.

    References
    ----------
    .. [1] NIST, "SHA-3 standard: permutation-based hash and extendable-output functions",
       FIPS 202, 2015.
    """

    key: bytes = field(repr=False)
    below: int  # 0 to 2^64
    records: int = 0
    """How many records the table has of which they were drawn, once it was read."""

    @classmethod
    def of_fraction(cls, key: bytes, fraction: Fraction) -> "Sampling":
        """Draw every record with a probability, rounded down to a multiple of 2^-64."""
        return cls(key, int(fraction * _RANGE))

    @classmethod
    def of_records(cls, key: bytes, wanted: int, records: int) -> "Sampling":
        """Draw so many of all records: those of the smallest numbers.

        Two records have the same number with a chance of 2^-64.
        """
        if wanted >= records:
            return cls(key, _RANGE)
        numbers = draws(key, 0, records)
        return cls(key, int(np.partition(numbers, wanted)[wanted]))

    def chosen(self, first: int, records: int) -> NDArray[np.bool_]:
        """Tell for each of some records in a row, (records,), whether it is drawn."""
        if self.below <= 0:
            return np.zeros(records, dtype=np.bool_)
        drawn: NDArray[np.bool_] = draws(self.key, first, records) <= np.uint64(self.below - 1)
        return drawn


def seeded(seed: int) -> bytes:
    """Return the key of a seed."""
    return hashlib.sha256(f"anon-dagster sampling {seed}".encode()).digest()


def draws(key: bytes, first: int, records: int) -> NDArray[np.uint64]:
    """Return the numbers of records from a place on, (records,), each from 0 to 2^64 - 1."""
    start, end = first // _BLOCK, -(-(first + records) // _BLOCK)
    numbers = b"".join(
        hashlib.shake_256(key + block.to_bytes(8, "big")).digest(8 * _BLOCK)
        for block in range(start, end)
    )
    offset = first - start * _BLOCK
    return np.frombuffer(numbers, dtype="<u8")[offset : offset + records].astype(np.uint64)
