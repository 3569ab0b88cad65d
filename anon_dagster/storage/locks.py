"""Files that a process holds locked for as long as it lives.

The lock belongs to the open file, as that of flock does, but it can be looked at without being
taken: whoever took it to look would keep its process from getting it at that moment.
"""

import fcntl
import os
import struct
from pathlib import Path
from typing import IO

_WHOLE = "hhqqi4x"  # struct flock of Linux: type, whence, start, length (0: to the end), process


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
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _described(fcntl.F_WRLCK))
    except (BlockingIOError, PermissionError):  # either may say that another has it
        os.close(descriptor)
        return None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def is_locked(path: Path) -> bool:
    """Tell whether a file is locked, without locking it for a moment."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _described(fcntl.F_RDLCK))
    kind, *_ = struct.unpack(_WHOLE, found)
    return bool(kind != fcntl.F_UNLCK)


def _described(kind: int) -> bytes:
    """Describe a lock of a whole file as fcntl takes it."""
    return struct.pack(_WHOLE, kind, os.SEEK_SET, 0, 0, 0)


def holder(path: Path) -> int | None:
    """Return the process that locked a file, as it wrote itself into it."""
    text = path.read_text(encoding="ascii")
    return int(text) if text else None
