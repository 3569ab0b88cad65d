"""Names that tell which process made a thing, so that a later one can tell whether it lives still.

A call of the library has no deployment that would know when it was killed. What it leaves for a
while, beside its target and among temporary files, therefore has its process in its name. It is
taken for dead only by a process that would see it if it lived: on the same machine, since the same
start of it, and among the same processes, as a container has its own.
"""

import hashlib
import os
import re
from collections.abc import Container
from functools import cache
from pathlib import Path
from secrets import token_hex

_PROC = Path("/proc")
_TOKEN = re.compile(r"lib-(?P<world>[0-9a-f]{12})-(?P<process>\d+)-(?P<start>\d+)-[0-9a-f]{8}")


def fresh_token() -> str:
    """Return a name that nothing else has, with this process in it."""
    process = os.getpid()
    return f"lib-{_world()}-{process}-{_start_of(process) or 0}-{token_hex(4)}"


def is_of_process(token: str) -> bool:
    """Tell whether a name was made by :func:`fresh_token`."""
    return _TOKEN.fullmatch(token) is not None


class LivingProcesses(Container[str]):
    """The names of all that may still be at work: all but those whose process is known as gone."""

    def __contains__(self, token: object) -> bool:
        match = _TOKEN.fullmatch(str(token))
        if match is None or match["world"] != _world() or match["start"] == "0":
            return True
        return _start_of(int(match["process"])) == int(match["start"])


@cache
def _world() -> str:
    """Return what stands for the processes that this one can see; never twice, if nobody can tell.

    The id of the start of the machine, and that of the space in which processes have their numbers.
    """
    try:
        started = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = (_PROC / "self/ns/pid").stat()
    except (OSError, ValueError):
        return token_hex(6)
    told = f"{started} {space.st_dev} {space.st_ino}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _start_of(process: int) -> int | None:
    """Return when a process started, in ticks since the machine did; ``None`` if it is gone."""
    try:
        told = (_PROC / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = told.rpartition(")")[2].split()  # the name of a program may have blanks in it
    return None if state in {"Z", "X"} else int(fields[18])
