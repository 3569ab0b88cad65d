"""Hears clients on the loopback interface, and keeps the queue moving."""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from typing import Any

from anon_dagster.defs import runs
from anon_dagster.defs.failures import unexpected
from anon_dagster.errors import AnonError, DeploymentError
from anon_dagster.host.queue import Queue
from anon_dagster.jobs.file_names import HOST_ADDRESS
from anon_dagster.jobs.greeting import knows

_TICK = 0.1  # seconds
_PATIENCE = 10  # seconds for a client to say that it knows the key
_BACKLOG = 64  # connections that wait to be accepted


@dataclass
class Server:
    """Answers one question after another on each connection, as JSON."""

    queue: Queue
    heard_at: float = field(default_factory=time.monotonic)
    stopping: threading.Event = field(default_factory=threading.Event)

    def serve(self, idle_seconds: float) -> None:
        """Serve until there was nothing to do and nobody asked for so many seconds."""
        key = secrets.token_bytes(32)
        # Without the key: accept would exchange it with each in turn, and wait for the silent.
        with Listener(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
            address = self.queue.folders.store / HOST_ADDRESS
            _write_privately(address, {"address": listener.address, "key": key.hex()})
            threading.Thread(target=self._accept, args=(listener, key), daemon=True).start()
            try:
                self._run(idle_seconds)
            finally:
                address.unlink(missing_ok=True)

    def _run(self, idle_seconds: float) -> None:
        while not self.stopping.is_set():
            self.queue.tick()
            if not self.queue.is_idle:
                self.heard_at = time.monotonic()
            elif time.monotonic() - self.heard_at > idle_seconds:
                return
            time.sleep(_TICK)

    def _accept(self, listener: Listener, key: bytes) -> None:
        while True:
            try:
                connection = listener.accept()
            except ConnectionError:
                continue  # it is gone already
            except OSError:
                return  # closed
            threading.Thread(target=self._answer, args=(connection, key), daemon=True).start()

    def _answer(self, connection: Connection, key: bytes) -> None:
        with connection:
            if not knows(connection, key, seconds=_PATIENCE):
                return
            while True:
                try:
                    asked = json.loads(connection.recv_bytes())
                except (EOFError, OSError):
                    return
                self.heard_at = time.monotonic()
                connection.send_bytes(json.dumps(self._reply(asked)).encode())

    def _reply(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"answer": self._methods[asked["method"]](**asked["arguments"])}
        except AnonError as error:
            return {"error": type(error).__name__, "message": str(error)}
        except Exception as error:  # noqa: BLE001 (its text may quote what is private)
            return {"error": DeploymentError.__name__, "message": unexpected(error)}

    @property
    def _methods(self) -> Mapping[str, Callable[..., Any]]:
        """What a client may ask for: the methods of its Deployment."""
        instance = self.queue.instance
        return {
            "launch": self.queue.add,
            "records": lambda limit: runs.records(instance, limit),
            "record": lambda job_id: runs.record(instance, job_id),
            "findings": lambda job_id: runs.findings(instance, job_id),
            "config": lambda job_id: runs.config(instance, job_id),
            "abort": self.queue.abort,
            "delete": self.queue.delete,
            "stop": self.stop,
        }

    def stop(self) -> bool:
        """End the host if it has nothing to do, and tell whether it has not."""
        with self.queue.guard:
            if self.queue.is_idle:
                self.stopping.set()
        return self.stopping.is_set()


def _write_privately(path: "os.PathLike[str]", document: Mapping[str, Any]) -> None:
    beside = f"{os.fspath(path)}.part"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file)
    os.replace(beside, path)  # noqa: PTH105 (a text path)
