"""Files that a process holds locked for as long as it lives."""

import fcntl
import os
from pathlib import Path
from typing import IO


def lock(path: Path) -> IO[bytes] | None:
    """Lock a file until it is closed, or its process ends however it may; None if it is locked.

    The file holds the id of the process.
    """
    descriptor = lock_for_good(path)
    return None if descriptor is None else os.fdopen(descriptor, "wb")


def lock_for_good(path: Path) -> int | None:
    """Lock a file until the process ends; return its descriptor, or None if it is locked."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


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


def holder(path: Path) -> int | None:
    """Return the process that locked a file, as it wrote itself into it."""
    text = path.read_text(encoding="ascii")
    return int(text) if text else None
