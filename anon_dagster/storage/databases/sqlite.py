"""SQLite: a file, opened read only for a query, which may do nothing but read.

It is read and written by Python's own SQLite: another library of it within one process would not
see the locks of this one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from anon_dagster.errors import SourceError, TargetError
from anon_dagster.storage.databases.session import Session, SqlDatabase, quoted, refers_to
from anon_dagster.storage.databases.sqlite_rows import batches_of
from anon_dagster.storage.databases.types import definition

_WHICH = "FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower('{table}')"
_REFERRING = """
    SELECT 1 FROM sqlite_master m, pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table' AND lower(f."table") = lower('{table}')
    AND lower(m.name) <> lower('{table}')
"""
_HARMLESS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_RECURSIVE,
}
_REFUSED_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit"}


@dataclass(frozen=True, slots=True)
class SQLite(SqlDatabase):
    """A database in a file."""

    connection: str
    path: str = field(repr=False)

    @contextmanager
    def reading(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Begin to read a query; it can change nothing, and reach no other file."""
        with self._begun("ro") as opened:
            opened.text_factory = bytes
            opened.set_authorizer(_allow)
            yield batches_of(opened, query)

    @contextmanager
    def session(self, *, changing: bool) -> Iterator[Session]:
        """Begin a transaction."""
        with self._begun("rwc" if changing else "ro") as opened:
            yield _Session(opened)
            opened.execute("COMMIT")

    @contextmanager
    def _begun(self, mode: str) -> Iterator[sqlite3.Connection]:
        """Begin a transaction, which ends without a trace unless it is committed."""
        if mode == "ro" and not Path(self.path).is_file():
            raise SourceError(f"the database of the connection {self.connection} is no file")
        address = f"file:{quote(self.path)}?mode={mode}"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as opened:
            opened.execute("BEGIN" if mode == "ro" else "BEGIN IMMEDIATE")
            yield opened


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
    opened: sqlite3.Connection = field(repr=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.opened.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        self.opened.execute(statement)

    def create(self, table: str, columns: pa.Schema) -> None:
        self.opened.execute(f"CREATE TABLE {quoted(_own(table))} ({definition(columns)})")

    def append(self, table: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        values = ", ".join("?" for _ in schema)
        insert = f"INSERT INTO {quoted(_own(table))} VALUES ({values})"
        for batch in batches:
            columns = [column.to_pylist() for column in batch.columns]
            self.opened.executemany(insert, zip(*columns, strict=True))

    def identity(self, table: str) -> str | None:
        found = self.rows(f"SELECT rowid {_WHICH.format(table=_own(table))}")
        return str(found[0][0]) if found else None

    def require_replaceable(self, table: str) -> None:
        for (kind,) in self.rows(f"SELECT type {_WHICH.format(table=_own(table))}"):
            if kind != "table":
                raise TargetError(f"{table} is a view or the like, which is not replaced")
        if self.rows(_REFERRING.format(table=_own(table))):
            raise TargetError(refers_to(table))

    def beside(self, table: str) -> list[str]:
        del table
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in found if name.startswith("anon_")]

    def replace(self, table: str, by: str) -> None:
        self.opened.execute(f"DROP TABLE IF EXISTS {quoted(_own(table))}")
        self.opened.execute(f"ALTER TABLE {quoted(_own(by))} RENAME TO {quoted(_own(table))}")
