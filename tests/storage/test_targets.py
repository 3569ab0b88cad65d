"""Writing: whatever is written is read back, and a target appears whole or not at all."""

import datetime as dt
import os
import resource
import tempfile
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import assume, given
from hypothesis import strategies as st

from anon_dagster.errors import TargetError
from anon_dagster.request import CsvOptions, Source, Target
from anon_dagster.storage import moving
from anon_dagster.storage.addresses import exists
from anon_dagster.storage.listing import names_in, resolve
from anon_dagster.storage.moving import keep_aside
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.targets import (
    StagedTarget,
    after,
    check_target,
    formats,
    preflight,
    publishing,
    require_apart,
    stage,
    sweep,
    take_away,
    write_file,
)
from anon_dagster.storage.targets.holding import held_target
from anon_dagster.storage.targets.publishing import unowned_name

CANARY = "Canary4711"
OLD, NEW = pa.table({"a": ["old"]}), pa.table({"a": ["new", "er"]})


def read(source: Source) -> pa.Table:
    opened = open_source(source)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def published(target: Target) -> pa.Table:
    return read(Source(path=target.path, format=target.format_found, csv=target.csv))


def write(target: Target, *tables: pa.Table, job: str = "job") -> tuple[str, ...]:
    with stage(target, tables[0].schema, token=job) as staged:
        for table in tables:
            staged.write(table)
        staged.seal()
        return staged.publish()


