"""A release on its way to an Iceberg table: written beside its files, proven, then committed.

Its data files lie where they stay, in a folder that no snapshot has; one commit of the catalog
makes them the table.
"""

import re
import uuid
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import AnonError, TargetError
from anon_dagster.request import Target
from anon_dagster.request.databases import is_of_database
from anon_dagster.storage.addresses import parent
from anon_dagster.storage.failures import writing
from anon_dagster.storage.lakehouse.iceberg_catalogs import (
    CatalogTable,
    IcebergCatalog,
    Snapshot,
    catalog_at,
    identity_of,
    path_of,
)
from anon_dagster.storage.lakehouse.iceberg_commits import (
    beginning_of_folder,
    commit,
    location_of_new,
    place_of_release,
)
from anon_dagster.storage.lakehouse.kept_types import kept, kept_schema, plain
from anon_dagster.storage.listing import names_in
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.moving import make_folder, move, remove
from anon_dagster.storage.targets.leftovers import sweep_files
from anon_dagster.storage.targets.preflight import check_place
from anon_dagster.storage.targets.publishing import remove_quietly
from anon_dagster.storage.targets.staging import StagedTarget
from anon_dagster.storage.targets.tables import TableKind

_WHAT: Final = "an Iceberg table"
_ALL = 2**62  # records of a table that is one file


class StagedIceberg(StagedTarget):
    """A release on its way to an Iceberg table; left behind nowhere if it does not get there."""

    def __init__(self, target: Target, schema: pa.Schema, token: str) -> None:
        self._lake = _lake(target.path)
        self._token = token
        self._size = 0  # bytes of its data files
        self._base = require_replaceable(self._lake)
        columns = _wide(kept_schema(schema, _WHAT))
        self._place = place_of_release(self._lake, self._base, columns, token)
        self._numbered = self._place.numbered
        with writing(target.path):
            form = _form_of(_folder_of(self._lake, self._base))
            make_folder(parent(form.path))
            super().__init__(form, self._numbered, token)
        self.target = target

    def write(self, table: pa.Table) -> None:
        """Add records; their order is kept.

        Raises
        ------
        TargetError
            If the disk is full, or an Iceberg table does not hold a value.
        """
        super().write(kept(table, self._numbered, _WHAT))

    def seal(self) -> tuple[str, ...]:
        """Close the files and return where they lie for now."""
        files = super().seal()
        self._size = sum(Path(file).stat().st_size for file in files)
        remove(f"{self._staged}/{SUCCESS}")  # the catalog says what is whole
        return files

    @property
    def final_paths(self) -> tuple[str, ...]:
        """The name of the table."""
        return (self.target.path,)

    @property
    def versions(self) -> Sequence[Sequence[str]]:
        """What will tell the snapshot that it becomes."""
        return [[f"size={self._size}", f"ETag={identity_of(self._token)}"]]

    def publish(self) -> tuple[str, ...]:
        """Let the files be the table, by one commit of its catalog.

        Raises
        ------
        TargetError
            If somebody else has written to it since it was begun; it is left as it is.
        """
        assert self._sealed, "only a sealed target is published"
        name = f"{beginning_of_folder(self._lake, self._token)}-{uuid.uuid4().hex[:8]}"
        folder = f"{self._place.data}/{name}"
        try:
            with writing(self.target.path):
                make_folder(self._place.data)
                move(self._staged, folder)
            files = [f"{folder}/{name}" for name in self._names]
            commit(self._lake, self._base, self._place, files, self._token)
        except BaseException:
            self._published = self._is_there()
            if not self._published:
                remove_quietly(folder)
            raise
        self._published = True
        return self.final_paths

    def discard(self) -> int:
        """Remove what was written and not published."""
        kept_versions = super().discard()
        if self._base is None and not self._published:
            remove_quietly(self._place.location)
        return kept_versions

    def _is_there(self) -> bool:
        with suppress(AnonError):
            found = self._lake.snapshot()
            return found is not None and found.job == self._token
        return True  # nobody can tell: its files stay, and are swept if no snapshot has them


def require_replaceable(lake: CatalogTable) -> Snapshot | None:
    """Return the snapshot that a release would replace; none if there is no table yet.

    Raises
    ------
    TargetError
        If there is no such namespace, or a table that a release cannot become a snapshot of.
    """
    found = lake.snapshot()
    if found is None:
        namespace = lake.identifier[:-1]
        with lake.catalog.calls(f"cannot write {lake.name}", TargetError):
            is_there = lake.catalog.opened.namespace_exists(namespace)
        if not is_there:
            raise TargetError(
                f"cannot write {lake.name}: its catalog has no namespace "
                f"{'.'.join(namespace)}; make it"
            )
        return None
    if not found.table.spec().is_unpartitioned():
        raise TargetError(
            f"{lake.name} is partitioned, and a release has no partitions: name another table"
        )
    if not found.table.sort_order().is_unsorted:
        raise TargetError(
            f"{lake.name} has an order of records, which a release does not keep: name "
            "another table"
        )
    return found


