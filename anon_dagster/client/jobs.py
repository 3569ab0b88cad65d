"""One job: how far it is, what it found, and its end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from anon_dagster import errors
from anon_dagster.client.deployment import Deployment, Findings, JobRecord
from anon_dagster.client.handover import Handover, given
from anon_dagster.client.progress_bar import ProgressBar
from anon_dagster.client.result import AnonResult, read_result
from anon_dagster.client.submission import DATASET, FINGERPRINT, HANDED, VERSION
from anon_dagster.errors import AbortedJobError, AnonError, JobError, UnfinishedJobError

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.jobs import JobFolder
    from anon_dagster.statistics import ExploratoryStatistics

_SOONEST, _LATEST = 0.1, 1.0  # seconds between two looks at a job
_RELEASING = frozenset({"anonymize", "apply"})
_STATISTICS = {"risk_metrics": "risk", "utility_statistics": "utility", "applied": "risk"}
_DATA = {
    "dagster/uri": "uri",
    "dagster/row_count": "records",
    "suppressed": "suppressed",
    "checksum": "checksum",
}
_TABLES = {"measurement": "configurations", "detection": "columns"}

Watch = Callable[[Mapping[str, Any]], None]
"""Shown the status of a job whenever it was looked at."""


class Context(Protocol):
    """What a job needs of the client that it belongs to."""

    deployment: Deployment
    store: Path | None


@dataclass(frozen=True)
class AnonJob:
    """A job that was submitted; everything is asked anew each time."""

    job_id: str
    context: Context

    def __repr__(self) -> str:
        return f"AnonJob({self.job_id!r})"

    def id(self) -> str:
        """Return the id of the job."""
        return self.job_id

    # -- how far it is -----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return what the job is doing and what came of it, as JSON holds it.

        Returns
        -------
        dict
            With exactly the keys ``completed`` (``data``, ``statistics``, ``summary`` and
            ``time_spent`` in seconds; nothing is known of a job that is not completed), ``id``,
            ``info``, ``running`` (``work``, ``job_percent``, ``step_percent``,
            ``last_progress``) and ``status`` (``queued``, ``running``, ``completed``,
            ``failed`` or ``aborted``).
        """
        record = self._record()
        found = self._deployment.findings(self.job_id)
        return {
            "completed": _completed(record, found) if record.status == "completed" else None,
            "id": self.job_id,
            "info": _info(record, found),
            "running": _running(record),
            "status": record.status,
        }

    def metadata(self) -> dict[str, Any]:
        """Return the fields, the request as it was submitted, the source and the versions.

        The request spells out the values of trees that are written in it.
        """
        record = self._record()
        found = self._deployment.findings(self.job_id)
        return {
            "id": self.job_id,
            **_info(record, found),
            "fields": _step(found, "request", "application", "proposal").get("attributes", []),
            "configuration": self._request(),
            "versions": {"anon_dagster": record.tags.get(VERSION, "")},
        }

    def wait(self, timeout: float | None = None, *, watch: Watch | None = None) -> str:
        """Wait until the job is over, and return its status.

        Parameters
        ----------
        timeout
            Seconds.
        watch
            Shown the status at every look.

        Raises
        ------
        UnfinishedJobError
            If it is not over in time; it goes on.
        """
        until = None if timeout is None else time.monotonic() + timeout
        pause = _SOONEST
        while True:
            record = self._record()
            if watch is not None:
                watch({"status": record.status, **_running(record)})
            if record.is_over:
                return record.status
            if until is not None and time.monotonic() + pause > until:
                raise UnfinishedJobError(
                    f"job {self.job_id} is {record.status} and was not done within "
                    f"{timeout:g} seconds; it goes on"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LATEST)

    # -- what it found -----------------------------------------------------------------------

    def result(self, timeout: float | None = None, *, watch: Watch | None = None) -> AnonResult:
        """Wait until the job is over, and return what it made.

        Parameters
        ----------
        timeout
            Seconds.
        watch
            Shown the status at every look; a progress bar, in a terminal or a notebook, if left
            out. An interrupt ends the waiting, not the job.

        Raises
        ------
        AnonError
            The job's own, if it failed.
        AbortedJobError
            If it was aborted.
        UnfinishedJobError
            If it is not over in time; it goes on.
        """
        if watch is not None:
            self.wait(timeout, watch=watch)
        else:
            with ProgressBar() as bar:
                self.wait(timeout, watch=bar)
        record = self._completed()
        handed = self._handed(record)
        return read_result(self._folder(), record.kind, None if handed is None else handed.like())

    def exploratory_statistics(self) -> "ExploratoryStatistics":
        """Return every value and its count, and summaries, of the source and of the release."""
        from anon_dagster.statistics import ExploratoryStatistics

        folder = self._statistics("exploratory statistics")
        return ExploratoryStatistics(
            folder.load_frame("exploratory_values.parquet"),
            folder.load_frame("exploratory_summary.parquet"),
        )

    def risk_statistics(self) -> "pd.DataFrame":
        """Return the risks of re-identification, and the promises reached."""
        return self._statistics("risk statistics").load_statistics("risk.json")

    def utility_statistics(self) -> "pd.DataFrame":
        """Return what the source and the release are worth."""
        return self._statistics("utility statistics").load_statistics("utility.json")

    # -- its end -----------------------------------------------------------------------------

    def abort(self, timeout: float = 60.0) -> dict[str, str]:
        """End the job; nothing of it remains in its target. Say what it did.

        Raises
        ------
        JobError
            If it is over.
        UnfinishedJobError
            If it did not end in time.
        """
        before = self._record()
        if before.is_over:
            raise JobError(f"job {self.job_id} is {before.status}: there is nothing to abort")
        self._deployment.abort(self.job_id)
        ended = self.wait(timeout)
        done = "ended where it was" if before.status == "running" else "taken out of the queue"
        if ended != "aborted":
            done = "was over before it could be aborted"
        return {"id": self.job_id, "was": before.status, "status": ended, "done": done}

    def delete(self, *, target: bool = False) -> dict[str, Any]:
        """Remove the record of the job, its statistics and files. Say what it did.

        Parameters
        ----------
        target
            Whether to remove what was published, too.

        Raises
        ------
        JobError
            If it is not over.
        """
        record = self._record()
        if not record.is_over:
            raise JobError(f"job {self.job_id} is {record.status}: abort it first")
        found = self._deployment.findings(self.job_id)
        published = _published(found) if target else []
        folder, handed = self._anywhere(found), self._handed(record)
        removed = folder is not None and folder.path.exists()
        self._deployment.delete(self.job_id)
        if folder is not None:
            folder.delete()
        if handed is not None:
            handed.delete()
        _remove(published)
        return {"id": self.job_id, "files_removed": removed, "targets_removed": published}

    # -- the names of the original -------------------------------------------------------------

    exploratoryStats = exploratory_statistics  # noqa: N815 (as its documentation has it)
    riskStat = risk_statistics  # noqa: N815
    utilityStat = utility_statistics  # noqa: N815

    # -- what it is made of --------------------------------------------------------------------

    @property
    def _deployment(self) -> Deployment:
        return self.context.deployment

    def _record(self) -> JobRecord:
        return self._deployment.record(self.job_id)

    def _request(self) -> Any:  # noqa: ANN401 (JSON)
        config = self._deployment.config(self.job_id)
        ops = config.get("ops", {}).values()
        asked: Mapping[str, Any] = next((op["config"] for op in ops if "config" in op), {})
        request = asked.get("request", asked)
        return given(request) if isinstance(request, Mapping) else request

    def _completed(self) -> JobRecord:
        """Return the record of a job that is completed; raise what it ended with if it is not."""
        record = self._record()
        if record.status == "aborted":
            raise AbortedJobError(f"job {self.job_id} was aborted; it has no result")
        if record.status == "failed":
            raise _error(self._deployment.findings(self.job_id))
        if record.status != "completed":
            raise UnfinishedJobError(f"job {self.job_id} is {record.status}; wait for its result")
        return record

    def _statistics(self, what: str) -> "JobFolder":
        record = self._completed()
        if record.kind not in _RELEASING:
            raise JobError(f"job {self.job_id} is of kind {record.kind} and has no {what}")
        return self._folder()

    def _folder(self) -> "JobFolder":
        folder = self._anywhere(self._deployment.findings(self.job_id))
        if folder is None or not folder.path.exists():
            where = "" if folder is None else f" ({folder.path})"
            raise JobError(
                f"what job {self.job_id} made lies in the store of its deployment{where}, which "
                "cannot be read from here: mount it and say AnonClient(url, store=…)"
            )
        return folder

    def _anywhere(self, found: Findings) -> "JobFolder | None":
        from anon_dagster.jobs import JobFolder

        if self.context.store is not None:
            return JobFolder(self.context.store, self.job_id)
        file = next((each["file"] for each in found.steps.values() if "file" in each), None)
        return None if file is None else JobFolder(Path(file).parents[2], self.job_id)

    def _handed(self, record: JobRecord) -> Handover | None:
        name = record.tags.get(HANDED)
        return Handover(self.context.store, name) if name and self.context.store else None


