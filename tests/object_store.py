"""A real S3 server that faults can be brought about in."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anon_dagster.demos import object_store

KEY, SECRET = "AKIACANARY4711", "Canary4711Secret"
BUCKET = "in-box"


class ObjectStore(object_store.ObjectStore):
    """A server that can be stopped, killed and held up, and keeps its objects."""

    def hold_up(self) -> None:
        """Let it listen and not answer."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def uploads(self) -> list[str]:
        """Return the keys whose upload nobody ended."""
        return [each["Key"] for each in self.client().list_multipart_uploads(BUCKET)]

    def objects(self, prefix: str = "") -> list[str]:
        """Return the keys of all objects, hidden ones too."""
        return [key.removeprefix(f"{BUCKET}/") for key in self.client().find(f"{BUCKET}/{prefix}")]


@contextmanager
def served(folder: Path) -> Iterator[ObjectStore]:
    """Start a server, and end it."""
    folder.mkdir(exist_ok=True)
    store = ObjectStore(folder, KEY, SECRET, [BUCKET])
    store.start()
    try:
        yield store
    finally:
        store.kill()
        shutil.rmtree(folder)
