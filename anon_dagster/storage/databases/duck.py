"""DuckDB, by its own interface: a file, opened read only, whose queries reach nothing outside."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import pyarrow as pa

from anon_dagster.errors import SourceError, TargetError
from anon_dagster.storage.databases.session import (
    Session,
    SqlDatabase,
    only_select,
    quoted,
    refers_to,
    require_packages,
)
from anon_dagster.storage.databases.types import definition

_ROWS = 65_536  # of a batch
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
_INCOMING = "anon_incoming"
_OPEN: dict[str, RLock] = {}
"""A process may open a file several times, but not for reading and for writing at once."""


@dataclass(frozen=True, slots=True)
class DuckDB(SqlDatabase):
    """A database in a file."""

    connection: str
    path: str = field(repr=False)

    @contextmanager
    def reading(self, query: str) -> Iterator[pa.RecordBatchReader]:
        """Begin to read a query; it can change nothing, and reach no file and no other server."""
        if not Path(self.path).is_file():
            raise SourceError(f"the database of the connection {self.connection} is no file")
        statement = only_select(query)
        with self._connected(read_only=True) as opened:
            self._require_one(opened, statement)
            yield opened.sql(statement).to_arrow_reader(_ROWS)

    @contextmanager
    def session(self, *, changing: bool) -> Iterator[Session]:
        """Begin a transaction."""
        with self._connected(read_only=not changing) as opened:
            opened.execute("BEGIN")
            yield _Session(opened)
            opened.execute("COMMIT")

    @contextmanager
    def _connected(self, *, read_only: bool) -> Iterator[Any]:
        try:
            import duckdb
        except ImportError as error:
            raise require_packages(error) from None
        with (
            _OPEN.setdefault(str(Path(self.path).absolute()), RLock()),
            closing(duckdb.connect(self.path, read_only=read_only, config=_ALONE)) as opened,
        ):
            yield opened

    def _require_one(self, opened: Any, statement: str) -> None:  # noqa: ANN401 (DuckDB's connection)
        found = opened.extract_statements(statement)
        if len(found) != 1 or found[0].type.name != "SELECT":
            raise SourceError(
                f"cannot read of the connection {self.connection}: it is no single SELECT statement"
            )


@dataclass(frozen=True, slots=True)
class _Session:
    opened: Any = field(repr=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.opened.execute(statement).fetchall()
        return found

    def execute(self, statement: str) -> None:
        self.opened.execute(statement)

    def create(self, table: str, columns: pa.Schema) -> None:
        self.opened.execute(f"CREATE TABLE {quoted(table)} ({definition(columns)})")

    def append(self, table: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        self.opened.register(_INCOMING, pa.RecordBatchReader.from_batches(schema, batches))
        try:
            self.opened.execute(f"INSERT INTO {quoted(table)} SELECT * FROM {_INCOMING}")
        finally:
            self.opened.unregister(_INCOMING)

    def identity(self, table: str) -> str | None:
        where = _where(table)
        found = self.rows(
            f"SELECT table_oid FROM duckdb_tables() WHERE table_name = {where} UNION ALL "
            f"SELECT view_oid FROM duckdb_views() WHERE view_name = {where}"
        )
        return str(found[0][0]) if found else None

    def require_replaceable(self, table: str) -> None:
        if self.rows(f"SELECT 1 FROM duckdb_views() WHERE view_name = {_where(table)}"):
            raise TargetError(f"{table} is a view or the like, which is not replaced")
        own = table.rpartition(".")[2]
        if self.rows(f"SELECT 1 FROM duckdb_constraints() WHERE referenced_table = '{own}'"):
            raise TargetError(refers_to(table))

    def beside(self, table: str) -> list[str]:
        schema = table.rpartition(".")[0]
        where = f"'{schema}'" if schema else "current_schema()"
        found = self.rows(f"SELECT table_name FROM duckdb_tables() WHERE schema_name = {where}")
        return [name for (name,) in found if name.startswith("anon_")]

    def replace(self, table: str, by: str) -> None:
        self.opened.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
        self.opened.execute(
            f"ALTER TABLE {quoted(by)} RENAME TO {quoted(table.rpartition('.')[2])}"
        )


def _where(table: str) -> str:
    """Return the name of a table, and in which schema it is, as a condition goes on."""
    schema, _, name = table.rpartition(".")
    own = f"'{schema}'" if schema else "current_schema()"
    return f"'{name}' AND schema_name = {own}"
