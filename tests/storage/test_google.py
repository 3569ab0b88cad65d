"""Google's storage, spoken to an emulator: what holds on a disk holds in a bucket."""

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("gcsfs")
pytest.importorskip("gcp_storage_emulator")

from gcsfs.core import GCSFileSystem

from anon_dagster import anonymize
from anon_dagster.arrivals.inbox import Inbox
from anon_dagster.errors import AnonError, SourceChangedError, SourceError, TargetError
from anon_dagster.releasing.publication import Withdrawal, versions_of, withdraw
from anon_dagster.request import Source, Target, parse_request
from anon_dagster.storage import listing
from anon_dagster.storage.moving import keep_aside, move, remove, restore
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.sources import OpenSource, open_source
from anon_dagster.storage.stores.google import GoogleStore
from anon_dagster.storage.targets import StagedTarget, check_target, stage, sweep
from tests.google_store import BUCKET, GoogleServer, served
from tests.workbook import number, text, write_workbook

pytestmark = pytest.mark.slow

ROOT = f"gs://{BUCKET}"
CANARY = "Canary0815"
OLD, NEW = pa.table({"a": ["old"]}), pa.table({"a": ["new", "er"]})
TARGETS = [
    Target(path=f"{ROOT}/out/t.csv"),
    Target(path=f"{ROOT}/out/t.parquet"),
    Target(path=f"{ROOT}/out/parts", format="csv", single_file=False, rows_per_file=1),
]
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda each: Path(each.path).name)


@pytest.fixture(scope="module")
def server() -> Iterator[GoogleServer]:
    with served() as server:
        yield server


