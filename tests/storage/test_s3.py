"""S3, spoken to a real server: what holds on a disk holds in a bucket, and faults end cleanly."""

import hashlib
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from s3fs import S3FileSystem

from anon_dagster import anonymize
from anon_dagster.errors import AnonError, SourceError, StoreUnavailableError, TargetError
from anon_dagster.releasing.publication import versions_of, withdraw
from anon_dagster.request import CsvOptions, Source, Target
from anon_dagster.storage import listing
from anon_dagster.storage.addresses import parent
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.moving import move, put, remove
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.sources import OpenSource, open_source
from anon_dagster.storage.stores import s3
from anon_dagster.storage.stores.s3 import S3Store
from anon_dagster.storage.targets import StagedTarget, check_target, formats, stage, sweep
from tests.object_store import BUCKET, KEY, SECRET, ObjectStore, served

pytestmark = pytest.mark.slow

ROOT = f"s3://{BUCKET}"
CANARY = "Canary0815"
OLD, NEW = pa.table({"a": ["old"]}), pa.table({"a": ["new", "er"]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with served(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def store(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """The server, empty, and known to the environment."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANON_S3"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    for key in server.objects():
        server.client().rm(f"{BUCKET}/{key}")
    yield server
    S3FileSystem.clear_instance_cache()


def test_a_delta_table_in_a_bucket_is_a_source(store: ObjectStore, tmp_path: Path) -> None:
    package = pytest.importorskip("deltalake")
    table = pa.table({"a": [1, 2], "b": ["x y", "z"]})
    package.write_deltalake(str(tmp_path / "lake"), table, partition_by=["b"])
    for file in (tmp_path / "lake").rglob("*"):
        if file.is_file():
            put(f"{ROOT}/lake/{file.relative_to(tmp_path / 'lake')}", file.read_bytes())
    found = read_table(Source(path=f"{ROOT}/lake", format="delta"))
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, table.to_pylist()))
    assert len(store.objects("lake/_delta_log")) == 1


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A server of a test's own, that may be killed."""
    with served(tmp_path / "server") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield server
        S3FileSystem.clear_instance_cache()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send and fetch so little at once that a file of some megabytes takes several requests."""
    monkeypatch.setattr(S3Store, "write_size", 5 << 20)
    monkeypatch.setattr(S3Store, "read_size", 1 << 20)
    monkeypatch.setattr(formats, "_ROWS", 1 << 10)


def rows(opened: OpenSource) -> pa.Table:
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def published(target: Target) -> pa.Table:
    return rows(open_source(Source(path=target.path, format=target.format_found, csv=target.csv)))


def begin(target: Target, table: pa.Table, token: str) -> StagedTarget:
    staged = stage(target, table.schema, token=token)
    staged.write(table)
    return staged


def write(target: Target, table: pa.Table, *, job: str = "job") -> tuple[str, ...]:
    with begin(target, table, job) as staged:
        staged.seal()
        return staged.publish()


def large(megabytes: int) -> pa.Table:
    """Give a table that no compression makes smaller."""
    return pa.table({"a": [os.urandom(512).hex() for _ in range(megabytes << 10)]})


def long() -> pa.Table:
    """Give a table of several batches, more than Arrow reads ahead however slow the others are."""
    return pa.table({"a": [f"{n:0240}" for n in range(700_000)]})


def refused(kind: type[AnonError], act: Callable[[], object]) -> str:
    """Return what an error says, and find no secret and no cell in all that is told of it."""
    with pytest.raises(kind) as caught:
        act()
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert not any(secret in told for secret in (SECRET, KEY, CANARY, "Signature"))
    return str(caught.value)


TARGETS = [
    Target(path=f"{ROOT}/out/t.csv"),
    Target(path=f"{ROOT}/out/t.csv.gz"),
    Target(path=f"{ROOT}/out/t.parquet"),
    Target(path=f"{ROOT}/out/parts", format="csv", single_file=False, rows_per_file=1),
    Target(path=f"{ROOT}/out/parts", format="parquet", single_file=False),
]
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda each: Path(each.path).name)


# -- sources and targets ---------------------------------------------------------------------


@every_target
def test_what_is_written_is_read_back_and_nothing_else_is_left(
    store: ObjectStore, target: Target
) -> None:
    check_target(target, [f"{ROOT}/in/*.csv"])
    write(target, OLD)
    paths = write(target, NEW, job="next")
    assert published(target).equals(NEW)
    assert set(store.objects("out/")) - {"out/parts/_SUCCESS"} == {
        path.removeprefix(f"{ROOT}/") for path in paths
    }
    assert store.uploads() == []


def test_files_are_found_by_name_prefix_glob_and_list(store: ObjectStore) -> None:
    for number in (10, 2, 1):
        store.client().pipe(f"{BUCKET}/in/part-{number}.csv", f"a\n{number}\n".encode())
    store.client().pipe(f"{BUCKET}/in/_note", b"")
    found = [f"{ROOT}/in/part-{number}.csv" for number in (1, 2, 10)]
    assert listing.resolve(f"{ROOT}/in") == listing.resolve(f"{ROOT}/in/*.csv") == found
    assert listing.resolve(found[::-1]) == found[::-1]
    assert rows(open_source(Source(path=f"{ROOT}/in/"))).to_pydict() == {"a": ["1", "2", "10"]}


def test_a_request_gives_in_a_bucket_what_it_gives_on_the_disk(
    store: ObjectStore, tmp_path: Path
) -> None:
    lines = ["age,town", *(f"{20 + n % 7},{'AB'[n % 2]}" for n in range(200))]
    text = "\n".join(lines).encode() + b"\n"
    (tmp_path / "t.csv").write_bytes(text)
    store.client().pipe(f"{BUCKET}/in/t.csv", text)
    policy = {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5]}},
            "town": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 40}},
    }
    released = {}
    for root in (str(tmp_path), f"{ROOT}/in"):
        path = f"{root}-out/t.csv"
        anonymize({"source": {"path": f"{root}/t.csv"}, "target": {"path": path}, "policy": policy})
        with open_to_read(path) as file:
            released[root] = file.read()
    assert released[str(tmp_path)] == released[f"{ROOT}/in"]
    assert store.objects() == ["in-out/t.csv", "in/t.csv"]


def test_a_large_object_is_neither_held_in_memory_nor_kept_on_the_disk(
    store: ObjectStore, tmp_path: Path
) -> None:
    megabytes = 400
    line = b"x" * 127 + b"\n"
    with store.client().open(f"{BUCKET}/in/large.csv", "wb") as file:
        file.write(b"a\n")
        for _ in range(megabytes):
            file.write(line * 8192)
    script = f"""
import resource, sys
from anon_dagster.request import Source, Target
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.targets import stage
import pyarrow as pa
source = open_source(Source(path="{ROOT}/in/large.csv"))
target = Target(path="{ROOT}/out/large.csv")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
with stage(target, source.schema, token="job") as staged:
    for batch in source.batches(source.parts[0]):
        staged.write(pa.Table.from_batches([batch]))
    staged.seal()
    staged.publish()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10) - before)
"""
    home = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | home,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert int(done.stdout) < megabytes
    assert list(tmp_path.iterdir()) == []
    assert store.client().size(f"{BUCKET}/out/large.csv") == 2 + (megabytes << 20)
    assert store.uploads() == []


def test_a_bucket_of_another_store_has_a_profile_of_its_own(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.client().pipe(f"{BUCKET}/in/t.csv", b"a\n1\n")
    config = tmp_path / "config"
    config.write_text(
        f"[profile clinic]\nendpoint_url = {store.url}\nregion = us-east-1\n"
        f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("ANON_S3_PROFILE_IN_BOX", "clinic")
    assert rows(open_source(Source(path=f"{ROOT}/in/t.csv"))).num_rows == 1
    monkeypatch.setenv("ANON_S3_PROFILE_IN_BOX", "nobody")
    assert "profile" in refused(SourceError, lambda: listing.resolve(f"{ROOT}/in/t.csv"))


# -- whole or not at all -----------------------------------------------------------------------


@every_target
def test_a_former_target_stays_until_the_new_one_is_published(
    store: ObjectStore, target: Target
) -> None:
    write(target, OLD)
    before = store.objects()
    with begin(target, NEW, "next") as staged:
        assert published(target).equals(OLD)
        staged.seal()
        assert published(target).equals(OLD)
        assert rows(open_source(staged.staged_source())).equals(NEW)
    assert store.objects() == before
    assert store.uploads() == []


@every_target
@pytest.mark.usefixtures("small_parts")
def test_what_is_not_published_leaves_nothing_behind(store: ObjectStore, target: Target) -> None:
    target = target.model_copy(update={"rows_per_file": 10_000})

    def fail(staged: StagedTarget) -> None:
        staged.write(large(12))
        raise RuntimeError

    with pytest.raises(RuntimeError), begin(target, large(12), "failing") as staged:
        fail(staged)
    with begin(target, large(12), "forgotten") as staged:
        staged.seal()
    assert store.objects() == []
    assert store.uploads() == []


@every_target
@pytest.mark.usefixtures("small_parts")
def test_what_dead_jobs_left_is_swept_and_the_living_go_on(
    store: ObjectStore, target: Target
) -> None:
    target = target.model_copy(update={"rows_per_file": 1_000_000})
    write(target, OLD)
    before = store.objects()
    started = [begin(target, large(12), token) for token in ("dead", "alive", "sealed")]
    started[2].seal()
    assert store.uploads()
    sweep(target, alive={"alive"})
    assert store.uploads()
    assert all("alive" in key for key in store.uploads())
    assert store.objects() == before
    for each in started:
        each.discard()
    assert store.uploads() == []
    assert published(target).equals(OLD)


def test_parts_that_no_list_has_are_nobodys_and_are_swept(store: ObjectStore) -> None:
    target = TARGETS[3]
    write(target, OLD)
    unlisted = f"{BUCKET}/out/parts/part-00000.of-dead.0123abcd.csv"
    store.client().pipe(unlisted, b"a\nhalf\n")
    assert published(target).equals(OLD)
    store.client().rm(f"{BUCKET}/out/parts/_SUCCESS")
    assert "never completed" in refused(SourceError, lambda: published(target))
    write(target, NEW)
    sweep(target)
    assert published(target).equals(NEW)
    assert len(store.objects()) == 3


def test_a_release_that_lacks_a_part_is_refused(store: ObjectStore) -> None:
    paths = write(TARGETS[3], NEW)
    store.client().rm(paths[0])
    assert "lacks 1 of the 2 parts" in refused(SourceError, lambda: published(TARGETS[3]))


def test_two_jobs_at_once_leave_the_release_of_one(store: ObjectStore) -> None:
    target = TARGETS[3]
    write(target, pa.table({"a": ["first"]}))
    with begin(target, OLD, "one") as one, begin(target, NEW, "two") as two:
        one.seal()
        two.seal()
        two.publish()
        one.publish()
    sweep(target)
    assert published(target).equals(OLD)
    assert len(store.objects()) == 2


# -- faults ------------------------------------------------------------------------------------


def attempts(path: str) -> list[tuple[type[AnonError], Callable[[], object]]]:
    target = Target(path=path)
    return [
        (SourceError, lambda: open_source(Source(path=path))),
        (SourceError, lambda: listing.resolve(f"{parent(path)}/*.csv")),
        (TargetError, lambda: check_target(target, [])),
        (TargetError, lambda: write(target, pa.table({"a": [CANARY]}))),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "Canary4711Wrong"}, "credentials are wrong"),
        ({"AWS_ACCESS_KEY_ID": "AKIACANARY4712"}, "credentials are wrong"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials"),
        ({"AWS_PROFILE": "nobody"}, "profile"),
    ],
)
def test_wrong_credentials_are_told_and_not_shown(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], said: str
) -> None:
    store.client().pipe(f"{BUCKET}/t.csv", b"a\n1\n")
    for name, value in wrong.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    for kind, act in attempts(f"{ROOT}/t.csv"):
        assert said in refused(kind, act)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert store.objects() == ["t.csv"]


@pytest.mark.usefixtures("store")
def test_a_missing_bucket_is_told_and_not_made(server: ObjectStore) -> None:
    for kind, act in attempts("s3://no-such-bucket/in/t.csv"):
        assert "no such bucket" in refused(kind, act)
    assert "no-such-bucket" not in server.client().ls("")


@pytest.mark.usefixtures("store")
def test_a_store_that_is_not_there_may_be_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for _, act in attempts(f"{ROOT}/t.csv"):
        assert "did not answer" in refused(StoreUnavailableError, act)


def test_a_store_that_is_too_slow_may_be_tried_again_later(
    mortal: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal.client().pipe(f"{BUCKET}/t.csv", b"a\n1\n")
    monkeypatch.setattr(
        s3,
        "PATIENCE",
        {"retries": {"max_attempts": 0}, "connect_timeout": 1, "read_timeout": 1},
    )
    source = open_source(Source(path=f"{ROOT}/t.csv"))
    mortal.hold_up()
    assert "did not answer" in refused(StoreUnavailableError, lambda: rows(source))
    mortal.go_on()
    assert rows(source).num_rows == 1


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_store_that_dies_while_it_is_read(mortal: ObjectStore, ending: str) -> None:
    target = Target(path=f"{ROOT}/t.{ending}", compression="none")
    table = long()
    write(target, table)
    source = open_source(Source(path=target.path))
    batches = (batch for part in source.parts for batch in source.batches(part))
    next(batches)
    mortal.kill()
    assert "did not answer" in refused(StoreUnavailableError, lambda: list(batches))
    mortal.start()
    assert rows(source).equals(table)


@every_target
@pytest.mark.usefixtures("small_parts")
def test_a_store_that_dies_while_it_is_written_keeps_the_former_target(
    mortal: ObjectStore, target: Target
) -> None:
    target = target.model_copy(update={"rows_per_file": 1_000_000})
    write(target, OLD)
    before = mortal.objects()

    def die(staged: StagedTarget) -> None:
        mortal.kill()
        staged.write(large(12))
        staged.seal()

    with begin(target, large(12), "dying") as staged:
        assert "did not answer" in refused(StoreUnavailableError, lambda: die(staged))
    mortal.start()
    assert published(target).equals(OLD)
    sweep(target)
    assert mortal.uploads() == []
    assert mortal.objects() == before
    write(target, NEW, job="again")
    assert published(target).equals(NEW)


@every_target
def test_a_store_that_dies_before_the_target_is_published(
    mortal: ObjectStore, target: Target
) -> None:
    write(target, OLD)
    before = mortal.objects()
    with begin(target, NEW, "dying") as staged:
        staged.seal()
        mortal.kill()
        assert "did not answer" in refused(StoreUnavailableError, staged.publish)
    mortal.start()
    assert published(target).equals(OLD)
    sweep(target)
    assert mortal.objects() == before


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_object_that_is_replaced_while_it_is_read_is_refused(
    store: ObjectStore, ending: str
) -> None:
    target = Target(path=f"{ROOT}/t.{ending}", compression="none")
    write(target, long())
    source = open_source(Source(path=target.path))
    batches = (batch for part in source.parts for batch in source.batches(part))
    next(batches)
    write(target, NEW)
    assert "changed while it was read" in refused(SourceError, lambda: list(batches))
    assert store.uploads() == []


def test_an_object_that_is_replaced_between_two_readings_is_refused(store: ObjectStore) -> None:
    store.client().pipe(f"{BUCKET}/t.csv", b"a\n1\n")
    source = open_source(Source(path=f"{ROOT}/t.csv", csv=CsvOptions()))
    rows(source)
    source.unchanged()
    store.client().pipe(f"{BUCKET}/t.csv", b"a\n2\n")
    assert "changed while it was read" in refused(SourceError, source.unchanged)


@pytest.mark.parametrize("former", [OLD, None])
def test_what_was_published_to_a_bucket_can_be_taken_back(
    store: ObjectStore, former: pa.Table | None
) -> None:
    target = Target(path=f"{ROOT}/out/release.parquet")
    if former is not None:
        write(target, former)
    with begin(target, NEW, "job") as staged:
        staged.seal()
        staged.keep_former()
        staged.publish()
        assert published(target) == NEW
        staged.take_back()
        if former is not None:
            assert published(target) == former
    assert list(store.objects()) == ["out/release.parquet"][: former is not None]


# -- names -----------------------------------------------------------------------------------

SIGNS = "*?[]!{}-ab1 +=&%#$@,;'\"()~^|<>`é"
"""All but those by which this server, or fsspec, divides names."""


@pytest.mark.parametrize("name", ["w?at", "*", "a[1]b", "%20#"])
@pytest.mark.parametrize("form", ["file", "folder"])
def test_a_name_that_looks_like_a_pattern_is_a_name(
    store: ObjectStore, name: str, form: str
) -> None:
    neighbours = ["what", "w-at", "a1b", "b", "a", "x/y", "ab"]
    kept = {f"out/{each}.csv" for each in neighbours} | {"out/other/part.csv"}
    for key in kept:
        store.client().pipe_file(f"{BUCKET}/{key}", b"a\n1\n")
    more: dict[str, Any] = {} if form == "file" else {"single_file": False, "format": "csv"}
    ending = ".csv" if form == "file" else ""
    target = Target(path=f"{ROOT}/out/{name}{ending}", **more)
    check_target(target, [f"{ROOT}/in/none.csv"])
    for table in (OLD, NEW):
        paths = write(target, table)
        assert published(target).equals(table)
    assert kept < set(store.objects())
    assert withdraw(target.path, paths, versions_of(paths))
    assert set(store.objects()) == kept


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(name=st.text(SIGNS, min_size=1, max_size=8))
def test_nothing_but_the_named_object_is_touched(store: ObjectStore, name: str) -> None:
    for key in store.objects():
        store.client().rm_file(f"{BUCKET}/{key}")
    kept = {f"out/{each}" for each in ("a", "b", "ab", "1", "-", "a1")} - {f"out/{name}"}
    for key in kept:
        store.client().pipe_file(f"{BUCKET}/{key}", b"1")
    put(f"{ROOT}/out/{name}", b"2")
    moved = f"{ROOT}/out/{name}.moved"
    move(f"{ROOT}/out/{name}", moved)
    assert set(store.objects()) == kept | {f"out/{name}.moved"}
    remove(moved)
    assert set(store.objects()) == kept


def test_a_key_that_names_a_version_is_refused_in_words(store: ObjectStore) -> None:
    path = f"{ROOT}/out/a.csv?versionId=1"
    message = refused(TargetError, lambda: write(Target(path=path), OLD))
    assert "versionId" in message
    assert "version" in refused(SourceError, lambda: listing.resolve(path))
    assert store.objects() == []


def test_a_report_knows_a_source_and_a_release_in_a_bucket_by_their_checksums(
    store: ObjectStore,
) -> None:
    content = b"a\n" + b"1\n2\n" * 20
    store.client().pipe(f"{BUCKET}/t.csv", content)
    policy = {
        "attributes": {"a": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    source, target = {"path": f"{ROOT}/t.csv"}, {"path": f"{ROOT}/out.csv"}
    result = anonymize({"source": source, "target": target, "policy": policy})
    page, identity = result.report(), result.evidence()["identity"]
    for of, place in (("of_source", f"{ROOT}/t.csv"), ("of_release", f"{ROOT}/out.csv")):
        with open_to_read(place) as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        assert identity[of]["sha256"] == identity[of]["files"][0]["sha256"] == digest
        assert (digest in page, place in page) == (True, True)
    assert not any(secret in page for secret in (KEY, SECRET))
    store.client().pipe(f"{BUCKET}/t.csv", content + b"3\n3\n")
    again = anonymize({"source": source, "target": target, "policy": policy})
    store.client().pipe(f"{BUCKET}/t.csv", content)
    assert again.evidence()["identity"]["of_source"]["sha256"] is None
