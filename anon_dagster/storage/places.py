"""Places where tables lie: local folders and every store that fsspec reaches by its URL."""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem
from fsspec.utils import glob_translate

from anon_dagster.errors import (
    AnonError,
    SourceChangedError,
    SourceError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.storage import manifest, remote

_FOREIGN = (OSError, ValueError, ImportError, EOFError, zlib.error, pa.ArrowException)
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (FileNotFoundError, "no such file or directory"),
    (PermissionError, "permission denied"),
    (EOFError, "its compression is damaged or it was cut off"),
    (zlib.error, "its compression is damaged or it was cut off"),
    (BadGzipFile, "its compression is damaged or it was cut off"),
    (UnicodeError, "it is not in the encoding that the request names"),
    (ImportError, "the package for this kind of store is not installed"),
    (pa.ArrowException, "it is damaged, or not of the format that the request names"),
)
_VERSION = ("size", "mtime", "ino", "ETag", "LastModified", "last_modified", "generation", "md5")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Tells one version of a file from another."""

    path: str
    size: int
    version: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A file as a listing shows it."""

    path: str
    version: str
    """Another content has another one: the ETag of an object, size and time of a file."""
    size: int
    modified: float
    """Seconds since the epoch."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into an error that holds no cell."""
    try:
        yield
    except AnonError:
        raise
    except Exception as error:
        if not _is_foreign(error):
            raise
        raise _translated(error, SourceError, f"cannot read {path}") from None


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is written into an error that holds no cell."""
    try:
        yield
    except AnonError:
        raise
    except Exception as error:
        if not _is_foreign(error):
            raise
        raise _translated(error, TargetError, f"cannot write {path}") from None


def _is_foreign(error: Exception) -> bool:
    return isinstance(error, _FOREIGN) or remote.is_of_store(error)


def _translated(error: Exception, kind: type[AnonError], what: str) -> AnonError:
    refusal = remote.refusal(error)
    if refusal is None:
        return kind(f"{what}: {_reason(error)}")
    if refusal is remote.REPLACED and kind is SourceError:
        kind = SourceChangedError
    return (StoreUnavailableError if refusal.transient else kind)(f"{what}: {refusal.reason}")


def _reason(error: BaseException) -> str:
    """Say why, in words of our own: those of the library may quote cells."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return "its address or its content is not understood"


# -- addresses -----------------------------------------------------------------------------


