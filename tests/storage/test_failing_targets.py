"""Whatever fails on the way, a target is as it was, and nothing of the new one is left.

A store in memory stands beside the disk: it copies files one by one, as every store does.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest

from anon_dagster.errors import TargetError
from anon_dagster.request import CsvOptions, Source, Target
from anon_dagster.storage import moving, remote
from anon_dagster.storage.globs import matcher, matches
from anon_dagster.storage.listing import resolve
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.targets import formats, leftovers, publishing, stage, sweep, write_file
from anon_dagster.storage.targets.leftovers import is_published_alone, put_back
from anon_dagster.storage.targets.staging import StagedTarget

OLD, NEW = pa.table({"a": ["old"]}), pa.table({"a": ["new", "er", "est"]})


def stored(folder: str, kind: str) -> Target:
    if kind == "file":
        return Target(path=f"{folder}/t.csv")
    return Target(path=f"{folder}/parts", format="csv", single_file=False, rows_per_file=1)


@pytest.fixture(params=["disk", "store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "disk" else f"memory://failing{tmp_path}"


def names(folder: str) -> set[str]:
    """Return the files below a folder."""
    system, inner = fsspec.core.url_to_fs(folder)
    return {file.removeprefix(inner) for file in system.find(inner)}


def begun(target: Target, table: pa.Table, token: str) -> StagedTarget:
    staged = stage(target, table.schema, token=token)
    staged.write(table)
    staged.seal()
    return staged


def write(target: Target, table: pa.Table) -> None:
    with stage(target, table.schema, token="writes") as staged:  # noqa: S106 (no password)
        staged.write(table)
        staged.seal()
        staged.publish()


def read(target: Target) -> pa.Table:
    opened = open_source(Source(path=target.path, format="csv"))
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def failing(function: Callable[..., Any], on: Callable[..., bool]) -> Callable[..., Any]:
    def fails(*given: Any) -> Any:
        if on(*given):
            raise OSError(28, "No space left on device")
        return function(*given)

    return fails


# -- published whole or not at all -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "parts"])
def test_a_former_target_is_replaced_and_nothing_else_is_left(folder: str, kind: str) -> None:
    target = stored(folder, kind)
    for table in (OLD, NEW, OLD):
        write(target, table)
        assert read(target).equals(table)
        files = {name for name in names(folder) if not name.endswith("_SUCCESS")}
        assert len(files) == (1 if kind == "file" else table.num_rows)


def test_parts_that_cannot_all_be_copied_leave_the_former_ones(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stored(folder, "parts")
    write(target, OLD)
    before = names(folder)
    monkeypatch.setattr(publishing, "copy", failing(moving.copy, lambda _, to: "part-00001" in to))
    monkeypatch.setattr(publishing, "exchange", lambda *_: False)
    monkeypatch.setattr(
        publishing, "move", failing(moving.move, lambda path, _: path.endswith(".part"))
    )
    with begun(target, NEW, "fails") as staged, pytest.raises(TargetError):
        staged.publish()
    assert read(target).equals(OLD)
    assert names(folder) == before


def test_parts_that_come_into_an_empty_place_and_fail_leave_it_empty(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stored(folder, "parts")
    monkeypatch.setattr(publishing, "copy", failing(moving.copy, lambda _, to: "part-00001" in to))
    monkeypatch.setattr(
        publishing, "move", failing(moving.move, lambda path, _: path.endswith(".part"))
    )
    with begun(target, NEW, "fails") as staged, pytest.raises(TargetError):
        staged.publish()
    assert names(folder) == set()


def test_what_was_published_is_taken_back_on_every_store(folder: str) -> None:
    target = stored(folder, "file")
    for former in (None, OLD):
        if former is not None:
            write(target, former)
        before = names(folder)
        with begun(target, NEW, "job") as staged:
            staged.keep_former()
            assert not staged.take_back()
            staged.publish()
            assert read(target).equals(NEW)
            assert staged.take_back()
        assert names(folder) == before
        assert former is None or read(target).equals(former)


def test_a_header_of_other_names_than_there_are_columns_is_refused(tmp_path: Path) -> None:
    target = Target(path=str(tmp_path / "t.csv"), csv=CsvOptions(names=("a", "b")))
    with pytest.raises(TargetError, match=r"has 1 columns, but csv\.names names 2"):
        write(target, OLD)


@pytest.mark.parametrize("name", ["t.csv.xz", "t.csv.BZ2", "t.csv.zst"])
def test_a_csv_file_is_compressed_by_gzip_or_not_at_all(name: str, folder: str) -> None:
    with pytest.raises(TargetError, match="compressed by gzip or not at all"):
        write(Target(path=f"{folder}/{name}", format="csv"), OLD)
    assert names(folder) == set()


def test_a_token_that_could_be_a_path_is_refused(folder: str) -> None:
    for token in ("", "../job", "a.b", "a/b", "a b"):
        with pytest.raises(TargetError, match="a token has letters"):
            stage(stored(folder, "file"), OLD.schema, token=token)
    assert names(folder) == set()


def test_a_file_that_is_written_apart_and_fails_is_not_there(tmp_path: Path) -> None:
    target = stored(str(tmp_path), "parts")

    def breaks() -> Any:
        yield NEW.slice(0, 1)
        raise OSError(28, "No space left on device")

    with stage(target, NEW.schema, token="job") as staged:  # noqa: S106 (no password)
        file, *_ = staged.files_of(NEW.num_rows)
        with staged.shelter() as shelter:
            with pytest.raises(TargetError):
                write_file(file, target, NEW.schema, breaks(), shelter)
            assert not Path(file.path).exists()
            write_file(file, target, NEW.schema, [NEW], shelter)
            assert Path(file.path).read_text(encoding="utf-8") == "a\nnew\n"
        assert not Path(shelter).exists()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_written_apart_comes_to_its_place_in_a_store(tmp_path: Path) -> None:
    target = stored(f"memory://apart{tmp_path}", "parts")
    with stage(target, NEW.schema, token="job") as staged:  # noqa: S106 (no password)
        for file in staged.files_of(NEW.num_rows):
            write_file(file, target, NEW.schema, [NEW], str(tmp_path))
        staged.seal()
        staged.publish()
    assert read(target).equals(NEW)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_cannot_be_made_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "_writer", refuse)
    with pytest.raises(TargetError):
        write(stored(str(tmp_path), "file"), OLD)


# -- what dead jobs left ---------------------------------------------------------------------


def test_what_dead_jobs_left_is_swept_on_every_store(folder: str) -> None:
    for kind in ("file", "parts"):
        target = stored(f"{folder}/{kind}", kind)
        write(target, OLD)
        before = names(folder)
        begun(target, NEW, "dead")
        assert names(folder) != before
        with begun(target, NEW, "alive") as alive:
            swept = sweep(target, alive={"alive"})
            assert any("dead" in name for name in swept)
            assert not any("alive" in name for name in swept)
            alive.publish()
        assert read(target).equals(NEW)
        assert not [name for name in names(folder) if "dead" in name]


def test_parts_that_no_list_has_are_swept_once_their_job_is_dead(tmp_path: Path) -> None:
    target = stored(f"memory://unlisted{tmp_path}", "parts")
    write(target, OLD)
    before = names(f"memory://unlisted{tmp_path}")
    moving.put(f"{target.path}/part-00007.of-dead.12345678.csv", b"a\nlost\n")
    assert read(target).equals(OLD)
    assert "part-00007.of-dead.12345678.csv" not in sweep(target, alive={"dead"})
    assert "part-00007.of-dead.12345678.csv" in sweep(target)
    assert names(f"memory://unlisted{tmp_path}") == before


def test_what_a_dead_job_replaced_is_put_back(folder: str) -> None:
    target = stored(folder, "file")
    assert not put_back(target, token="dead")  # noqa: S106 (no password)
    write(target, OLD)
    before = names(folder)
    staged = begun(target, NEW, "dead")
    staged.keep_former()
    staged.publish()  # and it dies
    assert read(target).equals(NEW)
    assert put_back(target, token="dead")  # noqa: S106 (no password)
    assert read(target).equals(OLD)
    assert names(folder) == before


def test_a_target_is_published_alone_while_others_wait_beside_theirs(folder: str) -> None:
    first, other = (Target(path=f"{folder}/{name}.csv") for name in ("first", "other"))
    jobs = [begun(target, NEW, "dead") for target in (first, other)]
    for published in (False, True, False):
        assert is_published_alone(first, [other], token="dead") == published  # noqa: S106
        if jobs:
            jobs.pop(0).publish()


def test_a_whole_folder_is_moved_and_removed_on_every_store(folder: str) -> None:
    for name in ("a", "deep/b", "w?at", "what"):
        moving.make_folder(f"{folder}/one/{name}".rpartition("/")[0])
        moving.put(f"{folder}/one/{name}", name.encode())
    moving.move(f"{folder}/one", f"{folder}/other")
    assert names(folder) == {f"/other/{name}" for name in ("a", "deep/b", "w?at", "what")}
    moving.remove(f"{folder}/other/w?at")
    assert names(folder) == {f"/other/{name}" for name in ("a", "deep/b", "what")}
    moving.remove(f"{folder}/other")
    moving.remove(f"{folder}/other")  # it is gone already
    assert names(folder) == set()
    assert moving.end_uploads(f"{folder}/.t.csv.", lambda _: False) == 0


# -- globs -----------------------------------------------------------------------------------


FILES = ("a1.csv", "b.csv", "deep/c.csv", "flat/d.csv", "flat/e.csv")


@pytest.mark.parametrize("glob", ["*.csv", "a?.csv", "[ab]*", "flat", "flat/", "*/*.csv"])
def test_a_file_is_matched_if_it_would_be_found(glob: str, tmp_path: Path) -> None:
    for name in (*FILES, "flat/_hidden.csv", "flat/.part.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a\n1\n", encoding="utf-8")
    path = f"{tmp_path}/{glob}"
    found = set(resolve(path))
    for name in FILES:
        file = str(tmp_path / name)
        assert matcher(path)(file) == (file in found), name
        assert matches(path, file) == ("flat" not in glob and file in found), name
    assert not matches(path, str(tmp_path / "flat/_hidden.csv"))
    assert not matches(path, str(tmp_path / "flat/.part.csv"))


def test_a_name_that_looks_like_a_glob_is_none_if_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "[ab].csv"
    assert matches(str(file), str(tmp_path / "a.csv"))
    file.write_text("a\n1\n", encoding="utf-8")
    assert not matches(str(file), str(tmp_path / "a.csv"))


# -- what stores leave besides ---------------------------------------------------------------


def test_a_bucket_is_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nobody answers
    moving.make_folder("s3://there-is-no-such-bucket/folder")


def test_uploads_of_the_dead_are_ended_and_those_of_the_living_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = {
        "in/.t.csv.dead.part": True,
        "in/.t.csv.alive.part": False,
        "in/.t.csv.dead.shelves.part/a": True,
        "in/.t.csv.note": False,
    }
    ended: list[str] = []
    monkeypatch.setattr(leftovers, "listed_parts", lambda _: ())
    monkeypatch.setattr(leftovers, "names_in", lambda _: [])
    monkeypatch.setattr(remote, "unfinished_uploads", lambda *_: [(key, "id") for key in keys])
    monkeypatch.setattr(remote, "end_upload", lambda _, __, upload: ended.append(upload[0]))
    sweep(Target(path="s3://bucket/in/t.csv"), alive={"alive"})
    assert ended == [key for key, dead in keys.items() if dead]
