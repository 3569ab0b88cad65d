"""What is in a wheel and in an sdist: all of the package, and nothing of the workshop."""

import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path

from release_check.building import Built
from release_check.failing import CheckFailedError

_PACKAGE = "anon_dagster/"
_BESIDE = {
    "CHANGELOG.md",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "SECURITY.md",
    "pyproject.toml",
    ".gitignore",  # hatchling puts it in, and goes by it
}
_NEVER = (".pyc", ".part", ".env", "__pycache__", ".DS_Store", ".orig", ".rej", "~")


def check_contents(project: Path, built: Built) -> str:
    """Hold the names of what is packed against the files of the package.

    Raises
    ------
    CheckFailedError
        If something is missing, or has no place there.
    """
    package = [path for path in (project / _PACKAGE).rglob("*") if path.is_file()]
    names = {path.relative_to(project).as_posix() for path in package if _is_source(path)}
    wheel, sdist = names_in_wheel(built.wheel), names_in_sdist(built.sdist)
    check_wheel(wheel, names)
    check_sdist(sdist, names)
    return f"{len(wheel)} files in the wheel, {len(sdist)} in the sdist"


def check_wheel(packed: Collection[str], package: Collection[str]) -> None:
    """Ask a wheel for the package, its licence and its metadata, and for nothing else.

    Raises
    ------
    CheckFailedError
        If it is not so.
    """
    info = {name for name in packed if name.split("/")[0].endswith(".dist-info")}
    _require(package, packed, "the wheel")
    _refuse(set(packed) - info - set(package), "the wheel")
    for ending in ("/METADATA", "/RECORD", "/entry_points.txt", "/licenses/LICENSE"):
        if not any(name.endswith(ending) for name in info):
            raise CheckFailedError(f"the wheel has no {ending[1:]}")


def check_sdist(packed: Collection[str], package: Collection[str]) -> None:
    """Ask an sdist for the package and the pages, and for nothing else.

    Raises
    ------
    CheckFailedError
        If it is not so.
    """
    _require({*package, *_BESIDE}, packed, "the sdist")
    _refuse({n for n in packed if n not in {*package, *_BESIDE} and not _is_page(n)}, "the sdist")


def names_in_wheel(wheel: Path) -> set[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def names_in_sdist(sdist: Path) -> set[str]:
    """Return the names of the files in an sdist, below its folder."""
    with tarfile.open(sdist) as archive:
        return {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}


def _is_source(path: Path) -> bool:
    return not any(sign in path.as_posix() for sign in _NEVER)


def _is_page(name: str) -> bool:
    return name.startswith("docs/") and name.endswith((".md", ".png", ".json", ".css", ".js"))


def _require(asked: Collection[str], packed: Collection[str], what: str) -> None:
    if missing := sorted(set(asked) - set(packed)):
        raise CheckFailedError(f"{what} lacks {len(missing)} files, such as {missing[0]}")


def _refuse(names: Collection[str], what: str) -> None:
    if names:
        raise CheckFailedError(f"{what} has {len(names)} files too many, such as {min(names)}")
