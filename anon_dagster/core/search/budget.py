"""How much a search may do, and how it tells how far it got."""

import sys
from dataclasses import dataclass, replace
from time import monotonic

from anon_dagster.core.steps import OnStep
from anon_dagster.errors import RequestError

_INSTANT = 1e-9
"""Seconds that are left when none are."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a heuristic search may spend.

    The same seed and the same steps give the same solution, unless the seconds run out first.
    """

    steps: int = 5_000
    """Candidates to evaluate."""
    seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.seconds is not None and self.seconds <= 0):
            raise RequestError("the budget of a search needs at least one step and some seconds")

    def is_late(self, started: float) -> bool:
        """Tell whether the seconds are over, of what was started when the clock showed this."""
        return self.seconds is not None and monotonic() - started > self.seconds

    def part(self, of: int) -> "Budget":
        """Return a share of the budget."""
        seconds = None if self.seconds is None else self.seconds / of
        return Budget(max(self.steps // of, 1), seconds, self.seed)


class Meter:
    """Counts what a search spends, and passes it on."""

    def __init__(self, budget: Budget | None, on_progress: OnStep | None) -> None:
        self._budget = budget
        self._on_progress = on_progress
        self._started = monotonic()
        self.evaluated = 0

    def count(self, remaining: int) -> None:
        """Count a candidate as evaluated."""
        self.evaluated += 1
        if self._on_progress is not None:
            self._on_progress(self.evaluated, remaining)

    @property
    def remaining_steps(self) -> int:
        """How many candidates may still be evaluated; very many where nothing says so."""
        steps = sys.maxsize if self._budget is None else self._budget.steps
        return max(steps - self.evaluated, 0)

    def share(self, of: int) -> "Meter":
        """Return a meter of a share of what is left; what it counts is counted here, too."""
        budget = self._budget
        if budget is not None:
            steps, seconds = max(self.remaining_steps, 1), budget.seconds
            if seconds is not None:
                seconds = max(seconds - (monotonic() - self._started), _INSTANT)
            budget = replace(budget, steps=steps, seconds=seconds).part(of)
        return Meter(budget, lambda _, remaining: self.count(remaining))

    @property
    def spent(self) -> bool:
        """Whether the budget has run out; one candidate is evaluated in however little time."""
        budget = self._budget
        if budget is None or not self.evaluated:
            return False
        return budget.is_late(self._started) or self.evaluated >= budget.steps
