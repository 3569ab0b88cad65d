"""How a snapshot of an Iceberg table comes about, and how the one before is brought back."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import TargetError
from anon_dagster.storage.extras import extra
from anon_dagster.storage.lakehouse.iceberg_catalogs import (
    MADE_BY,
    CatalogTable,
    Snapshot,
    path_of,
)
from anon_dagster.storage.targets.publishing import remove_quietly

_FOLDER: Final = "release"
_FORMER, _FORMER_COLUMNS = "anon-former-snapshot", "anon-former-schema"
"""What the summary of a snapshot says of what it replaced; the first is empty if nothing was."""
_NO_VALUES: Final = {"write.metadata.metrics.default": "counts"}
"""What keeps values of a release out of metadata, which may outlive its data files."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data files of a release go, and the columns that its table will have."""

    location: str
    """The folder of the table, on this machine."""
    schema: pa.Schema
    """The columns that it will have."""
    columns: Any
    """The same as pyiceberg has them, with the numbers by which data files know them."""

    @property
    def data(self) -> str:
        """The folder of all data files of the table."""
        return f"{self.location}/data"

    @property
    def numbered(self) -> pa.Schema:
        """The columns with their numbers, as a data file has them."""
        return pa.schema(
            [
                f.with_metadata({"PARQUET:field_id": str(self.columns.find_field(f.name).field_id)})
                for f in self.schema
            ]
        )


def place_of_release(
    lake: CatalogTable, base: Snapshot | None, schema: pa.Schema, job: str
) -> Place:
    """Return where the files of a release go that replaces a snapshot, or makes a table.

    Raises
    ------
    TargetError
        If the table cannot be given the columns of the release.
    """
    with lake.catalog.calls(f"cannot write {lake.name}", TargetError):
        begun = _begun(lake, base, schema, job)
    metadata = begun.table_metadata
    return Place(path_of(metadata.location), schema, metadata.schema())


def location_of_new(lake: CatalogTable, job: str) -> str:
    """Return the folder of a table that a job makes: no other one has it, or ever had."""
    *namespace, name = lake.identifier
    return "/".join((lake.catalog.warehouse, *namespace, f"{name}.of-{lake.catalog.mark}-{job}"))


def beginning_of_folder(lake: CatalogTable, job: str = "") -> str:
    """Return how folders of data files of releases begin, among the data files of a table."""
    return f"{_FOLDER}-{lake.catalog.mark}-{job}"


def commit(
    lake: CatalogTable,
    base: Snapshot | None,
    place: Place,
    files: Sequence[str],
    job: str,
) -> None:
    """Let data files be the table, in one step, if it is still what it was.

    Raises
    ------
    TargetError
        If somebody else has written to it since; what they wrote is left as it is.
    """
    name = lake.name
    now = require_current(lake, base)
    arrow = extra("pyiceberg.io.pyarrow", "iceberg", name, TargetError)
    io = extra("pyiceberg.io", "iceberg", name, TargetError).load_file_io({}, place.location)
    with (
        _told_of_others(lake, base, job),
        lake.catalog.calls(f"cannot write {name}", TargetError),
    ):
        begun = _begun(lake, now, place.schema, job)
        if begun.table_metadata.schema() != place.columns:
            raise lake.not_ours()
        told = {MADE_BY: job}
        if now is not None:
            replaced = "" if now.current is None else str(now.current.snapshot_id)
            columns = str(now.table.metadata.current_schema_id)
            told |= {_FORMER: replaced, _FORMER_COLUMNS: columns}
        with begun.update_snapshot(snapshot_properties=told).fast_append() as added:
            counted = begun.table_metadata.model_copy(update={"properties": _NO_VALUES})
            for file in files:
                made = arrow.parquet_file_to_data_file(io, counted, f"file://{file}")
                added.append_data_file(made)
        begun.commit_transaction()
    _require_alone(lake, base, job)


