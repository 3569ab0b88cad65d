"""Which files a folder, prefix or glob has, and which of them are a table."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from anon_dagster.errors import SourceError
from anon_dagster.request.databases import is_of_database
from anon_dagster.storage import manifest
from anon_dagster.storage.addresses import (
    absolute,
    base_name,
    kind_of,
    locate,
    parent,
    require_ordinary,
)
from anon_dagster.storage.failures import reading
from anon_dagster.storage.foreign import require_no_log
from anon_dagster.storage.globs import is_glob, is_step, root_within
from anon_dagster.storage.stores import Store, store_of
from anon_dagster.storage.stores.refusals import refusal


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as a listing shows it."""

    path: str
    version: str
    """Another content has another one: the ETag of an object, size and time of a file."""
    size: int
    modified: float
    """Seconds since the epoch."""


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
    files = [file for address in paths for file in _files_of(address)]
    if twice := len(files) - len(set(files)):
        raise SourceError(f"the source names {twice} of its {len(set(files))} files twice")
    return files


def _files_of(path: str) -> list[str]:
    """Find the files that one path of a source stands for, in natural order."""
    if is_of_database(path):
        return [path]
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, root_within(system, inner))
        kind = kind_of(system, inner)
        require_no_log(path, system, root_within(system, inner))
        if kind == "file":
            return [absolute(path)]
        if kind == "directory":
            files = _parts_in(system, inner, path)
        elif is_glob(inner):
            store_of(path).require_bucket(system, inner)
            entries = system.glob(inner, detail=True).items()
            files = [f for f, info in entries if _followed(system, f, info)["type"] == "file"]
        else:
            store_of(path).require_bucket(system, inner)
            raise SourceError(f"the source {path} does not exist, or is no file or folder")
        start = len(root_within(system, inner).rstrip("/")) + 1
        files = [file for file in files if not _is_hidden(file[start:])]
        for folder in sorted({parent(file) for file in files}):
            require_no_log(path, system, folder)
        if not files:
            raise SourceError(f"the source {path} has no files")
        prefix = "" if isinstance(system, LocalFileSystem) else path.partition("://")[0] + "://"
        return sorted(
            (prefix + str(file).removeprefix(prefix) for file in files), key=_natural_order
        )


def list_files(path: str) -> list[ListedFile]:
    """List the files of a folder, prefix or glob with their versions, those of folders in it too.

    Names that begin with a dot or an underscore are not looked at, on any level; a folder that is
    not there has no files.

    Raises
    ------
    SourceError
        If the place cannot be listed.
    """
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, root_within(system, inner))
        system.invalidate_cache()
        start = len(root_within(system, inner).rstrip("/")) + 1
        return [
            _listed_file(system, file, info)
            for file, info in _entries(system, inner, store_of(path))
            if info["type"] == "file" and not _is_hidden(file[start:])
        ]


def _is_hidden(below: str) -> bool:
    """Tell whether a step of a path below what was named begins with a dot or an underscore."""
    return any(step[:1] in {".", "_"} for step in below.split("/"))


def _entries(
    system: AbstractFileSystem, inner: str, store: Store
) -> Iterator[tuple[str, dict[str, Any]]]:
    """List what a folder, prefix or glob has; links of this machine are followed to files."""
    kind = kind_of(system, inner)
    if kind is None:
        store.require_bucket(system, inner)
    entries: dict[str, dict[str, Any]] = {}
    if kind is None and is_glob(inner):
        kind_of(system, root_within(system, inner))  # to a glob, a missing bucket has no files
        entries = system.glob(inner, detail=True)
    elif kind == "directory" and isinstance(system, LocalFileSystem):
        entries = {file: system.info(file) for file in _files_below(inner)}
    elif kind is not None:
        entries = system.find(inner, detail=True)
    for file, info in entries.items():
        yield file, _followed(system, file, info)


