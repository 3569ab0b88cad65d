"""Counts that are added and multiplied without wrapping around, and without rounding."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_N = TypeVar("_N", bound=np.integer[Any])

_STRETCH = 2**17
"""Rows that are added up at a time …"""
_FEWER = 16
"""… where they are so many times the sums."""
_SAFE = 2**62
"""64-bit integers hold results up to here, and their sums and differences."""


def integers(values: NDArray[np.int64], largest: int) -> NDArray[Any]:
    """Return the values in a type that holds any result up to ``largest`` exactly.

    64-bit integers where they suffice, Python's own otherwise: the same code serves both.
    """
    return values if largest < _SAFE else values.astype(object)


def sums(
    keys: NDArray[np.integer], counts: NDArray[np.int64], size: int, records: int
) -> NDArray[np.int64]:
    """Add up the counts of equal keys, (size,), exactly.

    Parameters
    ----------
    keys, counts
        (rows,): keys from 0 to below ``size``.
    records
        What the counts add up to at most.
    """
    return _totals(keys, counts, size, records).astype(np.int64, copy=False)


def present_sums(
    keys: NDArray[np.integer], counts: NDArray[np.int64], size: int, records: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the keys whose counts add up to more than nothing, ascending, and these sums.

    The parameters are those of :func:`sums`.
    """
    totals = _totals(keys, counts, size, records)
    present = np.flatnonzero(totals != 0)  # of truth values it is found many times faster
    return present, totals[present].astype(np.int64, copy=False)


def _totals(
    keys: NDArray[np.integer], counts: NDArray[np.int64], size: int, records: int
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the sums, (size,), as floats where these hold them exactly."""
    if records < 2**53:
        if size * _FEWER < len(keys):
            totals = np.zeros(size)
            for first in range(0, len(keys), _STRETCH):
                part = slice(first, first + _STRETCH)
                totals += np.bincount(keys[part], counts[part], size)
            return totals
        return np.bincount(keys, counts, size)
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, keys, counts)
    return total


def distinct(numbers: NDArray[_N]) -> NDArray[_N]:
    """Return the different numbers, ascending.

    :func:`numpy.unique` puts them into a table of hashes, which takes a hundred times as long
    where most of millions differ.
    """
    ordered = np.sort(numbers, axis=None)
    return ordered[first_of_equal(ordered)]


def stretched(
    starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of stretches of an array, one stretch after the other.

    Returns
    -------
    owners, positions
        (positions,): the place of its stretch among all, and the position.
    """
    owners = np.repeat(np.arange(len(starts)), lengths)
    return owners, np.arange(len(owners)) + (starts - np.cumsum(lengths) + lengths)[owners]


def first_of_equal(ordered: NDArray[_N]) -> NDArray[np.bool_]:
    """Tell which of ascending numbers differ from the one before."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
