"""How far a run has come: a tag that the runs page shows, and an observation per phase."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster import clock
from anon_dagster.jobs.tags import PERCENT_TAG, PHASE_TAG, STEP_TAG, TIME_TAG
from anon_dagster.progress import Steady

if TYPE_CHECKING:
    from anon_dagster.progress import Progress

DONE = "100%"

_SECONDS_BETWEEN = 1.0  # a tag costs some ten milliseconds of the instance's database
_HALFWAY = 1_000_000  # records, where nobody knows how many there are
_SPANS = {
    "count": (0, 40),
    "search": (40, 60),
    "recode": (60, 70),
    "measure": (40, 99),
    "write": (70, 85),
    "verify": (85, 95),
    "publish": (95, 95),
}
_STARTS = {
    "frequency_table": 0,
    "solution": 40,
    "measurement": 40,
    "anonymized": 70,
    "residual_disclosure": 95,
    "exploratory_statistics": 95,
    "risk_metrics": 96,
    "utility_statistics": 97,
    "report": 98,
}
"""Where a job is at least when a step begins."""


def percent(progress: "Progress") -> int:
    """Return how much of a whole job is done, 0 to 99.

    A phase of unknown length nears its end without reaching it.
    """
    start, end = _SPANS[progress.phase]
    share = progress.share
    if share is None:
        share = progress.done / (progress.done + _HALFWAY)
    return int(start + (end - start) * share)


def step_percent(progress: "Progress") -> int | None:
    """Return how much of its phase is done; nothing if its length is not known."""
    return None if progress.share is None else int(100 * progress.share)


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
    step: int = 0
    steadied: Steady = field(init=False)

    def __post_init__(self) -> None:
        self.steadied = Steady(self._hear)
        run = self.context.instance.get_run_by_id(self.context.run.run_id)
        if run is not None:  # an earlier step may have come further
            self.highest = int(run.tags.get(PERCENT_TAG, "0%").rstrip("%"))

    def begin(self, stage: str) -> None:
        """Say that a step of the job begins."""
        self.require_wanted()
        self.highest = max(self.highest, _STARTS.get(stage, 0))
        self._tag(f"{self.highest}%", stage.replace("_", " "), 0)

    def __call__(self, progress: "Progress") -> None:
        """Hear of progress."""
        self.steadied(progress)

    def _hear(self, progress: "Progress") -> None:
        entered = progress.phase != self.phase
        now = clock.monotonic()
        if not entered and now - self.told < _SECONDS_BETWEEN:
            return
        self.require_wanted()
        self.told, self.phase = now, progress.phase
        self.highest = max(self.highest, percent(progress))
        step = step_percent(progress)
        self.step = max(0 if entered else self.step, step or 0)
        self._tag(f"{self.highest}%", words(progress), None if step is None else self.step)
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
        self._tag(DONE, "done", 100)

    def require_wanted(self) -> None:
        """End a step whose run was aborted; see :func:`require_wanted`."""
        require_wanted(self.context.instance, self.context.run.run_id)

    def _tag(self, done: str, phase: str, step: int | None) -> None:
        _tell(self.context.instance, self.context.run.run_id, done, phase, step)


def require_wanted(instance: dg.DagsterInstance, run_id: str) -> None:
    """End a run that was asked to end: a signal that meets Python in a callback is lost.

    Raises
    ------
    dagster.DagsterExecutionInterruptedError
        If it was.
    """
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status is dg.DagsterRunStatus.CANCELING:
        raise dg.DagsterExecutionInterruptedError


def restart(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Forget the progress of the run that this one repeats, whose tags it was given."""
    if run.parent_run_id is not None and PERCENT_TAG in run.tags:
        _tell(instance, run.run_id, "0%", "", 0)


def _tell(
    instance: dg.DagsterInstance, run_id: str, done: str, phase: str, step: int | None
) -> None:
    share = "" if step is None else f"{step}%"
    now = datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="seconds")
    tags = {PERCENT_TAG: done, PHASE_TAG: phase, STEP_TAG: share, TIME_TAG: now}
    instance.add_run_tags(run_id, tags)


@dataclass
class FilesProgress:
    """Hears of the progress of one file after another, and tells the run of all of them."""

    instance: dg.DagsterInstance
    run_id: str
    files: int
    done: int = 0
    told: float = -_SECONDS_BETWEEN
    highest: int = 0
    steadied: Steady = field(init=False)

    def __post_init__(self) -> None:
        self.steadied = Steady(self._hear)

    def __call__(self, progress: "Progress") -> None:
        """Hear of progress with the file at hand."""
        self.steadied(progress)

    def _hear(self, progress: "Progress") -> None:
        now = clock.monotonic()
        if now - self.told >= _SECONDS_BETWEEN:
            require_wanted(self.instance, self.run_id)
            self.told = now
            share = (self.done + percent(progress) / 100) / self.files
            self.highest = max(self.highest, int(99 * share))
            phase = f"file {self.done + 1:,} of {self.files:,}: {words(progress)}"
            _tell(self.instance, self.run_id, f"{self.highest}%", phase, step_percent(progress))

    def next_file(self) -> None:
        """Hear that a file is done with."""
        self.done += 1
        self.steadied = Steady(self._hear)

    def finish(self) -> None:
        """Say that nothing is left to do."""
        _tell(self.instance, self.run_id, DONE, "done", 100)
