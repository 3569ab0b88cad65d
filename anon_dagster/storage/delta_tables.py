"""Delta tables: one version of them, which is what its log says.

The version is settled once, when the table is opened: what others write or delete meanwhile changes
nothing. A table that takes more than its list of Parquet files to read, such as vectors of deleted
records, is refused. Of a table in a store the log is copied first, and each file as it is read.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.request.lakehouse import folder_of
from anon_dagster.storage.addresses import is_local, locate, require_ordinary
from anon_dagster.storage.copies import Reader, Reading
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import keeping_aside, reading
from anon_dagster.storage.listing import names_in
from anon_dagster.storage.opened import ROWS
from anon_dagster.storage.opening import copy_bytes
from anon_dagster.storage.passing import new_folder
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.understanding import understanding

_WHAT: Final = "Delta table that can be read here"
_LOG: Final = "_delta_log"
_PLAIN: Final = frozenset({"timestampNtz", "vacuumProtocolCheck"})
"""Features of a table that change nothing about which records its files have."""


def delta_reader(path: str, source: Source) -> Reader:
    """Return what reads a version of a Delta table."""

    @contextmanager
    def read() -> Iterator[Reading]:
        with _here(folder_of(path)) as (inner, fetch):
            table = _opened(folder_of(path), inner, source.version)
            name = f"{path} at version {table.version()}"
            _require_plain(table, name)
            with understanding(path, _WHAT):
                dataset = table.to_pyarrow_dataset()
            yield Reading(name, dataset.schema, _batches(dataset, path, fetch))

    return read


Fetch = Callable[[str], AbstractContextManager[None]]
"""Has a file of a table, by its path within it, on this machine for a while."""


@contextmanager
def _here(path: str) -> Iterator[tuple[str, Fetch]]:
    """Give the folder of a table on this machine, or one with its log, and what gets its files."""
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, inner)
    if is_local(path):
        yield inner, lambda _: nullcontext()
        return
    with keeping_aside(f"the log of {path}"):
        folder = new_folder(fresh_token())
    try:
        _copy_log(path, folder)
        yield str(folder), lambda file: _fetched(path, folder, file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_log(path: str, folder: Path) -> None:
    """Copy the log of a table in a store, none of whose files is ever changed."""
    log = f"{path.rstrip('/')}/{_LOG}"
    with reading(path):
        names = names_in(log)
    (folder / _LOG).mkdir()
    for name in names:
        copy_bytes(f"{log}/{name}", str(folder / _LOG / name))


@contextmanager
def _fetched(path: str, folder: Path, file: str) -> Iterator[None]:
    """Have a data file of a table in a store for a while."""
    here = folder / file
    if not here.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f"{path} has files that do not lie in its folder")
    here.parent.mkdir(parents=True, exist_ok=True)
    copy_bytes(f"{path.rstrip('/')}/{file}", str(here))
    try:
        yield
    finally:
        here.unlink()


def _opened(path: str, inner: str, version: int | None) -> Any:  # noqa: ANN401 (deltalake's)
    """Open a version of a table, whose log lies in a folder of this machine."""
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


def _batches(dataset: Any, path: str, fetch: Fetch) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 (of pyarrow.dataset)
    """Read the files in the order of their names, which is the same every time."""
    for file in sorted(dataset.get_fragments(), key=lambda fragment: str(fragment.path)):
        with fetch(str(file.path)):
            batches = iter(file.to_batches(schema=dataset.schema, batch_size=ROWS))
            while True:
                with understanding(path, _WHAT):
                    batch = next(batches, None)
                if batch is None:
                    break
                yield batch
