"""SQLite files that only their owner may read, each with the version of its format."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anon_dagster import clock
from anon_dagster.errors import JobError, LockedError

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
}

_LOOK = 0.02  # seconds between two looks whether another process is done


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the newest version of its format has it."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    added: Sequence[str] = ()
    """Of the last columns that a file of an older version may lack: what it is given there."""


@dataclass(frozen=True, slots=True)
class PrivateDatabase:
    """A file with tables; every use of it is one transaction.

    Parameters
    ----------
    version
        Of the format. A file without one was made before there were versions, and is of the first.
    seconds
        How long one use waits for another one.
    """

    path: Path
    tables: Sequence[Table]
    version: int
    seconds: float

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open the file, made if it is not there; keep all that is done with it, or nothing.

        Raises
        ------
        JobError
            If the file is damaged, of a version that is not known here, or cannot be written.
        LockedError
            If another process has it locked for longer than it is waited for.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            with closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as file:
                self._when_free(file, "BEGIN IMMEDIATE")  # or two would both find something new
                self._prepare(file)
                yield file
                self._when_free(file, "COMMIT")  # else it is closed, and nothing of it is kept
        except sqlite3.DatabaseError as error:
            if _kind_of(error) in _UNUSABLE:
                raise JobError(f"{self.path} cannot be used: {error}") from None
            if type(error) is not sqlite3.DatabaseError:
                raise
            raise self._damaged() from None

    def _when_free(self, file: sqlite3.Connection, statement: str) -> None:
        """Execute a statement once nobody keeps it from being done."""
        until = clock.monotonic() + self.seconds
        while True:
            try:
                file.execute(statement)
            except sqlite3.OperationalError as error:
                if _kind_of(error) not in _LOCKED:
                    raise
                if clock.monotonic() >= until:
                    raise LockedError(
                        f"{self.path} is locked by another process, longer than {self.seconds:.0f} "
                        "seconds; end what has it open, and try again"
                    ) from None
                clock.sleep(_LOOK)  # SQLite would hear no signal while it waits
            else:
                return

    def _damaged(self) -> JobError:
        return JobError(f"{self.path} is damaged or cut off; restore a copy of it")

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Bring the file to the newest version of its format, or refuse it."""
        (version,), (pages,), (size,) = (
            file.execute(f"PRAGMA {name}").fetchone()
            for name in ("user_version", "page_count", "page_size")
        )
        # Nothing yet, or whole: SQLite takes what is cut off for empty.
        if self.path.stat().st_size not in {0, pages * size}:
            raise self._damaged()
        if version > self.version:
            raise JobError(
                f"{self.path} is of format version {version}, and this version of anon-dagster "
                f"reads those up to {self.version}: use a newer one"
            )
        for table in self.tables:
            if version == 0:
                _create(file, table)
            if version < self.version:
                _complete(file, table)
            found = [row[1] for row in file.execute(f"PRAGMA table_info({table.name})")]
            if found != list(table.columns):
                raise JobError(
                    f"{self.path} is of format version {max(version, 1)}, but its table "
                    f"{table.name} is not; restore a copy of it"
                )
        if version < self.version:
            file.execute(f"PRAGMA user_version = {self.version}")


def _kind_of(error: sqlite3.Error) -> int:
    """Return the code of an error without what is told more exactly."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _create(file: sqlite3.Connection, table: Table) -> None:
    """Make a table, unless it is there."""
    columns, key = ", ".join(table.columns), ", ".join(table.key)
    file.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({key}))")


def _complete(file: sqlite3.Connection, table: Table) -> None:
    """Give a table the columns that it lacks."""
    there = len(file.execute(f"PRAGMA table_info({table.name})").fetchall())
    lacking = len(table.columns) - there
    if lacking <= len(table.added):
        added = zip(table.columns[there:], table.added[len(table.added) - lacking :], strict=True)
        for column, default in added:
            file.execute(f"ALTER TABLE {table.name} ADD COLUMN {column} DEFAULT {default}")