@pytest.fixture
def store(server: GoogleServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleServer]:
    """The server, empty, and known to the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    GCSFileSystem.clear_instance_cache()
    server.clear()
    yield server
    GCSFileSystem.clear_instance_cache()


def rows(opened: OpenSource) -> pa.Table:
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def published(target: Target) -> pa.Table:
    return rows(open_source(Source(path=target.path, format=target.format_found)))


def begin(target: Target, table: pa.Table, token: str) -> StagedTarget:
    staged = stage(target, table.schema, token=token)
    staged.write(table)
    return staged


def write(target: Target, table: pa.Table, *, job: str = "job") -> tuple[str, ...]:
    with begin(target, table, job) as staged:
        staged.seal()
        return staged.publish()


def refused(kind: type[AnonError], act: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        act()
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told
    assert caught.value.__cause__ is None
    return str(caught.value)


@every_target
def test_a_former_target_stays_until_the_new_one_is_published(
    store: GoogleServer, target: Target
) -> None:
    check_target(target, [f"{ROOT}/in/*.csv"])
    write(target, OLD)
    before = store.objects()
    with begin(target, NEW, "next") as staged:
        assert published(target).equals(OLD)
        staged.seal()
        assert published(target).equals(OLD)
        assert rows(open_source(staged.staged_source())).equals(NEW)
    assert store.objects() == before
    paths = write(target, NEW, job="next")
    assert published(target).equals(NEW)
    assert set(store.objects()) - {"out/parts/_SUCCESS"} == {
        path.removeprefix(f"{ROOT}/") for path in paths
    }


@every_target
def test_what_dead_jobs_left_is_swept_and_the_living_go_on(
    store: GoogleServer, target: Target
) -> None:
    write(target, OLD)
    before = store.objects()
    dead, alive = begin(target, NEW, "dead"), begin(target, NEW, "alive")
    dead.seal()
    alive.seal()
    sweep(target, alive={"alive"})
    assert not any(".dead." in key for key in store.objects())
    alive.publish()
    assert published(target).equals(NEW)
    dead.discard()
    assert len(store.objects()) <= len(before) + 1


@every_target
def test_what_is_not_published_leaves_nothing_behind(store: GoogleServer, target: Target) -> None:
    begun = begin(target, NEW, "failing")
    begun.discard()
    assert store.objects() == []


def test_an_upload_of_several_pieces_is_read_back(
    store: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GoogleStore, "write_size", 1 << 20)
    monkeypatch.setattr(GoogleStore, "read_size", 1 << 18)
    large = pa.table({"a": [os.urandom(512).hex() for _ in range(4 << 10)]})
    write(TARGETS[1], large)
    assert published(TARGETS[1]).equals(large)
    assert store.objects() == ["out/t.parquet"]


def test_a_target_is_deleted_and_withdrawn_by_its_exact_name(store: GoogleServer) -> None:
    target = Target(path=f"{ROOT}/out/t*.csv")
    store.put("out/tx.csv", b"a\n1\n")
    paths = write(target, OLD)
    assert withdraw(target.path, paths, versions_of(paths)) is Withdrawal.WHOLE
    assert store.objects() == ["out/tx.csv"]
    write(target, OLD)
    assert remove(target.path) == 0
    assert remove(target.path) == 0
    assert store.objects() == ["out/tx.csv"]


def test_a_name_that_looks_like_a_pattern_or_a_version_is_a_name(store: GoogleServer) -> None:
    for name in ("a b#?.csv", "a[b].csv"):
        store.put(f"in/{name}", b"x\n1\n")
        found = listing.look_up(f"{ROOT}/in/{name}")
        assert found is not None
        assert found.path == f"{ROOT}/in/{name}"
    move(f"{ROOT}/in/a[b].csv", f"{ROOT}/in/*.csv")
    assert store.objects() == ["in/*.csv", "in/a b#?.csv"]
    said = refused(SourceError, lambda: open_source(Source(path=f"{ROOT}/in/a.csv?generation=1")))
    assert "latest" in said


def test_what_was_kept_aside_comes_back(store: GoogleServer) -> None:
    store.put("t.csv", b"a\nold\n")
    keep_aside(f"{ROOT}/t.csv", f"{ROOT}/.t.csv.job.old")
    store.put("t.csv", b"a\nnew\n")
    restore(f"{ROOT}/.t.csv.job.old", f"{ROOT}/t.csv")
    assert published(Target(path=f"{ROOT}/t.csv")).to_pydict() == {"a": ["old"]}
    assert store.objects() == ["t.csv"]


def test_an_object_that_is_replaced_while_it_is_read_is_told(store: GoogleServer) -> None:
    store.put("t.csv", b"a\n1\n")
    source = open_source(Source(path=f"{ROOT}/t.csv"))
    source.unchanged()
    store.put("t.csv", b"a\n2\n")
    assert "changed" in refused(SourceChangedError, source.unchanged)


def test_a_request_gives_in_a_bucket_what_it_gives_on_the_disk(
    store: GoogleServer, tmp_path: Path
) -> None:
    text = "\n".join(["age,town", *(f"{20 + n % 7},{'AB'[n % 2]}" for n in range(200))]) + "\n"
    (tmp_path / "t.csv").write_text(text)
    store.put("in/t.csv", text.encode())
    policy = {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5]}},
            "town": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 40}},
    }
    released = []
    for root in (str(tmp_path), f"{ROOT}/in"):
        path = f"{root}-out/t.csv"
        anonymize({"source": {"path": f"{root}/t.csv"}, "target": {"path": path}, "policy": policy})
        with open_to_read(path) as file:
            released.append(file.read())
    assert released[0] == released[1]
    assert store.objects() == ["in-out/t.csv", "in/t.csv"]


def test_a_workbook_is_read_from_a_bucket(store: GoogleServer, tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    sheet = [[text("a")], [number(1)], [text("b")]]
    store.put("t.xlsx", write_workbook(tmp_path / "t.xlsx", {"S": sheet}).read_bytes())
    assert rows(open_source(Source(path=f"{ROOT}/t.xlsx"))).to_pydict() == {"a": ["1", "b"]}


def test_an_inbox_lists_what_is_new_and_need_not_wait(store: GoogleServer) -> None:
    inbox = Inbox(
        parse_request(
            {
                "source": {"path": f"{ROOT}/new/*.csv"},
                "arrivals": {"target": {"path": f"{ROOT}/out/{{file}}.csv"}},
                "policy": {
                    "attributes": {"a": {"role": "quasi_identifier"}},
                    "privacy": {"k_anonymity": {"k": 2}},
                },
            }
        )
    )
    assert inbox.appears_whole
    assert inbox.files() == []
    store.put("new/x.csv", b"a\n1\n")
    (first,) = inbox.files()
    store.put("new/x.csv", b"a\n2\n")
    (second,) = inbox.files()
    assert first.path == second.path == f"{ROOT}/new/x.csv"
    assert first.version != second.version


@pytest.mark.usefixtures("store")
def test_a_missing_bucket_is_told_and_not_made() -> None:
    place = "gs://no-such-bucket/in"
    for act in (
        lambda: open_source(Source(path=f"{place}/t.csv")),
        lambda: listing.resolve(f"{place}/*.csv"),
        lambda: listing.list_files(f"{place}/*.csv"),
    ):
        assert "no such bucket" in refused(SourceError, act)
    target = Target(path=f"{place}/t.csv")
    assert "cannot write" in refused(TargetError, lambda: check_target(target, []))
    canary = pa.table({"a": [CANARY]})
    assert "cannot write" in refused(TargetError, lambda: write(target, canary))
    assert listing.list_files(f"{ROOT}/no/such/folder") == []
