"""A PostgreSQL of its own on this machine, from the programs that the system has."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PLACES = ("/usr/lib/postgresql", "/usr/pgsql")
_USER, _DATABASE = "dagster", "dagster"
_PATIENCE = 60.0  # seconds on a busy machine


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest if there are several."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = [each for place in _PLACES for each in Path(place).glob("*/bin/initdb")]
    newest = sorted(places, key=lambda each: float(each.parts[-3]))
    return newest[-1].parent if newest else None


@dataclass
class PostgresCluster:
    """A server with one database, which listens on loopback and asks for a password.

    It lies in a folder of its own below that for temporary files, since it refuses to run as root
    and needs another user to get there.
    """

    log: Path
    bin: Path
    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    folder: Path = field(init=False)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="anon-postgres-"))
        if self._user is not None:
            shutil.chown(self.folder, self._user)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the processes of a deployment are told."""
        return {
            "ANON_POSTGRES_HOST": "127.0.0.1",
            "ANON_POSTGRES_PORT": str(self.port),
            "ANON_POSTGRES_DATABASE": _DATABASE,
            "ANON_POSTGRES_USER": _USER,
        }

    def create(self) -> None:
        """Make the cluster anew, start it, and make its database."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        told = self.folder / "password"
        told.write_text(self.password, encoding="ascii")
        if self._user is not None:
            shutil.chown(told, self._user)
        asked = ["--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={told}"]
        self._run("initdb", *asked, "--encoding=UTF8", "--no-locale", f"{self.folder}/data")
        told.unlink()
        self.start()
        self._run("createdb", *self._at, _DATABASE)

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises
        ------
        TimeoutError
            If it does not within a minute.
        """
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        told = [f"--{name}={value}" for name, value in options.items()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (a program of the system)
                [
                    *(str(self.bin / "postgres"), "-D", f"{self.folder}/data"),
                    *("--unix_socket_directories=", *told),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=self._user,
                start_new_session=True,
            )
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError, subprocess.CalledProcessError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                self._run("pg_isready", *self._at)
                return
            time.sleep(0.1)
        raise TimeoutError("PostgreSQL did not start")

    def crash(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in order; whoever is connected is cut off."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """End it and remove all of it."""
        if self.process is not None and self.process.poll() is None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dump(self, to: Path) -> None:
        """Write all that is in the database to a file."""
        self._run("pg_dump", *self._at, "--format=custom", f"--file={self.folder}/dump", _DATABASE)
        shutil.move(self.folder / "dump", to)

    def restore(self, dump: Path) -> None:
        """Fill a new database from such a file."""
        copied = Path(shutil.copy(dump, self.folder / "dump"))
        if self._user is not None:
            shutil.chown(copied, self._user)
        self._run("pg_restore", *self._at, "--exit-on-error", f"--dbname={_DATABASE}", str(copied))

    def text(self, dump: Path) -> str:
        """Return what such a file has as text, to look for what must not be there."""
        command = [str(self.bin / "pg_restore"), "--file=-", str(dump)]
        told = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return told.stdout.decode()

    @property
    def _user(self) -> str | None:
        """Whom it runs as; of root somebody else."""
        if os.geteuid() != 0:
            return None
        names = {each.pw_name for each in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    @property
    def _at(self) -> tuple[str, ...]:
        return "--host=127.0.0.1", f"--port={self.port}", f"--username={_USER}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 (a program of the system)
            [str(self.bin / program), *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env=os.environ | {"PGPASSWORD": self.password},
            user=self._user,
        )

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None, "only a server that runs is ended"
        self.process.send_signal(number)
        self.process.wait(_PATIENCE)
