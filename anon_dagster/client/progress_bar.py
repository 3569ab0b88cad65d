"""How far a job is, and how long it will take, on one line of a terminal or a notebook."""

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

_WIDEST, _ROWS = 500, 20
_IN_TEXT = "[{bar:30}] {percentage:3.0f}% {desc}, {remaining} left"
_IN_NOTEBOOK = "{desc} {percentage:3.0f}% {bar} {remaining} left"


@dataclass
class ProgressBar:
    """Draws the status of a job over the one it drew before; nothing where nobody sees it."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _bar: "tqdm[Any] | None" = None

    def __call__(self, status: Mapping[str, Any]) -> None:
        """Draw what a job is doing."""
        if not is_watched(self.stream):
            return
        percent, text = int(status["job_percent"]), str(status["work"] or status["status"])
        if self._bar is None:
            self._bar = _begin(self.stream, percent, text)
        self._bar.n = max(self._bar.n, percent)  # a job that is tried anew begins at 0
        self._bar.set_description_str(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _begin(stream: TextIO, percent: int, text: str) -> "tqdm[Any]":
    """Draw a bar for the first time; the time left is reckoned from here on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without widgets has a line of text
        from tqdm.auto import tqdm

    is_text = "notebook" not in {base.__module__.rpartition(".")[2] for base in tqdm.__mro__}
    return tqdm(
        total=100,
        initial=percent,
        desc=text,
        file=stream,
        ascii=".#" if is_text else None,
        bar_format=_IN_TEXT if is_text else _IN_NOTEBOOK,
        ncols=_WIDEST if is_text else None,  # a terminal may not know its size
        nrows=_ROWS,
        mininterval=0.0,
    )


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
