"""What every database can do that records are read from, or a release is written to."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa

from anon_dagster.errors import RequestError

MISSING = "databases need packages that are not installed: pip install 'anon-dagster[databases]'"


class Database(Protocol):
    """A database that is reached when it is asked something."""

    @property
    def connection(self) -> str:
        """The name of its connection, which may be shown to anybody."""

    def reading(self, query: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read a single ``SELECT``, in one snapshot, with no right to change anything.

        Raises
        ------
        SourceError, StoreUnavailableError
            If it is refused, or the database does not answer.
        """

    def reading_table(self, table: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read all records of a table, in one snapshot.

        Raises
        ------
        SourceError, StoreUnavailableError
            If it is refused, or the database does not answer.
        """

    def identity(self, table: str) -> str | None:
        """Return what tells a table from others of its name, before and after; or None."""


class SqlDatabase:
    """A database that understands SQL."""

    @abstractmethod
    def reading(self, query: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read a single ``SELECT``, see :meth:`Database.reading`."""

    def reading_table(self, table: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Begin to read all records of a table."""
        return self.reading(whole(table))

    def identity(self, table: str) -> str | None:
        """Return what tells a table from others of its name, before and after; or None."""
        with self.session(changing=False) as session:
            return session.identity(table)

    @abstractmethod
    def session(self, *, changing: bool) -> AbstractContextManager["Session"]:
        """Begin a transaction; it is kept if nothing is raised meanwhile, else nothing of it is.

        Parameters
        ----------
        changing
            Whether it may change anything.
        """


class Session(Protocol):
    """A transaction."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement, and return what it answers."""

    def execute(self, statement: str) -> None:
        """Execute a statement that answers nothing."""

    def create(self, table: str, columns: pa.Schema) -> None:
        """Make a table without records."""

    def append(self, table: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        """Add records to a table, of the types that :meth:`Database.stored` tells."""

    def identity(self, table: str) -> str | None:
        """Return what tells a table or view from others of its name, before and after; or None."""

    def require_replaceable(self, table: str) -> None:
        """Refuse to replace what is no table, or guards its rows.

        Raises
        ------
        TargetError
            Saying which.
        """

    def beside(self, table: str) -> list[str]:
        """Return the names of the tables in the schema of a table, without it."""

    def replace(self, table: str, by: str) -> None:
        """Let a table take the place of another one, which is removed."""


def quoted(table: str) -> str:
    """Return a name, with that of its schema if it has one, as SQL reads it literally."""
    return ".".join(f'"{step}"' for step in table.split("."))


def sibling_of(table: str, name: str) -> str:
    """Return the name of another table in the schema of a table."""
    schema, dot, _ = table.rpartition(".")
    return f"{schema}{dot}{name}"


def only_select(query: str) -> str:
    """Return a statement that nothing but a query of one table fits into; it ends any comment."""
    return f"SELECT * FROM (\n{query}\n) AS asked"


def refers_to(table: str) -> str:
    """Say that a table cannot be replaced since another one has foreign keys to it."""
    return f"other tables refer to records of {table} by foreign keys: name another table"


def whole(table: str) -> str:
    """Return the query of all records of a table."""
    return f"SELECT * FROM {quoted(table)}"


def require_packages(error: ImportError) -> RequestError:
    """Return the error of what lacks the packages of databases."""
    del error
    return RequestError(MISSING)
