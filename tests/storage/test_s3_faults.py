"""A real S3 server behind a proxy that makes faults: what they mean, and what is left of them."""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from s3fs import S3FileSystem

from anon_dagster.errors import (
    AnonError,
    DisclosureError,
    PromiseBrokenError,
    SourceError,
    StoreAccessError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.releasing.publication import Withdrawal, versions_of, withdraw
from anon_dagster.request import Source, Target
from anon_dagster.storage import listing
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.stores import s3_system
from anon_dagster.storage.stores.s3 import S3Store
from anon_dagster.storage.targets import check_target, sweep
from tests.fault_proxy import FaultProxy, faults_before, other, weak
from tests.object_store import BUCKET, ObjectStore, served
from tests.storage.test_s3 import NEW, OLD, begin, large, long, published, refused, rows, write

pytestmark = pytest.mark.slow

ROOT = f"s3://{BUCKET}"
FILE = f"{ROOT}/in/t.csv"
TARGETS = [
    Target(path=f"{ROOT}/out/t.csv"),
    Target(path=f"{ROOT}/out/parts", format="parquet", single_file=False, rows_per_file=1),
]
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda each: Path(each.path).name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with served(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def store(server: ObjectStore) -> ObjectStore:
    """The server with one file, reached by no proxy."""
    for key in server.objects():
        server.client().rm_file(f"{BUCKET}/{key}")
    server.client().pipe_file(f"{BUCKET}/in/t.csv", b"a\n1\n")
    return server


@pytest.fixture
def proxy(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Give what stands between the project and the server."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANON_S3"))]:
        monkeypatch.delenv(name)
    with faults_before(store.url) as proxy:
        for name, value in {**store.environment, "AWS_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield proxy
        S3FileSystem.clear_instance_cache()


READINGS: dict[str, Callable[[], object]] = {
    "HEAD": lambda: fingerprint(FILE),
    "LIST": lambda: listing.list_files(f"{ROOT}/in"),
    "GET": lambda: rows(open_source(Source(path=FILE))),
}
WRITINGS: dict[str, Callable[[], object]] = {
    "PUT": lambda: check_target(TARGETS[0], [FILE]),
    "DELETE": lambda: check_target(TARGETS[0], [FILE]),
    "COPY": lambda: write(TARGETS[0], NEW),
}
EVERYTHING = {**READINGS, **WRITINGS}
every_request = pytest.mark.parametrize("kind", EVERYTHING)


# -- what passes -----------------------------------------------------------------------------


@every_request
@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    proxy: FaultProxy, kind: str, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (0.01, 0.01, 0.01, 0.01))
    proxy.fail(kind, status, code, times=6)
    EVERYTHING[kind]()
    assert proxy.asked(kind) > 6


@every_request
def test_a_store_that_stays_busy_may_be_tried_later(
    proxy: FaultProxy, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (0.0,))
    proxy.fail(kind, 503, "ServiceUnavailable")
    assert "too much to do" in refused(StoreUnavailableError, EVERYTHING[kind])


@every_request
def test_a_connection_that_is_reset_is_made_again(proxy: FaultProxy, kind: str) -> None:
    proxy.fail(kind, times=2)
    EVERYTHING[kind]()
    proxy.fail(kind)
    assert "did not answer" in refused(StoreUnavailableError, EVERYTHING[kind])


def test_a_slow_answer_is_waited_for(proxy: FaultProxy) -> None:
    for kind in EVERYTHING:
        proxy.fail(kind, 200, seconds=1.5, times=1)
    write(TARGETS[0], rows(open_source(Source(path=FILE))))
    assert published(TARGETS[0]).to_pydict() == {"a": ["1"]}


# -- what does not -----------------------------------------------------------------------------

DENIALS = {
    (403, "AccessDenied"): "do not permit",
    (403, "InvalidAccessKeyId"): "credentials are wrong",
    (400, "ExpiredToken"): "expired",
    (400, "InvalidToken"): "expired",
    (403, "RequestTimeTooSkewed"): "clock",
    (404, "NoSuchBucket"): "no such bucket",
}


@every_request
@pytest.mark.parametrize("denial", DENIALS, ids=lambda denial: denial[1])
def test_a_denial_is_told_at_once_and_not_taken_for_a_fault_of_the_file(
    proxy: FaultProxy, kind: str, denial: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (3_600.0,))  # which nobody would wait for
    proxy.fail(kind, *denial)
    if kind == "HEAD" and denial[0] == 404:  # as a HEAD says of an object, too
        assert "no such file" in refused(SourceError, EVERYTHING[kind])
        return
    said = refused(StoreAccessError, EVERYTHING[kind])
    bare = {400: "expired", 403: "denies access"}
    assert (bare[denial[0]] if kind == "HEAD" else DENIALS[denial]) in said


@pytest.mark.usefixtures("proxy")
def test_a_missing_object_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (3_600.0,))
    missing = Source(path=f"{ROOT}/in/none.csv")
    assert "does not exist" in refused(SourceError, lambda: open_source(missing))


