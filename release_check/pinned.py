"""Environments of tools that are no part of the project's own, each with pinned versions."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path


class UnavailableError(Exception):
    """A tool cannot be had here."""


def environment(requirements: Path) -> Path:
    """Return the Python of an environment that has what is required, and make it where needed.

    It lies in the project's environment, under a name that a changed pin changes.

    Parameters
    ----------
    requirements
        Versions with hashes. Of its folder the environment is called.

    Raises
    ------
    UnavailableError
        If there is no uv, no index of packages, or a package is not there for this Python.
    """
    pins = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(sys.prefix) / f"{requirements.parent.name}-{version}-{pins}"
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            make(home, "--require-hashes", "-r", str(requirements))
            (home / "ready").touch()
    return home / "bin" / "python"


def make(home: Path, *packages: str) -> None:
    """Make an environment with packages, or leave none.

    Raises
    ------
    UnavailableError
        If it cannot be made.
    """
    uv = Path(sys.prefix) / "bin" / "uv"
    if not uv.exists():
        raise UnavailableError("uv is not here, which makes environments: make .venv/ready")
    python = str(home / "bin" / "python")
    for words in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(home)],
        ["pip", "install", "--quiet", "--no-build", "--python", python, *packages],
    ):
        if subprocess.run([str(uv), *words], capture_output=True, check=False).returncode:
            shutil.rmtree(home, ignore_errors=True)
            raise UnavailableError(
                f"{home.name} cannot be installed: there is no index of packages here, or it lacks "
                "some for this Python"
            )
