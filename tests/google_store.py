"""A server of Google's storage, on this machine: an emulator, as a process of its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import httpx
from gcsfs.core import GCSFileSystem

BUCKET = "in-box"


@dataclass(frozen=True, slots=True)
class GoogleServer:
    """Where an emulator listens."""

    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What tells a process where it is."""
        return {"STORAGE_EMULATOR_HOST": self.address}

    def client(self) -> GCSFileSystem:
        """Return a file system of its own, which knows no listing."""
        return GCSFileSystem(
            token="anon",  # noqa: S106 (nobody's)
            endpoint_url=self.address,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def objects(self, prefix: str = "") -> list[str]:
        """Return the keys of all objects, hidden ones too."""
        answer: Any = httpx.get(
            f"{self.address}/storage/v1/b/{BUCKET}/o", params={"prefix": prefix}
        ).json()
        return sorted(each["name"] for each in answer.get("items", []))

    def put(self, key: str, content: bytes) -> None:
        """Let an object appear."""
        self.client().pipe_file(f"{BUCKET}/{key}", content)

    def clear(self) -> None:
        """Remove all objects."""
        httpx.get(f"{self.address}/wipe", params={"keep-buckets": "true"}).raise_for_status()


@contextmanager
def served() -> Iterator[GoogleServer]:
    """Start a server that keeps its objects in memory, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--quiet", "--in-memory"]
    command += ["--host", "127.0.0.1", f"--port={port}", f"--default-bucket={BUCKET}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = GoogleServer(f"http://127.0.0.1:{port}")
        _wait_for(server.address)
        yield server
    finally:
        process.kill()
        process.wait()


def _wait_for(address: str) -> None:
    end = monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/").raise_for_status()
        except httpx.HTTPError:
            assert monotonic() < end, "the emulator does not answer"
            sleep(0.05)
        else:
            return