class Everyone(Container[str]):
    """The tokens of jobs all of which may live."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture
def everyone() -> Everyone:
    return Everyone()


def content(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# -- round trips ---------------------------------------------------------------------------

CELLS = st.none() | st.one_of(
    st.text(max_size=6),
    st.text(alphabet="ab,;\"'\\\n\r\t N/A\ufeff\x00\x04", max_size=6),
    st.text(alphabet="=+-@'1.\t\n", max_size=4),
    st.sampled_from(["", "NA", "N", '"', "\\", '\\"', "\n", "\r\n", " ", "\ufeff", "\x04"]),
)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5).map(
        lambda rows: pa.table(
            {
                f'c "{place}"': pa.array([row[place] for row in rows], pa.string())
                for place in range(width)
            }
        )
    )
)
OPTIONS = st.builds(
    CsvOptions,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    escape=st.sampled_from([None, "\\"]),
    missing=st.sampled_from([("",), ("NA", ""), ("N/A", "NA")]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    header=st.booleans(),
    names=st.just(("a", "b", "c")),
    quoted_empty=st.just("text"),
    formulas=st.sampled_from(["keep", "escape"]),
)


@given(TABLES, OPTIONS)
def test_every_table_of_text_is_read_back_from_csv(table: pa.Table, options: CsvOptions) -> None:
    names = None if options.header else tuple(table.column_names)
    target = Target(path="memory://round/trip.csv", csv=options.model_copy(update={"names": names}))
    write(target, table)
    assert published(target).equals(table)


TYPED = pa.table(
    {
        "integer": pa.array([1, None, 2**62]),
        "float": pa.array([1.5, None, 39.0]),
        "decimal": pa.array([Decimal("1.50"), None, Decimal("-2.00")]),
        "flag": pa.array([True, None, False]),
        "date": pa.array([dt.date(2024, 2, 29), None, dt.date(1900, 1, 1)]),
        "moment": pa.array([0, None, 10**9], pa.timestamp("us", "+02:00")),
        "category": pa.array(["x", None, "x"]).dictionary_encode(),
        "text": pa.array(["007", None, ""]),
    }
)


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "gzip"])
def test_parquet_keeps_every_type(tmp_path: Path, codec: Any) -> None:
    target = Target(path=str(tmp_path / "t.parquet"), compression=codec)
    (path,) = write(target, TYPED)
    assert published(target).equals(TYPED)
    used = pq.ParquetFile(path).metadata.row_group(0).column(0).compression
    assert used == {"none": "UNCOMPRESSED"}.get(codec, codec.upper())


def test_csv_writes_every_type_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(Target(path=str(path), csv=CsvOptions(separator=";", decimal=",")), TYPED)
    assert path.read_text().splitlines() == [
        "integer;float;decimal;flag;date;moment;category;text",
        "1;1,5;1,50;true;2024-02-29;1970-01-01T02:00:00+02:00;x;007",
        ";;;;;;;",
        '4611686018427387904;39;-2,00;false;1900-01-01;1970-01-01T02:16:40+02:00;x;""',
    ]


def test_pandas_reads_the_csv_that_is_written(tmp_path: Path) -> None:
    table = pa.table({"a": ['say "hi"', "x\ny", "1,2"], "b": ["é", "", "z"]})
    write(Target(path=str(tmp_path / "t.csv.gz")), table)
    frame = pd.read_csv(tmp_path / "t.csv.gz", keep_default_na=False)
    assert frame.to_dict("list") == table.to_pydict()


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_the_bytes_depend_on_the_records_alone(tmp_path: Path, name: str) -> None:
    table = pa.table({"a": [str(n % 977) for n in range(300_000)]})
    halves = [table.slice(0, 123_456), table.slice(123_456)]
    one, two = (Target(path=str(tmp_path / side / name)) for side in ("one", "two"))
    write(one, table, job="first")
    write(two, *halves, job="second")
    assert Path(one.path).read_bytes() == Path(two.path).read_bytes()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_without_records_keeps_its_columns(tmp_path: Path, form: Any) -> None:
    for single in (True, False):
        target = Target(path=str(tmp_path / f"t{single}"), format=form, single_file=single)
        write(target, OLD.slice(0, 0))
        assert published(target).equals(OLD.slice(0, 0))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_several_parts_make_up_the_table(tmp_path: Path, form: Any) -> None:
    table = pa.table({"n": [str(n) for n in range(10)]})
    path = str(tmp_path / "parts")
    target = Target(path=path, format=form, single_file=False, rows_per_file=4)
    paths = write(target, table.slice(0, 1), table.slice(1))
    assert [Path(each).name for each in paths] == [f"part-0000{n}.{form}" for n in range(3)]
    assert content(tmp_path / "parts") == sorted(["_SUCCESS", *(Path(each).name for each in paths)])
    assert resolve(path) == list(paths)
    assert published(target).equals(table)


def test_names_of_the_options_are_written_into_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(Target(path=str(path), csv=CsvOptions(names=("ä",))), OLD)
    assert path.read_text(encoding="utf-8") == "ä\nold\n"


# -- whole or not at all -------------------------------------------------------------------


def targets(folder: Path) -> list[Target]:
    return [
        Target(path=str(folder / "t.csv")),
        Target(path=str(folder / "t.parquet")),
        Target(path=str(folder / "parts"), format="csv", single_file=False, rows_per_file=1),
        Target(path=f"memory://whole{folder}/t.csv"),
        Target(path=f"memory://whole{folder}/parts", format="parquet", single_file=False),
    ]


def begin(target: Target, table: pa.Table, token: str) -> StagedTarget:
    staged = stage(target, table.schema, token=token)
    staged.write(table)
    return staged


@pytest.mark.parametrize("place", range(5))
def test_a_former_target_stays_until_the_new_one_is_published(tmp_path: Path, place: int) -> None:
    target = targets(tmp_path)[place]
    write(target, OLD)
    with begin(target, NEW, "next") as staged:
        assert published(target).equals(OLD)
        staged.seal()
        assert published(target).equals(OLD)
        assert read(staged.staged_source()).equals(NEW)
        staged.publish()
        assert published(target).equals(NEW)


@pytest.mark.parametrize("place", range(3))
def test_what_is_not_published_leaves_nothing_behind(tmp_path: Path, place: int) -> None:
    target = targets(tmp_path)[place]
    write(target, OLD)
    before = content(tmp_path)
    with pytest.raises(RuntimeError), begin(target, NEW, "failing") as staged:
        raise RuntimeError
    with begin(target, NEW, "forgotten") as staged:
        staged.seal()
    staged.discard()
    assert content(tmp_path) == before
    assert published(target).equals(OLD)


@pytest.mark.parametrize("place", range(3))
def test_two_jobs_at_once_never_meet(tmp_path: Path, place: int) -> None:
    target = targets(tmp_path)[place]
    with begin(target, OLD, "one") as one, begin(target, NEW, "two") as two:
        one.seal()
        two.seal()
        assert read(one.staged_source()).equals(OLD)
        assert read(two.staged_source()).equals(NEW)
        two.publish()
        one.publish()
    assert published(target).equals(OLD)
    assert not [name for name in content(tmp_path) if name.startswith(".")]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "t.csv"))
    tables = [pa.table({"a": [str(n)] * 1000}) for n in range(2)]
    write(target, tables[0])
    done = threading.Event()
    seen: list[pa.Table] = []

    def watch() -> None:
        while not done.is_set():
            seen.append(pa.table({"a": Path(target.path).read_text().split()[1:]}))

    reader = threading.Thread(target=watch)
    reader.start()
    for turn in range(20):
        write(target, tables[turn % 2])
    done.set()
    reader.join()
    assert seen
    assert all(any(table.equals(one) for one in tables) for table in seen)


def test_what_dead_jobs_left_is_swept_and_what_they_put_aside_comes_back(tmp_path: Path) -> None:
    target = targets(tmp_path)[2]
    write(target, OLD)
    begin(target, NEW, "dead")
    alive = begin(target, NEW, "alive")
    Path(target.path).rename(tmp_path / ".parts.dead.old")  # it died between the two steps
    (tmp_path / ".parts.note").touch()
    assert set(sweep(target, alive={"alive"})) == {".parts.dead.old", ".parts.dead.part"}
    assert published(target).equals(OLD)
    alive.seal()
    alive.publish()
    assert published(target).equals(NEW)
    assert (tmp_path / ".parts.note").exists()


def test_what_no_job_owns_is_swept_whoever_lives(tmp_path: Path, everyone: Everyone) -> None:
    target = targets(tmp_path)[2]
    (tmp_path / unowned_name("parts")).touch()
    begin(target, NEW, "alive")
    assert len(sweep(target, alive=everyone)) == 1
    assert content(tmp_path) == [".parts.alive.part"]


def test_a_folder_is_taken_away_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, everyone: Everyone
) -> None:
    target = targets(tmp_path)[2]
    write(target, OLD)
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "remove_quietly", lambda _: False)  # its process is killed
        take_away(target.path)
    assert not Path(target.path).exists()
    assert sweep(target, alive=everyone)
    assert content(tmp_path) == []


def test_what_cannot_be_removed_once_it_is_replaced_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = targets(tmp_path)[2]
    write(target, OLD)
    monkeypatch.setattr(publishing, "try_to_remove", lambda _: None)
    with begin(target, NEW, "job") as staged:
        staged.seal()
        staged.publish()
        assert staged.left_behind
    assert published(target).equals(NEW)


def test_a_folder_that_goes_while_it_is_looked_at_has_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(LocalFileSystem, "ls", gone)
    assert names_in(str(tmp_path)) == []


def test_what_other_processes_left_of_dead_jobs_is_swept(tmp_path: Path) -> None:
    target = targets(tmp_path)[2]
    for token in ("dead", "alive"):
        (tmp_path / f".parts.{token}.shelves.part").mkdir()
    assert sweep(target, alive={"alive"}) == (".parts.dead.shelves.part",)
    assert content(tmp_path) == [".parts.alive.shelves.part"]
    write(target, NEW, job="alive")
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_what_other_processes_write_meanwhile_is_gone_whatever_happens(tmp_path: Path) -> None:
    with begin(targets(tmp_path)[2], NEW, "job") as staged:
        with pytest.raises(ZeroDivisionError), staged.shelter() as folder:
            (Path(folder) / "shelf").write_text(str(1 / 0))
        assert content(tmp_path) == [".parts.job.part"]


def first_rows(tables: Sequence[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Give the first rows of tables, as far as there are so many."""
    for table in tables:
        yield table.slice(0, max(rows, 0))
        rows -= table.num_rows


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
    st.integers(1, 15),
    st.integers(1, 9),
    st.sampled_from(["parquet", "csv"]),
)
def test_files_written_apart_are_those_that_are_written_one_after_the_other(
    sizes: list[int], rows_per_file: int, block: int, kind: Literal["csv", "parquet"]
) -> None:
    kinds = pa.dictionary(pa.int32(), pa.string())
    tables = [
        pa.table(
            {"a": pa.array(range(n), pa.int64()), "b": pa.array(["x", "y", "z"] * n, kinds)[:n]}
        )
        for n in sizes
    ]
    rows = sum(sizes)
    assume(rows)
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(formats, "_ROWS", block)
        path = f"{folder}/parts"
        target = Target(path=path, format=kind, single_file=False, rows_per_file=rows_per_file)
        expected = [Path(file).read_bytes() for file in write(target, *tables)]
        with stage(target, tables[0].schema, token="job") as staged:  # noqa: S106 (is none)
            with staged.shelter() as shelter:
                for place, file in enumerate(reversed(staged.files_of(rows))):
                    assert file.begin <= file.first < file.begin + block
                    assert file.last <= file.end < file.last + block
                    given = first_rows(tables, file.end) if place % 2 else tables
                    later = after(given, file.begin)
                    write_file(file, target, tables[0].schema, later, shelter)
            staged.seal()
            found = [Path(file).read_bytes() for file in staged.publish()]
        assert found == expected
        assert content(Path(folder))[0] == "parts"


