"""Build a wheel and an sdist twice, from two folders: the same bytes must come out."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from release_check.failing import CheckFailedError

_OTHERWISE = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
"""What must make no difference."""


@dataclass(frozen=True, slots=True)
class Built:
    """A wheel and an sdist."""

    wheel: Path
    sdist: Path


def build_twice(project: Path, work: Path) -> Built:
    """Build both from two copies of the files that Git knows, and the wheel from the sdist, too.

    Raises
    ------
    CheckFailedError
        If bytes differ, or nothing can be built.
    """
    epoch = _run(["git", "log", "-1", "--format=%ct"], project).strip()
    first = _build(_copied(project, work / "one"), work / "built-1", {"SOURCE_DATE_EPOCH": epoch})
    other = _copied(project, work / "another folder", touched=True)
    second = _build(other, work / "built-2", _OTHERWISE | {"SOURCE_DATE_EPOCH": epoch})
    shutil.unpack_archive(first.sdist, work / "unpacked", filter="data")
    (unpacked,) = (work / "unpacked").iterdir()
    third = _build(unpacked, work / "built-3", {"SOURCE_DATE_EPOCH": epoch})
    require_same("the wheel", first.wheel, second.wheel, "from two folders")
    require_same("the sdist", first.sdist, second.sdist, "from two folders")
    require_same("the wheel", first.wheel, third.wheel, "from the tree and from the sdist")
    return first


def require_same(what: str, one: Path, other: Path, whence: str) -> None:
    """Compare two files byte by byte.

    Raises
    ------
    CheckFailedError
        If they differ.
    """
    if digest(one) != digest(other):
        raise CheckFailedError(f"{what} differs, built {whence}")


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _copied(project: Path, folder: Path, *, touched: bool = False) -> Path:
    """Copy what Git knows, as it stands now; with other times and the other way round, if asked."""
    names = _run(["git", "ls-files", "-z"], project).split("\0")
    for name in sorted(filter(None, names), reverse=touched):
        if (project / name).is_file():  # and is not about to be deleted
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, target)
            if touched:
                os.utime(target, (0, 0))
    return folder


def _build(folder: Path, out: Path, environment: dict[str, str]) -> Built:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    _run([*words, "-d", str(out)], folder, environment)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)


def _run(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | (environment or {}),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise CheckFailedError(f"{words[0]} cannot be started: {error.strerror}") from None
    if done.returncode:
        raise CheckFailedError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
    return done.stdout
