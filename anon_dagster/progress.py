"""How far a step has come, told in counts only."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock


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
    least: float = 0.0
    """How much of the step was done already, 0 to 1, before a guess became a larger one."""

    @property
    def share(self) -> float | None:
        """How much of the step is done, 0 to 1; None if nobody knows how long it is."""
        whole = self.total or self.guess
        return max(min((self.done + self.within) / whole, 1.0), self.least) if whole else None


ProgressSink = Callable[[Progress], None]
"""Told of progress; may raise to stop."""


def ignore_progress(_: Progress) -> None:
    """Do nothing with progress: nobody follows it."""


@dataclass(slots=True)
class Steady:
    """Passes progress on such that nothing of it falls, and a total stays as it is, in a phase.

    A search that prunes does not know how much is left; a phase may begin anew with another table.
    What was once told to be done remains so, and of totals that differ none is told.
    """

    sink: ProgressSink
    phase: str = ""
    total: int | None = None
    done: int = 0
    share: float = 0.0
    lock: Lock = field(default_factory=Lock, repr=False)

    def __call__(self, progress: Progress) -> None:
        """Hear of progress, from any thread."""
        with self.lock:
            if progress.phase != self.phase:
                self.phase, self.total = progress.phase, progress.total
                self.done, self.share = 0, 0.0
            told = self._steadied(progress)
            self.done, self.share = told.done, told.share or self.share
            self.sink(told)

    def _steadied(self, progress: Progress) -> Progress:
        done, guess = max(progress.done, self.done), progress.guess
        if progress.total != self.total:
            self.total, guess = None, progress.total or guess
        return replace(progress, done=done, total=self.total, guess=guess, least=self.share)


def steady(sink: ProgressSink) -> ProgressSink:
    """Return what passes progress on as :class:`Steady` does; what does already is left alone."""
    return sink if isinstance(sink, Steady) or sink is ignore_progress else Steady(sink)


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
