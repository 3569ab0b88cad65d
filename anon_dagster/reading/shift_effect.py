"""What shifting the dates of persons leaves open: who is left out, whose shift can be told."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.reading.persons import PERSON, fresh_key, with_persons
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.reading.shifted import NO_DAYS, WEEK, ShiftedSource, scope_of
from anon_dagster.request import Policy, ShiftRule
from anon_dagster.storage.dates import days_of
from anon_dagster.storage.opened import OpenSource

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShiftEffect:
    """What became of the records whose dates are shifted, in counts."""

    read: int
    """Records of the source."""
    dropped: int
    """Those that are left out since a date would lie outside the days of the source."""
    persons: int
    """Those who have a record left."""
    certain: int
    """Persons whose records, seen together, can only have been shifted as they were …"""
    certain_records: int
    """… and their records."""
    narrowed: int
    """Persons with fewer than k possible shifts, the certain ones among them …"""
    narrowed_records: int
    """… and their records."""


def effect_of_shift(source: OpenSource, policy: Policy) -> ShiftEffect | None:
    """Return what a shift does to the records of a source, which is read for it; None without one.

    Who sees which records are of one person, and knows the days that the source has, can exclude
    every shift that would move one of them out of these. So few shifts are left of a person whose
    dates fill most of the days. k is that of k-anonymity, or 2.
    """
    if not isinstance(source, ShiftedSource):
        return None
    held = _Extents.none(len(source.rules))
    work = _ExtentsOf(dict(source.rules))
    for found in scan(with_persons(source, policy, fresh_key()), work, Scan("dates")):
        held = held.merge(found)
    possible = _possible_shifts(source, held)
    k = policy.privacy.k_anonymity.k if policy.privacy.k_anonymity else 2
    certain, few = possible == 1, possible < k
    kept = int(held.records.sum())
    return ShiftEffect(
        source.days.records,
        source.days.records - kept,
        len(possible),
        int(certain.sum()),
        int(held.records[certain].sum()),
        int((certain | few).sum()),
        int(held.records[certain | few].sum()),
    )


def _possible_shifts(source: ShiftedSource, held: "_Extents") -> _Ints:
    """Return how many shifts each person's records may have undergone, (persons,)."""
    least = np.full(len(held.persons), np.iinfo(np.int64).max)
    for scope in dict.fromkeys(map(scope_of, source.rules.values())):
        columns = [
            n for n, name in enumerate(source.rules) if scope_of(source.rules[name]) == scope
        ]
        weeks = next(rule.weeks for rule in source.rules.values() if scope_of(rule) == scope)
        low, high = np.full(len(least), -weeks), np.full(len(least), weeks)
        for column in columns:
            first, last = list(source.days.spans.values())[column]
            has = held.first[column] <= held.last[column]
            earliest = -((last - held.last[column]) // WEEK)
            latest = (held.first[column] - first) // WEEK
            low = np.where(has, np.maximum(low, earliest), low)
            high = np.where(has, np.minimum(high, latest), high)
        least = np.minimum(least, high - low + 1)
    return least


@dataclass(frozen=True, slots=True, eq=False)
class _Extents:
    """The first and the last date of each person's, and how many records a person has."""

    persons: _Ints  # (persons,): hashes, ascending
    records: _Ints  # (persons,)
    first: _Ints  # (columns, persons): days, as they are released
    last: _Ints  # (columns, persons)

    @classmethod
    def none(cls, columns: int) -> "_Extents":
        nothing = np.zeros((columns, 0), dtype=np.int64)
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), nothing, nothing)

    @classmethod
    def of(cls, persons: _Ints, records: _Ints, first: _Ints, last: _Ints) -> "_Extents":
        """Join those of the same person; all are (rows,) or (columns, rows)."""
        if not len(persons):
            return cls.none(len(first))
        order = np.argsort(persons, kind="stable")
        ordered = persons[order]
        begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        return cls(
            ordered[begins],
            np.add.reduceat(records[order], begins),
            np.minimum.reduceat(first[:, order], begins, axis=1),
            np.maximum.reduceat(last[:, order], begins, axis=1),
        )

    def merge(self, other: "_Extents") -> "_Extents":
        return _Extents.of(
            np.concatenate([self.persons, other.persons]),
            np.concatenate([self.records, other.records]),
            np.concatenate([self.first, other.first], axis=1),
            np.concatenate([self.last, other.last], axis=1),
        )


@dataclass(frozen=True, slots=True)
class _ExtentsOf:
    """Finds the first and the last date of each person's in a piece."""

    rules: Mapping[str, ShiftRule]

    def __call__(self, piece: Piece) -> _Extents:
        persons = piece.table[PERSON].combine_chunks().to_numpy(zero_copy_only=False)
        first, last = [], []
        for name, rule in self.rules.items():
            days, valid = days_of(piece.table[name].combine_chunks(), rule.format)
            first.append(np.where(valid, days, NO_DAYS[0]))
            last.append(np.where(valid, days, NO_DAYS[1]))
        records = np.ones(len(persons), dtype=np.int64)
        return _Extents.of(persons.astype(np.int64), records, np.stack(first), np.stack(last))
