"""Iceberg tables: one snapshot of them, found by their metadata.

The snapshot is settled once, when the table is opened: what others write meanwhile changes nothing.
Records that deletion files remove are not read.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.addresses import base_name, is_local, kind_of, locate, require_ordinary
from anon_dagster.storage.copies import Reader, Reading
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import reading
from anon_dagster.storage.understanding import raising, understanding

_WHAT: Final = "Iceberg table that can be read here"
_CUTTING: Final = "downcast-ns-timestamp-to-us-on-write"
_METADATA: Final = re.compile(r"v?(\d+)(-[^/]*)?\.metadata\.json")


def iceberg_reader(path: str, source: Source) -> Reader:
    """Return what reads a snapshot of an Iceberg table."""

    @contextmanager
    def read() -> Iterator[Reading]:
        package = extra("pyiceberg.table", "iceberg", f"{path}, an Iceberg table,")
        metadata = _metadata_of(path)
        with understanding(path, _WHAT):
            table = package.StaticTable.from_metadata(metadata)
        snapshot = _snapshot(table, source.version, path)
        batches = batches_of(table, snapshot, path)
        yield Reading(f"{path} at snapshot {snapshot.snapshot_id}", batches.schema, batches)

    return read


def batches_of(table: Any, snapshot: Any, path: str) -> pa.RecordBatchReader:  # noqa: ANN401 (pyiceberg's)
    """Begin to read a snapshot of a table; what goes wrong meanwhile is told without a cell.

    Raises
    ------
    SourceError
        If it cannot be read, or has files that do not lie on this machine, or settings of pyiceberg
        would change values.
    """
    _require_no_settings(path)
    with understanding(path, _WHAT):
        require_here([snapshot.manifest_list], path)
        require_here([m.manifest_path for m in snapshot.manifests(table.io)], path)
        scan = table.scan(snapshot_id=snapshot.snapshot_id)
        require_here([task.file.file_path for task in scan.plan_files()], path)
        batches = scan.to_arrow_batch_reader()
    return pa.RecordBatchReader.from_batches(batches.schema, _read(batches, path))


def _metadata_of(path: str) -> str:
    """Return the latest metadata of the table in a folder, or the file that is named."""
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, inner)
        if not is_local(path):
            raise SourceError(
                f"{path} cannot be read: an Iceberg table is read on this machine only"
            )
        if kind_of(system, inner) == "file":
            return str(inner)
        folder = f"{inner}/metadata"
        names = system.ls(folder, detail=False) if kind_of(system, folder) else []
    found = [(int(m[1]), n) for n in names if (m := _METADATA.fullmatch(base_name(n)))]
    if not found:
        raise SourceError(f"{path} is no Iceberg table: it has no metadata")
    latest = max(number for number, _ in found)
    of_latest = [name for number, name in found if number == latest]
    if len(of_latest) > 1:
        raise SourceError(
            f"{path} has {len(of_latest)} files of metadata with the highest number: only its "
            "catalog knows which one is the table; name that file"
        )
    return str(of_latest[0])


def _snapshot(table: Any, asked: int | None, path: str) -> Any:  # noqa: ANN401 (pyiceberg's)
    """Return the snapshot that is read."""
    found = table.current_snapshot() if asked is None else table.snapshot_by_id(asked)
    if found is None:
        raise SourceError(
            f"{path} has no snapshot yet" if asked is None else f"{path} has no snapshot {asked}"
        )
    return found


def _require_no_settings(path: str) -> None:
    """Refuse to read where a file or a variable of pyiceberg's own lets it cut moments off."""
    settings = extra("pyiceberg.utils.config", "iceberg", f"{path}, an Iceberg table,")
    wrong = SourceError(
        f"cannot read {path}: pyiceberg's own settings (.pyiceberg.yaml) are damaged"
    )
    with raising(wrong):
        cuts = settings.Config().get_bool(_CUTTING)
    if cuts:
        raise SourceError(
            f"cannot read {path}: pyiceberg's own settings say {_CUTTING}, which changes values "
            "without a word: remove it"
        )


def require_here(files: list[str], path: str) -> None:
    """Refuse a table whose files lie elsewhere: it would let this machine ask others."""
    if away := sum(not is_local(file) for file in files):
        raise SourceError(f"{path} has {away} files that do not lie on this machine")


def _read(batches: Any, path: str) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 (pyarrow has no types)
    while True:
        with understanding(path, _WHAT):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
