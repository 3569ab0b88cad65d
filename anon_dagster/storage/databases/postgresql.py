"""PostgreSQL, by ADBC: a query streams as Arrow's batches, out of one read-only transaction."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from anon_dagster.errors import SourceError, TargetError
from anon_dagster.storage.databases.session import (
    Session,
    SqlDatabase,
    only_select,
    quoted,
    require_packages,
    whole,
)
from anon_dagster.storage.databases.types import definition

_READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_IDENTITY = """
    SELECT c.oid::text || '.' || c.relfilenode::text FROM pg_class c
    WHERE c.oid = to_regclass('{table}')
"""
_KIND = """
    SELECT c.relkind::text, c.relrowsecurity,
           EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
    FROM pg_class c WHERE c.oid = to_regclass('{table}')
"""
_BESIDE = """
    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname LIKE 'anon\\_%'
    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {schema})
"""
_OTHERS = """
    SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = to_regclass('{table}') AND a.grantee <> c.relowner
"""
"""Who may do something with a table that is not theirs."""
_RIGHTS = """
    SELECT 'GRANT ' || a.privilege_type || ' ON {by} TO '
           || CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END
           || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = to_regclass('{table}') AND a.grantee <> c.relowner
    UNION ALL
    SELECT 'COMMENT ON TABLE {by} IS ' || quote_literal(obj_description(c.oid, 'pg_class'))
    FROM pg_class c
    WHERE c.oid = to_regclass('{table}') AND obj_description(c.oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 'ALTER TABLE {by} OWNER TO ' || quote_ident(r.rolname)
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.oid = to_regclass('{table}') AND r.rolname <> current_user
"""
"""Statements that give one table the rights, the comment and the owner of another one."""
_REACHES_FILES = """
    SELECT r.rolsuper OR EXISTS (
        SELECT FROM pg_roles g WHERE pg_has_role(r.oid, g.oid, 'MEMBER') AND g.rolname IN
        ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    ) FROM pg_roles r WHERE r.rolname = current_user
"""
"""Whether functions that the user may call read any file of the server, or run programs there."""
_ANY_USER = re.compile(r"(?P<before>[?&])anon_superuser=(?P<said>[^&]*)&?")
"""What an address says, with ``yes``, if queries may be asked as such a user."""
_ALTERED = {b"money": "numeric", b"oid": "bigint"}
"""Types whose values would be read as other ones, and what they can be cast to."""


@dataclass(frozen=True, slots=True)
class PostgreSQL(SqlDatabase):
    """A database of a server."""

    connection: str
    address: str = field(repr=False)
    any_user: bool = False
    """Whether queries may be asked as a user who reaches the files of the server."""

    @classmethod
    def at(cls, connection: str, address: str) -> "PostgreSQL":
        """Return the database that an address names, which may say that any user will do."""
        told = _ANY_USER.search(address)
        if told is None:
            return cls(connection, address)
        rest = address[told.end() :]
        return cls(
            connection,
            address[: told.start()] + (told["before"] + rest if rest else ""),
            any_user=told["said"] == "yes",
        )

    def reading(self, query: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read a query in one snapshot, which can change nothing."""
        return self._reading(query, of_anybody=True)

    def reading_table(self, table: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read all records of a table, which calls no function."""
        return self._reading(whole(table), of_anybody=False)

    @contextmanager
    def _reading(self, query: str, *, of_anybody: bool) -> Iterator[pa.RecordBatchReader]:
        with self._connected() as opened, closing(opened.cursor()) as cursor:
            cursor.execute(_READ_ONLY)
            if of_anybody and not self.any_user:
                self._require_harmless(cursor)
            cursor.execute(only_select(query))
            reader = cursor.fetch_record_batch()
            _require_unaltered(reader.schema)
            yield reader

    def _require_harmless(self, cursor: Any) -> None:  # noqa: ANN401 (ADBC's)
        """Refuse to ask as somebody for whom whoever may name a query would read the server."""
        cursor.execute(_REACHES_FILES)
        if any(reaches for (reaches,) in cursor.fetchall()):
            raise SourceError(
                f"the user of the connection {self.connection} may read files of its server or run "
                "programs there, and so could whoever writes a query: give the connection a user "
                "who may not, name a table or a view, or, if all who write requests may do so, add "
                "?anon_superuser=yes to its address"
            )

    @contextmanager
    def session(self, *, changing: bool) -> Iterator[Session]:
        """Begin a transaction."""
        with self._connected() as opened, closing(opened.cursor()) as cursor:
            if not changing:
                cursor.execute(_READ_ONLY)
            yield _Session(cursor)
            opened.commit()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError as error:
            raise require_packages(error) from None
        with closing(dbapi.connect(self.address)) as opened:
            yield opened


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
        self.cursor.execute(f"CREATE TABLE {quoted(table)} ({definition(columns)})")
        for (other,) in self.rows(_OTHERS.format(table=quoted(table))):  # by default privileges
            self.cursor.execute(f"REVOKE ALL ON {quoted(table)} FROM {other}")

    def append(self, table: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        own, _, name = table.rpartition(".")
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        self.cursor.adbc_ingest(name, reader, mode="append", db_schema_name=own or self._schema())

    def identity(self, table: str) -> str | None:
        found = self.rows(_IDENTITY.format(table=quoted(table)))
        return str(found[0][0]) if found else None

    def require_replaceable(self, table: str) -> None:
        for kind, is_guarded, inherits in self.rows(_KIND.format(table=quoted(table))):
            if kind != "r":
                raise TargetError(f"{table} is a view or the like, which is not replaced")
            if is_guarded:
                raise TargetError(
                    f"{table} guards its rows by policies, which would be lost: name another table"
                )
            if inherits:
                raise TargetError(
                    f"{table} is a part of another table, which would lose it: name another table"
                )

    def beside(self, table: str) -> list[str]:
        own = table.rpartition(".")[0]
        schema = f"'{own}'" if own else "current_schema()"
        return [name for (name,) in self.rows(_BESIDE.format(schema=schema))]

    def replace(self, table: str, by: str) -> None:
        self.rows(f"SELECT pg_advisory_xact_lock(hashtext('{table}'))::text")  # one job at a time
        if self.identity(table) is None:  # to learn which rights it would have
            self.cursor.execute(f"CREATE TABLE {quoted(table)} ()")
        kept = self.rows(_RIGHTS.format(table=quoted(table), by=quoted(by)))
        for (statement,) in kept:
            self.cursor.execute(statement)
        self.cursor.execute(f"DROP TABLE {quoted(table)}")
        new = quoted(table.rpartition(".")[2])
        self.cursor.execute(f"ALTER TABLE {quoted(by)} RENAME TO {new}")

    def _schema(self) -> str:
        return str(self.rows("SELECT current_schema()")[0][0])


def _require_unaltered(schema: pa.Schema) -> None:
    """Refuse columns whose values the driver gives as what they are not."""
    for column in schema:
        kind = (column.metadata or {}).get(b"POSTGRESQL:type", b"")
        if kind in _ALTERED:
            raise SourceError(
                f"column {column.name} is {kind.decode()}, whose values cannot be read as they "
                f"are: cast it in a query ({column.name}::{_ALTERED[kind]})"
            )
