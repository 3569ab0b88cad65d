"""What else links the records of one person in a release: columns that are released as they are.

A column with a value for each person, the same in all her records and in nobody else's, is as good
as her number.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.reading.counting import Count
from anon_dagster.reading.persons import PERSON, hashes_of
from anon_dagster.reading.scanning import PLAIN, Piece, Scan, scan
from anon_dagster.request import Policy
from anon_dagster.storage.sources import OpenSource

LINKED = 0.5
"""A column that links the records of so large a share of the persons with several is refused."""


def require_unlinked(
    source: OpenSource, counted: Count, policy: Policy, reading: Scan = PLAIN
) -> None:
    """Refuse columns that link the records of many persons, where persons are counted.

    Only columns that may do so by the number of their values are looked at, in another reading.

    Parameters
    ----------
    source
        What was counted, with the column that tells persons apart.

    Raises
    ------
    RequestError
        Naming each column, and of how many persons it links records.
    """
    if counted.persons is None or policy.trajectory is not None:
        return
    if len(counted.persons.hashes) == 1:  # whose records need nothing to be put together
        return
    records = np.bincount(counted.persons.owners, counted.persons.records)
    several = int(np.count_nonzero(records > 1))
    names = list(_suspects(counted, policy, several)) if several else []
    problems = []
    found = _linked(source, names, counted.persons.key, reading)
    for name, linked in zip(names, found, strict=True):
        if linked >= LINKED * several:
            problems.append(
                Complaint(
                    f"policy.attributes.{name}",
                    f"links the records of {linked:,} of the {several:,} persons who have several: "
                    "two or more of each have a value in it that nobody else has, and so show how "
                    "they go together; drop it (role: direct_identifier), make it a "
                    "quasi_identifier, or promise what that tells (policy.trajectory)",
                )
            )
    if problems:
        raise RequestError(problems)


def _suspects(counted: Count, policy: Policy, several: int) -> Iterator[str]:
    """Yield the released columns that have neither too few values to link many nor too many."""
    released = (*policy.names("sensitive"), *policy.names("non_sensitive"), *policy.pseudonyms)
    for name in released:
        column = counted.columns[name]
        present = counted.records - column.missing
        if LINKED * several <= column.distinct <= present - LINKED * several:
            yield name


def _linked(source: OpenSource, names: Sequence[str], key: str, reading: Scan) -> list[int]:
    """Count the persons of whom each column links records, (names,)."""
    return [_persons_linked(pairs) for pairs in _all_pairs(source, names, key, reading)]


def _all_pairs(
    source: OpenSource, names: Sequence[str], key: str, reading: Scan = PLAIN
) -> list[NDArray[np.int64]]:
    """Return what :func:`_pairs` returns of every part, (3, pairs) of each column."""
    if not names:
        return []
    with closing(scan(source, partial(_pairs, tuple(names), key), reading)) as parts:
        found = list(parts)
    return [np.concatenate(pairs, axis=1) for pairs in zip(*found, strict=True)]


def _pairs(names: tuple[str, ...], key: str, piece: Piece) -> list[NDArray[np.int64]]:
    """Return the different values of persons, and how many records have each: (3, pairs) each."""
    owners = piece.table[PERSON].to_numpy()
    pairs = []
    for name in names:
        values = hashes_of(piece.table[name], key)
        there = pc.is_valid(values).to_numpy(zero_copy_only=False)
        told = pc.fill_null(values, 0).to_numpy()
        both, times = np.unique(np.stack([told[there], owners[there]]), axis=1, return_counts=True)
        pairs.append(np.concatenate([both, times[None].astype(np.int64)]))
    return pairs


def _persons_linked(pairs: NDArray[np.int64]) -> int:
    """Count the persons with two or more records of a value that nobody else has.

    Parameters
    ----------
    pairs
        (3, pairs): values, persons and numbers of records; equal ones may stand several times.
    """
    both, places = np.unique(pairs[:2], axis=1, return_inverse=True)
    times = np.zeros(both.shape[1], dtype=np.int64)
    np.add.at(times, places.reshape(-1), pairs[2])
    _, of_values, owners = np.unique(both[0], return_inverse=True, return_counts=True)
    own = (owners[of_values.reshape(-1)] == 1) & (times > 1)
    return len(distinct(both[1][own]))


# -- columns of two tables, which link the records of one with those of the other ------------------


@dataclass(frozen=True, slots=True, eq=False)
class LinkableTable:
    """One of two tables of the same persons, and what is said of the columns that it releases."""

    name: str
    source: OpenSource
    """With the column that tells persons apart, by the same key in both tables."""
    counted: Count
    policy: Policy

    def columns(self, fewest: float) -> list[str]:
        """Return the columns that are released as they are and have so many values at least."""
        kept = (*self.policy.names("sensitive"), *self.policy.names("non_sensitive"))
        return [name for name in kept if self.counted.columns[name].distinct >= fewest]


def require_no_common_values(master: LinkableTable, detail: LinkableTable) -> None:
    """Refuse columns of two tables by which many persons' records in both can be put together.

    That is so where a person has one value in a column of each, and nobody else has it in either.

    Raises
    ------
    RequestError
        Naming the columns, and of how many persons they link records.
    """
    persons = detail.counted.persons
    assert persons is not None, "linked tables count persons"
    many = len(persons.hashes)
    if many <= 1 or detail.policy.trajectory is not None:
        return
    names = [table.columns(LINKED * many) for table in (master, detail)]
    if not all(names):
        return
    own = [
        [_own_values(pairs) for pairs in _all_pairs(table.source, asked, persons.key)]
        for table, asked in zip((master, detail), names, strict=True)
    ]
    problems = []
    for (known, name), (first, second) in zip(product(*names), product(*own), strict=True):
        shared, times = np.unique(
            np.concatenate([first, second], axis=1), axis=1, return_counts=True
        )
        linked = len(distinct(shared[1][times == 2]))
        if linked >= LINKED * many:
            problems.append(
                Complaint(
                    f"tables.{detail.name}.policy.attributes.{name}",
                    f"with {known} of {master.name} links the records of {linked:,} of the "
                    f"{many:,} persons of {detail.name}: both have a value of theirs that nobody "
                    "else has, so that everybody can join the releases; drop one of them (role: "
                    "direct_identifier), or promise what that tells (policy.trajectory)",
                )
            )
    if problems:
        raise RequestError(problems)


def _own_values(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values that one person alone has, and whose each is, (2, values).

    Parameters
    ----------
    pairs
        (3, pairs), see :func:`_persons_linked`.
    """
    both = np.unique(pairs[:2], axis=1)
    _, first, owners = np.unique(both[0], return_index=True, return_counts=True)
    return both[:, first[owners == 1]]
