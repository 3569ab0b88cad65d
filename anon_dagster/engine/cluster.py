"""A cluster before the work: reached, or started on this machine, and fit for it."""

import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, Scheduler, Security
from distributed.deploy.spec import ProcessInterface, SpecCluster

from anon_dagster.engine.on_worker import digest_of_code
from anon_dagster.engine.settings import EngineSettings
from anon_dagster.errors import ClusterError, ClusterUnavailableError, RequestError

_ANSWER = 10
"""Seconds in which a scheduler answers."""
_START = 120
"""Seconds in which workers come."""
_SAME = ("anon-dagster", "numpy", "pandas", "pyarrow", "distributed")
"""Packages of which all processes must have the same version."""
_HERE = "127.0.0.1"


@contextmanager
def connected(settings: EngineSettings) -> Iterator[Client]:
    """Reach the scheduler of a cluster that has workers, or start both.

    Raises
    ------
    ClusterUnavailableError
        If it does not answer, or no worker comes.
    """
    if settings.address is not None:
        _require_certificate(settings.address)
        with _client(settings.address, settings.address, 1) as client:
            yield client
        return
    workers = settings.workers or 1
    with (
        _started(workers, settings.threads_found) as cluster,
        _client(cluster, "the scheduler on this machine", workers) as client,
    ):
        yield client


@contextmanager
def _client(cluster: str | SpecCluster, named: str, workers: int) -> Iterator[Client]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared by ourselves
            client = Client(cluster, timeout=_ANSWER, set_as_default=False, name="anon-dagster")
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise ClusterUnavailableError(
            f"the cluster cannot be reached: {named} did not answer within {_ANSWER} seconds "
            f"({type(error).__name__})"
        ) from None
    try:
        client.wait_for_workers(workers, timeout=_START if workers > 1 else 30)
    except TimeoutError:
        client.close()
        raise ClusterUnavailableError(f"{named} has no workers; start some") from None
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close()


def _require_certificate(address: str) -> None:
    """Refuse an address of TLS where this process was not told its key and certificate.

    Raises
    ------
    RequestError
        Saying where they are told.
    """
    if not address.startswith("tls://"):
        return
    try:
        told = Security().get_connection_args("client")["ssl_context"]
    except (OSError, ValueError):
        raise RequestError(
            "engine.address is of TLS, and the key or a certificate that the configuration of dask "
            "names (distributed.comm.tls) cannot be read, or they do not fit"
        ) from None
    if told is None:
        raise RequestError(
            "engine.address is of TLS, and the configuration of dask does not name the key and the "
            "certificates of this process: distributed.comm.tls has ca-file, client.key and "
            "client.cert"
        )


def require_same_versions(client: Client) -> None:
    """Refuse a scheduler and workers that would not do the same as this process.

    Raises
    ------
    ClusterError
        Naming what differs, and in how many processes.
    """
    told: Any = client.get_versions(packages=list(_SAME))
    own = told["client"]["packages"]
    others = [each["packages"] for each in (told["scheduler"], *told["workers"].values())]
    problems = []
    for package in ("python", *_SAME):
        found = [_version(package, packages) for packages in others]
        wanted = _version(package, own)
        if differing := [version for version in found if version != wanted]:
            versions = ", ".join(sorted(set(differing)))
            problems.append(f"{package} {wanted} here, {versions} in {len(differing)}")
    if not problems:
        digests = [client.run_on_scheduler(digest_of_code), *client.run(digest_of_code).values()]
        if count := sum(digest != digest_of_code() for digest in digests):
            problems.append(f"anon-dagster has other code in {count}")
    if problems:
        raise ClusterError(
            f"of the {len(others)} processes of the cluster, its scheduler and its workers, some "
            f"are not as this one: {'; '.join(problems)}; install the same versions"
        )


def _version(package: str, packages: Mapping[str, str | None]) -> str:
    """Return what must be the same of a version: of Python, the first two numbers."""
    version = packages.get(package) or "none"
    return ".".join(version.split(".")[:2]) if package == "python" else version


# -- on this machine -----------------------------------------------------------------------


@contextmanager
def _started(workers: int, threads: int) -> Iterator[SpecCluster]:
    """Start a scheduler in this process, and processes that work."""
    scheduler = {
        "cls": Scheduler,
        "options": {"host": _HERE, "dashboard_address": f"{_HERE}:0", "allowed_failures": 1},
    }
    spec = {n: {"cls": WorkerProcess, "options": {"threads": threads}} for n in range(workers)}
    cluster = SpecCluster(workers=spec, scheduler=scheduler, silence_logs=logging.ERROR)
    try:
        yield cluster
    finally:
        with suppress(Exception):
            cluster.close()


class WorkerProcess(ProcessInterface):
    """A worker in a process of its own, with one that starts it again if it ends.

    It is started as a command, so that nothing of the program that asks for it runs twice.
    """

    def __init__(self, scheduler: str, name: object = None, threads: int = 1) -> None:
        self._scheduler, self._name, self._threads = scheduler, name, threads
        self._process: asyncio.subprocess.Process | None = None
        super().__init__()

    async def start(self) -> None:
        """Start it."""
        options = {"nthreads": self._threads, "host": _HERE, "name": str(self._name)}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "dask", "spec", self._scheduler, "--spec"),
            json.dumps({"cls": "distributed.Nanny", "opts": options}),
            env=os.environ | _OF_WORKERS,
        )
        await super().start()

    async def close(self) -> None:
        """End it, and what it started."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
        self._process = None
        await super().close()


NOTHING_INTO_FILES = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
}
"""The environment of a worker, for what it holds has cells."""
_OF_WORKERS = {
    "DASK_LOGGING__DISTRIBUTED": "error",
    "PYTHONWARNINGS": "ignore",
    **NOTHING_INTO_FILES,
}
"""Settings of the workers that are started here."""
