"""A store that speaks S3, on this machine: SeaweedFS, which comes with the development tools."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PORTS = ("s3", "master", "volume", "filer", "admin", "s3.port.iceberg", "s3.port.lance")
_PATIENCE = 60.0  # seconds on a busy machine


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


@dataclass
class ObjectStore:
    """A server and its buckets, in a folder of its own, on ports of its own."""

    folder: Path
    key: str
    secret: str = field(repr=False)
    buckets: Sequence[str]
    port: int = field(default_factory=_free_block)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What everybody sets who uses it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_CONFIG_FILE": str(self.folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Start the server and wait until it takes objects.

        Raises
        ------
        TimeoutError
            If it does not within a minute.
        """
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (a program of the environment)
                [str(Path(sys.executable).with_name("weed")), "mini", *self._options()],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        """End it as a power failure does."""
        assert self.process is not None, "only a server that runs is killed"
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def client(self) -> Any:  # noqa: ANN401 (s3fs has no types)
        """Return a file system that has nothing to do with how the project reaches the store."""
        import s3fs

        return s3fs.S3FileSystem(
            endpoint_url=self.url,
            key=self.key,
            secret=self.secret,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def _options(self) -> list[str]:
        """Return how the server is started: all of it on loopback, and no service but S3."""
        ports = [
            f"-{name if '.' in name else name + '.port'}={self.port + offset}"
            for offset, name in enumerate(_PORTS)
        ]
        return [
            f"-dir={self.folder}",
            f"-bucket={self.buckets[0]}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-admin.ui=false",
            "-webdav=false",
            "-master.telemetry=false",
            "-s3.autoCreateBucket=false",
            *ports,
        ]

    def _try(self) -> None:
        client, path = self.client(), f"{self.buckets[0]}/.ready"
        client.pipe(path, b"ready")
        assert client.cat(path) == b"ready"
        client.rm(path)
        for bucket in self.buckets[1:]:
            if not client.exists(bucket):
                client.mkdir(bucket)

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(Exception):  # whatever it says while it starts
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                self._try()
                return
            time.sleep(0.1)
        raise TimeoutError("the object store did not start")
