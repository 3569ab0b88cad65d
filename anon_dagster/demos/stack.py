"""The processes of ``deploy/compose.yaml`` without containers: each as it is started there.

All of it lies in one folder, but the database, and listens on loopback only.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from anon_dagster.demos.postgres import PostgresCluster, programs
from anon_dagster.demos.running import end_group
from anon_dagster.request.documents import load_yaml

if TYPE_CHECKING:
    from anon_dagster.client import AnonClient

DEPLOY = "deploy"
CODE_COMMAND = re.compile(r"^CMD (\[.*\])$", re.MULTILINE)
"""In the Dockerfile: how the code server is started."""
NOTHING: Mapping[str, str] = MappingProxyType({})
_READY = """{
  instance{daemonHealth{allDaemonStatuses{daemonType healthy}}}
  workspaceOrError{...on Workspace{locationEntries{locationOrLoadError{__typename}}}}}"""
_PATIENCE = 180.0  # seconds on a busy machine
_LOOK = 0.2  # seconds between two looks


def lacking() -> str:
    """Say which program of the system is missing; nothing if none is."""
    if programs() is None:
        return "PostgreSQL's programs (on Debian: apt-get install postgresql)"
    if nginx() is None:
        return "nginx (on Debian: apt-get install nginx)"
    return ""


def nginx() -> str | None:
    """Return where nginx is, also for who has no folder of the system's programs in the path."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@dataclass
