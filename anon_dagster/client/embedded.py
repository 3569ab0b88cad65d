"""A deployment without a server: a host of this project on this machine, started when needed."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from threading import RLock
from typing import Any

from anon_dagster import errors
from anon_dagster.client.deployment import Failure, JobRecord, Launch, RunRecord
from anon_dagster.engine import EngineSettings
from anon_dagster.errors import DeploymentError, TargetError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.greeting import reached
from anon_dagster.jobs.tags import KIND_TAG

_PATIENCE = 90.0  # seconds for a host to start on a busy machine
_GREETING = 3  # seconds for what listens at its address to prove that it is the host
_GONE = (OSError, EOFError, AuthenticationError)


@dataclass
class EmbeddedDeployment:
    """Jobs in processes of their own on this machine.

    Parameters
    ----------
    home
        The folder of ``dagster.yaml``; one is made if there is none.
    store
        The folder of the jobs.
    """

    home: Path
    store: Path
    _connection: Connection | None = None
    _guard: RLock = field(default_factory=RLock)

    def launch(self, launch: Launch) -> str:
        """Queue a job and return its id.

        An operation is worked on as ``ANON_ENGINE`` says here, whoever started the host.

        Raises
        ------
        RequestError
            If that cannot be read.
        """
        if KIND_TAG in launch.tags:
            engine = {names.ENGINE: {"config": EngineSettings.of_environment().document}}
            launch = replace(launch, config={**launch.config, "resources": engine})
        return str(self._ask("launch", **asdict(launch)))

    def records(self, limit: int) -> Sequence[JobRecord]:
        """Return the last jobs, newest first."""
        self._require_home()
        return [JobRecord(**each) for each in self._ask("records", limit=limit)]

    def record(self, job_id: str) -> JobRecord:
        """Return one job."""
        self._require_home()
        return JobRecord(**self._ask("record", job_id=job_id))

    def findings(self, job_id: str) -> RunRecord:
        """Return what a job showed by now."""
        found = self._ask("findings", job_id=job_id)
        failure = found["failure"]
        return RunRecord(found["steps"], Failure(**failure) if failure else None)

    def config(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job was configured."""
        config: Mapping[str, Any] = self._ask("config", job_id=job_id)
        return config

    def abort(self, job_id: str, *, timeout: float) -> None:
        """Ask a job to end."""
        del timeout  # it is asked at once
        self._ask("abort", job_id=job_id)

    def delete(self, job_id: str) -> None:
        """Forget a job that is over."""
        self._ask("delete", job_id=job_id)

    def close(self) -> None:
        """End the host if it has nothing to do."""
        self.stop()

    def stop(self) -> bool:
        """End the host if it has nothing to do; tell whether it has ended, or never ran."""
        with self._guard:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection is None or bool(self._ask("stop"))

    def _require_home(self) -> None:
        """Refuse to look for jobs in a folder that is not there: it is made with the first job.

        Raises
        ------
        DeploymentError
            Naming it.
        """
        if self.home != self.store and not (self.home.exists() or self.store.exists()):
            raise DeploymentError(
                f"there is no folder {self.home}, so it has no jobs: name the home of a deployment"
            )

    def _ask(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 (JSON)
        """Return what the host answers; raise the error that it answers with."""
        with self._guard:
            question = json.dumps({"method": method, "arguments": arguments}).encode()
            try:
                reply = self._exchange(question)
            except _GONE:
                self._connection = None
                if method == "launch":
                    raise DeploymentError(
                        "the host of the jobs ended while it was asked; look whether the job is "
                        "there before it is submitted a second time"
                    ) from None
                reply = self._exchange(question)  # of a new host; asked twice, it does no harm
        if "error" in reply:
            raise getattr(errors, reply["error"])(reply["message"]) from None
        return reply["answer"]

    def _exchange(self, question: bytes) -> dict[str, Any]:
        if self._connection is None:
            self._connection = self._connect() or self._start()
        try:
            self._connection.send_bytes(question)
        except OSError:  # the host ended since; nothing of the question reached it
            self._connection = self._connect() or self._start()
            self._connection.send_bytes(question)
        reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
        return reply

    def _connect(self) -> Connection | None:
        with suppress(*_GONE, ValueError, KeyError, TypeError):
            told = json.loads((self.store / file_names.HOST_ADDRESS).read_text(encoding="utf-8"))
            address, key = tuple(told["address"]), bytes.fromhex(told["key"])
            return reached(address, key, seconds=_GREETING)
        return None

    def _start(self) -> Connection:
        """Start a host and return a connection to it, or to another one that was faster."""
        try:
            self.store.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise TargetError(
                f"cannot keep jobs in {self.store}: {error.strerror}; name another store"
            ) from None
        said = self.store / file_names.HOST_LOG
        command = [sys.executable, "-m", "anon_dagster.host"]
        command += ["--home", str(self.home), "--store", str(self.store)]
        host = _detach(command, said)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if connection := self._connect():
                return connection
            if _failed(host):
                raise DeploymentError(f"the host of the jobs does not start; {said} says why")
            time.sleep(0.05)
        raise DeploymentError(f"the host of the jobs did not start within {_PATIENCE:.0f} seconds")


def _detach(command: list[str], said: Path) -> int:
    """Start a process that goes on when this one ends; return its id.

    Not by subprocess, which complains of a process that outlives the object that stands for it.
    """
    log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, log, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
    ]
    try:
        return os.posix_spawn(command[0], command, os.environ, file_actions=files, setsid=True)
    finally:
        os.close(log)


def _failed(process: int) -> bool:
    """Tell whether a process ended with an error; one that found another host ended without."""
    with suppress(ChildProcessError):  # it was asked before, when it had just ended
        ended, code = os.waitpid(process, os.WNOHANG)
        return bool(ended and code)
    return False