def test_a_retried_job_starts_afresh(tmp_path: Path) -> None:
    target = targets(tmp_path)[2]
    begin(target, pa.table({"a": ["1", "2", "3"]}), "job")
    write(target, NEW)
    assert published(target).equals(NEW)


def test_a_place_that_was_taken_meanwhile_is_left_alone(tmp_path: Path) -> None:
    target = targets(tmp_path)[2]
    with begin(target, NEW, "job") as staged:
        staged.seal()
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts" / "diary.txt").touch()
        with pytest.raises(TargetError, match="1 files that are no parts"):
            staged.publish()
    assert content(tmp_path) == ["parts", "parts/diary.txt"]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("place", range(3))
def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path, place: int) -> None:
    target = targets(tmp_path)[place].model_copy(update={"rows_per_file": 10**6})
    table = pa.table({"a": [f"{CANARY}{n * n}" for n in range(200_000)]})
    with (
        no_file_longer_than(100_000),
        pytest.raises(TargetError, match="file too large") as caught,
    ):
        write(target, table)
    assert CANARY not in str(caught.value)
    assert content(tmp_path) == []


def test_a_character_that_the_encoding_lacks_names_the_column(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "t.csv"), csv=CsvOptions(encoding="latin-1"))
    table = pa.table({"fine": ["é"], "city": [f"{CANARY}ł"]})
    with pytest.raises(TargetError, match=r"column city .* latin-1 lacks") as caught:
        write(target, table)
    assert CANARY not in str(caught.value)
    assert content(tmp_path) == []


