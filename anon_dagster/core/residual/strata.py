"""Numbers that are alike within strata, as the weights of a survey are by its design.

A stratum is a combination of values of a few columns. Whoever knows how a survey was drawn, or
finds out from a single person, reads the stratum of every record off such a number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_LARGEST = 3  # columns that make a stratum
_NEARLY = 0.9  # of the records must have the number of their stratum
_MORE = 0.2  # of them more than have that of their released labels
_FEWEST = 3  # different numbers
_EACH = 4  # records with each number, on average: with fewer they are no strata


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Combinations of columns, and the groups of records that agree in each."""

    groups: tuple[tuple[tuple[int, ...], NDArray[np.int64]], ...]
    """Of each combination of columns, by their positions: the group of each record, (records,)."""
    labels: NDArray[np.int64]  # (records,): the same for records that are released alike

    @classmethod
    def of(
        cls,
        columns: Sequence[NDArray[np.int64]],
        labels: Sequence[NDArray[np.int64]],
        *,
        most: int,
    ) -> "Strata":
        """Combine columns, up to three and at most so many combinations; smaller ones first.

        Parameters
        ----------
        columns, labels
            Codes from 0 of what was and of what is released, (records,) each.
        """
        found: list[tuple[tuple[int, ...], NDArray[np.int64]]] = []
        for size in range(1, _LARGEST + 1):
            for chosen in combinations(range(len(columns)), size):
                if len(found) < most:
                    found.append((chosen, _together([columns[c] for c in chosen])))
        return cls(tuple(found), _together(labels))


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that is nearly the same within the strata of some columns."""

    columns: tuple[int, ...]
    share: float
    """Of the records that have the number of their stratum."""
    baseline: float
    """Of the records that have the number of those who are released alike."""


def constant_within(values: NDArray[np.int64], strata: Strata) -> Constant | None:
    """Find the fewest columns within whose strata a number is nearly constant.

    Parameters
    ----------
    values
        (records,): codes from 0, the same for equal numbers.
    """
    distinct = int(values.max(initial=-1)) + 1
    if distinct < _FEWEST or len(values) < _EACH * distinct:
        return None
    baseline = _alike(values, strata.labels)
    for chosen, groups in strata.groups:
        share = _alike(values, groups)
        if share >= max(_NEARLY, baseline + _MORE):
            return Constant(chosen, share, baseline)
    return None


def _alike(values: NDArray[np.int64], groups: NDArray[np.int64]) -> float:
    """Return the share of records whose value is the most frequent one of others of their group."""
    distinct = int(values.max()) + 1
    pairs, counts = np.unique(groups * distinct + values, return_counts=True)
    most = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.maximum.at(most, pairs // distinct, counts)
    return float(most[most > 1].sum()) / len(values)


def _together(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    joined = np.zeros(len(columns[0]) if columns else 0, dtype=np.int64)
    for column in _sized(columns):
        joined = np.unique(joined * column[1] + column[0], return_inverse=True)[1].reshape(-1)
    return joined


def _sized(columns: Sequence[NDArray[np.int64]]) -> Iterator[tuple[NDArray[np.int64], int]]:
    return ((column, int(column.max(initial=0)) + 1) for column in columns)
