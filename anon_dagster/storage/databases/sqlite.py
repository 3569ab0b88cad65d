"""SQLite: a file, opened read only for a query, which may do nothing but read; written by ADBC."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from anon_dagster.errors import SourceError, TargetError
from anon_dagster.storage.databases.session import (
    Session,
    quoted,
    require_packages,
)
from anon_dagster.storage.databases.sqlite_rows import batches_of
from anon_dagster.storage.databases.types import definition

_WHICH = "FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower('{table}')"
_HARMLESS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_RECURSIVE,
}
_REFUSED_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit"}


@dataclass(frozen=True, slots=True)
class SQLite:
    """A database in a file."""

    connection: str
    path: str = field(repr=False)

    @contextmanager
    def reading(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Begin to read a query; it can change nothing, and reach no other file."""
        self._require_file()
        with closing(
            sqlite3.connect(self._address("ro"), uri=True, isolation_level=None)
        ) as opened:
            opened.text_factory = bytes
            opened.execute("BEGIN")
            opened.set_authorizer(_allow)
            yield batches_of(opened, query)

    @contextmanager
    def session(self, *, changing: bool) -> Iterator[Session]:
        """Begin a transaction."""
        with (
            self._connected("rwc" if changing else "ro") as opened,
            closing(opened.cursor()) as cursor,
        ):
            yield _Session(cursor)
            opened.commit()

    def _address(self, mode: str) -> str:
        return f"file:{quote(self.path)}?mode={mode}"

    @contextmanager
    def _connected(self, mode: str) -> Iterator[Any]:
        try:
            from adbc_driver_sqlite import dbapi
        except ImportError as error:
            raise require_packages(error) from None
        if mode == "ro":
            self._require_file()
        with closing(dbapi.connect(self._address(mode))) as opened:
            yield opened

    def _require_file(self) -> None:
        if not Path(self.path).is_file():
            raise SourceError(f"the database of the connection {self.connection} is no file")


def _allow(action: int, _first: str | None, name: str | None, *_: str | None) -> int:
    """Allow what reads this database."""
    if action == sqlite3.SQLITE_FUNCTION and str(name).lower() not in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _HARMLESS else sqlite3.SQLITE_DENY


def _own(table: str) -> str:
    """Return the name of a table in its file, which has one schema."""
    return table.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class _Session:
    cursor: Any = field(repr=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement)
        found: list[tuple[Any, ...]] = self.cursor.fetchall()
        return found

    def execute(self, statement: str) -> None:
        self.cursor.execute(statement)

    def create(self, table: str, columns: pa.Schema) -> None:
        self.cursor.execute(f"CREATE TABLE {quoted(_own(table))} ({definition(columns)})")

    def append(self, table: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        self.cursor.adbc_ingest(_own(table), reader, mode="append")

    def identity(self, table: str) -> str | None:
        found = self.rows(f"SELECT rowid {_WHICH.format(table=_own(table))}")
        return str(found[0][0]) if found else None

    def require_replaceable(self, table: str) -> None:
        for (kind,) in self.rows(f"SELECT type {_WHICH.format(table=_own(table))}"):
            if kind != "table":
                raise TargetError(f"{table} is a view or the like, which is not replaced")

    def beside(self, table: str) -> list[str]:
        del table
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in found if name.startswith("anon_")]

    def replace(self, table: str, by: str) -> None:
        self.cursor.execute(f"DROP TABLE IF EXISTS {quoted(_own(table))}")
        self.cursor.execute(f"ALTER TABLE {quoted(_own(by))} RENAME TO {quoted(_own(table))}")
