"""How far a job is, on one line of a terminal or a notebook; nothing elsewhere."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TextIO

_WIDTH = 30


@dataclass
class ProgressBar:
    """Draws the status of a job over the one it drew before; shown at every look at the job."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _drawn: int = 0

    def __call__(self, running: Mapping[str, Any]) -> None:
        """Draw what a job is doing."""
        if is_watched(self.stream):
            text = line(running)
            self.stream.write("\r" + text.ljust(self._drawn))
            self.stream.flush()
            self._drawn = len(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            self.stream.write("\n")
            self._drawn = 0


def line(running: Mapping[str, Any]) -> str:
    """Return the bar, the percent and what is in work."""
    percent = int(running["job_percent"])
    full = _WIDTH * percent // 100
    words = running["work"] or running["status"]
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {percent:3d}% {words}"


def is_watched(stream: TextIO) -> bool:
    """Tell whether somebody sees a line that is drawn again and again."""
    return stream.isatty() or _in_notebook()


def wants_abort(job_id: str) -> bool:
    """Ask whoever interrupted the waiting for a job; nobody sits before what is no terminal."""
    if not (sys.stdin.isatty() or _in_notebook()):
        return False
    try:
        answer = input(f"\nAbort job {job_id}? [y/N] ")
    except (KeyboardInterrupt, EOFError, NotImplementedError):  # the last: a notebook run unseen
        return False
    return answer.strip().lower() in {"y", "yes"}


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
