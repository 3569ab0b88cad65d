"""How far columns and small combinations of them tell records apart, measured on the sample.

A set of columns is a quasi-identifier as far as it separates records, whatever it is called [1]_:
its *distinction* is the share of values among the records, its *separation* the share of pairs of
records that differ in it. What singles people out is also counted directly: the share of records
that fewer than five others of the sample agree with.

References
----------
.. [1] R. Motwani, Y. Xu, "Efficient algorithms for masking and finding quasi-identifiers",
   VLDB workshop on secure data management, 2007.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.risk.separation import separation_of
from anon_dagster.detection.profile import Profile

ALONE = 5
"""Records that share a value by so few hold a rare one."""
_WIDEST = 3
_TRIED = 12  # columns that are combined: those that separate most
_KEY = 0.9  # distinction from which a combination is as good as a key


@dataclass(frozen=True, slots=True)
class Separation:
    """How far a column, or several, tell the records of a sample apart. Shares of 0 to 1."""

    columns: tuple[str, ...]
    distinction: float
    """Distinct values (a missing one among them) per record."""
    separation: float
    """Share of the pairs of records that differ."""
    rare: float
    """Share of the records whose value fewer than five hold."""


def separation(name: str, codes: NDArray[np.int64]) -> Separation:
    """Measure a column, or a combination that is coded as one."""
    return _measured((name,), np.bincount(codes)) if len(codes) else Separation((name,), 0, 0, 0)


def _measured(names: tuple[str, ...], sizes: NDArray[np.int64]) -> Separation:
    measured = separation_of(sizes[sizes > 0], below=ALONE)
    rare = measured.rare / measured.records
    return Separation(names, measured.distinction, measured.separation, rare)


def keys(profiles: Mapping[str, Profile], names: Sequence[str]) -> tuple[Separation, ...]:
    """Find the smallest combinations of columns that are as good as a key.

    Parameters
    ----------
    names
        The columns to combine: those that could be known to others. Of many, the dozen that
        separate most are tried.

    Returns
    -------
    tuple of Separation
        Those of up to three columns, none of which contains another; the ones that separate most
        come first, ten at most.
    """
    measured = {n: separation(n, profiles[n].codes) for n in names}
    tried = sorted(names, key=lambda n: -measured[n].separation)[:_TRIED]
    smallest: list[Separation] = []
    for candidate in _combinations(profiles, tried):
        if any(set(other.columns) <= set(candidate.columns) for other in smallest):
            continue
        if candidate.distinction >= _KEY:
            smallest.append(candidate)
    return tuple(sorted(smallest, key=lambda s: (len(s.columns), -s.separation))[:10])


def _combinations(profiles: Mapping[str, Profile], names: Sequence[str]) -> Iterator[Separation]:
    for width in range(1, _WIDEST + 1):
        for chosen in combinations(names, width):
            yield combined(profiles, chosen)


def combined(profiles: Mapping[str, Profile], names: Sequence[str]) -> Separation:
    """Measure a combination of columns."""
    codes = np.zeros(profiles[names[0]].records, dtype=np.int64)
    for name in names:
        codes = codes * (profiles[name].distinct + 1) + profiles[name].codes
        codes = np.unique(codes, return_inverse=True)[1]
    return (
        _measured(tuple(names), np.bincount(codes))
        if len(codes)
        else Separation(tuple(names), 0, 0, 0)
    )
