"""Where a host keeps what it knows of itself, and how those who may talk to it find it."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a host."""

    home: Path
    """Where ``dagster.yaml`` is, or is made; the working directory of every job."""
    store: Path
    """What jobs leave behind."""

    def job_lock(self, job_id: str) -> Path:
        """Return the file that is locked for as long as the process of a job lives."""
        return self.store / "host" / f"{job_id}.lock"

    def make(self) -> None:
        """Make the folders, readable for their owner only."""
        for folder in (self.store, self.store / "host"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def lock(path: Path) -> IO[bytes] | None:
    """Lock a file until it is closed, or its process ends however it may; None if it is locked.

    The file holds the id of the process.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate()
    file.write(str(os.getpid()).encode())
    file.flush()
    return file


def is_locked(path: Path) -> bool:
    """Tell whether a file is locked."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
