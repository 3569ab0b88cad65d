"""How far a step has come, told in counts only."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come: counts only."""

    phase: str
    """``count``, ``search``, ``write`` or ``verify``."""
    done: int
    total: int | None = None
    """What ``done`` will reach, if that is known."""


ProgressSink = Callable[[Progress], None]
"""Told of progress; may raise to stop."""


def unheard(_: Progress) -> None:
    """Hear nothing."""


def running(phase: str, total: int | None, on_progress: ProgressSink) -> Callable[[int], None]:
    """Return what adds up the records of a phase and tells how many there are."""
    done = 0

    def add(rows: int) -> None:
        nonlocal done
        done += rows
        on_progress(Progress(phase, done, total))

    return add
