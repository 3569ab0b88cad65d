"""Files that are none: what a process says of itself, pipes, sockets and devices.

A request may be written by somebody else than who runs it. ``/proc/self/environ`` would give it the
credentials of the process, and a pipe or ``/dev/zero`` would keep the process for ever.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

_OF_SYSTEM = ("/proc", "/sys", "/dev")


def why_special(path: str | Path) -> str | None:
    """Say why a path of this machine is not read; ``None`` if it may be, or nothing is there.

    Links are followed, and a file system is known wherever it is mounted.
    """
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):  # it is no path, and whoever opens it says so
        return None
    with suppress(OSError):
        found = Path(real).stat()
        if found.st_dev in _devices_of_system():
            return "it belongs to the system and is no table"
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return "it is a pipe, a socket or a device, and no file"
    if any(real == folder or real.startswith(f"{folder}/") for folder in _OF_SYSTEM):
        return "it belongs to the system and is no table"
    return None


def _devices_of_system() -> set[int]:
    """Return the devices of the file systems that hold no files of anybody."""
    devices = set()
    for folder in _OF_SYSTEM:
        with suppress(OSError):
            devices.add(Path(folder).stat().st_dev)
    return devices - {Path("/").stat().st_dev}
