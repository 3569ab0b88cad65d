"""Delta tables: one version of them, which is what its log says.

The version is settled once, when the table is opened: what others write or delete meanwhile changes
nothing. A table that takes more than its list of Parquet files to read, such as vectors of deleted
records, is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.request.lakehouse import folder_of
from anon_dagster.storage.addresses import is_local, locate, require_ordinary
from anon_dagster.storage.copies import Reader, Reading
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import reading
from anon_dagster.storage.opened import ROWS
from anon_dagster.storage.understanding import understanding

_WHAT: Final = "Delta table that can be read here"
_PLAIN: Final = frozenset({"timestampNtz", "vacuumProtocolCheck"})
"""Features of a table that change nothing about which records its files have."""


def delta_reader(path: str, source: Source) -> Reader:
    """Return what reads a version of a Delta table."""

    @contextmanager
    def read() -> Iterator[Reading]:
        table = _opened(folder_of(path), source.version)
        name = f"{path} at version {table.version()}"
        _require_plain(table, name)
        with understanding(path, _WHAT):
            dataset = table.to_pyarrow_dataset()
        yield Reading(name, dataset.schema, _batches(dataset, path))

    return read


def _opened(path: str, version: int | None) -> Any:  # noqa: ANN401 (deltalake's)
    """Open a version of a table."""
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, inner)
    if not is_local(path):
        raise SourceError(f"{path}: a Delta table is read on this machine only")
    package = extra("deltalake", "delta", f"{path}, a Delta table,")
    if not package.DeltaTable.is_deltatable(inner):
        raise SourceError(f"{path} is no Delta table: it has no log")
    with understanding(path, _WHAT if version is None else f"Delta table with version {version}"):
        return package.DeltaTable(inner, version=version)


def _require_plain(table: Any, name: str) -> None:  # noqa: ANN401 (deltalake's)
    """Refuse a table whose files alone do not tell its records."""
    features = set(table.protocol().reader_features or ())
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    more = features - _PLAIN | ({"columnMapping"} if mapping != "none" else set())
    if more:
        raise SourceError(
            f"{name} has features that are not read here: {', '.join(sorted(more))}; export it as "
            "Parquet, or rewrite it without them"
        )


def _batches(dataset: Any, path: str) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 (of pyarrow.dataset)
    """Read the files in the order of their names, which is the same every time."""
    for file in sorted(dataset.get_fragments(), key=lambda fragment: str(fragment.path)):
        batches = iter(file.to_batches(schema=dataset.schema, batch_size=ROWS))
        while True:
            with understanding(path, _WHAT):
                batch = next(batches, None)
            if batch is None:
                break
            yield batch
