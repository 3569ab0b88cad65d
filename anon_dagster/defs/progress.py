"""How far a run has come: a tag that the runs page shows, and an observation per phase."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from anon_dagster.operations import Progress

PERCENT_TAG = "anon/progress"
PHASE_TAG = "anon/phase"
DONE = "100%"

_SECONDS_BETWEEN = 1.0  # a tag costs some ten milliseconds of the instance's database
_SPANS = {
    "count": (0, 40),
    "search": (40, 70),
    "write": (70, 90),
    "verify": (90, 99),
    "measure": (40, 99),
}


def percent(progress: "Progress") -> int:
    """Return how much of a whole job is done, 0 to 99; a phase of unknown length counts half."""
    start, end = _SPANS[progress.phase]
    share = min(progress.done / progress.total, 1.0) if progress.total else 0.5
    return int(start + (end - start) * share)


def words(progress: "Progress") -> str:
    """Say what is being done and how far it is."""
    total = "" if progress.total is None else f" of {progress.total:,}"
    return f"{progress.phase} {progress.done:,}{total}"


@dataclass
class RunProgress:
    """Hears of progress and tells the run, at most every second; never goes back."""

    context: dg.AssetExecutionContext
    phase: str = ""
    told: float = -_SECONDS_BETWEEN
    highest: int = 0

    def __call__(self, progress: "Progress") -> None:
        """Hear of progress."""
        entered = progress.phase != self.phase
        now = time.monotonic()
        if not entered and now - self.told < _SECONDS_BETWEEN:
            return
        self.told, self.phase = now, progress.phase
        self.highest = max(self.highest, percent(progress))
        self._tag(f"{self.highest}%", words(progress))
        if entered:
            self.context.log_event(
                dg.AssetObservation(
                    asset_key=self.context.asset_key,
                    partition=self.context.partition_key
                    if self.context.has_partition_key
                    else None,
                    metadata={"phase": progress.phase, "percent": self.highest},
                )
            )

    def finish(self) -> None:
        """Say that nothing is left to do."""
        self._tag(DONE, "done")

    def _tag(self, done: str, phase: str) -> None:
        tags = {PERCENT_TAG: done, PHASE_TAG: phase}
        self.context.instance.add_run_tags(self.context.run.run_id, tags)