def test_new_credentials_are_taken_up_once_the_old_ones_were_denied(
    proxy: FaultProxy, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = tmp_path / "credentials"

    def renew(secret: str) -> None:
        profiles.write_text(
            f"[clinic]\naws_access_key_id = {store.key}\naws_secret_access_key = {secret}\n"
        )

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    monkeypatch.setenv("AWS_PROFILE", "clinic")
    renew("Canary4711Wrong")
    assert "credentials are wrong" in refused(StoreAccessError, READINGS["LIST"])
    renew(store.secret)
    READINGS["LIST"]()
    assert proxy.asked("LIST") == 2


# -- ETags -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [["HEAD"], ["LIST"], ["GET"], ["PUT", "HEAD"]], ids="-".join)
@every_target
def test_a_weak_etag_is_that_of_the_same_version(
    proxy: FaultProxy, kinds: list[str], target: Target
) -> None:
    proxy.etags = dict.fromkeys(kinds, weak)
    (listed,) = listing.list_files(f"{ROOT}/in")
    assert listing.look_up(FILE) == listed
    source = open_source(Source(path=FILE))
    rows(source)
    source.unchanged()
    write(target, OLD)
    paths = write(target, NEW)
    assert published(target).equals(NEW)
    assert withdraw(target.path, paths, versions_of(paths))


def test_the_parts_of_a_large_upload_may_have_weak_etags(
    proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3Store, "write_size", 5 << 20)
    proxy.etags = {"PUT": weak}
    table = large(12)
    write(TARGETS[0], table)
    assert published(TARGETS[0]).equals(table)


def test_an_object_whose_readings_have_other_etags_is_not_released(proxy: FaultProxy) -> None:
    source = open_source(Source(path=FILE))
    proxy.etags = {"HEAD": other}
    assert "changed while it was read" in refused(SourceError, source.unchanged)


def test_a_denial_is_not_taken_for_a_change(proxy: FaultProxy) -> None:
    source = open_source(Source(path=FILE))
    proxy.expired = True
    assert "expired" in refused(StoreAccessError, source.unchanged)


# -- targets -----------------------------------------------------------------------------------


@every_target
def test_a_store_without_bulk_deletion_can_be_a_target(
    proxy: FaultProxy, store: ObjectStore, target: Target
) -> None:
    for status, code in ((501, "NotImplemented"), (400, "InvalidArgument")):
        proxy.fail("BULK", status, code)
    check_target(target, [FILE])
    write(target, OLD)
    paths = write(target, NEW, job="next")
    assert published(target).equals(NEW)
    with begin(target, NEW, "given-up") as staged:
        staged.seal()
    begin(target, large(1), "dead").seal()
    assert any("dead" in key for key in store.objects())
    sweep(target)
    assert {key for key in store.objects("out") if not key.endswith("_SUCCESS")} == {
        path.removeprefix(f"{ROOT}/") for path in paths
    }
    assert withdraw(target.path, paths, versions_of(paths))
    assert store.objects() == ["in/t.csv"]
    assert store.uploads() == []
    assert proxy.asked("BULK") == 0


def test_a_store_that_lists_no_uploads_can_be_a_target(
    proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.fail("GET", 501, "NotImplemented", key="?uploads")
    sweep(TARGETS[0])
    proxy.faults = []
    monkeypatch.setattr(s3_system, "_PAUSES", (0.0,))
    proxy.fail("GET", 503, "SlowDown", key="?uploads")
    assert "too much to do" in refused(StoreUnavailableError, lambda: sweep(TARGETS[0]))


@every_target
@pytest.mark.parametrize("fault", [(503, "SlowDown"), (0, "")], ids=["busy", "reset"])
@pytest.mark.parametrize("kind", ["PUT", "POST", "COPY"])
def test_a_fault_while_it_is_written_leaves_the_former_target(
    proxy: FaultProxy,
    store: ObjectStore,
    target: Target,
    kind: str,
    fault: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (0.0,))
    monkeypatch.setattr(S3Store, "write_size", 5 << 20)
    target = target.model_copy(update={"rows_per_file": 1_000_000})
    write(target, OLD)
    before = store.objects()
    proxy.fail(kind, *fault, after=1 if kind == "COPY" and not target.single_file else 0)
    table = large(6)
    if kind == "COPY" and not target.single_file:
        target = target.model_copy(update={"rows_per_file": table.num_rows // 2})
    with pytest.raises((StoreUnavailableError, TargetError)):
        write(target, table, job="failing")
    proxy.mend()
    sweep(target)
    assert published(target).equals(OLD)
    assert store.objects() == before
    assert store.uploads() == []


@pytest.mark.usefixtures("store")
def test_credentials_that_expire_while_it_is_read_end_the_reading(proxy: FaultProxy) -> None:
    target = Target(path=f"{ROOT}/in/long.csv", compression="none")
    write(target, long())
    source = open_source(Source(path=target.path))
    batches = (batch for part in source.parts for batch in source.batches(part))
    next(batches)
    proxy.expired = True
    assert "expired" in refused(StoreAccessError, lambda: list(batches))
    proxy.mend()
    assert rows(source).equals(long())


# -- buckets that keep versions ----------------------------------------------------------------


@dataclass(frozen=True)
class Keeping:
    """A bucket that keeps versions, as the server has it."""

    store: ObjectStore
    bucket: str

    @property
    def target(self) -> Target:
        return Target(path=f"s3://{self.bucket}/t.csv")

    def keep(self, status: str) -> None:
        """Let it keep versions or stop to."""
        to_be = {"Status": status}
        self.store.client().call_s3(
            "put_bucket_versioning", Bucket=self.bucket, VersioningConfiguration=to_be
        )

    def versions(self) -> list[tuple[str, str]]:
        """Return keys and versions, former ones too, the newest of a key first."""
        found = self.store.client().call_s3("list_object_versions", Bucket=self.bucket)
        return [(each["Key"], each["VersionId"]) for each in found.get("Versions") or []]

    def kept(self) -> list[str]:
        """Return the key of every version."""
        return sorted(key for key, _ in self.versions())

    def objects(self) -> list[str]:
        """Return what who knows of no versions sees."""
        return list(self.store.client().find(self.bucket))


@pytest.fixture
def keeping(store: ObjectStore, proxy: FaultProxy) -> Keeping:
    assert proxy.port
    bucket = Keeping(store, f"keeping-{secrets.token_hex(4)}")
    store.client().mkdir(bucket.bucket)
    bucket.keep("Enabled")
    return bucket


@pytest.mark.parametrize("form", ["file", "folder"])
def test_what_is_withdrawn_goes_with_its_version_and_nothing_former_comes_up(
    keeping: Keeping, form: str
) -> None:
    target = keeping.target
    if form == "folder":
        target = Target(
            path=f"s3://{keeping.bucket}/parts", format="csv", single_file=False, rows_per_file=1
        )
    former = len(write(target, OLD))
    assert not any(".part" in key for key in keeping.kept()), "what was staged is gone, too"
    before = set(keeping.versions())
    paths = write(target, NEW)
    assert withdraw(target.path, paths, versions_of(paths)) is Withdrawal.WHOLE
    left = set(keeping.versions())
    if form == "file":
        assert left == before, "a former release is the affair of the bucket's rules"
        assert former == 1
    else:
        assert not any(path.endswith(key) for key, _ in left for path in paths)
    assert keeping.objects() == []
    assert "does not exist" in refused(SourceError, lambda: published(target))


def break_promise(target: Target, error: AnonError) -> None:
    """Write a release, and find it wanting."""
    with begin(target, NEW, "job") as staged:
        staged.seal()
        raise error


def test_a_release_that_breaks_a_promise_leaves_no_version(keeping: Keeping) -> None:
    target = keeping.target
    check_target(target, [FILE])
    write(target, OLD)
    before = keeping.kept()
    with pytest.raises(PromiseBrokenError, match=r"^it is not kept$"):
        break_promise(target, PromiseBrokenError("it is not kept"))
    assert keeping.kept() == before == ["t.csv"]
    assert published(target).equals(OLD)


def test_what_dead_jobs_left_goes_with_its_version(keeping: Keeping) -> None:
    target = keeping.target
    begin(target, NEW, "dead").seal()
    assert keeping.kept() == [".t.csv.dead.part"]
    sweep(target)
    assert keeping.kept() == []


@pytest.mark.parametrize("former", [OLD, None])
def test_what_is_taken_back_goes_with_its_version(
    keeping: Keeping, former: pa.Table | None
) -> None:
    target = keeping.target
    if former is not None:
        write(target, former)
    with begin(target, NEW, "job") as staged:
        staged.seal()
        staged.keep_former()
        staged.publish()
        taken_back = next(v for key, v in keeping.versions() if key == "t.csv")
        staged.take_back()
    assert ("t.csv", taken_back) not in keeping.versions()
    if former is not None:
        assert published(target).equals(former)
    else:
        assert keeping.kept() == []


def test_what_lay_in_a_bucket_before_it_kept_versions_goes_too(keeping: Keeping) -> None:
    keeping.keep("Suspended")
    target = keeping.target
    paths = write(target, OLD)
    keeping.keep("Enabled")
    assert withdraw(target.path, paths, versions_of(paths)) is Withdrawal.WHOLE
    assert keeping.kept() == []


def test_a_bucket_that_has_stopped_to_keep_versions_loses_what_is_removed(keeping: Keeping) -> None:
    target = keeping.target
    write(target, OLD)
    keeping.keep("Suspended")
    paths = write(target, NEW)
    assert withdraw(target.path, paths, versions_of(paths)) is Withdrawal.WHOLE
    assert keeping.objects() == [], "the former release does not come up"


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (501, "NotImplemented")])
def test_versions_that_may_not_be_deleted_are_told(
    keeping: Keeping, proxy: FaultProxy, status: int, code: str
) -> None:
    proxy.fail("VERSION", status, code)
    target = keeping.target
    paths = write(target, NEW)
    assert withdraw(target.path, paths, versions_of(paths)) is Withdrawal.BUT_VERSIONS
    assert keeping.objects() == []
    with pytest.raises(DisclosureError, match=r"^it tells more; .*its bucket keeps a version"):
        break_promise(target, DisclosureError("it tells more"))
