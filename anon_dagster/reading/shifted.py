"""Dates shifted by persons: each person's by one random number of whole weeks, drawn with a key.

The number follows from what names the person, a secret key and a scope, so that it is the same in
every reading, in later files and in other tables. The weekday of a date stays, and so does the time
between two dates of a person. A record that would come to lie outside the days that the column has
in the source is left out, else the first and the last days would tell how far it was moved.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from secrets import token_bytes
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.errors import SourceChangedError, SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.reading.keys import secret_key
from anon_dagster.reading.persons import (
    names_of_persons,
    require_named,
)
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.request import Policy, ShiftRule
from anon_dagster.storage.dates import days_of, holds_dates, moved, moved_type, offsets_of
from anon_dagster.storage.opened import OpenSource, Part, type_name

WEEK = 7
_PURPOSE = b"shift of dates\0"
"""Sets the numbers apart from pseudonyms of the same key and scope."""
_NOBODY, _NAMED, _STRANGER = b"\0", b"\1", b"\2"
NO_DAYS = (np.iinfo(np.int64).max // 2, np.iinfo(np.int64).min // 2)
"""The first and the last day of a column without dates, whatever others it is joined with."""

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Days:
    """What must be known of a source before its dates are shifted; it is read for it."""

    spans: Mapping[str, tuple[int, int]] = field(repr=False)
    """The first and the last day of each column, since 1970."""
    records: int
    """How many records the source has."""


@dataclass(frozen=True, slots=True, eq=False)
class ShiftedSource(PlacedSource):
    """A source whose dates are shifted, without the records that would lie outside its days."""

    rules: Mapping[str, ShiftRule]
    """By the names of the columns."""
    days: Days
    names: tuple[str, ...]
    """The columns that name a person together."""
    apart: bool = False
    """Whether each record without a name is of another person; left out, they are of one."""
    opening: bytes = field(default_factory=partial(token_bytes, 8), repr=False)
    """Sets this source apart from the same one under another key, which has other records left."""

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns; dates that are categories are written out."""
        return pa.schema(
            f.with_type(moved_type(f.type)) if f.name in self.rules else f
            for f in self.source.schema
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other; nobody knows how many records are left."""
        return tuple(replace(part, records=None) for part in self.source.parts)

    def placed(self) -> Self:
        """Return the same; where a record stands plays a part only without a name."""
        return PlacedSource.placed(self) if self.apart and len(self._first) == 1 else self

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read the records of a part that are left.

        Raises
        ------
        SourceChangedError
            If a value is no date that was one when the source was opened.
        """
        number = self.parts.index(part)
        row = self.first_row_of(number) if self.apart else 0
        draws = {scope_of(rule): _draw(rule) for rule in self.rules.values()}
        for batch in self.source.batches(self.source.parts[number]):
            yield self._shifted(batch, draws, row)
            row += batch.num_rows
        if self.apart:
            self.note_end(number, row)

    def _shifted(
        self, batch: pa.RecordBatch, draws: "Mapping[tuple[str, str], _Draw]", row: int
    ) -> pa.RecordBatch:
        days = {scope: WEEK * self._weeks(batch, draw, row) for scope, draw in draws.items()}
        stay = np.ones(batch.num_rows, dtype=np.bool_)
        for name, rule in self.rules.items():
            dates, valid = days_of(batch.column(name), rule.format)
            if strangers := batch.num_rows - batch.column(name).null_count - int(valid.sum()):
                raise SourceChangedError(
                    f"the source changed while it was read: {name} has "
                    f"{listed(strangers, 'value')} that no dates are; run the job again"
                )
            first, last = self.days.spans[name]
            later = dates + days[scope_of(rule)]
            stay &= ~valid | ((first <= later) & (later <= last))
        left = batch.filter(pa.array(stay))
        columns = [
            moved(column, days[scope_of(self.rules[name])][stay], self.rules[name].format)
            if name in self.rules
            else column
            for name, column in zip(left.schema.names, left.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _weeks(self, batch: pa.RecordBatch, draw: "_Draw", row: int) -> _Ints:
        """Return by how many weeks each record is shifted, (records,)."""
        names = names_of_persons(batch, self.names)
        of_names = [draw(_NAMED + name.encode()) for name in names.dictionary.to_pylist()]
        places = pc.fill_null(names.indices, len(of_names)).to_numpy(zero_copy_only=False)
        weeks: _Ints = np.array([*of_names, draw(_NOBODY)], dtype=np.int64)[places]
        if self.apart:
            for unnamed in np.flatnonzero(places == len(of_names)).tolist():
                weeks[unnamed] = draw(_STRANGER + str(row + unnamed).encode())
        return weeks


# -- the numbers ---------------------------------------------------------------------------

_Draw = Callable[[bytes], int]


def scope_of(rule: ShiftRule) -> tuple[str, str]:
    """Return what the columns that move together have in common."""
    return rule.key_variable, rule.scope


def _draw(rule: ShiftRule) -> _Draw:
    """Return what draws a number of weeks for a person, by HMAC-SHA256 [1]_.

    Every number from -weeks to weeks is as likely, but for 2^-240.

    Raises
    ------
    RequestError
        If the key is missing or too short.

    References
    ----------
    .. [1] H. Krawczyk, M. Bellare, R. Canetti, "HMAC: keyed-hashing for message authentication",
       RFC 2104, 1997.
    """
    key = secret_key(rule.key_variable, "shifted dates")
    of_scope = hmac.digest(key, _PURPOSE + rule.scope.encode(), "sha256")
    keyed = hmac.new(of_scope, digestmod="sha256")

    def draw(whom: bytes) -> int:
        digest = keyed.copy()
        digest.update(whom)
        return int.from_bytes(digest.digest(), "big") % (2 * rule.weeks + 1) - rule.weeks

    return draw


# -- the days of the source ----------------------------------------------------------------


def with_shifted(source: OpenSource, policy: Policy, days: Days | None = None) -> OpenSource:
    """Return a source whose dates are shifted as a policy asks, if it does.

    Parameters
    ----------
    days
        What was found when the same source was opened before; it is read for it if left out.

    Raises
    ------
    SourceError
        If a column that is to be shifted holds something that is no date, or records do not tell
        whose they are, and have to; with counts.
    RequestError
        If there is no key.
    """
    rules = policy.shifted
    if not rules:
        return source
    assert policy.person is not None, "a validated request names the person"
    for rule in rules.values():
        secret_key(rule.key_variable, "shifted dates")
    _require_types(source, rules)
    apart = policy.without_person == "own"
    shifted = ShiftedSource(source, rules, days or _days_of(source, policy), policy.person, apart)
    return shifted.placed()


def _require_types(source: OpenSource, rules: Mapping[str, ShiftRule]) -> None:
    kinds = {name: source.schema.field(name).type for name in rules}
    strange = [
        f"{name} ({type_name(kind)})" for name, kind in kinds.items() if not holds_dates(kind)
    ]
    if strange:
        raise SourceError(
            f"only dates are shifted, and {', '.join(strange)} of the source "
            f"{'is' if len(strange) == 1 else 'are'} stored as something else: store dates or text"
        )


def _days_of(source: OpenSource, policy: Policy) -> Days:
    """Read a source for the first and the last day of each column, and the number of records."""
    rules = policy.shifted
    first, last = np.repeat(np.array(NO_DAYS)[:, np.newaxis], len(rules), axis=1)
    strangers, read, unnamed = np.zeros(len(rules), dtype=np.int64), 0, 0
    offsets: dict[str, set[str]] = {name: set() for name in rules}
    survey = _Survey(rules, policy.person or ())
    for days, odd, records, lonely, zones in scan(source, survey, Scan("dates")):
        first, last = np.minimum(first, days[0]), np.maximum(last, days[1])
        strangers, read, unnamed = strangers + odd, read + records, unnamed + lonely
        offsets = {name: found | zones[name] for name, found in offsets.items()}
    require_named(unnamed, read, policy)
    if strangers.any():
        told = [
            f"{listed(int(odd), 'value')} of {name} {'is no date' if odd == 1 else 'are no dates'} "
            f"{'of ISO 8601' if rule.format is None else f'written {rule.format}'}"
            for (name, rule), odd in zip(rules.items(), strangers, strict=True)
            if odd
        ]
        raise SourceError(
            f"{'; '.join(told)}, in {listed(read, 'record')}, so that nobody can tell what to "
            "shift them to: say shift.format, correct the values, or declare them missing"
        )
    _require_one_offset(offsets)
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    return Days(dict(zip(rules, pairs, strict=True)), read)


def _require_one_offset(offsets: Mapping[str, set[str]]) -> None:
    """Refuse texts with several offsets from UTC: one of summer tells a date in winter."""
    several = [f"{name} ({len(found)})" for name, found in offsets.items() if len(found) > 1]
    if several:
        raise SourceError(
            f"dates are written with several offsets from UTC: {', '.join(several)}; an offset "
            "stays as it is, so that one of summer beside a date in winter would tell how far that "
            "was moved: write all dates with one offset, or with none"
        )


@dataclass(frozen=True, slots=True)
class _Survey:
    """Finds the first and the last day of columns in a piece, and counts what is no date."""

    rules: Mapping[str, ShiftRule]
    names: tuple[str, ...]

    def __call__(self, piece: Piece) -> tuple[_Ints, _Ints, int, int, dict[str, set[str]]]:
        """Return what is in the piece.

        Returns
        -------
        days
            The first and the last one, (2, columns).
        strangers
            Values that are no dates, (columns,).
        records, unnamed
            All of them, and those that do not tell whose they are.
        offsets
            From UTC, as texts have them, by the names of the columns.
        """
        offsets: dict[str, set[str]] = {name: set() for name in self.rules}
        days = np.repeat(np.array(NO_DAYS)[:, np.newaxis], len(self.rules), axis=1)
        strangers = np.zeros(len(self.rules), dtype=np.int64)
        for place, (name, rule) in enumerate(self.rules.items()):
            for chunk in piece.table[name].chunks:
                dates, valid = days_of(chunk, rule.format)
                offsets[name] |= offsets_of(chunk, rule.format)
                strangers[place] += len(chunk) - chunk.null_count - int(valid.sum())
                if valid.any():
                    found = dates[valid]
                    days[0, place] = min(days[0, place], found.min())
                    days[1, place] = max(days[1, place], found.max())
        missing = [pc.is_null(piece.table[name]) for name in self.names]
        unnamed = pc.sum(reduce(pc.or_, missing)).as_py() or 0
        return days, strangers, piece.table.num_rows, unnamed, offsets