def test_a_missing_value_needs_a_token(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "t.csv"), csv=CsvOptions(missing=()))
    with pytest.raises(TargetError, match="column a has 1 missing"):
        write(target, pa.table({"a": ["x", None]}))


# -- before the work -----------------------------------------------------------------------


def refused(target: Target, sources: Sequence[str] = ()) -> str:
    with pytest.raises(TargetError) as caught:
        check_target(target, sources)
    return str(caught.value)


def test_a_target_that_can_be_written_leaves_no_trace_of_the_check(tmp_path: Path) -> None:
    for target in targets(tmp_path):
        check_target(target, [])
    check_target(Target(path=str(tmp_path / "new" / "er" / "t.csv")), [])
    assert content(tmp_path) == []


def test_the_folder_of_a_target_is_made(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "new" / "er" / "t.csv"))
    write(target, OLD)
    assert published(target).equals(OLD)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "t.dat"}, "format"),
        ({"path": "t.csv", "compression": "zstd"}, "gzip or not"),
        ({"path": "t.csv", "csv": CsvOptions(separator="§")}, "csv.separator"),
        ({"path": "t.csv", "csv": CsvOptions(encoding="no-such")}, "csv.encoding"),
        ({"path": "t.csv", "csv": CsvOptions(missing=("a,b",))}, "csv.missing"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    assert message in refused(Target(**{**options, "path": str(tmp_path / options["path"])}))


def test_a_target_that_is_a_source_is_refused_by_whatever_name(tmp_path: Path) -> None:
    file = tmp_path / "in" / "t.csv"
    file.parent.mkdir()
    file.write_text("a\n1\n")
    (tmp_path / "link.csv").symlink_to(file)
    (tmp_path / "twin.csv").hardlink_to(file)
    for path in (file, tmp_path / "link.csv", tmp_path / "twin.csv", f"{tmp_path}/in/../in/t.csv"):
        assert "is also a source" in refused(Target(path=str(path)), [str(file)])
    part = tmp_path / "in" / "part-00000.csv"
    file.rename(part)
    folder = Target(path=str(tmp_path / "in"), format="csv", single_file=False)
    for source in (tmp_path / "in", tmp_path / "in" / "*.csv", tmp_path / "*" / "part-*"):
        assert "is also a source" in refused(folder, [str(source)])
        assert "is also a source" in refused(Target(path=str(part)), [str(source)])


def test_a_folder_by_another_name_is_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "in" / "parts").mkdir(parents=True)
    part = tmp_path / "in" / "parts" / "part-00000.csv"
    part.write_text("a\n1\n")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    parts = Target(path=str(tmp_path / "link" / "parts"), format="csv", single_file=False)
    assert "is also a source" in refused(parts, [str(part)])
    file = Target(path=str(tmp_path / "link" / "parts" / "t.csv"))
    for source in ("in/parts", "in/parts/*.csv"):
        assert "next time" in refused(file, [str(tmp_path / source)])