def _begun(lake: CatalogTable, base: Snapshot | None, schema: pa.Schema, job: str) -> Any:  # noqa: ANN401 (pyiceberg's)
    """Begin a transaction after which a table has some columns, and no records."""
    if base is None:
        location = location_of_new(lake, job)
        return lake.catalog.opened.create_table_transaction(
            lake.identifier, schema, location=f"file://{location}"
        )
    expressions = extra("pyiceberg.expressions", "iceberg", "an Iceberg table", TargetError)
    begun = _once(base.table).transaction()
    if base.current is not None:
        begun.delete(expressions.AlwaysTrue(), snapshot_properties={MADE_BY: job})
    _change_columns(begun, schema)
    return begun


def _once(table: Any) -> Any:  # noqa: ANN401 (pyiceberg's)
    """Return a table to which a commit is not tried again, on top of what others wrote."""
    properties = {**table.metadata.properties, "commit.retry.num-retries": "0"}
    tried_once = copy(table)
    tried_once.metadata = table.metadata.model_copy(update={"properties": properties})
    return tried_once


def _change_columns(begun: Any, schema: pa.Schema) -> None:  # noqa: ANN401 (pyiceberg's)
    """Let a table have some columns; one of another type is another column, with its own number."""
    arrow = extra("pyiceberg.io.pyarrow", "iceberg", "an Iceberg table", TargetError)
    wanted = {f.name: f.field_type for f in arrow.visit_pyarrow(schema, _numbering()).fields}
    there = begun.table_metadata.schema().fields
    gone = [f.name for f in there if f.required or wanted.get(f.name) != f.field_type]
    if gone:
        with begun.update_schema(allow_incompatible_changes=True) as change:
            change.set_identifier_fields()  # such columns are required, so none of them stays
            for name in gone:
                change.delete_column(name)
    kept = {f.name for f in there} - set(gone)
    if set(wanted) - kept:
        with begun.update_schema(allow_incompatible_changes=True) as change:
            for name, kind in wanted.items():
                if name not in kept:
                    change.add_column((name,), kind)  # a dot in it is no path


def _numbering() -> Any:  # noqa: ANN401 (pyiceberg's)
    arrow = extra("pyiceberg.io.pyarrow", "iceberg", "an Iceberg table", TargetError)
    return arrow._ConvertToIcebergWithoutIDs()  # noqa: SLF001 (it has no other way)


def require_current(lake: CatalogTable, base: Snapshot | None) -> Snapshot | None:
    """Return what a table is now, unless it is not as it was when the release was begun.

    Raises
    ------
    TargetError
        Saying that somebody else has written to it.
    """
    found = lake.snapshot()
    if (found and found.identity) != (base and base.identity):
        raise TargetError(
            f"somebody else wrote to {lake.name} while the release was made: it is left "
            "as it is, and nothing is published; run the job again"
        )
    return found


@contextmanager
def _told_of_others(lake: CatalogTable, base: Snapshot | None, job: str) -> Iterator[None]:
    """Say so where a commit fails since somebody else was faster; let it be if it did not fail."""
    try:
        yield
    except Exception:
        found = lake.snapshot()
        if found is not None and found.job == job:  # what failed came later
            return
        require_current(lake, base)
        raise


def _require_alone(lake: CatalogTable, base: Snapshot | None, job: str) -> None:
    """Take a release back that was added to what somebody else wrote at the same moment."""
    found = lake.existing()
    if found.job != job:
        return  # it was replaced since
    before = None if base is None or base.current is None else base.current.snapshot_id
    if _before(found) != before:
        bring_back(lake, to=_before(found))
        raise lake.not_ours()


def _before(found: Snapshot) -> int | None:
    """Return the snapshot before those of the release that a table has now."""
    each = found.current
    while each is not None and _made_by(each) == found.job:
        number = each.parent_snapshot_id
        each = None if number is None else found.table.snapshot_by_id(number)
    return None if each is None else int(each.snapshot_id)


