"""What an instance of Dagster knows of its runs, kept in memory: each call is a step of its caller.

It answers as Dagster does, of which ``test_history.py`` holds it to account, in a fiftieth of the
time. As in Dagster, whatever is reported last of a run is its status, over or not.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import dagster as dg

from tests.simulation.scheduler import Scheduler

LOG = logging.getLogger("simulation")
_EVENT, _STATUS = dg.DagsterEventType, dg.DagsterRunStatus
_OVER = {_STATUS.SUCCESS, _STATUS.FAILURE, _STATUS.CANCELED}
_STATUS_AFTER = {
    _EVENT.RUN_STARTING: _STATUS.STARTING,
    _EVENT.RUN_START: _STATUS.STARTED,
    _EVENT.RUN_SUCCESS: _STATUS.SUCCESS,
    _EVENT.RUN_FAILURE: _STATUS.FAILURE,
    _EVENT.RUN_CANCELING: _STATUS.CANCELING,
    _EVENT.RUN_CANCELED: _STATUS.CANCELED,
}


def is_over(status: dg.DagsterRunStatus | None) -> bool:
    """Tell whether a run is over, or not there any more."""
    return status is None or status in _OVER


@dataclass(eq=False)
class History:
    """The runs of an instance, what was said of them, and its partitions."""

    scheduler: Scheduler
    runs: dict[str, dg.DagsterRun] = field(default_factory=dict)
    logs: dict[str, list[dg.EventLogEntry]] = field(default_factory=dict)
    times: dict[str, dict[str, float]] = field(default_factory=dict)
    """When a run was made, began and ended."""
    partitions: dict[str, dict[str, None]] = field(default_factory=dict)
    deleted: list[dg.DagsterRun] = field(default_factory=list)
    """Runs as they were when they were deleted."""
    most: int = 2
    """How many runs may be under way at once."""

    # -- runs ------------------------------------------------------------------------------

    def create_run_for_job(
        self,
        job_def: dg.JobDefinition,
        *,
        run_id: str,
        run_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        status: dg.DagsterRunStatus = _STATUS.NOT_STARTED,
    ) -> dg.DagsterRun:
        """Make a run."""
        self._step("create a run")
        run = dg.DagsterRun(
            job_def.name, run_id, dict(run_config or {}), status=status, tags=dict(tags or {})
        )
        self.runs[run_id] = run
        self.times[run_id] = {"made": self.scheduler.now()}
        return run

    def get_run_by_id(self, run_id: str) -> dg.DagsterRun | None:
        """Return a run, if there is one of that id."""
        self._step(f"look up run {run_id[:4]}")
        return self.runs.get(run_id)

    def get_runs(
        self, filters: dg.RunsFilter | None = None, *, limit: int | None = None
    ) -> Sequence[dg.DagsterRun]:
        """Return runs, the newest first."""
        self._step("look up runs")
        found = [run for run in reversed(self.runs.values()) if self._fits(run, filters)]
        return found[:limit]

    def get_run_records(
        self, filters: dg.RunsFilter | None = None, limit: int | None = None
    ) -> Sequence[Any]:
        """Return runs with their times, the newest first."""
        return [
            SimpleNamespace(
                dagster_run=run,
                create_timestamp=_moment(self.times[run.run_id]["made"]),
                start_time=self.times[run.run_id].get("began"),
                end_time=self.times[run.run_id].get("ended"),
            )
            for run in self.get_runs(filters, limit=limit)
        ]

    def _fits(self, run: dg.DagsterRun, filters: dg.RunsFilter | None) -> bool:
        if filters is None:
            return True
        asked = {k: [v] if isinstance(v, str) else v for k, v in (filters.tags or {}).items()}
        last = max(self.times[run.run_id].values())
        return (
            (not filters.run_ids or run.run_id in filters.run_ids)
            and (not filters.statuses or run.status in filters.statuses)
            and all(run.tags.get(key) in values for key, values in asked.items())
            and (filters.updated_after is None or _moment(last) > filters.updated_after)
        )

    def get_run_ids(self) -> Sequence[str]:
        """Return the ids of all runs."""
        self._step("look up ids")
        return [*reversed(self.runs)]

    def get_run_tags(self, tag_keys: Sequence[str]) -> Sequence[tuple[str, set[str]]]:
        """Return the values of tags."""
        self._step("look up tags")
        values = {k: {r.tags[k] for r in self.runs.values() if k in r.tags} for k in tag_keys}
        return [(key, found) for key, found in values.items() if found]

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Give a run tags."""
        self._step(f"tag run {run_id[:4]}")
        run = self.runs[run_id]
        self.runs[run_id] = run.with_tags({**run.tags, **new_tags})

    def delete_run(self, run_id: str) -> None:
        """Forget a run."""
        self._step(f"delete run {run_id[:4]}")
        if run_id in self.runs:
            self.deleted.append(self.runs[run_id])
        for kept in (self.runs, self.logs, self.times):
            kept.pop(run_id, None)

    # -- events ----------------------------------------------------------------------------

    def report_dagster_event(self, dagster_event: dg.DagsterEvent, run_id: str) -> None:
        """Write down what happened to a run, which may change where it stands."""
        self._step(f"run {run_id[:4]}: {dagster_event.event_type.value}")
        entry = dg.EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level=logging.INFO,
            user_message=dagster_event.message or "",
            run_id=run_id,
            timestamp=self.scheduler.now(),
            dagster_event=dagster_event,
        )
        self.logs.setdefault(run_id, []).append(entry)
        status = _STATUS_AFTER.get(dagster_event.event_type)
        if status is not None and run_id in self.runs:
            self.runs[run_id] = self.runs[run_id].with_status(status)
            kind = "ended" if status in _OVER else "began" if status is _STATUS.STARTED else "told"
            self.times[run_id][kind] = self.scheduler.now()

    def report(
        self, run: dg.DagsterRun, event: dg.DagsterEventType, message: str | None = None
    ) -> None:
        """Write down a change of where a run stands."""
        made = dg.DagsterEvent(event.value, job_name=run.job_name, message=message)
        self.report_dagster_event(made, run_id=run.run_id)

    def report_run_canceling(self, run: dg.DagsterRun, message: str | None = None) -> None:
        """Let a run be asked to end."""
        self.report(run, _EVENT.RUN_CANCELING, message or "Sending run termination request.")

    def report_run_canceled(self, run: dg.DagsterRun, message: str | None = None) -> None:
        """Let a run be canceled."""
        self.report(run, _EVENT.RUN_CANCELED, message)

    def report_run_failed(self, run: dg.DagsterRun, message: str | None = None) -> None:
        """Let a run have failed."""
        self.report(run, _EVENT.RUN_FAILURE, message)

    def all_logs(
        self, run_id: str, of_type: Iterable[dg.DagsterEventType] | None = None
    ) -> Sequence[dg.EventLogEntry]:
        """Return what happened to a run, of some kinds."""
        self._step(f"read the log of run {run_id[:4]}")
        entries = self.logs.get(run_id, [])
        return [e for e in entries if of_type is None or _kind(e) in {*of_type}]

    # -- partitions, and all else ----------------------------------------------------------

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Let there be partitions."""
        self._step("add partitions")
        self.partitions.setdefault(name, {}).update(dict.fromkeys(keys))

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Let there be a partition no more."""
        self._step("delete a partition")
        self.partitions.get(name, {}).pop(key, None)

    def get_dynamic_partitions(self, name: str) -> Sequence[str]:
        """Return the partitions."""
        self._step("look up partitions")
        return list(self.partitions.get(name, {}))

    def get_concurrency_config(self) -> Any:
        """Tell how many runs may be under way at once."""
        return SimpleNamespace(run_queue_config=SimpleNamespace(max_concurrent_runs=self.most))

    @property
    def run_storage(self) -> Any:
        """What knows the runs."""
        return SimpleNamespace(get_run_storage_id=lambda: "simulated")

    @property
    def compute_log_manager(self) -> Any:
        """What keeps the output of runs, which have none."""
        return SimpleNamespace(delete_logs=lambda prefix: None)  # noqa: ARG005 (as Dagster has it)

    def _step(self, what: str) -> None:
        self.scheduler.step(f"history: {what}")


def _kind(entry: dg.EventLogEntry) -> dg.DagsterEventType | None:
    return None if entry.dagster_event is None else entry.dagster_event.event_type


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