def check_iceberg(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep a release from becoming a snapshot of a table.

    Parameters
    ----------
    sources
        What is read: files, folders, globs, and names of tables.

    Raises
    ------
    RequestError
        If the connection is not known.
    TargetError
        If a table cannot be written there, or is one of the sources.
    StoreUnavailableError
        If the catalog does not answer.
    """
    lake = _lake(target.path)
    found = require_replaceable(lake)
    for source in filter(is_of_database, sources):
        read = catalog_at(source)
        other = None if read is None else read.snapshot()
        if other and found and other.table.metadata.table_uuid == found.table.metadata.table_uuid:
            raise TargetError(f"the target {target.path} is also a source; name another table")
    form = _form_of(_folder_of(lake, found))
    check_place(form, [s for s in sources if not is_of_database(s)])


def sweep_iceberg(target: Target, alive: Container[str]) -> tuple[str, ...]:
    """Remove what dead jobs left beside the files of a table; return names."""
    lake = _lake(target.path)
    found, swept = lake.snapshot(), []
    with writing(target.path):
        for folder in _dead_tables(lake, alive):
            remove(folder)
            swept.append(folder.rpartition("/")[2])
        if found is not None:
            for folder in _dead_folders(lake, found, alive):
                remove(folder)
                swept.append(folder.rpartition("/")[2])
    folders = {_folder_of(lake, None), _folder_of(lake, found)}
    return (*swept, *(n for f in sorted(folders) for n in sweep_files(_form_of(f), alive)))


ICEBERG_TABLES: Final = TableKind(StagedIceberg, check_iceberg, sweep_iceberg)


def _dead_folders(lake: CatalogTable, found: Snapshot, alive: Container[str]) -> list[str]:
    """Return the folders of data files that dead jobs made, and that no table has."""
    location = found.table.location()
    data = f"{path_of(location)}/data"
    pattern = re.compile(rf"{beginning_of_folder(lake)}([\w-]+)-[0-9a-f]{{8}}")
    matches = map(pattern.fullmatch, names_in(data))
    dead = [f"{data}/{match[0]}" for match in matches if match and match[1] not in alive]
    with lake.catalog.calls(f"cannot read {lake.name}", TargetError):
        dead = [folder for folder in dead if not _is_known(found.table, f"{folder}/")]
        # One that was renamed may share its folder with one that was made in its place.
        alike = [t for t in _tables(lake.catalog) if t.location() == location] if dead else []
        return [f for f in dead if not any(_is_known(table, f"{f}/") for table in alike)]


def _is_known(table: Any, folder: str) -> bool:  # noqa: ANN401 (pyiceberg's)
    """Tell whether any snapshot of a table has a data file of a folder."""
    io = table.io
    for snapshot in table.metadata.snapshots:
        for manifest in snapshot.manifests(io):
            for entry in manifest.fetch_manifest_entry(io, discard_deleted=False):
                if path_of(entry.data_file.file_path).startswith(folder):
                    return True
    return False


def _dead_tables(lake: CatalogTable, alive: Container[str]) -> Iterator[str]:
    """Give the folders of tables that dead jobs began to make, and that no table has."""
    parent, _, own = location_of_new(lake, "").rpartition("/")
    tokens = {n: n.removeprefix(own) for n in names_in(parent) if n.startswith(own)}
    dead = [f"{parent}/{name}" for name, token in tokens.items() if token not in alive]
    if dead:
        in_use = {path_of(table.location()) for table in _tables(lake.catalog)}
        yield from (folder for folder in dead if folder not in in_use)


def _tables(catalog: IcebergCatalog) -> Iterator[Any]:
    """Give all tables of a catalog: one may have been renamed."""
    opened = catalog.opened
    with catalog.calls(f"cannot use the connection {catalog.connection}", TargetError):
        for namespace in _namespaces(opened, ()):
            for identifier in opened.list_tables(namespace):
                yield opened.load_table(identifier)


def _namespaces(opened: Any, parent: tuple[str, ...]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 (pyiceberg's)
    for namespace in opened.list_namespaces(parent):
        yield namespace
        yield from _namespaces(opened, namespace)


def _lake(path: str) -> CatalogTable:
    found = catalog_at(path)
    assert found is not None, "it is a table of a catalog"
    return found


def _folder_of(lake: CatalogTable, found: Snapshot | None) -> str:
    """Return the folder of a table, or of one that there is not yet; a release begins beside it."""
    if found is not None:
        return path_of(found.table.location())
    return "/".join((lake.catalog.warehouse, *lake.identifier))


def _form_of(folder: str) -> Target:
    """Return the target of the data files: Parquet, beside the folder of the table."""
    return Target(
        path=folder,
        format="parquet",
        single_file=False,
        rows_per_file=_ALL,
    )


def _wide(schema: pa.Schema) -> pa.Schema:
    """Return columns without the narrow integers and layouts that Iceberg does not have."""
    types = [(f.name, plain(f.type)) for f in schema]
    narrow = {pa.int8(), pa.int16()}
    return pa.schema([pa.field(n, pa.int32() if kind in narrow else kind) for n, kind in types])
