"""How far a step has come, told in counts only."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come: counts only."""

    phase: str
    """``count``, ``search``, ``recode``, ``measure``, ``write``, ``verify`` or ``publish``."""
    done: int
    total: int | None = None
    """What ``done`` will reach, if that is known."""
    guess: int | None = None
    """… or about what, if that can be guessed."""
    within: float = 0.0
    """How much of the next one is done, where one takes long: 0 to 1."""

    @property
    def share(self) -> float | None:
        """How much of the step is done, 0 to 1; None if nobody knows how long it is."""
        whole = self.total or self.guess
        return min((self.done + self.within) / whole, 1.0) if whole else None


ProgressSink = Callable[[Progress], None]
"""Told of progress; may raise to stop."""


def ignore_progress(_: Progress) -> None:
    """Do nothing with progress: nobody follows it."""


def running(
    phase: str, total: int | None, on_progress: ProgressSink, *, guess: int | None = None
) -> Callable[[int], None]:
    """Return what adds up the records of a phase and tells how many there are."""
    done = 0

    def add(rows: int) -> None:
        nonlocal done
        done += rows
        on_progress(Progress(phase, done, total, guess))

    return add
