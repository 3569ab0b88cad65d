"""A copy of a folder of jobs, or of Dagster's own, that can take its place.

Whoever copies a database file by file may get the half of a transaction. Here each is copied by
SQLite itself, while others go on writing.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anon_dagster import clock
from anon_dagster.errors import BusyError, JobError, TargetError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.files import is_deleted
from anon_dagster.storage.locks import is_locked, lock

_DATABASES = {".sqlite", ".db"}
_OF_DATABASES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file while it is open, which a copy has no need of."""
_APART = {file_names.JOBS, file_names.CONTINUOUS, file_names.HOST, file_names.TARGETS}
"""Jobs and continuous releases are looked at one by one; host and locks are this machine's."""
_PATIENCE, _LOOK = 60.0, 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Backup:
    """What a copy has."""

    path: Path
    databases: int
    files: int
    """Others than databases."""
    jobs: int
    running: int
    """Jobs that were at work, and are not in it."""


def back_up(folder: Path, to: Path) -> Backup:
    """Copy a folder of jobs while it is in use; the copy appears whole, or not at all.

    A job that is at work is left out, and so is what a host of this machine needs. A continuous
    release takes no step while its files are copied. To restore it, copy it to where the folder
    was, while nothing runs.

    Parameters
    ----------
    to
        A folder that is not there yet.

    Raises
    ------
    JobError
        If there is no such folder, or a database in it is damaged or locked for too long.
    BusyError
        If a continuous release takes a step that lasts longer than a minute.
    TargetError
        If there is something where the copy shall be, or it cannot be written.
    """
    folder, to = folder.absolute(), to.absolute()
    _require_fit(folder, to)
    staged = to.with_name(f".{to.name}.part")
    try:
        staged.mkdir(mode=0o700, parents=True)
        made = _copy(folder, staged)
        staged.rename(to)
    except OSError as error:
        raise TargetError(f"the copy {to} cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Backup(to, *made)


def _require_fit(folder: Path, to: Path) -> None:
    """Refuse what is no folder, or a copy that would lie in it or on something."""
    if not folder.is_dir():
        raise JobError(f"{folder} is no folder that could be backed up")
    if to.is_relative_to(folder):
        raise TargetError(f"{to} lies in the folder that it shall be a copy of: choose another one")
    if to.exists() or to.with_name(f".{to.name}.part").exists():
        raise TargetError(
            f"{to}, or what a backup left beside it, is there already: choose another"
        )


def _copy(folder: Path, to: Path) -> tuple[int, int, int, int]:
    """Copy all that may be; return how many databases, other files, jobs, and jobs at work."""
    inside = _inside(folder / file_names.JOBS)
    jobs = [each for each in inside if each.is_dir() and not is_deleted(each)]
    over = [each for each in jobs if not is_locked(each / file_names.LOCK)]
    rest = [each for each in _inside(folder) if each.name not in _APART]
    databases, files = _copy_all([*rest, *over], folder, to)
    for stream in _inside(folder / file_names.CONTINUOUS):
        with _standing_still(stream):
            more = _copy_all([stream], folder, to)
        databases, files = databases + more[0], files + more[1]
    return databases, files, len(over), len(jobs) - len(over)


def _copy_all(paths: Iterable[Path], folder: Path, to: Path) -> tuple[int, int]:
    """Copy files and folders; return how many databases and other files there were."""
    databases = files = 0
    for path in _files(paths):
        copied = to / path.relative_to(folder)
        copied.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.suffix in _DATABASES:
            _copy_database(path, copied)
            databases += 1
        else:
            files += _copy_file(path, copied)
    return databases, files


@contextmanager
def _standing_still(stream: Path) -> Iterator[None]:
    """Let a continuous release take no step meanwhile."""
    until = clock.monotonic() + _PATIENCE
    while (held := lock(stream / file_names.STEP_LOCK)) is None:
        if clock.monotonic() > until:
            raise BusyError(f"a step of {stream.name} is under way; back up again later")
        clock.sleep(_LOOK)
    with held:
        yield


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the files among paths, and those of the folders among them."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from _files(_inside(path))
        elif path.is_file() and not path.name.endswith(_OF_DATABASES):
            yield path


def _copy_file(path: Path, to: Path) -> bool:
    """Copy a file; tell whether it was still there, since a job may be deleted meanwhile."""
    try:
        shutil.copy2(path, to)
    except FileNotFoundError:
        if path.exists():
            raise
        return False
    return True


def _copy_database(path: Path, to: Path) -> None:
    """Copy a database as it is between two transactions."""
    to.touch(mode=0o600)
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
            (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error:
        raise JobError(
            f"{path} cannot be backed up: it is damaged, or locked for too long"
        ) from None
    if said != "ok":
        raise JobError(f"{path} cannot be backed up: it is damaged")
