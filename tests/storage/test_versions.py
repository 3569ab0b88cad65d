"""What is removed from a bucket that keeps versions goes with its version, or that is told.

The store is one in memory that speaks S3; `test_s3_faults.py` has the same of a real server.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from anon_dagster.errors import (
    AnonError,
    DisclosureError,
    PromiseBrokenError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.releasing.publication import Withdrawal, versions_of, withdraw
from anon_dagster.request import Target
from anon_dagster.storage.targets import stage, sweep
from tests.simulation.scheduler import Scheduler
from tests.simulation.store import AnswerError, Store, StoreFileSystem, close, serve

OLD, NEW = pa.table({"a": ["old"]}), pa.table({"a": ["new", "er"]})
KEY = "bucket/t.csv"
TARGET = Target(path=f"s3://{KEY}")


@dataclass(eq=False)
class KeepingStore(Store):
    """A store whose buckets keep a version of each object that is replaced or removed."""

    versions: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)
    """Of each key, the newest last; a mark that it is deleted has no content."""
    number: int = 0
    """How many versions there were."""
    refused: dict[str, str] = field(default_factory=dict)
    """What is not done, and the code of the answer."""

    def put(self, key: str, content: bytes) -> None:
        super().put(key, content)
        self.add(key, content)

    def add(self, key: str, content: bytes | None) -> str:
        self.number += 1
        self.versions.setdefault(key, []).append((f"v{self.number}", content))
        return f"v{self.number}"

    def drop(self, key: str, version: str) -> None:
        """Remove a version; what lies there is the newest one that is left."""
        self.versions[key] = [each for each in self.versions[key] if each[0] != version]
        self.objects.pop(key, None)
        if self.versions[key] and (content := self.versions[key][-1][1]) is not None:
            super().put(key, content)

    def contents(self) -> list[tuple[str, bytes]]:
        """Return what is kept of any key, marks aside."""
        return [
            (key, content)
            for key, versions in sorted(self.versions.items())
            for _, content in versions
            if content is not None
        ]


class KeepingFileSystem(StoreFileSystem):
    """What fsspec needs of such a store."""

    protocol = "s3"

    @property
    def _keeping(self) -> KeepingStore:
        assert isinstance(self._store, KeepingStore)
        return self._store

    def _described(self, key: str) -> dict[str, Any]:
        return super()._described(key) | {"VersionId": self._keeping.versions[key][-1][0]}

    def call_s3(self, method: str, **asked: str) -> dict[str, Any]:
        what = f"{method} of a version" if "VersionId" in asked else method
        if what in self._keeping.refused:
            raise AnswerError(self._keeping.refused[what])
        if method != "delete_object":
            return super().call_s3(method, **asked)
        key = f"{asked['Bucket']}/{asked['Key']}"
        if "VersionId" in asked:
            self._keeping.drop(key, asked["VersionId"])
            return {}
        super().call_s3(method, **asked)
        return {"DeleteMarker": True, "VersionId": self._keeping.add(key, None)}


@pytest.fixture
def store() -> Iterator[KeepingStore]:
    random = Random(0)  # noqa: S311 (nothing fails by chance here)
    keeping = KeepingStore(Scheduler(random), random)
    serve(keeping, KeepingFileSystem)
    yield keeping
    close()


def write(table: pa.Table) -> tuple[str, ...]:
    with stage(TARGET, table.schema, token="writes") as staged:  # noqa: S106 (no password)
        staged.write(table)
        staged.seal()
        return staged.publish()


def break_promise(error: AnonError) -> None:
    """Write a release, and find it wanting."""
    with stage(TARGET, NEW.schema, token="job") as staged:  # noqa: S106 (no password)
        staged.write(NEW)
        staged.seal()
        raise error


def test_a_release_is_withdrawn_with_its_version_and_no_former_one_comes_up(
    store: KeepingStore,
) -> None:
    write(OLD)
    paths = write(NEW)
    assert store.contents() == [(KEY, b"a\nold\n"), (KEY, b"a\nnew\ner\n")]
    withdrawal = withdraw(TARGET.path, paths, versions_of(paths))
    assert withdrawal is Withdrawal.WHOLE
    assert not withdrawal.leaves_versions
    assert store.contents() == [(KEY, b"a\nold\n")]
    assert KEY not in store.objects


def test_a_version_that_may_not_be_deleted_is_told(store: KeepingStore) -> None:
    paths = write(OLD)
    store.refused["delete_object of a version"] = "AccessDenied"
    withdrawal = withdraw(TARGET.path, paths, versions_of(paths))
    assert withdrawal is Withdrawal.BUT_VERSIONS
    assert withdrawal.leaves_versions
    assert not store.objects


@pytest.mark.parametrize("kind", [PromiseBrokenError, DisclosureError])
def test_a_release_that_is_refused_leaves_no_version_or_says_so(
    store: KeepingStore, kind: type[AnonError]
) -> None:
    with pytest.raises(kind, match=r"^it is not kept$"):
        break_promise(kind("it is not kept"))
    assert store.contents() == []
    store.refused["delete_object of a version"] = "AccessDenied"
    with pytest.raises(kind, match=r"^it is not kept; .*its bucket keeps a version"):
        break_promise(kind("it is not kept"))


def test_what_is_taken_back_goes_with_its_version(store: KeepingStore) -> None:
    write(OLD)
    with stage(TARGET, NEW.schema, token="job") as staged:  # noqa: S106 (no password)
        staged.write(NEW)
        staged.seal()
        staged.keep_former()
        staged.publish()
        assert staged.take_back()
    assert store.objects[KEY].content == b"a\nold\n"
    assert (KEY, b"a\nnew\ner\n") not in store.contents()


def test_what_cannot_be_removed_once_it_is_published_is_told(store: KeepingStore) -> None:
    store.refused["delete_object"] = "AccessDenied"
    with stage(TARGET, NEW.schema, token="job") as staged:  # noqa: S106 (no password)
        staged.write(NEW)
        staged.seal()
        staged.publish()
        assert staged.left_behind
    assert store.objects[KEY].content == b"a\nnew\ner\n"


def test_a_store_that_lists_no_uploads_is_swept_all_the_same(store: KeepingStore) -> None:
    staged = stage(TARGET, NEW.schema, token="dead")  # noqa: S106 (no password)
    staged.write(NEW)
    staged.seal()
    store.refused["list_multipart_uploads"] = "NotImplemented"
    assert sweep(TARGET) == (".t.csv.dead.part",)
    assert store.contents() == []


def test_a_store_that_does_not_answer_for_now_is_not_taken_for_swept(store: KeepingStore) -> None:
    store.refused["list_multipart_uploads"] = "SlowDown"
    with pytest.raises(StoreUnavailableError):
        sweep(TARGET)
    store.refused["list_multipart_uploads"] = "no code that is known"
    with pytest.raises(TargetError):
        sweep(TARGET)
