"""Delta and Iceberg tables as sources: one version of them, whatever others write meanwhile."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster import anonymize
from anon_dagster.errors import SourceError
from anon_dagster.progress import Progress
from anon_dagster.request import Source
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.moving import put, remove
from anon_dagster.storage.opened import OpenSource
from anon_dagster.storage.readers import files_that_tell
from anon_dagster.storage.sources import open_source

FIRST, SECOND = pa.table({"a": [1, 2], "b": ["x", "y"]}), pa.table({"a": [3], "b": ["z"]})


def rows(opened: OpenSource) -> dict[str, list[Any]]:
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    found: dict[str, list[Any]] = pa.Table.from_batches(batches).sort_by("a").to_pydict()
    return found


def delta(path: Path | str, **options: Any) -> OpenSource:
    return open_source(Source(path=str(path), format="delta", **options))


def iceberg(path: object, **options: Any) -> OpenSource:
    return open_source(Source(path=str(path), format="iceberg", **options))


# -- Delta ------------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    package = pytest.importorskip("deltalake")
    for table in (FIRST, SECOND):
        package.write_deltalake(str(tmp_path / "lake"), table, mode="append")
    return tmp_path / "lake"


def test_a_version_of_a_delta_table_is_read_and_named(lake: Path) -> None:
    latest = delta(lake)
    assert rows(latest) == {"a": [1, 2, 3], "b": ["x", "y", "z"]}
    assert latest.files[0].name == f"{lake} at version 1"
    assert rows(delta(lake, version=0)) == FIRST.to_pydict()


def test_both_readings_are_of_one_version_whatever_others_write(lake: Path) -> None:
    package = pytest.importorskip("deltalake")
    with keeping_copies():
        before = rows(delta(lake))
        package.write_deltalake(str(lake), SECOND, mode="overwrite")
        assert rows(delta(lake)) == before
    assert rows(delta(lake)) == SECOND.to_pydict()


def test_records_that_the_log_removed_are_not_read(lake: Path) -> None:
    package = pytest.importorskip("deltalake")
    package.DeltaTable(str(lake)).delete("a = 1")
    assert rows(delta(lake)) == {"a": [2, 3], "b": ["y", "z"]}


def test_partitions_are_columns(tmp_path: Path) -> None:
    package = pytest.importorskip("deltalake")
    package.write_deltalake(str(tmp_path / "lake"), FIRST, partition_by=["b"])
    assert rows(delta(tmp_path / "lake")) == FIRST.to_pydict()


def test_a_delta_table_that_is_more_than_its_files_is_refused(tmp_path: Path) -> None:
    package = pytest.importorskip("deltalake")
    package.write_deltalake(
        str(tmp_path / "lake"), FIRST, configuration={"delta.enableDeletionVectors": "true"}
    )
    with pytest.raises(SourceError, match="deletionVectors"):
        delta(tmp_path / "lake")


def test_what_is_missing_of_a_delta_table_is_told(lake: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="version 9"):
        delta(lake, version=9)
    with pytest.raises(SourceError, match="no Delta table"):
        delta(tmp_path)
    with pytest.raises(SourceError, match="say format: delta"):
        open_source(Source(path=str(lake), format="parquet"))
    with pytest.raises(SourceError, match="it has no log"):
        open_source(Source(path="memory://nowhere", format="delta"))
    next(lake.glob("*.parquet")).unlink()
    with pytest.raises(SourceError, match="cannot read") as caught:
        delta(lake)
    assert caught.value.__cause__ is None


def in_store(lake: Path, address: str) -> str:
    """Copy a table into a store, as whoever made it there would have it."""
    for file in lake.rglob("*"):
        if file.is_file():
            put(f"{address}/{file.relative_to(lake)}", file.read_bytes())
    return address


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that temporary files go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_table_in_a_store_is_read_as_on_this_machine(lake: Path, temporary: Path) -> None:
    address = in_store(lake, f"memory:/{lake}")
    with keeping_copies():
        latest = delta(address)
        assert rows(latest) == rows(delta(lake))
        assert latest.files[0].name == f"{address} at version 1"
        assert rows(delta(address, version=0)) == FIRST.to_pydict()
        assert len(list(temporary.iterdir())) == 3, "the copies alone"
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("value", ["x", "a b", "a%20b", "a/b", "ü=1", "a+b?#"])
def test_partitions_in_a_store_are_columns_whatever_their_values_are(
    tmp_path: Path, value: str
) -> None:
    package = pytest.importorskip("deltalake")
    table = pa.table({"a": [1, 2], "b": [value, "other"]})
    package.write_deltalake(str(tmp_path / "lake"), table, partition_by=["b"])
    found = rows(delta(in_store(tmp_path / "lake", f"memory:/{tmp_path}/lake")))
    assert sorted(zip(found["a"], found["b"], strict=True)) == [(1, value), (2, "other")]


def test_checkpoints_and_what_the_log_removed_hold_in_a_store(lake: Path) -> None:
    package = pytest.importorskip("deltalake")
    package.DeltaTable(str(lake)).create_checkpoint()
    package.DeltaTable(str(lake)).delete("a = 1")
    address = in_store(lake, f"memory:/{lake}")
    assert rows(delta(address)) == {"a": [2, 3], "b": ["y", "z"]}
    assert files_that_tell(Source(path=address, format="delta"))


def test_what_is_gone_in_a_store_is_told_and_nothing_is_left(lake: Path, temporary: Path) -> None:
    address = in_store(lake, f"memory:/{lake}")
    remove(f"{address}/{next(lake.glob('*.parquet')).name}")
    with pytest.raises(SourceError, match="cannot read") as caught:
        delta(address)
    assert caught.value.__cause__ is None
    assert not list(temporary.iterdir())


def test_files_that_lie_outside_of_a_table_are_not_fetched(tmp_path: Path) -> None:
    """A log may name any path, such as that of somebody else's table."""
    package = pytest.importorskip("deltalake")
    package.write_deltalake(str(tmp_path / "lake"), FIRST)
    (entry,) = (tmp_path / "lake" / "_delta_log").glob("*.json")
    (file,) = (tmp_path / "lake").glob("*.parquet")
    for other in (f"../other/{file.name}", f"memory://other/{file.name}", f"/other/{file.name}"):
        address = in_store(tmp_path / "lake", f"memory:/{tmp_path}/lake")
        put(f"memory:/{tmp_path}/other/{file.name}", file.read_bytes())
        put(f"memory://other/{file.name}", file.read_bytes())
        text = entry.read_text().replace(file.name, other)
        put(f"{address}/_delta_log/{entry.name}", text.encode())
        with pytest.raises(SourceError):
            delta(address)