def bring_back(lake: CatalogTable, version: Sequence[str] = (), *, to: int | None = None) -> None:
    """Let a table be what it was before a release; one that the release made is gone.

    The data files of the release are removed, and its snapshots are not kept: nobody travels back
    to it.

    Parameters
    ----------
    version
        What it has to be, as a fingerprint tells it; if empty, any release.
    to
        The snapshot that is brought back, if that is not the one that the release replaced.

    Raises
    ------
    TargetError
        If what is there is of somebody else, or the former snapshot is not kept any more.
    """
    found, name = lake.existing(), lake.name
    if found.job is None or (version and f"ETag={found.identity}" not in version):
        raise lake.not_ours()
    snapshots = found.table.metadata.snapshots
    own = {s.snapshot_id for s in snapshots if _made_by(s) == found.job}
    if any(s.snapshot_id not in own and s.parent_snapshot_id in own for s in snapshots):
        raise lake.not_ours()  # it is in a branch of somebody else's
    if _FORMER_COLUMNS not in found.told:
        if len(own) < len(snapshots):
            raise lake.not_ours()
        _drop(lake, found)
        remove_quietly(path_of(found.table.location()))
        return
    before = to if to is not None else found.told[_FORMER]
    if before and found.table.snapshot_by_id(int(before)) is None:
        raise TargetError(f"cannot restore {name}: the snapshot before is not kept any more")
    folders = {file.rpartition("/")[0] for file in found.files}
    _set_back(lake, found, int(before) if before else None, sorted(own))
    for folder in folders:
        if re.search(rf"/data/{_FOLDER}-\w+-{re.escape(found.job)}-\w+$", folder):
            remove_quietly(folder)


def _drop(lake: CatalogTable, found: Snapshot) -> None:
    """Let a table be gone, in one step, if nobody has written to it since it was found."""
    rows = extra("pyiceberg.catalog.sql", "iceberg", lake.name, TargetError).IcebergTables
    sql = extra("sqlalchemy", "iceberg", lake.name, TargetError)
    *namespace, table = lake.identifier
    row = sql.delete(rows).where(
        rows.catalog_name == lake.catalog.name,
        rows.table_namespace == ".".join(namespace),
        rows.table_name == table,
        rows.metadata_location == found.table.metadata_location,
    )
    calls = lake.catalog.calls(f"cannot remove {lake.name}", TargetError)
    with calls, lake.catalog.opened.engine.begin() as connection:
        gone = connection.execute(row).rowcount
    if not gone:
        raise lake.not_ours()


def _set_back(lake: CatalogTable, found: Snapshot, before: int | None, gone: list[int]) -> None:
    """Let a former snapshot be the current one, in one step."""
    change = extra("pyiceberg.table.update", "iceberg", lake.name, TargetError)
    if before is None:
        first = change.RemoveSnapshotRefUpdate(ref_name="main")
    else:
        first = change.SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=before)
    columns = int(found.told[_FORMER_COLUMNS])
    updates = (
        first,
        change.SetCurrentSchemaUpdate(schema_id=columns),
        change.RemoveSnapshotsUpdate(snapshot_ids=gone),  # and the tags of them
    )
    requirements = (
        change.AssertTableUUID(uuid=found.table.metadata.table_uuid),
        change.AssertRefSnapshotId(ref="main", snapshot_id=found.current.snapshot_id),
    )
    try:
        with lake.catalog.calls(f"cannot restore {lake.name}", TargetError):
            lake.catalog.opened.commit_table(found.table, requirements, updates)
    except TargetError:
        now = lake.snapshot()
        if now is None or now.identity != found.identity:
            raise lake.not_ours() from None
        raise


def _made_by(snapshot: Any) -> str | None:  # noqa: ANN401 (pyiceberg's)
    told = snapshot.summary.additional_properties if snapshot.summary else {}
    return None if MADE_BY not in told else str(told[MADE_BY])
