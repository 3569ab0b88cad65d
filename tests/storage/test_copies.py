"""What cannot be read twice is copied once, and the copy is a Parquet source."""

import hashlib
import pickle
import resource
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster.engine import using
from anon_dagster.errors import SourceChangedError, SourceError, TargetError
from anon_dagster.request import Source
from anon_dagster.storage.copies import Copies, Reader, Reading, copied, keeping_copies
from anon_dagster.storage.opened import OpenSource
from anon_dagster.storage.sharing import require_shared_source
from anon_dagster.storage.sources import open_source
from tests.storage.test_sharing import BlindEngine

TABLE = pa.table(
    {
        "age": pa.array([41, None, 29], pa.int32()),
        "cost": pa.array([Decimal("1.50"), Decimal("20.00"), None], pa.decimal128(10, 2)),
        "seen": pa.array([datetime(2024, 1, 2, 3, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "born": pa.array([date(1980, 5, 6), None, date(1999, 1, 1)]),
        "city": pa.array(["Rome", "Oslo", "Rome"]).dictionary_encode(),
        "note": pa.array(["a", "", None], pa.string_view()),
    }
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def reader(table: pa.Table = TABLE, *, rows: int = 2, begun: list[int] | None = None) -> Reader:
    @contextmanager
    def read() -> Iterator[Reading]:
        if begun is not None:
            begun.append(1)
        yield Reading("a table of tests", table.schema, table.to_batches(max_chunksize=rows))

    return read


def all_of(source: OpenSource) -> pa.Table:
    batches = [batch for part in source.parts for batch in source.batches(part)]
    return pa.Table.from_batches(batches, source.schema)


def test_a_copy_is_what_the_same_table_is_as_a_parquet_file(
    temporary: Path, tmp_path: Path
) -> None:
    pq.write_table(TABLE, tmp_path / "own.parquet")
    own = open_source(Source(path=str(tmp_path / "own.parquet")))
    with keeping_copies():
        copy = copied("key", reader())
        assert copy.schema == own.schema
        assert all_of(copy).to_pylist() == all_of(own).to_pylist()
        assert copy.records == own.records
    assert not list(temporary.iterdir())


def test_nobody_but_its_owner_may_look_into_a_copy(temporary: Path) -> None:
    with keeping_copies():
        copied("key", reader())
        (folder,) = temporary.iterdir()
        (file,) = folder.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_table_is_read_once_in_a_call(temporary: Path) -> None:
    begun: list[int] = []
    with keeping_copies():
        first = copied("key", reader(begun=begun))
        with keeping_copies():
            assert copied("key", reader(begun=begun)).files == first.files
        assert all_of(first).num_rows == 3, "the outer call is not over"
        copied("another", reader(begun=begun))
    assert len(begun) == 2
    assert not list(temporary.iterdir())


def test_without_a_call_a_copy_lasts_as_long_as_its_source(temporary: Path) -> None:
    copy = copied("key", reader())
    assert all_of(copy).num_rows == 3
    del copy
    assert not list(temporary.iterdir())


def test_a_call_that_fails_leaves_no_copy(temporary: Path) -> None:
    def fail() -> None:
        with keeping_copies():
            copied("key", reader())
            raise KeyError

    with pytest.raises(KeyError) as kept:  # its traceback holds on to all that was in use
        fail()
    assert kept.value is not None
    assert not list(temporary.iterdir())


def test_a_reading_that_fails_leaves_no_copy(temporary: Path) -> None:
    def broken() -> Iterable[pa.RecordBatch]:
        yield TABLE.to_batches()[0]
        raise SourceError("the connection was lost")

    @contextmanager
    def read() -> Iterator[Reading]:
        yield Reading("a table of tests", TABLE.schema, broken())

    with pytest.raises(SourceError, match="the connection was lost"), keeping_copies():
        copied("key", read)
    assert not list(temporary.iterdir())


def test_where_there_is_no_room_it_is_said_without_a_cell(temporary: Path) -> None:
    former, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, most))
    try:
        table = pa.table({"name": [f"Rome {n * n}" for n in range(100_000)]})
        with pytest.raises(TargetError, match="a table of tests could not be kept") as failed:
            copied("key", reader(table, rows=10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (former, most))
    assert "Rome" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert not list(temporary.iterdir())


def test_a_column_without_texts_is_not_copied_and_refused_if_it_is_needed() -> None:
    table = pa.table({"age": [1, 2], "photo": [b"Rome", b"Oslo"], "tags": [["x"], ["y"]]})
    with keeping_copies():
        with pytest.raises(SourceError, match=r"photo \(binary\), tags \(list\)"):
            copied("key", reader(table))
        copy = copied("key", reader(table), may_skip=lambda name: name != "age")
        assert copy.skipped == {"photo": "binary", "tags": "list"}
        assert all_of(copy).to_pydict() == {"age": [1, 2], "photo": [None] * 2, "tags": [None] * 2}
        assert b"Rome" not in Path(copy.files[0].path).read_bytes()


def test_bytes_that_are_no_text_are_told_by_the_place_of_the_column(temporary: Path) -> None:
    buffers = pa.array([b"\xff\xfe"]).buffers()
    text = pa.StringArray.from_buffers(1, buffers[1], buffers[2])
    with pytest.raises(SourceError, match="column 1 has text that is not UTF-8"):
        copied("key", reader(pa.table({"name": text})))
    assert not list(temporary.iterdir())


def test_a_copy_is_known_by_what_it_is_of_and_by_its_bytes() -> None:
    with keeping_copies():
        (mark,) = copied("key", reader()).files
        assert mark.name == "a table of tests"
        assert mark.copied is not None
        assert mark.copied.sha256 == hashlib.sha256(Path(mark.path).read_bytes()).hexdigest()
    (again,) = copied("key", reader()).files
    assert again.copied == mark.copied, "the same records are the same copy"
    (other,) = copied("key", reader(TABLE.slice(1))).files
    assert other.copied != mark.copied


def test_a_copy_that_was_changed_is_refused_by_its_name() -> None:
    copy = copied("key", reader())
    copy.unchanged()
    Path(copy.files[0].path).write_bytes(b"")
    with pytest.raises(SourceChangedError, match="a table of tests"):
        copy.unchanged()


def test_workers_that_do_not_see_a_copy_leave_it_to_the_process_of_the_job() -> None:
    require_shared_source(BlindEngine(1, 0), copied("key", reader()).files)


def test_a_copy_travels_and_is_not_removed_by_who_gets_it() -> None:
    copy = copied("key", reader())
    there = pickle.loads(pickle.dumps(copy))  # noqa: S301 (made here)
    assert pickle.dumps(copy) == pickle.dumps(copy), "by which a source is known again"
    assert all_of(there).num_rows == 3
    del there
    assert all_of(copy).num_rows == 3


def test_an_empty_table_has_columns_and_no_parts() -> None:
    copy = copied("key", reader(TABLE.slice(0, 0)))
    assert copy.columns == tuple(TABLE.column_names)
    assert all_of(copy).num_rows == 0


def test_many_small_batches_become_few_row_groups() -> None:
    table = pa.table({"n": range(300_000)})
    copy = copied("key", reader(table, rows=1_000))
    assert pq.ParquetFile(copy.files[0].path).metadata.num_row_groups == 3
    with using("threads: 1"):
        assert all_of(copy)["n"].to_pylist() == list(range(300_000))


def test_the_copies_of_a_run_outlast_its_steps(temporary: Path) -> None:
    of_run = Copies()
    begun: list[int] = []
    for _ in range(3):
        with keeping_copies(of_run):
            copied("key", reader(begun=begun))
    assert len(begun) == 1
    of_run.close()
    assert not list(temporary.iterdir())