def store(path: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path and the path within it."""
    address = path if "://" in path else str(Path(path).expanduser())
    system, inner = url_to_fs(address, **remote.options(path))
    remote.configure(system, path)
    return system, inner


def is_local(path: str) -> bool:
    """Tell whether a path lies in the file system of this machine."""
    return "://" not in path or path.startswith(("file://", "local://"))


def full(path: str) -> str:
    """Return a path absolute, or as the URL that it is."""
    system, inner = store(path)
    return inner if isinstance(system, LocalFileSystem) else str(system.unstrip_protocol(inner))


def parent(path: str) -> str:
    """Return the folder that a path lies in."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def name(path: str) -> str:
    """Return the last step of a path."""
    return path.rstrip("/").rpartition("/")[2]


def beside(path: str, other: str) -> str:
    """Return the path of another name in the same folder."""
    return f"{parent(path).rstrip('/')}/{other}"


# -- finding -------------------------------------------------------------------------------


def resolve(path: str | Iterable[str]) -> list[str]:
    """Find the files of a source: a file, a list, a glob, or a folder of part files.

    Files of a folder or glob come in natural order (``part-2`` before ``part-10``); names that
    begin with a dot or an underscore are not part of the table.

    Raises
    ------
    SourceError
        If nothing is found, a file is named twice, or a folder has folders in it.
    """
    paths = [path] if isinstance(path, str) else list(path)
    files = [file for each in paths for file in _found(each)]
    if twice := len(files) - len(set(files)):
        raise SourceError(f"the source names {twice} of its {len(set(files))} files twice")
    return files


def _found(path: str) -> list[str]:
    with reading(path):
        system, inner = store(path)
        kind = _kind(system, inner)
        if kind == "file":
            return [full(path)]
        if kind == "directory":
            files = _parts_in(system, inner, path)
        elif is_glob(inner):
            found = system.glob(inner, detail=True).items()
            files = [f for f, info in found if _followed(system, f, info)["type"] == "file"]
        else:
            raise SourceError(f"the source {path} does not exist, or is no file or folder")
        files = [file for file in files if name(file)[0] not in "._"]
        if not files:
            raise SourceError(f"the source {path} has no files")
        prefix = "" if isinstance(system, LocalFileSystem) else path.partition("://")[0] + "://"
        return sorted((prefix + str(file).removeprefix(prefix) for file in files), key=_natural)


def _kind(system: AbstractFileSystem, inner: str) -> str | None:
    """Tell a file from a folder from nothing; a store that cannot tell is an error.

    What fsspec has for it takes every error for a no.
    """
    try:
        kind: str = system.info(inner)["type"]
    except (FileNotFoundError, NotADirectoryError) as error:
        if remote.refusal(error) is not None:
            raise
        return None
    return kind


def find(path: str) -> list[Found]:
    """List the files of a folder, prefix or glob with their versions, those of folders in it too.

    Names that begin with a dot or an underscore are not looked at, on any level; a folder that is
    not there has no files.

    Raises
    ------
    SourceError
        If the place cannot be listed.
    """
    with reading(path):
        system, inner = store(path)
        system.invalidate_cache()
        start = len(_root(system, inner).rstrip("/")) + 1
        return [
            _shown(system, file, info)
            for file, info in _listed(system, inner)
            if info["type"] == "file"
            and not any(step[:1] in {".", "_"} for step in file[start:].split("/"))
        ]


def _listed(system: AbstractFileSystem, inner: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """List what a folder, prefix or glob has; links of this machine are followed to files."""
    kind = _kind(system, inner)
    found: dict[str, dict[str, Any]] = {}
    if kind is None and is_glob(inner):
        _kind(system, _root(system, inner))  # a bucket that is missing has no files to a glob
        found = system.glob(inner, detail=True)
    elif kind == "directory" and isinstance(system, LocalFileSystem):
        found = {file: system.info(file) for file in _files_below(inner)}
    elif kind is not None:
        found = system.find(inner, detail=True)
    for file, info in found.items():
        yield file, _followed(system, file, info)


def _files_below(folder: str) -> list[str]:
    """Return the files of a local folder and of those in it; one that may not be read is told."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # it was removed meanwhile
            raise error

    walked = [(at, names) for at, _, names in os.walk(folder, onerror=refuse)]
    paths = [f"{at.rstrip('/')}/{each}" for at, names in walked for each in names]
    return [path for path in paths if Path(path).exists()]


def _followed(system: AbstractFileSystem, file: str, info: dict[str, Any]) -> dict[str, Any]:
    """Describe what a link leads to: a listing describes the link."""
    if not info.get("islink"):
        return info
    try:
        followed: dict[str, Any] = system.info(file)
    except FileNotFoundError:
        return info
    return followed


def look_up(path: str) -> Found | None:
    """Return the file as it lies there now; nothing if there is none."""
    with reading(path):
        system, inner = store(path)
        system.invalidate_cache()
        try:
            info = system.info(inner)
        except FileNotFoundError as error:
            if remote.refusal(error) is not None:
                raise
            return None
        return _shown(system, inner, info) if info["type"] == "file" else None


def root(path: str) -> str:
    """Return the folder that a glob or prefix starts at: all that comes before a sign of a glob."""
    with reading(path):
        system, inner = store(path)
        return path if _root(system, inner) == inner else _before_glob(path)


def _root(system: AbstractFileSystem, inner: str) -> str:
    if not is_glob(inner):
        return inner
    literal = isinstance(system, LocalFileSystem) and _kind(system, inner) is not None
    return inner if literal else _before_glob(inner)


def _before_glob(path: str) -> str:
    steps = path.split("/")
    first = next(place for place, step in enumerate(steps) if is_glob(step))
    return "/".join(steps[:first]) or "/"


def _shown(system: AbstractFileSystem, inner: str, info: Mapping[str, Any]) -> Found:
    changed = info.get("mtime") or info.get("LastModified") or info.get("last_modified") or 0.0
    modified = float(changed.timestamp() if isinstance(changed, datetime) else changed)
    size = int(info.get("size") or 0)
    tag = info.get("ETag") or info.get("md5") or info.get("generation")
    version = str(tag).strip('"') if tag else f"{size}-{modified!r}-{info.get('ino', '')}"
    path = inner if isinstance(system, LocalFileSystem) else system.unstrip_protocol(inner)
    return Found(str(path), version, size, modified)


def finder(path: str) -> Callable[[str], bool]:
    """Return what tells whether a folder, prefix or glob finds a file, if it lies there."""
    if root(path) != path:
        pattern = re.compile(glob_translate(full(path)))
        return lambda file: pattern.match(file) is not None
    return lambda file: file.startswith(f"{full(path).rstrip('/')}/")


def matches(path: str, file: str) -> bool:
    """Tell whether a path is a glob that finds a file, if it lies there."""
    if not is_glob(path) or exists(path) or name(file)[0] in "._":
        return False
    return re.match(glob_translate(full(path)), file) is not None


def is_glob(path: str) -> bool:
    """Tell whether a path has a sign of a glob in it."""
    return any(sign in path for sign in "*?[")


def _parts_in(system: AbstractFileSystem, inner: str, path: str) -> list[str]:
    entries = [e for e in system.ls(inner, detail=True) if name(e["name"])[0] not in "._"]
    entries = [e for e in entries if e["name"].rstrip("/") != inner.rstrip("/")]
    if folders := sum(e["type"] == "directory" for e in entries):
        raise SourceError(
            f"the source {path} has {folders} folders in it; name the files with a glob instead"
        )
    by_name = {name(e["name"]): e["name"] for e in entries}
    return [by_name[each] for each in manifest.whole(path, by_name, _success(system, inner))]


def _success(system: AbstractFileSystem, inner: str) -> bytes:
    try:
        content: bytes = system.cat_file(f"{inner.rstrip('/')}/{manifest.SUCCESS}")
    except FileNotFoundError:
        return b""
    return content


def listed(path: str) -> tuple[str, ...] | None:
    """Return the names of the parts that the ``_SUCCESS`` of a folder lists, if it does."""
    return manifest.listed(_success(*store(path)))


def _natural(path: str) -> list[tuple[int, str]]:
    return [
        (int(step), "") if step.isdecimal() else (-1, step) for step in re.split(r"(\d+)", path)
    ]


# -- reading -------------------------------------------------------------------------------


def open_to_read(path: str, *, scattered: bool = False) -> IO[bytes]:
    """Open a file; the caller closes it.

    Parameters
    ----------
    scattered
        Whether it is read here and there, so that nothing is worth fetching in advance.
    """
    with reading(path):
        system, inner = store(path)
        caching = {"cache_type": "none"} if scattered else {}
        file: IO[bytes] = system.open(inner, "rb", block_size=remote.READ, **caching)
        return file


def fingerprint(path: str) -> Fingerprint:
    """Describe the version of a file that lies there now."""
    with reading(path):
        system, inner = store(path)
        system.invalidate_cache()
        info: dict[str, Any] = system.info(inner)
        version = tuple(f"{key}={info[key]}" for key in _VERSION if info.get(key) is not None)
        return Fingerprint(path, int(info.get("size") or 0), version)


def require_unchanged(fingerprints: Iterable[Fingerprint]) -> None:
    """Refuse files that were replaced, changed or removed since.

    Raises
    ------
    SourceChangedError
        Naming the first such file and how many there are.
    """
    changed = [mark.path for mark in fingerprints if not _is_still(mark)]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise SourceChangedError(f"{changed[0]}{more} changed while it was read; run the job again")


def _is_still(mark: Fingerprint) -> bool:
    try:
        return fingerprint(mark.path) == mark
    except SourceError:
        return False


# -- moving and removing -------------------------------------------------------------------


def exists(path: str) -> bool:
    """Tell whether there is a file or folder."""
    return _kind(*store(path)) is not None


def is_folder(path: str) -> bool:
    """Tell whether there is a folder."""
    return _kind(*store(path)) == "directory"


def is_file(path: str) -> bool:
    """Tell whether there is a file, and no device or pipe."""
    system, inner = store(path)
    return bool(system.isfile(inner))


def names_in(path: str) -> list[str]:
    """Return the names in a folder, hidden ones too; none if there is no folder."""
    system, inner = store(path)
    if _kind(system, inner) != "directory":
        return []
    system.invalidate_cache()
    return sorted(n for n in map(name, system.ls(inner, detail=False)) if n != name(inner))


def make_folder(path: str) -> None:
    """Make a folder and those above it, if they are not there and there is such a thing."""
    system, inner = store(path)
    if not remote.is_s3(path):  # where it would make a bucket
        system.makedirs(inner, exist_ok=True)


def open_to_write(path: str) -> IO[bytes]:
    """Open a new file; the caller finishes or abandons it."""
    system, inner = store(path)
    if not isinstance(system, LocalFileSystem):
        return remote.opened(system, inner)
    file: IO[bytes] = system.open(inner, "wb")
    return file


def move(path: str, to: str) -> None:
    """Move a file or folder; on this machine in one step, replacing a file that is there."""
    system, inner = store(path)
    _, goal = store(to)
    if isinstance(system, LocalFileSystem):
        Path(inner).replace(goal)
    else:
        system.mv(inner, goal, recursive=_kind(system, inner) == "directory")


def copy(path: str, to: str) -> None:
    """Copy a file within its store, where it replaces another one in one step."""
    system, inner = store(path)
    system.cp_file(inner, store(to)[1])


def remove(path: str) -> None:
    """Remove a file or folder, if it is there."""
    system, inner = store(path)
    if (kind := _kind(system, inner)) is not None:
        system.rm(inner, recursive=kind == "directory")


def finish(file: IO[bytes]) -> None:
    """Close a file that was written, once its content is on the disk or in the store."""
    if isinstance(file, remote.Upload):
        file.commit()
    if isinstance(file, LocalFileOpener):
        file.flush()
        os.fsync(file.fileno())
    file.close()


def abandon(file: IO[bytes]) -> None:
    """Take no more of a file that is being sent; one on this machine is removed by its path."""
    if isinstance(file, remote.Upload):
        file.abandon()


def put(path: str, content: bytes) -> None:
    """Write a small file whole, in one step of its store."""
    system, inner = store(path)
    system.pipe_file(inner, content)


def end_uploads(path: str, alive: Callable[[str], bool]) -> int:
    """End the uploads of keys that begin like a path and whose writers live no more; count them."""
    if not remote.is_s3(path):
        return 0
    system, inner = store(path)
    left = [each for each in remote.unfinished(system, inner) if not alive(each[0])]
    for each in left:
        remote.end(system, inner, each)
    return len(left)