def test_targets_that_would_replace_each_other_are_refused(tmp_path: Path) -> None:
    def apart(*paths: str) -> None:
        require_apart([Target(path=path, format="csv") for path in paths])

    one, other = str(tmp_path / "one.csv"), str(tmp_path / "other.csv")
    Path(one).touch()
    apart(one, other, f"{one}s", "memory://apart/one.csv", "memory://apart/other.csv")
    (tmp_path / "link.csv").symlink_to(one)
    (tmp_path / "twin.csv").hardlink_to(one)
    same = [
        one,
        f"{tmp_path}/in/../one.csv",
        str(tmp_path / "link.csv"),
        str(tmp_path / "twin.csv"),
    ]
    for name in same:
        for pair in ((other, one, name), (other, name, one)):
            with pytest.raises(TargetError, match="are the same file"):
                apart(*pair)
    for pair in ((one, other, f"{one}/t.csv"), (f"{one}/t.csv", other, one)):
        with pytest.raises(TargetError, match="would lie in the target"):
            apart(*pair)
    with pytest.raises(TargetError, match="are the same file"):
        apart("memory://apart/one.csv", one, "memory://apart/one.csv")


@pytest.mark.parametrize("source", ["in", "in/*.csv", "*/t*", "**/t.csv"])
def test_a_target_that_the_source_would_find_the_next_time_is_refused(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t1.csv").touch()
    sources = [str(tmp_path / source)]
    assert "next time" in refused(Target(path=str(tmp_path / "in" / "t.csv")), sources)
    check_target(Target(path=str(tmp_path / "out.csv")), sources)


@pytest.mark.parametrize("source", ["in", "in/*/*.csv", "in/**/part-*"])
def test_a_folder_of_parts_that_the_source_would_find_the_next_time_is_refused(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "in" / "of").mkdir(parents=True)
    (tmp_path / "in" / "of" / "part-1.csv").touch()
    target = Target(path=str(tmp_path / "in" / "out"), format="csv", single_file=False)
    assert "next time" in refused(target, [str(tmp_path / source)])
    check_target(target, [str(tmp_path / "in" / "of")])


def test_a_place_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.touch()
    assert "is a folder" in refused(Target(path=str(tmp_path), format="csv"))
    assert "need a folder" in refused(Target(path=str(file), single_file=False))
    assert "no parts" in refused(Target(path=str(tmp_path), format="csv", single_file=False))
    assert "is not a folder" in refused(Target(path=str(file / "t.csv")))


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert "is a device" in refused(Target(path=str(pipe)))


@pytest.mark.parametrize("single_file", [False, True])
def test_a_release_that_is_taken_back_at_this_moment_is_no_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, single_file: bool
) -> None:
    former = tmp_path / "t.csv"
    former.mkdir()

    def is_there(path: str) -> bool:
        there = exists(path)
        if there and path == str(former):
            former.rmdir()
        return there

    monkeypatch.setattr(preflight, "exists", is_there)
    check_target(Target(path=str(former), single_file=single_file), [])
    assert not former.exists()


def test_a_folder_that_cannot_be_written_to_is_refused() -> None:
    assert "cannot write" in refused(Target(path="/proc/anonymous/t.csv"))  # not even for root


