"""A release on its way into a table: written beside it, read back from there, then swapped.

What is written first lies in a private file, and goes into a table of its own in the schema of the
target once all records are known: ``anon_<target>_<job>``. That one is read back and measured, and
takes the place of the former table in one transaction. Whoever reads sees one of both, whole.
"""

import hashlib
import shutil
from collections.abc import Container, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow as pa

from anon_dagster.errors import AnonError, TargetError
from anon_dagster.request import Source, Target
from anon_dagster.request.databases import is_of_database, name_of_table, place_of
from anon_dagster.storage.databases.connections import database_of
from anon_dagster.storage.databases.session import quoted, sibling_of
from anon_dagster.storage.databases.sqlite import SQLite
from anon_dagster.storage.databases.tables import at_work
from anon_dagster.storage.databases.types import as_stored, storable
from anon_dagster.storage.passing import new_folder
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.targets.staging import StagedTarget
from anon_dagster.storage.targets.tables import TableKind

_PREFIX = "anon_"
_DIGITS = 8  # of what stands for the name of a target
_LONGEST = 63  # bytes of a name in PostgreSQL


def staged_name(table: str, token: str) -> str:
    """Return the name of the table of a job beside a target.

    Raises
    ------
    TargetError
        If the name of the job is too long for a name of a table.
    """
    name = f"{_mark_of(table)}{token}"
    if len(name) > _LONGEST:
        raise TargetError(f"the name of the job is longer than {_LONGEST - _DIGITS - 6} letters")
    return sibling_of(table, name)


def _mark_of(table: str) -> str:
    """Return how the tables of all jobs begin that wait beside a target."""
    own = table.rpartition(".")[2].lower()
    return f"{_PREFIX}{hashlib.sha256(own.encode()).hexdigest()[:_DIGITS]}_"


class StagedTable(StagedTarget):
    """A release on its way to a table; left behind nowhere if it does not get there."""

    def __init__(self, target: Target, schema: pa.Schema, token: str) -> None:
        connection, self._table = place_of(target.path)
        self._is_plain = isinstance(database_of(connection), SQLite)
        self._waiting = name_of_table(connection, staged_name(self._table, token))
        self._folder = new_folder(fresh_token())
        try:
            super().__init__(_file_in(self._folder), schema, token, private=True)
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        self.target = target

    def seal(self) -> tuple[str, ...]:
        """Put the records into a table beside the target, and return its name."""
        files = super().seal()
        opened = open_source(Source(path=files, format="parquet"))
        columns = storable(opened.schema, only_plain=self._is_plain)
        batches = (
            as_stored(batch, columns) for part in opened.parts for batch in opened.batches(part)
        )
        with at_work(self._waiting, changing=True) as (session, table):
            session.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
            session.create(table, columns)
            session.append(table, batches, columns)
        return (self._waiting,)

    def staged_source(self) -> Source:
        """Return the table beside the target as a source, to read what was really stored."""
        return Source(path=(self._waiting,))

    @property
    def final_paths(self) -> tuple[str, ...]:
        """The name of the target."""
        return (self.target.path,)

    def publish(self) -> tuple[str, ...]:
        """Let the table take the place of the former one, in one transaction.

        Raises
        ------
        TargetError
            If it cannot; the former one is left as it is.
        """
        with at_work(self.target.path, changing=True) as (session, table):
            session.require_replaceable(table)
            session.replace(table, by=place_of(self._waiting)[1])
        self._published = True
        return self.final_paths

    def discard(self) -> int:
        """Remove what was written and not published."""
        kept = 0
        if self._folder.exists():
            kept = super().discard()
            shutil.rmtree(self._folder, ignore_errors=True)
        if not self._published:
            with suppress(AnonError), at_work(self._waiting, changing=True) as (session, table):
                session.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
        return kept


def check_table(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep a table from being written, as far as it can be told before.

    Parameters
    ----------
    sources
        What is read: files, and names of tables.

    Raises
    ------
    RequestError
        If the connection is not known.
    TargetError
        If it is no table, or one of the sources, or no table can be made beside it.
    StoreUnavailableError
        If the database does not answer.
    """
    connection, _ = place_of(target.path)
    with at_work(target.path, changing=True) as (session, table):
        session.require_replaceable(table)
        own = session.identity(table)
        for other, name in (place_of(path) for path in sources if is_of_database(path)):
            if other == connection and own is not None and session.identity(name) == own:
                raise TargetError(f"the target {target.path} is also a source; name another table")
        probe = staged_name(table, fresh_token())
        session.create(probe, pa.schema([("probe", pa.int64())]))
        session.execute(f"DROP TABLE {quoted(probe)}")


def sweep_tables(target: Target, alive: Container[str]) -> tuple[str, ...]:
    """Remove the tables that dead jobs left beside a target; return their names."""
    swept = []
    with at_work(target.path, changing=True) as (session, table):
        mark = _mark_of(table)
        for name in session.beside(table):
            if name.startswith(mark) and name.removeprefix(mark) not in alive:
                session.execute(f"DROP TABLE {quoted(sibling_of(table, name))}")
                swept.append(name)
    return tuple(swept)


TABLES: Final = TableKind(StagedTable, check_table, sweep_tables)


def _file_in(folder: Path) -> Target:
    return Target(path=str(folder / "release.parquet"))
