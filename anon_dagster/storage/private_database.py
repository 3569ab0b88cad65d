"""SQLite files that only their owner may read, each with the version of its format."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anon_dagster.errors import JobError


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the newest version of its format has it."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    added: int = 0
    """How many of the last columns a file may lack that was made before it had a version."""


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
            If the file is damaged, or of a version that is not known here.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            with closing(
                sqlite3.connect(self.path, timeout=self.seconds, isolation_level=None)
            ) as file:
                file.execute("BEGIN IMMEDIATE")  # or two would both find something new
                try:
                    self._prepare(file)
                    yield file
                except BaseException:
                    file.execute("ROLLBACK")
                    raise
                file.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # such as that it is locked
                raise
            raise self._damaged() from None

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
                _complete(file, table)
            found = [row[1] for row in file.execute(f"PRAGMA table_info({table.name})")]
            if found != list(table.columns):
                raise JobError(
                    f"{self.path} is of format version {max(version, 1)}, but its table "
                    f"{table.name} is not; restore a copy of it"
                )
        if version < self.version:
            file.execute(f"PRAGMA user_version = {self.version}")


def _complete(file: sqlite3.Connection, table: Table) -> None:
    """Make a table of a file without a version, or give it the columns that it lacks."""
    columns, key = ", ".join(table.columns), ", ".join(table.key)
    file.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({key}))")
    there = len(file.execute(f"PRAGMA table_info({table.name})").fetchall())
    if there >= len(table.columns) - table.added:
        for column in table.columns[there:]:
            file.execute(f"ALTER TABLE {table.name} ADD COLUMN {column} DEFAULT ''")
