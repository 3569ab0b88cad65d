"""Whatever fails on the way, a target is as it was, and nothing of the new one is left.

A store in memory stands beside the disk: it copies files one by one, as every store does.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest

from anon_dagster.errors import TargetError
from anon_dagster.request import CsvOptions, Source, Target
from anon_dagster.storage import moving
from anon_dagster.storage.globs import glob_root, is_step, matcher, matches
from anon_dagster.storage.listing import names_in, resolve
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.stores import UnfinishedUpload
from anon_dagster.storage.stores.s3 import S3Store
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
    def fails(*given: Any, **_: object) -> Any:
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


def test_a_former_folder_that_cannot_be_put_back_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stored(str(tmp_path), "parts")
    write(target, OLD)
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "exchange", lambda *_: False)
        patch.setattr(publishing, "move", failing(moving.move, lambda _, to: to == target.path))
        with begun(target, NEW, "fails") as staged, pytest.raises(TargetError):
            staged.publish()
    assert not Path(target.path).exists()
    sweep(target)
    assert read(target).equals(OLD)


@pytest.mark.parametrize("kind", ["file", "parts"])
@pytest.mark.parametrize("exchanging", [True, False])
@pytest.mark.parametrize("stuck", [True, False])
def test_what_stays_beside_a_target_is_told(
    folder: str, kind: str, *, exchanging: bool, stuck: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchanging:
        monkeypatch.setattr(publishing, "exchange", lambda *_: False)
    target = stored(folder, kind)
    write(target, OLD)
    former = names(folder)
    with begun(target, NEW, "job") as staged:
        assert not staged.left_behind, "nothing is published"
        with monkeypatch.context() as patch:
            if stuck:
                patch.setattr(publishing, "remove", failing(moving.remove, lambda *_: True))
            staged.publish()
        inner = fsspec.core.url_to_fs(folder)[1]
        published = {
            fsspec.core.url_to_fs(path)[1].removeprefix(inner) for path in staged.final_paths
        }
        left = {n for n in names(folder) - published if not n.endswith("_SUCCESS")}
        assert staged.left_behind == bool(left)
        assert not left or stuck
    assert former & names(folder) <= published | {"/parts/_SUCCESS"} or stuck
    assert read(target).equals(NEW)


def test_parts_without_a_list_are_replaced_and_those_of_jobs_at_work_stay(tmp_path: Path) -> None:
    folder = f"memory://without{tmp_path}"
    target = stored(folder, "parts")
    at_work = "part-00007.of-alive.12345678.csv"
    for name in ("part-00000.csv", at_work):
        moving.put(f"{target.path}/{name}", b"a\nformer\n")
    write(target, NEW)
    assert read(target).equals(NEW)
    left = {name.removeprefix("/parts/") for name in names(folder)}
    assert at_work in left
    assert "part-00000.csv" not in left


def test_a_folder_of_a_store_is_taken_away_with_its_list_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stored(f"memory://taken{tmp_path}", "parts")
    write(target, NEW)
    gone: list[str] = []
    system, _ = fsspec.core.url_to_fs(target.path)
    remove = system.rm_file

    def noted(inner: str) -> None:
        gone.append(inner.rpartition("/parts/")[2])
        remove(inner)

    monkeypatch.setattr(system, "rm_file", noted)
    assert publishing.take_away(target.path) == 0
    assert gone[0] == "_SUCCESS"
    assert len(gone) == 1 + NEW.num_rows
    assert names(f"memory://taken{tmp_path}") == set()


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
            assert not staged.take_back(), "only once"
        assert names(folder) == before
        assert former is None or read(target).equals(former)
        with begun(target, NEW, "job") as staged:
            staged.keep_former()
            staged.publish()  # and it stays
        assert names(folder) == {"/t.csv"}
        moving.remove(target.path)


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


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_file_that_is_given_up_is_closed(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / name)
    file = formats.TableFile(path, Target(path=path), NEW.schema)
    file.write(NEW)
    assert path in open_files()
    file.abandon()
    assert path not in open_files()


def open_files() -> set[str]:
    """Return what this process has open."""
    return {os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("kind", ["file", "parts"])
@pytest.mark.parametrize("private", [True, False])
def test_nobody_else_may_read_what_is_private(tmp_path: Path, kind: str, *, private: bool) -> None:
    (tmp_path / "plain").touch()

    def expected(path: str) -> bool:
        mode = 0o600 if private else (tmp_path / "plain").stat().st_mode & 0o777
        return Path(path).stat().st_mode & 0o777 == mode

    target = stored(str(tmp_path), kind)
    with stage(target, NEW.schema, token="job", private=private) as staged:  # noqa: S106
        staged.write(NEW)
        assert all(map(expected, staged.seal()))
        assert all(map(expected, staged.publish()))
    if kind == "file":
        return
    with stage(target, NEW.schema, token="job", private=private) as staged:  # noqa: S106
        with staged.shelter() as shelter:
            for file in staged.files_of(NEW.num_rows):
                write_file(file, target, NEW.schema, [NEW.slice(file.begin)], shelter)
        assert all(map(expected, staged.seal())), "whoever wrote it"


def test_what_is_private_may_go_to_a_store(tmp_path: Path) -> None:
    target = stored(f"memory://private{tmp_path}", "file")
    with stage(target, NEW.schema, token="job", private=True) as staged:  # noqa: S106
        staged.write(NEW)
        staged.seal()
        staged.publish()
    assert read(target).equals(NEW)


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


def test_parts_that_two_jobs_copied_at_once_are_told_and_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's before its own list is written: the later list is the table."""
    folder = f"memory://at-once{tmp_path}"
    target = stored(folder, "parts")
    put = moving.put
    with begun(target, OLD, "first") as first, begun(target, NEW, "second") as second:

        def put_after_the_other(path: str, content: bytes) -> None:
            monkeypatch.setattr(publishing, "put", put)
            first.publish()
            put(path, content)

        monkeypatch.setattr(publishing, "put", put_after_the_other)
        second.publish()
        assert first.left_behind
        assert second.left_behind
    assert read(target).equals(NEW)
    assert sweep(target)
    assert read(target).equals(NEW)
    assert {n for n in names(folder) if ".of-" in n} == {n for n in names(folder) if "second" in n}


