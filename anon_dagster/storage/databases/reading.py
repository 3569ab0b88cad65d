"""A query or a table of a database as a source: copied once, in one snapshot."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.copies import Reading, copied
from anon_dagster.storage.databases.connections import database_of
from anon_dagster.storage.databases.faults import translated
from anon_dagster.storage.databases.session import Database
from anon_dagster.storage.databases.types import as_read, is_of_calendar, read
from anon_dagster.storage.opened import MaySkip, OpenSource, never


def open_database(source: Source, may_skip: MaySkip = never) -> OpenSource:
    """Copy what a source names of a database, and open the copy.

    Raises
    ------
    RequestError
        If the connection is not known.
    SourceError, StoreUnavailableError
        If it cannot be read.
    """
    assert source.connection is not None, "it is a source of a database"
    database = database_of(source.connection)
    name = source.path if isinstance(source.path, str) else source.path[0]

    @contextmanager
    def begin() -> Iterator[Reading]:
        opened = ExitStack()
        try:
            with translated(f"cannot read {name}"):
                if source.query is not None:
                    asked = database.reading(source.query)
                else:
                    asked = database.reading_table(source.table or "")
                reader = opened.enter_context(asked)
                schema = pa.schema([pa.field(f.name, as_read(f.type)) for f in reader.schema])
            yield Reading(name, schema, _batches(reader, schema, name))
        finally:
            with translated(f"cannot read {name}"):
                opened.close()

    version = "" if source.table is None else _version(database, source.table, name)
    return copied(f"{name} {version}", begin, may_skip=may_skip)


def _version(database: Database, table: str, name: str) -> str:
    """Return what tells a table from the one that replaces it while a run lasts."""
    with translated(f"cannot read {name}"):
        found = database.identity(table)
    if found is None:
        raise SourceError(f"cannot read {name}: there is no such table")
    return found


def _batches(
    reader: pa.RecordBatchReader, schema: pa.Schema, name: str
) -> Iterator[pa.RecordBatch]:
    """Give the batches of a query; whatever goes wrong meanwhile is told without a cell."""
    with translated(f"cannot read {name}"):
        for batch in reader:
            columns = [
                read(column, field.type)
                for column, field in zip(batch.columns, schema, strict=True)
            ]
            found = pa.RecordBatch.from_arrays(columns, schema=schema)
            _require_calendar(found, name)
            yield found


def _require_calendar(batch: pa.RecordBatch, name: str) -> None:
    for column, field in zip(batch.columns, batch.schema, strict=True):
        if not is_of_calendar(column):
            raise SourceError(
                f"cannot read {name}: column {field.name} has dates or times of no calendar, such "
                "as infinity, 24:00 or after the year 9999; cast it to text, or leave them out, in "
                "a query"
            )