def summary(record: JobRecord) -> dict[str, Any]:
    """Return a job as a row of the list of jobs."""
    return {
        "id": record.job_id,
        "kind": record.kind,
        "dataset": record.tags.get(DATASET, ""),
        "status": record.status,
        "start": _moment(record.started or record.created),
        "duration": _duration(record),
    }


def _completed(record: JobRecord, found: Findings) -> dict[str, Any]:
    released = _step(found, "anonymized", "applied")
    decided = found.steps.get("solution", {})
    statistics: dict[str, Any] = {
        name: _numbers(found.steps[step])
        for step, name in _STATISTICS.items()
        if step in found.steps
    }
    statistics |= {
        name: shown[table]
        for name, table in _TABLES.items()
        for shown in (_step(found, name, "proposal"),)
        if table in shown
    }
    return {
        "data": {name: released[key] for key, name in _DATA.items() if key in released},
        "statistics": statistics,
        "summary": {name: value for name, value in decided.items() if not isinstance(value, list)},
        "time_spent": _duration(record),
    }


def _step(found: Findings, *names: str) -> Mapping[str, Any]:
    """Return what the first of these steps showed that the job has."""
    return next((found.steps[name] for name in names if name in found.steps), {})


def _numbers(metadata: Mapping[str, Any]) -> dict[str, float]:
    return {n: v for n, v in metadata.items() if isinstance(v, int | float) and n not in _DATA}