def test_the_age_of_a_table_is_that_of_its_log(lake: Path) -> None:
    told = files_that_tell(Source(path=str(lake), format="delta"))
    assert told
    assert all("_delta_log" in file for file in told)


def test_a_release_is_of_the_version_that_was_announced_whatever_others_write(
    tmp_path: Path,
) -> None:
    package = pytest.importorskip("deltalake")
    lake = str(tmp_path / "lake")
    people = pa.table({"age": [20 + n % 7 for n in range(60)]})
    package.write_deltalake(lake, people)
    written: list[str] = []

    def write_meanwhile(progress: Progress) -> None:
        if not written:
            package.write_deltalake(lake, people.slice(0, 5), mode="overwrite")
        written.append(progress.phase)

    released = anonymize(
        {
            "source": {"path": lake, "format": "delta"},
            "policy": {
                "attributes": {
                    "age": {
                        "role": "quasi_identifier",
                        "hierarchy": {"type": "interval", "widths": [10]},
                    }
                },
                "privacy": {"k_anonymity": {"k": 5}},
            },
        },
        on_progress=write_meanwhile,
    )
    assert written
    assert package.DeltaTable(lake).version() == 1
    assert len(released.frame) == 60
    assert [file.name for file in released.source_files] == [f"{lake} at version 0"]


# -- Iceberg ----------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Any:
    pytest.importorskip("pyiceberg")
    sql = pytest.importorskip("pyiceberg.catalog.sql")
    catalog = sql.SqlCatalog(
        "tests", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}"
    )
    catalog.create_namespace("clinic")
    made = catalog.create_table("clinic.patients", schema=FIRST.schema)
    yield made
    catalog.engine.dispose()


def place(table: Any) -> str:
    return str(table.location().removeprefix("file://"))


@pytest.mark.slow
def test_a_snapshot_of_an_iceberg_table_is_read_and_named(table: Any) -> None:
    with pytest.raises(SourceError, match="no snapshot yet"):
        iceberg(place(table))
    table.append(FIRST)
    first = table.current_snapshot().snapshot_id
    table.append(SECOND)
    table.delete("a == 1")
    latest = iceberg(place(table))
    assert rows(latest) == {"a": [2, 3], "b": ["y", "z"]}
    assert (
        latest.files[0].name == f"{place(table)} at snapshot {table.current_snapshot().snapshot_id}"
    )
    assert rows(iceberg(place(table), version=first)) == FIRST.to_pydict()
    metadata = table.metadata_location.removeprefix("file://")
    assert rows(iceberg(metadata)) == rows(latest)
    with pytest.raises(SourceError, match="no snapshot 5"):
        iceberg(place(table), version=5)


@pytest.mark.slow
def test_both_readings_are_of_one_snapshot_whatever_others_write(table: Any) -> None:
    table.append(FIRST)
    with keeping_copies():
        before = rows(iceberg(place(table)))
        table.overwrite(SECOND)
        assert rows(iceberg(place(table))) == before
    assert rows(iceberg(place(table))) == SECOND.to_pydict()


@pytest.mark.slow
def test_metadata_that_only_a_catalog_can_choose_from_is_refused(table: Any) -> None:
    table.append(FIRST)
    metadata = Path(table.metadata_location.removeprefix("file://"))
    shutil.copy(metadata, metadata.with_name("00001-other.metadata.json"))
    with pytest.raises(SourceError, match="only its catalog knows"):
        iceberg(place(table))


def test_what_is_no_iceberg_table_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pyiceberg")
    with pytest.raises(SourceError, match="no metadata"):
        iceberg(tmp_path)
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "v1.metadata.json").write_text("{}")
    pq.write_table(FIRST, tmp_path / "t.parquet")
    with pytest.raises(SourceError, match="cannot read"):
        iceberg(tmp_path)
    with pytest.raises(SourceError, match="say format: iceberg"):
        open_source(Source(path=str(tmp_path), format="parquet"))


@pytest.mark.slow
def test_an_iceberg_table_whose_files_lie_elsewhere_is_not_followed_there(table: Any) -> None:
    table.append(FIRST)
    metadata = Path(table.metadata_location.removeprefix("file://"))
    document = json.loads(metadata.read_text())
    for snapshot in document["snapshots"]:
        snapshot["manifest-list"] = "s3://elsewhere/list.avro"
    metadata.write_text(json.dumps(document))
    with pytest.raises(SourceError, match="1 files that do not lie on this machine"):
        iceberg(place(table))