class Stack:
    """A deployment, and who may log in."""

    project: Path
    folder: Path
    people: Sequence[str]
    _processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        ports = _free_ports(4)
        self._postgres_port, self._code_port, self._webserver_port, self.port = ports
        self.passwords = {name: secrets.token_hex(12) for name in self.people}
        for name in (
            "data",
            "store",
            "logs",
            "log",
            "home",
            "secrets",
            "proxy",
            "tls",
            "elsewhere",
        ):
            (self.folder / name).mkdir(mode=0o700)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(self.project / DEPLOY / name, self.folder / "home")
        (self.folder / "secrets" / "postgres_password").write_text(self.database.password)
        _write_passwords(self.folder / "secrets" / "passwords", self.passwords)
        (self.folder / "proxy" / "nginx.conf").write_text(self._proxy_settings())

    @cached_property
    def database(self) -> PostgresCluster:
        """Where Dagster keeps what it knows."""
        found = programs()
        assert found is not None, "lacking() tells it"
        return PostgresCluster(self.folder / "log" / "db.log", found, self._postgres_port)

    @property
    def url(self) -> str:
        """Where the proxy answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """What jobs keep."""
        return self.folder / "store"

    @property
    def secrets(self) -> Sequence[str]:
        """What must be in no log."""
        return self.database.password, *self.passwords.values()

    def authorization(self, person: str) -> str:
        """Return what a client says of who it is, as ``ANON_AUTHORIZATION`` has it."""
        told = f"{person}:{self.passwords[person]}".encode()
        return f"Basic {base64.b64encode(told).decode()}"

    def client(self, person: str, **headers: str) -> "AnonClient":
        """Return a client of a person who logs in."""
        from anon_dagster.client import AnonClient

        said = {"Authorization": self.authorization(person), **headers}
        return AnonClient(self.url, store=self.store, headers=said)

    def ask(
        self, path: str, data: bytes | None = None, headers: Mapping[str, str] = NOTHING
    ) -> int:
        """Ask the proxy as a browser may, and return the status of its answer."""
        asked = f"{self.url}{path}"
        request = urllib.request.Request(asked, data, dict(headers))  # noqa: S310 (our own)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def upgrade(self, headers: Mapping[str, str] = NOTHING) -> int:
        """Ask for a WebSocket, as the UI does to see what changes; return the status."""
        said = {
            "Host": f"127.0.0.1:{self.port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
            "Sec-WebSocket-Protocol": "graphql-ws",
            **headers,
        }
        lines = ["GET /graphql HTTP/1.1", *(f"{name}: {each}" for name, each in said.items())]
        with socket.create_connection(("127.0.0.1", self.port), 30) as asked:
            asked.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
            return int(asked.makefile("rb").readline().split()[1])

    # -- starting and ending ---------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let all of it run, with a new database."""
        with ExitStack() as ends:
            ends.callback(self.stop)
            self.database.create()
            self._start_to_read()
            self.start("daemon", self._compose["daemon"]["command"])
            self.wait("QUEUED_RUN_COORDINATOR")
            yield

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Let run what is needed to read, with the database that is there."""
        with ExitStack() as ends:
            ends.callback(self.stop)
            self._start_to_read()
            self.wait()
            yield

    def _start_to_read(self) -> None:
        """Start all but the daemon; the webserver makes the tables, before two would."""
        self.start("code", json.loads(self._code_command()))
        self._wait_for("code", self._code_port)
        self.start("webserver", self._compose["webserver"]["command"])
        self._wait_for("webserver", self._webserver_port)
        self.start_proxy()

    def stop(self) -> None:
        """End all but the database, in the order in which nobody misses another one."""
        for name in [*self._processes]:
            self.end(name)
        if self.database.process is not None and self.database.process.poll() is None:
            self.database.stop()

    def end(self, name: str) -> None:
        """End a process and those that it started."""
        with suppress(ProcessLookupError):
            end_group(self._processes.pop(name), seconds=20)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process as its container does, secrets from files."""
        entry = self.project / DEPLOY / "entrypoint.sh"
        program, *arguments = [self._here(word) for word in command]
        self._processes[name] = self._open(
            name, ["sh", str(entry), str(Path(sys.executable).with_name(program)), *arguments]
        )

    def start_proxy(self) -> None:
        """Start nginx in the foreground, as whoever starts it."""
        found = nginx()
        assert found is not None, "lacking() tells it"
        user = "user root;" if os.geteuid() == 0 else ""
        settings = str(self.folder / "proxy" / "nginx.conf")
        self._processes["proxy"] = self._open(
            "proxy", [found, "-e", "stderr", "-c", settings, "-g", f"daemon off; {user}"]
        )
        self._wait_for("proxy", self.port)

    def wait(self, *daemons: str) -> None:
        """Wait until the webserver has the code, and daemons are at work.

        Raises
        ------
        TimeoutError
            If that takes more than three minutes.
        """
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError, ValueError, KeyError, TypeError):
                if _is_ready(self._asked(_READY), daemons):
                    return
            time.sleep(_LOOK)
        raise TimeoutError("the deployment did not start")

    def _wait_for(self, name: str, port: int) -> None:
        """Wait until a process listens; it may end before."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._processes[name].poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            time.sleep(_LOOK)
        raise TimeoutError(f"the {name} of the deployment did not start")

    def _asked(self, query: str) -> Any:  # noqa: ANN401 (a document of Dagster)
        request = urllib.request.Request(  # noqa: S310 (our own address)
            f"{self.url}/graphql",
            json.dumps({"query": query}).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": self.authorization(self.people[0]),
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)["data"]

    # -- as the containers are told --------------------------------------------------------------

    @cached_property
    def _compose(self) -> Mapping[str, Any]:
        services: Mapping[str, Any] = load_yaml(self.project / DEPLOY / "compose.yaml")["services"]
        return services

    def _code_command(self) -> str:
        text = (self.project / DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        found = CODE_COMMAND.search(text)
        assert found is not None, "the Dockerfile says what the image does"
        return found[1]

    def _here(self, word: str) -> str:
        """Return a word of a command with the addresses and folders of this machine."""
        here = {
            "0.0.0.0": "127.0.0.1",  # noqa: S104 (what is replaced)
            "3000": str(self._webserver_port),
            "4000": str(self._code_port),
            "/etc/anon/workspace.yaml": str(self.folder / "home" / "workspace.yaml"),
        }
        return here.get(word, word)

    def _environment(self, name: str) -> Mapping[str, str]:
        told = {
            **self.database.environment,
            "ANON_POSTGRES_PASSWORD_FILE": str(self.folder / "secrets" / "postgres_password"),
            "ANON_CODE_HOST": "127.0.0.1",
            "ANON_CODE_PORT": str(self._code_port),
            "ANON_LOGS": str(self.folder / "logs"),
            "DAGSTER_HOME": str(self.folder / "home"),
            "DAGSTER_GRPC_TIMEOUT_SECONDS": "300",
            "DAGSTER_DISABLE_TELEMETRY": "1",  # or it would make folders beside its settings
            "PYTHONPATH": str(self.project),
            "PYTHONUNBUFFERED": "1",
        }
        of_jobs = {"ANON_DATA": str(self.folder / "data"), "ANON_STORE": str(self.store)}
        return {**told, **of_jobs} if name == "code" else told

    def _open(self, name: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANON_", "DAGSTER_"))}
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (programs of the environment and the system)
                command,
                cwd=self.folder / ("data" if name == "code" else "elsewhere"),
                env={**kept, **self._environment(name)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _proxy_settings(self) -> str:
        text = (self.project / DEPLOY / "nginx.conf.template").read_text(encoding="utf-8")
        return filled_in(
            text,
            {
                "ANON_LISTEN": f"127.0.0.1:{self.port}",
                "ANON_WEBSERVER": f"127.0.0.1:{self._webserver_port}",
                "ANON_PASSWORDS": str(self.folder / "secrets" / "passwords"),
                "ANON_PROXY_FOLDER": str(self.folder / "proxy"),
                "ANON_TLS_FOLDER": str(self.folder / "tls"),
            },
        )


def filled_in(template: str, values: Mapping[str, str]) -> str:
    """Return nginx's settings with what envsubst fills in, and its own names as they are."""
    return Template(template).safe_substitute(values)


def _write_passwords(path: Path, passwords: Mapping[str, str]) -> None:
    """Write who may log in as nginx reads it: salted, which is enough for long random ones."""
    lines = []
    for name, password in passwords.items():
        salt = secrets.token_bytes(8)
        digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
        lines.append(f"{name}:{{SSHA}}{base64.b64encode(digest + salt).decode()}\n")
    path.write_text("".join(lines), encoding="ascii")


def _is_ready(told: Mapping[str, Any], daemons: Sequence[str]) -> bool:
    statuses = told["instance"]["daemonHealth"]["allDaemonStatuses"]
    locations = told["workspaceOrError"]["locationEntries"]
    loaded = [each["locationOrLoadError"]["__typename"] for each in locations]
    at_work = {each["daemonType"] for each in statuses if each["healthy"]}
    return at_work >= {*daemons} and loaded == ["RepositoryLocation"]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
