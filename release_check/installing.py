"""Install a wheel as a user does, with nothing of the workshop, and try it."""

import re
import subprocess
from pathlib import Path

from release_check.failing import CheckFailedError
from release_check.pinned import UnavailableError, make


def install(wheel: Path, lock: Path, home: Path) -> Path:
    """Make an environment of a wheel with the versions of a lock, and return its Python.

    Raises
    ------
    CheckFailedError
        If it cannot be made.
    """
    constraints = home.with_suffix(".txt")
    constraints.write_text(versions_in(lock.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        make(home, "-c", str(constraints), str(wheel))
    except UnavailableError as error:
        raise CheckFailedError(str(error)) from None
    return home / "bin" / "python"


def versions_in(lock: str) -> str:
    """Return the versions of a lock, with their markers and without hashes."""
    pins = re.findall(r"^([\w.-]+==[^\s;]+(?: ; [^\\\n]+)?)", lock, flags=re.MULTILINE)
    return "".join(f"{pin.strip()}\n" for pin in pins)


def try_out(python: Path, version: str) -> str:
    """Import what was installed, and ask the shell for help, in a folder without the project.

    Raises
    ------
    CheckFailedError
        If either fails, or says another version.
    """
    told = _told([str(python), "-c", "import anon_dagster; print(anon_dagster.__version__)"])
    if told.strip() != version:
        raise CheckFailedError(f"what was installed says that it is {told.strip()}")
    if not _told([str(python.parent / "anon"), "--help"]).startswith("usage: anon"):
        raise CheckFailedError("anon --help shows no usage")
    return "a fresh environment imports anon_dagster and runs anon --help"


def _told(words: list[str]) -> str:
    home = str(Path(words[0]).parent)
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckFailedError(f"{Path(words[0]).name} ended with {done.returncode}: {done.stderr}")
    return done.stdout
