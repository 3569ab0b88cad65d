"""A real PostgreSQL for tests: a cluster in a temporary folder, of another user if root runs it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

PASSWORD = "hunter2-secret"  # noqa: S105 (of a server that ends with the tests)
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def binaries() -> Path:
    """The folder of PostgreSQL's programs; the test is skipped if there are none."""
    if _BINARIES:
        return _BINARIES[-1]
    found = shutil.which("initdb")
    if found is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    return Path(found).parent


def _as_somebody() -> list[str]:
    """PostgreSQL refuses to be run by root."""
    if os.getuid():
        return []
    if shutil.which("runuser") is None:
        pytest.skip("root cannot run PostgreSQL, and there is no runuser")
    return ["runuser", "-u", "nobody", "--"]


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def served() -> Iterator[str]:
    """A server that is there for a while; gives the address of its database, with its password."""
    programs, user = binaries(), _as_somebody()
    with tempfile.TemporaryDirectory(prefix="anon-pg-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        home = folder / "home"
        home.mkdir()
        (home / "password").write_text(PASSWORD)
        if user:
            shutil.chown(home, "nobody")
            shutil.chown(home / "password", "nobody")
        port = _free_port()
        made = ["-D", f"{home}/data", "-U", "anon", "-E", "UTF8", "--no-sync"]
        guarded = ["--auth=scram-sha-256", f"--pwfile={home}/password"]
        _run([*user, f"{programs}/initdb", *made, *guarded], home)
        options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [*user, f"{programs}/pg_ctl", "-D", f"{home}/data", "-l", f"{home}/log", "-w"]
        _run([*control, "-o", options, "start"], home)
        try:
            yield f"postgresql://anon:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], home)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
