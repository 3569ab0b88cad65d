"""A store that speaks S3, or so it seems: its objects lie in memory, and it fails as the seed says.

Each request is a step. It may be refused before anything happens, or be answered by nothing after
it happened. What a store of this kind promises is kept: an object appears whole, a listing knows
all that came before it.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from fsspec.spec import AbstractFileSystem

from anon_dagster.storage.stores import s3_system
from tests.simulation.scheduler import Process, Scheduler, current


class AnswerError(OSError):
    """What a store answers instead of doing as it was asked."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}}


_REFUSALS = ("503", "SlowDown", "500", "InternalError", "RequestTimeout")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object."""

    content: bytes
    changed: float

    @property
    def tag(self) -> str:
        """Its ETag: the same for the same content."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


@dataclass(eq=False)
class Store:
    """The objects of all buckets, and the uploads that nobody completed yet."""

    scheduler: Scheduler
    random: Random
    failing: float = 0.0
    """How often a request fails."""
    on_failure: Callable[[], None] = lambda: None
    objects: dict[str, Stored] = field(default_factory=dict)
    uploads: dict[str, str] = field(default_factory=dict)
    """The key of each upload, by its id."""

    def put(self, key: str, content: bytes) -> None:
        """Let an object appear."""
        self.objects[key] = Stored(content, self.scheduler.now())

    def below(self, prefix: str) -> list[str]:
        """Return the keys that begin like this, in their order."""
        return sorted(key for key in self.objects if key.startswith(prefix))

    @contextmanager
    def request(self, what: str) -> Iterator[None]:
        """Let something be done, or fail before it or after it."""
        self.scheduler.step(f"store: {what}")
        fails = current() is not None and self.random.random() < self.failing
        if fails and self.random.random() < 0.6:
            self.scheduler.trace.append("  the store refuses")
            self.on_failure()
            raise AnswerError(self.random.choice(_REFUSALS))
        yield
        if fails:
            self.scheduler.trace.append("  the answer is lost")
            self.on_failure()
            raise ConnectionError


_REAL = s3_system.S3
_in_use: list[Store] = []


def serve(store: Store, system: "type[StoreFileSystem] | None" = None) -> None:
    """Let all addresses of S3 be those of a store."""
    s3_system.S3 = system or StoreFileSystem  # type: ignore[misc]  # which every address is looked up by
    _in_use[:] = [store]


def close() -> None:
    """Let addresses of S3 be those of real stores again."""
    _in_use.clear()
    s3_system.S3 = _REAL  # type: ignore[misc]


class StoreFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What fsspec needs of the store, as s3fs has it."""

    protocol = "s3"
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("s3://").rstrip("/")

    def unstrip_protocol(self, name: str) -> str:
        """Return the address of a key."""
        return f"s3://{self._strip_protocol(name)}"

    @property
    def _store(self) -> Store:
        return _in_use[-1]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Describe an object, or what is a folder by its name alone."""
        key = self._strip_protocol(path)
        with self._store.request(f"HEAD {key}"):
            if key in self._store.objects:
                return self._described(key)
            if "/" not in key or self._store.below(f"{key}/"):
                return {"name": key, "size": 0, "type": "directory"}
        raise FileNotFoundError(key)

    def _described(self, key: str) -> dict[str, Any]:
        found = self._store.objects[key]
        return {
            "name": key,
            "size": len(found.content),
            "type": "file",
            "ETag": f'"{found.tag}"',
            "LastModified": datetime.fromtimestamp(found.changed, UTC),
        }

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002 (as fsspec has it)
        """List what is below a prefix, and not deeper."""
        key = self._strip_protocol(path)
        with self._store.request(f"LIST {key}"):
            entries: dict[str, Any] = {}
            for below in self._store.below(f"{key}/"):
                name, _sign, deeper = below.removeprefix(f"{key}/").partition("/")
                if deeper:
                    folder: dict[str, Any] = {"name": f"{key}/{name}", "type": "directory"}
                    entries.setdefault(name, folder)
                else:
                    entries[name] = self._described(below)
            if not entries and key in self._store.objects:
                entries[key] = self._described(key)
        if not entries and "/" in key:  # a bucket is there without objects
            raise FileNotFoundError(key)
        return list(entries.values()) if detail else [e["name"] for e in entries.values()]

    def find(self, path: str, detail: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002 (as fsspec has it)
        """List all below a prefix."""
        key = self._strip_protocol(path)
        with self._store.request(f"LIST {key}"):
            found = {each: self._described(each) for each in self._store.below(f"{key}/")}
        return found if detail else list(found)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy an object, whole."""
        key, to = self._strip_protocol(path1), self._strip_protocol(path2)
        with self._store.request(f"COPY {key} to {to}"):
            if key not in self._store.objects:
                raise FileNotFoundError(key)
            self._store.put(to, self._store.objects[key].content)

    def rm_file(self, path: str) -> None:
        """Remove an object; it is no error if there is none."""
        key = self._strip_protocol(path)
        with self._store.request(f"DELETE {key}"):
            self._store.objects.pop(key, None)

    def pipe_file(self, path: str, value: bytes, **_: Any) -> None:
        """Write a small object."""
        key = self._strip_protocol(path)
        with self._store.request(f"PUT {key}"):
            self._store.put(key, value)

    def cat_file(self, path: str, **_: Any) -> bytes:
        """Read an object."""
        key = self._strip_protocol(path)
        with self._store.request(f"GET {key}"):
            if key not in self._store.objects:
                raise FileNotFoundError(key)
            return self._store.objects[key].content

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if "r" in mode:
            return io.BytesIO(self.cat_file(path))
        return _Upload(self._store, self._strip_protocol(path))

    def call_s3(self, method: str, **asked: str) -> dict[str, Any]:
        """Remove an object, or list the uploads that nobody completed: in words of S3's own."""
        if method == "delete_object":
            self.rm_file(f"{asked['Bucket']}/{asked['Key']}")
            return {}
        assert method == "list_multipart_uploads", "nothing else is asked for"
        beginning = f"{asked['Bucket']}/{asked['Prefix']}"
        with self._store.request(f"UPLOADS {beginning}"):
            found = [(u, k) for u, k in self._store.uploads.items() if k.startswith(beginning)]
        return {"Uploads": [{"UploadId": u, "Key": k.partition("/")[2]} for u, k in found]}

    def abort_mpu(self, _bucket: str, key: str, upload_id: str) -> None:
        """End an upload."""
        with self._store.request(f"ABORT {key}"):
            self._store.uploads.pop(upload_id, None)


class _Upload:
    """An object that is sent in parts, and appears once it is committed."""

    closed = False

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._content = io.BytesIO()
        self._id = ""
        self._writer: Process | None = current()

    def write(self, data: bytes) -> int:
        """Add bytes."""
        if not self._id:
            with self._store.request(f"BEGIN {self._key}"):
                self._id = f"{self._key}#{self._store.random.getrandbits(32):08x}"
                self._store.uploads[self._id] = self._key
        return self._content.write(data)

    def tell(self) -> int:
        """Return how many bytes there are."""
        return self._content.tell()

    def commit(self) -> None:
        """Let the object appear."""
        with self._store.request(f"COMPLETE {self._key}"):
            self._store.put(self._key, self._content.getvalue())
            self._store.uploads.pop(self._id, None)

    def discard(self) -> None:
        """End the upload, unless the process that sends it is no more."""
        if self._writer is not None and self._writer.is_dead:
            return
        if self._id:
            with self._store.request(f"ABORT {self._key}"):
                self._store.uploads.pop(self._id, None)

    def close(self) -> None:
        """Send the rest; nothing is seen of it yet."""
