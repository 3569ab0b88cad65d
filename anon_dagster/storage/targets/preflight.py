"""What would keep a target from being written, found out before the work."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from anon_dagster.errors import AnonError, TargetError
from anon_dagster.request import Target
from anon_dagster.storage import manifest
from anon_dagster.storage.addresses import (
    absolute,
    exists,
    is_file,
    is_folder,
    is_local,
    parent,
    sibling,
)
from anon_dagster.storage.failures import reading, writing
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.globs import matches
from anon_dagster.storage.listing import names_in, resolve
from anon_dagster.storage.moving import put, remove
from anon_dagster.storage.targets.formats import ending_of, require_format
from anon_dagster.storage.targets.publishing import unowned_name
from anon_dagster.storage.targets.tables import table_kind

_SMALLEST = 20  # a release is hardly ever smaller than a twentieth of its source


def check_target(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep a target from being written, as far as it can be told before.

    Parameters
    ----------
    target
        Where the table shall go.
    sources
        What is read: files, folders and globs, as a request names them.

    Raises
    ------
    TargetError
        If the format is unknown or an option does not go with it; if the target is one of the
        sources or would be found among them the next time, or is a folder where a file is wanted;
        if its folder can neither be written to nor made; if the disk is obviously too small.
    """
    if (kind := table_kind(target)) is not None:
        kind.check(target, sources)
        return
    require_format(target)
    with writing(target.path):
        absolute(target.path)  # whose scheme is allowed
    require_no_source(target, sources)
    require_replaceable(target)
    check_place(target, sources)


def check_place(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep files from being written where nothing is, or is replaced."""
    _require_not_found_by(target, sources)
    files = _files(sources)
    if is_local(target.path):
        folder = _nearest(parent(absolute(target.path)), target)
        _require_permission(folder, target)
        _require_room(folder, target, files)
    else:
        _require_store(target)


def require_apart(targets: Sequence[Target]) -> None:
    """Refuse targets that are the same file, under whatever names, or of which one is in another.

    Raises
    ------
    TargetError
        Naming both.
    """
    for place, target in enumerate(targets):
        for other in targets[:place]:
            same = is_local(other.path) and is_local(target.path)
            if _real(other.path) == _real(target.path) or (
                same and _same_file(other.path, target.path)
            ):
                raise TargetError(
                    f"the targets {other.path} and {target.path} are the same file; name one for "
                    "each"
                )
            for inner, outer in ((target, other), (other, target)):
                if _real(inner.path).startswith(_real(outer.path) + "/"):
                    raise TargetError(
                        f"the target {inner.path} would lie in the target {outer.path}, which is a "
                        "file; name a place outside of it"
                    )


def _files(sources: Sequence[str]) -> list[str]:
    """Return the files that sources have now."""
    files: list[str] = []
    for source in sources:
        with suppress(AnonError):  # what cannot be read is told when it is opened
            files += resolve(source)
    return files


def require_replaceable(target: Target) -> None:
    """Refuse to replace anything but a former target of the same kind."""
    with writing(target.path):
        if is_local(target.path) and Path(absolute(target.path)).is_symlink():
            raise TargetError(
                f"{target.path} is a link, which would be replaced; name the place it leads to"
            )
        if not exists(target.path):
            return
        if target.single_file:
            if is_folder(target.path):
                raise TargetError(f"{target.path} is a folder; name a file in it")
            if not is_file(target.path) and exists(target.path):  # it may be taken back just now
                raise TargetError(f"{target.path} is a device, not a file; name another place")
            return
        if not is_folder(target.path) and exists(target.path):
            raise TargetError(f"{target.path} is a file, but several parts need a folder")
        foreign = [name for name in names_in(target.path) if not manifest.is_part(name)]
    if foreign:
        raise TargetError(
            f"the folder {target.path} has {len(foreign)} files that are no parts of a release; "
            f"it would be replaced whole, so name another one"
        )


def require_no_source(target: Target, sources: Sequence[str]) -> None:
    """Refuse a target that is one of the files that are read, under whatever name."""
    goal = _real(target.path)
    for source in _files(sources):
        same = _real(source) == goal or (
            is_local(source) and is_local(target.path) and _same_file(source, target.path)
        )
        if same or (not target.single_file and _real(source).startswith(goal + "/")):
            raise TargetError(f"the target {target.path} is also a source; name another place")


def _require_not_found_by(target: Target, sources: Sequence[str]) -> None:
    """Refuse a target whose records the source would have twice the next time."""
    goal = _real(target.path)
    files: tuple[str, ...] = (goal, absolute(target.path))
    if not target.single_file:
        files += tuple(f"{folder}/part-00000{ending_of(target)}" for folder in files)
    for source in sources:
        with reading(source):
            inside = is_folder(source) and parent(goal) == _real(source)
            taken_in = inside or any(matches(source, file) for file in files)
        if taken_in:
            raise TargetError(
                f"the source {source} would find the target {target.path} the next time; name a "
                f"place outside of it"
            )


def _real(path: str) -> str:
    return os.path.realpath(absolute(path)) if is_local(path) else absolute(path)


def _same_file(source: str, target: str) -> bool:
    try:
        return Path(absolute(source)).samefile(absolute(target))
    except OSError:
        return False


def _nearest(folder: str, target: Target) -> Path:
    """Return the folder of a target, or the one above it in which it would be made."""
    path = Path(folder)
    while not path.exists():
        path = path.parent
    if not path.is_dir():
        raise TargetError(f"cannot write {target.path}: {path} is not a folder")
    return path


def _require_permission(folder: Path, target: Target) -> None:
    probe = folder / unowned_name(absolute(target.path))
    with writing(target.path):
        probe.touch()
        probe.unlink(missing_ok=True)  # another job may have swept it


def _require_store(target: Target) -> None:
    """Write to a store and remove it again: nothing else tells what the credentials permit."""
    probe = sibling(absolute(target.path), unowned_name(absolute(target.path)))
    with writing(target.path):
        put(probe, b"")
        remove(probe)


def _require_room(folder: Path, target: Target, sources: Sequence[str]) -> None:
    """Refuse a disk that has no room for a release of the usual size."""
    size = 0
    for source in sources:
        with suppress(AnonError):  # a source that is gone is told when it is opened
            size += fingerprint(source).size
    free = shutil.disk_usage(folder).free
    if free < size / _SMALLEST:
        raise TargetError(
            f"the disk of {target.path} has {free >> 20} MB left, too little for the release of "
            f"{size >> 20} MB of records"
        )