def _info(record: JobRecord, found: Findings) -> dict[str, Any]:
    asked = _step(found, "request", "application", "proposal")
    return {
        "kind": record.kind,
        "dataset": record.tags.get(DATASET, ""),
        "request": record.tags.get(FINGERPRINT, ""),
        "source": asked.get("source"),
        "target": asked.get("target"),
        "attributes": {row["attribute"]: row["role"] for row in asked.get("attributes", [])},
        "submitted": _moment(record.created),
        "started": _moment(record.started),
        "ended": _moment(record.ended),
    }


def _running(record: JobRecord) -> dict[str, Any]:
    done = record.status == "completed"
    told = int(record.tags.get("anon/progress", "0%").rstrip("%"))
    step = record.tags.get("anon/step", "").rstrip("%")
    return {
        "work": "" if record.is_over else record.tags.get("anon/phase", ""),
        "job_percent": 100 if done else min(told, 99),
        "step_percent": 100 if done else int(step) if step else None,
        "last_progress": record.tags.get("anon/progressed"),
    }


def _duration(record: JobRecord) -> float | None:
    if record.started is None:
        return None
    return round((record.ended or time.time()) - record.started, 3)


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _error(found: Findings) -> AnonError:
    if found.failure is None:
        return JobError("the job failed and did not say why")
    kind = getattr(errors, found.failure.error, JobError) if found.failure.error else JobError
    error: AnonError = kind(found.failure.message)
    return error


def _published(found: Findings) -> list[str]:
    target = _step(found, "request", "application", "proposal").get("target")
    return [target] if target and _step(found, "anonymized", "applied") else []


def _remove(targets: list[str]) -> None:
    if targets:
        from anon_dagster.storage import places

        for path in targets:
            with places.writing(path):
                places.remove(path)
