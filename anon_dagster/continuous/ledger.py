"""What became of each file and each person of a continuous release, in counts and keyed hashes."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_dagster.errors import JobError, counted
from anon_dagster.storage.private_database import PrivateDatabase, Table

FORMAT = 1
"""The version of the format of the file."""
_SECONDS = 30.0  # that a writer waits for another one
_AT_ONCE = 500  # persons that are looked up by one query


class Fate(StrEnum):
    """What became of a person, once and for all."""

    RELEASED = "released"
    EXPIRED = "expired"
    """In a class that broke a promise when it was judged, or waiting for too long."""
    WITHDRAWN = "withdrawn"
    """Taken back with a block in which somebody was erased."""
    ERASED = "erased"
    READ = "read"
    """Of a record, where nobody is named."""


class Kind(StrEnum):
    """What a step did."""

    FILE = "file"
    SET_ASIDE = "set aside"
    """A file that plays no part."""
    ERASURE = "erasure"
    REOPENED = "reopened"
    """A new solution was decided by hand."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step, in counts of records; of a finished one whatever came of it.

    Over all lines, ``read`` is what ``released``, ``set_aside``, ``expired``, ``withdrawn`` and
    ``erased`` add up to, with ``waiting`` of the last one.
    """

    number: int
    kind: Kind
    version: int = 0
    """Of the solution; 0 before there is one."""
    next_version: int = 0
    """Of later steps."""
    file: str = ""
    digest: str = ""
    """SHA-256 of the file."""
    at: float = 0.0
    """When it was, in seconds since the epoch: the time of the file, or that of an earlier step."""
    read: int = 0
    released: int = 0
    """Below 0 where a release was taken back."""
    waiting: int = 0
    """After the step."""
    waiting_people: int = 0
    """Whose these are; 0 where nobody is named."""
    set_aside: int = 0
    """Records of people who were judged before, or of a file that plays no part."""
    expired: int = 0
    withdrawn: int = 0
    erased: int = 0
    oldest: float = 0.0
    """When the first of those who wait came; 0 if nobody waits."""
    target: str = ""
    """Where the delta is; nothing if there was nothing to release."""
    checksum: str = ""
    """SHA-256 of the delta."""
    loss: float = 0.0
    """What the delta lost, by the objective of the policy."""
    reason: str = ""

    @property
    def delta(self) -> str:
        """The number of the delta as its name has it."""
        return name_of_delta(self.number)

    def __str__(self) -> str:
        """Say in words what happened, in names and counts."""
        if self.kind is Kind.SET_ASIDE:
            return f"{self.file} is set aside: {self.reason}"
        if self.kind is Kind.REOPENED:
            return f"solution {self.next_version} begins; {self._waiting}"
        if self.kind is Kind.ERASURE:
            return (
                f"erased {counted(self.erased, 'record')}, and withdrew {self.withdrawn:,} of "
                f"their companions; {self._waiting}"
            )
        told = [f"released {self.released:,}" + (f" as {self.target}" if self.target else "")]
        told += [f"{self.expired:,} expired"] if self.expired else []
        told += [f"{self.set_aside:,} refused, of people judged before"] if self.set_aside else []
        told += [f"solution {self.next_version} begins"] if self._reopens else []
        return (
            f"{self.file}: read {counted(self.read, 'record')}, {', '.join(told)}; {self._waiting}"
        )

    @property
    def _reopens(self) -> bool:
        return self.version != self.next_version

    @property
    def _waiting(self) -> str:
        if not self.waiting:
            return "nobody waits"
        since = datetime.fromtimestamp(self.oldest, UTC).date()
        return f"{counted(self.waiting, 'record')} waiting since {since} or later"


@dataclass(frozen=True, slots=True)
class StoredDelta:
    """A delta as it lies at its target now."""

    number: int
    version: int
    target: str
    """Nothing once all of its records were taken back."""
    checksum: str
    records: int
    rows: int
    """The step that told last whose its records are."""

    @property
    def name(self) -> str:
        """Its number as its name has it."""
        return name_of_delta(self.number)

    @property
    def is_rewritten(self) -> bool:
        """Tell whether records were taken out of it."""
        return self.rows != self.number


def name_of_delta(number: int) -> str:
    """Return the number of a delta as its name has it."""
    return f"{number:06d}"


_COLUMNS = tuple(field.name for field in fields(Line))
_OF_DELTAS = tuple(field.name for field in fields(StoredDelta))
_TABLES = (
    Table("lines", _COLUMNS, ("number",)),
    Table("intents", _COLUMNS, ("number",)),
    Table("deltas", _OF_DELTAS, ("number",)),
    Table("people", ("person", "step", "fate"), ("person",)),
    Table("settings", ("name", "value"), ("name",)),
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one dataset; each method is one step, which happens or does not."""

    path: Path

    def lines(self) -> list[Line]:
        """Return all finished steps, the first one first."""
        return self._lines("lines")

    def last(self, *, but: Collection[Kind] = ()) -> Line:
        """Return the last finished step, but those of some kinds; number 0 before the first."""
        if not self.path.exists():
            return Line(0, Kind.FILE)
        marks = ", ".join("?" * len(but))
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM lines WHERE kind NOT IN ({marks}) "  # noqa: S608 (names of ours)
            "ORDER BY number DESC LIMIT 1"
        )
        with self._open() as file:
            found = file.execute(query, [kind.value for kind in but]).fetchone()
        return Line(0, Kind.FILE) if found is None else _line(found)

    def intent(self) -> Line | None:
        """Return the step that was begun and is not finished."""
        return next(iter(self._lines("intents")), None)

    def intend(self, line: Line) -> None:
        """Write down what is about to be done, in place of what was intended before."""
        with self._open() as file:
            file.execute("DELETE FROM intents")
            _insert(file, "intents", line)

    def forsake(self) -> None:
        """Forget what was intended: nothing of it was done."""
        with self._open() as file:
            file.execute("DELETE FROM intents")

    def deltas(self) -> list[StoredDelta]:
        """Return all deltas as they lie at their targets now, the first one first."""
        if not self.path.exists():
            return []
        with self._open() as file:
            query = f"SELECT {', '.join(_OF_DELTAS)} FROM deltas ORDER BY number"  # noqa: S608 (names of ours)
            return [StoredDelta(*row) for row in file.execute(query)]

    def commit(
        self,
        line: Line,
        fates: Iterable[tuple[Fate, NDArray[np.int64]]] = (),
        deltas: Iterable[StoredDelta] = (),
    ) -> None:
        """Finish a step, with what became of people, by their hashes, and of deltas."""
        with self._open() as file:
            file.execute("DELETE FROM intents")
            _insert(file, "lines", line)
            for delta in deltas:
                file.execute("REPLACE INTO deltas VALUES (?, ?, ?, ?, ?, ?)", astuple(delta))
            for fate, persons in fates:
                rows = ((person, line.number, fate.value) for person in persons.tolist())
                file.executemany("REPLACE INTO people VALUES (?, ?, ?)", rows)

    def known(self, persons: NDArray[np.int64]) -> dict[int, tuple[int, Fate]]:
        """Return the step and the fate of those of some persons who have one, by their hashes."""
        found: dict[int, tuple[int, Fate]] = {}
        with self._open() as file:
            for first in range(0, len(persons), _AT_ONCE):
                asked = persons[first : first + _AT_ONCE].tolist()
                marks = ", ".join("?" * len(asked))
                query = f"SELECT person, step, fate FROM people WHERE person IN ({marks})"  # noqa: S608 (marks alone)
                rows = file.execute(query, asked)
                found |= {person: (step, Fate(fate)) for person, step, fate in rows}
        return found

    def setting(self, name: str, default: str) -> str:
        """Return a setting; the default is kept if there is none yet."""
        with self._open() as file:
            file.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, default))
            query = "SELECT value FROM settings WHERE name = ?"
            return str(file.execute(query, (name,)).fetchone()[0])

    def _lines(self, table: str) -> list[Line]:
        if not self.path.exists():
            return []
        with self._open() as file:
            query = f"SELECT {', '.join(_COLUMNS)} FROM {table} ORDER BY number"  # noqa: S608 (names of ours)
            return [_line(row) for row in file.execute(query)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = PrivateDatabase(self.path, _TABLES, FORMAT, _SECONDS)
        try:
            with database.transaction() as file:
                yield file
        except sqlite3.OperationalError:
            raise JobError(
                f"{self.path} cannot be written: it is locked, or its disk is full"
            ) from None


def _insert(file: sqlite3.Connection, table: str, line: Line) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    file.execute(f"INSERT INTO {table} VALUES ({marks})", astuple(line))  # noqa: S608 (a name of ours)


def _line(row: tuple[object, ...]) -> Line:
    told = dict(zip(_COLUMNS, row, strict=True))
    return Line(**{**told, "kind": Kind(str(told["kind"]))})  # type: ignore[arg-type]