def test_a_disk_that_is_obviously_too_small_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "huge.csv"
    with source.open("wb") as file:
        file.truncate(2**43)  # sparse: it takes no room
    assert "too little" in refused(Target(path=str(tmp_path / "t.csv")), [str(source)])


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let disks have so many bytes left."""

    def has(size: int) -> None:
        usage = SimpleNamespace(total=2 * size, used=size, free=size)
        monkeypatch.setattr(
            "anon_dagster.storage.targets.preflight.shutil.disk_usage", lambda _: usage
        )

    return has


def test_a_disk_needs_room_for_a_twentieth_of_the_records(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_bytes(b"." * 100)
    target = Target(path=str(tmp_path / "t.csv"))
    free(9)
    other.write_bytes(b"." * 80)
    check_target(target, [str(one), str(other)])
    other.write_bytes(b"." * 81)
    assert "too little" in refused(target, [str(one), str(other)])


def test_how_much_room_there_is_and_for_what_is_told(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(5 * 2**30)
    free(3 * 2**20)
    told = refused(Target(path=str(tmp_path / "t.csv")), [str(tmp_path / "huge.csv")])
    assert "has 3 MB left" in told
    assert "of 5120 MB of records" in told


def test_a_probe_that_another_job_swept_keeps_nobody_from_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch = Path.touch

    def touch_and_sweep(path: Path) -> None:
        touch(path)
        path.unlink()

    monkeypatch.setattr(Path, "touch", touch_and_sweep)
    check_target(Target(path=str(tmp_path / "t.csv")), [])


@pytest.mark.parametrize("exchanging", ["if it can be", "never"])
def test_a_folder_comes_into_its_place_with_and_without_an_exchange(
    exchanging: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exchanging == "never":
        monkeypatch.setattr(moving, "_RENAMEAT2", None)
    target = targets(tmp_path)[2]
    for table in (OLD, NEW, OLD):
        write(target, table)
        assert published(target).equals(table)
        assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_a_folder_that_is_replaced_is_there_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    if not moving.exchange(str(tmp_path / "one"), str(tmp_path / "other")):
        pytest.skip("this file system exchanges nothing")
    target = targets(tmp_path / "out")[2]
    write(target, OLD)
    monkeypatch.setattr(publishing, "move", None)  # which would take it away for a moment
    done, missing = threading.Event(), []

    def watch() -> None:
        while not done.is_set():
            if not Path(target.path).is_dir():
                missing.append(1)

    reader = threading.Thread(target=watch)
    reader.start()
    for turn in range(20):
        write(target, (NEW, OLD)[turn % 2])
    done.set()
    reader.join()
    assert not missing


@pytest.mark.parametrize("leads_to", ["release", "nothing"])
def test_a_link_is_no_target(leads_to: str, tmp_path: Path) -> None:
    for target in targets(tmp_path)[:3]:
        place = tmp_path / f"real-{Path(target.path).name}"
        if leads_to == "release":
            write(target, OLD)
            Path(target.path).rename(place)
        Path(target.path).symlink_to(place)
        with pytest.raises(TargetError, match="is a link"):
            check_target(target, [])
        with pytest.raises(TargetError, match="is a link"):
            write(target, NEW)
        assert Path(target.path).is_symlink()
        assert place.exists() == (leads_to == "release")


@pytest.mark.parametrize("former", [None, pa.table({"a": ["former"]})])
def test_what_was_published_can_be_taken_back(tmp_path: Path, former: pa.Table | None) -> None:
    target = Target(path=str(tmp_path / "release.parquet"))
    if former is not None:
        pq.write_table(former, target.path)
    before = Path(target.path).read_bytes() if former is not None else None
    with begin(target, pa.table({"a": ["new"]}), "job") as staged:
        staged.seal()
        staged.keep_former()
        staged.take_back()  # nothing was published yet
        staged.publish()
        assert pq.read_table(target.path)["a"].to_pylist() == ["new"]
        staged.take_back()
        after = Path(target.path).read_bytes() if Path(target.path).exists() else None
        assert after == before
    assert [file.name for file in tmp_path.iterdir()] == ["release.parquet"][: before is not None]


def test_a_file_is_kept_aside_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "a").write_text("former")
    keep_aside(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "b").read_text() == (tmp_path / "a").read_text() == "former"


def test_a_release_that_is_held_waits_for_nobody_a_second_time(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "out.csv"), hold=True)
    held = held_target(target, tmp_path / "held")
    assert held.hold is False
    assert held_target(target, tmp_path / "held") == held, "a job may be executed again"
    assert (tmp_path / "held").stat().st_mode & 0o777 == 0o700