def _files_below(folder: str) -> list[str]:
    """Return the files of a local folder and of those in it; one that may not be read is told."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # it was removed meanwhile
            raise error

    walked = [(below, names) for below, _, names in os.walk(folder, onerror=refuse)]
    paths = [f"{below.rstrip('/')}/{file}" for below, names in walked for file in names]
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


def look_up(path: str) -> ListedFile | None:
    """Return the file as it lies there now; nothing if there is none."""
    with reading(path):
        system, inner = locate(path)
        system.invalidate_cache()
        try:
            info = system.info(inner)
        except FileNotFoundError as error:
            if refusal(error) is not None:
                raise
            return None
        return _listed_file(system, inner, info) if info["type"] == "file" else None


def look_up_in_listing(path: str) -> ListedFile | None:
    """Return the file as its folder lists it now; nothing if it does not."""
    with reading(path):
        system, inner = locate(path)
        system.invalidate_cache()
        try:
            entries = system.ls(parent(inner), detail=True)
        except FileNotFoundError as error:
            if refusal(error) is not None:
                raise
            return None
        found = (e for e in entries if e["name"] == inner and e["type"] == "file")
        return next((_listed_file(system, inner, info) for info in found), None)


def _listed_file(system: AbstractFileSystem, inner: str, info: Mapping[str, Any]) -> ListedFile:
    """Describe a file by what its file system tells of it; each calls it something else."""
    changed = info.get("mtime") or info.get("LastModified") or info.get("last_modified") or 0.0
    modified = float(changed.timestamp() if isinstance(changed, datetime) else changed)
    size = int(info.get("size") or 0)
    names = ("ETag", "md5", "generation", "etag")
    tag = next((info[name] for name in names if info.get(name)), None)
    version = str(tag).strip('"') if tag else f"{size}-{modified!r}-{info.get('ino', '')}"
    path = inner if isinstance(system, LocalFileSystem) else system.unstrip_protocol(inner)
    return ListedFile(str(path), version, size, modified)


def _parts_in(system: AbstractFileSystem, inner: str, path: str) -> list[str]:
    """Return the files of a folder that are parts of its table."""
    entries = [e for e in system.ls(inner, detail=True) if base_name(e["name"])[0] not in "._"]
    entries = [e for e in entries if e["name"].rstrip("/") != inner.rstrip("/")]
    folders = [e["name"] for e in entries if e["type"] == "directory"]
    if folders and len(folders) == len(entries) and all(is_step(base_name(f)) for f in folders):
        return [file for folder in folders for file in _parts_in(system, folder, path)]
    if folders:
        raise SourceError(
            f"the source {path} has {len(folders)} folders in it; name the files with a glob "
            "instead"
        )
    by_name = {base_name(e["name"]): e["name"] for e in entries}
    return [by_name[part] for part in manifest.whole(path, by_name, _success_file(system, inner))]


def _success_file(system: AbstractFileSystem, inner: str) -> bytes:
    try:
        content: bytes = system.cat_file(f"{inner.rstrip('/')}/{manifest.SUCCESS}")
    except FileNotFoundError:
        return b""
    return content


def listed_parts(path: str) -> tuple[str, ...] | None:
    """Return the names of the parts that the ``_SUCCESS`` of a folder lists, if it does."""
    return manifest.listed(_success_file(*locate(path)))


def _natural_order(path: str) -> list[tuple[int, str]]:
    return [
        (int(step), "") if step.isdecimal() else (-1, step) for step in re.split(r"(\d+)", path)
    ]


def names_in(path: str) -> list[str]:
    """Return the names in a folder, hidden ones too; none if there is no folder."""
    system, inner = locate(path)
    if kind_of(system, inner) != "directory":
        return []
    system.invalidate_cache()
    try:
        names = [base_name(path) for path in system.ls(inner, detail=False)]
    except FileNotFoundError as error:  # another job took away what was there
        if refusal(error) is not None:
            raise
        return []
    return sorted(name for name in names if name != base_name(inner))
