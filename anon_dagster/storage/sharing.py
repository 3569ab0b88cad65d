"""Which files the processes of a cluster see as this one does.

They are told apart by what is in them: a path may be there on every machine, and be another file.
"""

import hashlib
import os
from collections.abc import Sequence
from functools import partial
from secrets import token_bytes, token_hex

from anon_dagster.engine import Engine
from anon_dagster.errors import AnonError, SourceError, TargetError
from anon_dagster.request import Target
from anon_dagster.storage.addresses import absolute, base_name, parent, sibling
from anon_dagster.storage.failures import reading, writing
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.moving import make_folder, put, remove
from anon_dagster.storage.opening import open_to_read

_BEGINNING = 4_096
"""So many bytes at the beginning of a file are compared, and its size."""
_LOOKED_AT = 4
"""Of many files, so many are compared."""


def are_shared(engine: Engine, files: Sequence[Fingerprint]) -> bool:
    """Tell whether every process of the engine sees the same files; not if there are none."""
    if not files:
        return False
    if not engine.is_cluster:
        return True
    some = [files[len(files) * n // _LOOKED_AT] for n in range(_LOOKED_AT)]
    look = partial(_digests, tuple(dict.fromkeys(mark.path for mark in some)))
    own = look()
    return None not in own and all(found == own for found in engine.everywhere(look))


def require_shared_source(engine: Engine, files: Sequence[Fingerprint]) -> None:
    """Refuse files that other processes do not see as this one does.

    A private copy is read by this process then, as a table in memory is.

    Raises
    ------
    SourceError
        Naming the first of them.
    """
    if any(mark.copied for mark in files):
        return
    if files and engine.is_cluster and not are_shared(engine, files):
        raise SourceError(
            f"the workers of the cluster do not see {files[0].path} as it is here: put the source "
            "where all of them find it under the same path, or in a store"
        )


def require_shared_target(engine: Engine, target: Target) -> None:
    """Refuse a target beside which other processes do not see what this one writes.

    Raises
    ------
    TargetError
        If they do not, or it cannot be written.
    """
    if target.is_table:  # what goes into one is written by this process
        return
    if engine.is_cluster and not sees_target(engine, target):
        raise TargetError(
            f"the workers of the cluster do not see what is written beside {target.path}: name a "
            "place that all of them share under the same path, or a store"
        )


def sees_target(engine: Engine, target: Target) -> bool:
    """Tell whether every process sees what this one writes beside a target.

    Raises
    ------
    TargetError
        If it cannot be written.
    """
    if target.is_table:
        return False
    path = absolute(target.path)
    probe = sibling(path, f".{base_name(path)}.{token_hex(16)}.part")
    content = token_bytes(32)
    with writing(target.path):
        make_folder(parent(path))
        put(probe, content)
        try:
            found = engine.everywhere(partial(_digests, (probe,)))
        finally:
            remove(probe)
    return all(digests == (_digest(len(content), content),) for digests in found)


def _digests(paths: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return a digest of each file as it is seen here, None where there is none."""
    return tuple(map(_seen, paths))


def _seen(path: str) -> str | None:
    try:
        with reading(path), open_to_read(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _digest(size, file.read(_BEGINNING))
    except AnonError:
        return None


def _digest(size: int, beginning: bytes) -> str:
    return hashlib.sha256(size.to_bytes(8, "big") + beginning).hexdigest()