def test_parts_whose_folder_cannot_be_listed_any_more_are_swept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stored(f"memory://listing{tmp_path}", "parts")
    with begun(target, NEW, "job") as staged:
        put = moving.put

        def put_and_lose_sight(path: str, content: bytes) -> None:
            put(path, content)
            monkeypatch.setattr(publishing, "names_in", failing(names_in, lambda *_: True))

        monkeypatch.setattr(publishing, "put", put_and_lose_sight)
        staged.publish()
        assert staged.left_behind


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
    versions = moving.remove(f"{folder}/other/w?at")
    assert names(folder) == {f"/other/{name}" for name in ("a", "deep/b", "what")}
    versions += moving.remove(f"{folder}/other")
    versions += moving.remove(f"{folder}/other")  # it is gone already
    assert versions == 0, "neither keeps any"
    assert names(folder) == set()
    assert moving.end_uploads(f"{folder}/.t.csv.", lambda _: False) == 0


@pytest.mark.parametrize("links", [True, False])
def test_a_link_is_kept_aside_as_a_link(
    *, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr("os.link", failing(lambda *_: None, lambda *_: True))
    place, aside = tmp_path / "t.csv", tmp_path / "aside"
    (tmp_path / "elsewhere").write_text("a\nprivate\n", encoding="utf-8")
    place.symlink_to(tmp_path / "elsewhere")
    moving.keep_aside(str(place), str(aside))
    assert aside.readlink() == tmp_path / "elsewhere"


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


@pytest.mark.parametrize(
    ("path", "root"),
    [("/a/b*/c.csv", "/a"), ("/a/b/[cd]?", "/a/b"), ("/*.csv", "/"), ("/a/b.csv", "/a/b.csv")],
)
def test_a_glob_starts_in_the_last_folder_before_its_signs(path: str, root: str) -> None:
    assert glob_root(path) == root


@pytest.mark.parametrize("name", ["year=2024", "year", "=2024", "year=", "="])
def test_a_folder_that_says_a_value_names_its_column(name: str) -> None:
    assert is_step(name) == name.startswith("year=")


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
    uploads = [UnfinishedUpload(key, "id") for key in keys]
    monkeypatch.setattr(S3Store, "unfinished_uploads", lambda *_: uploads)
    monkeypatch.setattr(S3Store, "end_upload", lambda *given: ended.append(given[-1].key))
    sweep(Target(path="s3://bucket/in/t.csv"), alive={"alive"})
    assert ended == [key for key, dead in keys.items() if dead]


def test_a_folder_that_was_replaced_has_another_name_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("staged", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_text(name)
    removed: list[str] = []
    monkeypatch.setattr(publishing, "exchange", lambda *_: False)
    monkeypatch.setattr(publishing, "try_to_remove", removed.append)
    publishing.swap_folder(
        str(tmp_path / "staged"), str(tmp_path / "out"), aside=str(tmp_path / "aside")
    )
    assert (tmp_path / "out" / "part").read_text() == "staged"
    (former,) = map(Path, removed)
    assert former.name.startswith(".out.unowned-"), "or it would be put back, half removed"
    assert (former / "part").read_text() == "out"
