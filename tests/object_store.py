"""A real S3 server: SeaweedFS, in a folder of its own, on ports of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import s3fs

KEY, SECRET = "AKIACANARY4711", "Canary4711Secret"
BUCKET = "in-box"
_PORTS = ("s3", "master", "volume", "filer", "admin", "s3.port.iceberg", "s3.port.lance")
_PATIENCE = 60.0  # seconds on a busy machine


@dataclass
class ObjectStore:
    """A server that can be stopped, killed and held up, and keeps its objects."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What everybody sets who uses the server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_CONFIG_FILE": str(self.folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        ports = [
            f"-{name if '.' in name else name + '.port'}={self.port + place}"
            for place, name in enumerate(_PORTS)
        ]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("weed")),
                    "mini",
                    f"-dir={self.folder}",
                    f"-bucket={BUCKET}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    "-admin.ui=false",
                    "-webdav=false",
                    "-master.telemetry=false",
                    "-s3.autoCreateBucket=false",
                    *ports,
                ],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        """End it as a power failure does."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def hold_up(self) -> None:
        """Let it listen and not answer."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def client(self) -> Any:
        """Return a file system that has nothing to do with how the project reaches it."""
        return s3fs.S3FileSystem(
            endpoint_url=self.url,
            key=KEY,
            secret=SECRET,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def uploads(self) -> list[str]:
        """Return the keys whose upload nobody ended."""
        return [each["Key"] for each in self.client().list_multipart_uploads(BUCKET)]

    def objects(self, prefix: str = "") -> list[str]:
        """Return the keys of all objects, hidden ones too."""
        return [key.removeprefix(f"{BUCKET}/") for key in self.client().find(f"{BUCKET}/{prefix}")]

    def _try(self) -> None:
        client, path = self.client(), f"{BUCKET}/.ready"
        client.pipe(path, b"ready")
        assert client.cat(path) == b"ready"
        client.rm(path)

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(Exception):  # whatever it says while it starts
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                self._try()
                return
            time.sleep(0.1)
        raise TimeoutError("the object store did not start")


@contextmanager
def served(folder: Path) -> Iterator[ObjectStore]:
    """Start a server, and end it."""
    folder.mkdir(exist_ok=True)
    store = ObjectStore(folder, _free_block())
    store.start()
    try:
        yield store
    finally:
        store.kill()
        shutil.rmtree(folder)


def _free_block() -> int:
    """Find a port with as many free ones behind it as are needed, and their partners for gRPC."""
    while True:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            given: int = found.getsockname()[1]
        first = 12_000 + given % 8_000  # below those that are given out
        block = range(first, first + len(_PORTS))
        if all(_is_free(port) and _is_free(port + 10_000) for port in block):
            return first


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as asked:
        return asked.connect_ex(("127.0.0.1", port)) != 0
