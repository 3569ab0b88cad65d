"""What a process does to the files of this machine, each effect a step of the simulation.

Python tells an audit hook of every file that is opened, renamed or removed, before it happens. What
the hook raises keeps it from happening: so a process is killed, or a disk is full, at exactly this
point of the code as it is, and nothing of the code has to know.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.scheduler import current

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
}
_LOOKS = {"os.listdir", "os.scandir", "sqlite3.connect"}
_TOLD = _CHANGES | _LOOKS | {"open"}


class Disk:
    """The files below a folder, as processes change them."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder = str(folder)
        self.failing = 0.0
        """How often something cannot be written."""
        self.on_failure: Callable[[], None] = lambda: None
        self._random = random

    def describe(self, event: str, args: tuple[Any, ...]) -> str:
        """Say what is about to happen, if it is to a file below the folder."""
        path = args[0]
        if isinstance(path, int) or path is None:
            return ""
        text = os.fsdecode(path)
        inside = text.startswith(self.folder)
        relative = not text.startswith("/") and event in {"os.remove", "os.rmdir"}
        if not inside and not relative:
            return ""
        named = text.removeprefix(self.folder)
        if event == "open":
            return f"{'write' if _is_writing(args) else 'read'} {named}"
        if event in {"os.rename", "os.link"}:
            named += f" to {os.fsdecode(args[1]).removeprefix(self.folder)}"
        return f"{event.rpartition('.')[2]} {named}"

    def fail(self, event: str, what: str) -> None:
        """Be full now and then."""
        takes_room = event in {"os.mkdir", "os.link"} or what.startswith("write")
        if takes_room and self._random.random() < self.failing:
            self.on_failure()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_writing(args: tuple[Any, ...]) -> bool:
    _, mode, flags = args
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return bool((flags or 0) & _WRITING)


_in_use: list[Disk] = []
"""The disk of the running simulation."""


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event not in _TOLD:
        return
    process = current()
    if process is None or not _in_use:
        return
    if what := _in_use[-1].describe(event, args):
        process.scheduler.step(what)
        _in_use[-1].fail(event, what)


_hooked: list[bool] = []


def watch(disk: Disk) -> None:
    """Let what happens on a disk be steps from now on."""
    if not _hooked:
        sys.addaudithook(_hook)  # for good: there is no way to take one away
        _hooked.append(True)
    _in_use[:] = [disk]


def ignore() -> None:
    """Let what happens on disks be nobody's business again."""
    _in_use.clear()


@contextmanager
def unseen() -> Iterator[None]:
    """Let what happens on disks be nobody's business for a moment."""
    kept = _in_use[:]
    _in_use.clear()
    try:
        yield
    finally:
        _in_use[:] = kept
