"""Files and folders made, moved, copied and removed."""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from anon_dagster.storage.addresses import is_local, kind_of, locate
from anon_dagster.storage.stores import store_of


def make_folder(path: str) -> None:
    """Make a folder and those above it, if they are not there and there is such a thing."""
    system, inner = locate(path)
    if store_of(path).has_folders:  # elsewhere it would make a bucket
        system.makedirs(inner, exist_ok=True)


def move(path: str, to: str) -> None:
    """Move a file or folder; on this machine in one step, replacing a file that is there."""
    system, inner = locate(path)
    _, goal = locate(to)
    if isinstance(system, LocalFileSystem):
        Path(inner).replace(goal)
        return
    store, moved = store_of(path), _files_at(system, inner)
    for file in moved:
        store.copy(system, file, goal + file[len(inner) :])
    for file in moved:
        store.remove(system, file)


def exchange(path: str, with_: str) -> bool:
    """Let two folders of this machine change places in one step; tell whether that can be done.

    Linux can since 3.15, on ext4, XFS, Btrfs and tmpfs; not on NFS, and no other system can.
    """
    if _RENAMEAT2 is None:
        return False
    (_, one), (_, other) = locate(path), locate(with_)
    done: int = _RENAMEAT2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
    return done == 0


_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
_RENAMEAT2 = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None


def copy(path: str, to: str) -> None:
    """Copy a file within its store, where it replaces another one in one step."""
    system, inner = locate(path)
    store_of(path).copy(system, inner, locate(to)[1])


def keep_aside(path: str, to: str) -> None:
    """Keep a file under another name, too, while it stays in its place."""
    system, inner = locate(path)
    _, goal = locate(to)
    if not isinstance(system, LocalFileSystem):
        store_of(path).copy(system, inner, goal)
        return
    Path(goal).unlink(missing_ok=True)
    try:
        os.link(inner, goal, follow_symlinks=False)
    except OSError:  # not every file system has links
        shutil.copy2(inner, goal, follow_symlinks=False)


def restore(aside: str, path: str) -> None:
    """Put a file back that was kept aside, in one step of its file system or store."""
    if is_local(path):
        move(aside, path)
        return
    system, inner = locate(path)
    store = store_of(path)
    version = store.version_of(system, inner)
    copy(aside, path)
    if version:
        store.remove_version(system, inner, version)
    remove(aside)


def remove(path: str) -> int:
    """Remove a file or folder, if it is there; return of how many files their store keeps versions.

    In a bucket that keeps versions, those that lie there are removed, too. To do so is a right of
    its own.
    """
    system, inner = locate(path)
    if isinstance(system, LocalFileSystem):
        if (kind := kind_of(system, inner)) is not None:
            system.rm(inner, recursive=kind == "directory")
        return 0
    store = store_of(path)
    return sum(not store.remove(system, file) for file in _files_at(system, inner))


def _files_at(system: AbstractFileSystem, inner: str) -> list[str]:
    """Return the file that is there, or all that are in the folder.

    What fsspec has for moving and removing takes a name with ``*``, ``?`` or ``[`` for a pattern,
    so that it would move and remove what fits. Names are taken as they are here.
    """
    kind = kind_of(system, inner)
    if kind == "directory":
        system.invalidate_cache()
        return sorted(system.find(inner))
    return [] if kind is None else [inner]


def put(path: str, content: bytes) -> None:
    """Write a small file whole, in one step of its store."""
    system, inner = locate(path)
    system.pipe_file(inner, content)


def end_uploads(path: str, alive: Callable[[str], bool]) -> int:
    """End the uploads of keys that begin like a path and whose writers live no more; count them."""
    store = store_of(path)
    system, inner = locate(path)
    dead = [each for each in store.unfinished_uploads(system, inner) if not alive(each.key)]
    for upload in dead:
        store.end_upload(system, inner, upload)
    return len(dead)
