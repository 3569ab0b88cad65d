"""What is known of a job, as documents that JSON can hold."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from anon_dagster.client.deployment import JobRecord, RunRecord
from anon_dagster.jobs import names
from anon_dagster.jobs.tags import (
    DATASET_TAG,
    FILES_TAG,
    PERCENT_TAG,
    PHASE_TAG,
    REQUEST_TAG,
    REQUESTED_TAG,
    STEP_TAG,
    TIME_TAG,
    USER_TAG,
    VERSION_TAG,
)

_STATISTICS = {"risk_metrics": "risk", "utility_statistics": "utility", "applied": "risk"}
_DATA = {
    "dagster/uri": "uri",
    "dagster/row_count": "records",
    "suppressed": "suppressed",
    "checksum": "checksum",
}
_TABLES = {"measurement": "configurations", "detection": "columns"}
DISCLOSING = (names.RESIDUAL, names.EXAMINED)
"""The steps that tell what a release tells although every promise holds."""
_SUMMARY = (
    "loss",
    "lower_bound",
    "gap",
    "gap_ratio",
    "optimal",
    "method",
    "candidates",
    "evaluated",
    "suppressed",
)

Config = Mapping[str, Any]
"""How a job was configured: known before it starts."""


def status_of(record: JobRecord, run: RunRecord, config: Config) -> dict[str, Any]:
    """Return what a job is doing and what came of it."""
    return {
        "completed": _completed(record, run),
        "id": record.job_id,
        "info": info_of(record, run, config),
        "running": running_of(record),
        "status": record.status,
    }


def metadata_of(record: JobRecord, run: RunRecord, config: Config) -> dict[str, Any]:
    """Return what was asked for, of what, and by which versions it was done."""
    asked = step(run, "request", "application", "proposal")
    columns = asked.get("attributes") or asked.get("columns") or []
    return {
        "id": record.job_id,
        **info_of(record, run, config),
        "fields": columns or step(run, "detection").get("columns", []),
        "versions": {"anon_dagster": record.tags.get(VERSION_TAG, "")} | asked.get("versions", {}),
    }


def info_of(record: JobRecord, run: RunRecord, config: Config) -> dict[str, Any]:
    """Return what a job is about."""
    asked = step(run, "request", "application", "proposal") or _configured(config)
    files = record.tags.get(FILES_TAG)
    return ({} if files is None else {"files": files}) | {
        "kind": record.kind,
        "dataset": record.tags.get(DATASET_TAG, ""),
        "request": record.tags.get(REQUEST_TAG, ""),
        "user": record.tags.get(USER_TAG, ""),
        "requested_by": record.tags.get(REQUESTED_TAG, ""),
        "source": asked.get("source"),
        "target": asked.get("target"),
        "attributes": {row["attribute"]: row["role"] for row in asked.get("attributes", [])},
        "submitted": _moment(record.created),
        "started": _moment(record.started),
        "ended": _moment(record.ended),
    }


def running_of(record: JobRecord) -> dict[str, Any]:
    """Return what is in work and how far it is."""
    if record.status == "queued":  # the tags of one that repeats another are those of the other
        return {"work": "", "job_percent": 0, "step_percent": None, "last_progress": None}
    done = record.is_done
    told = int(record.tags.get(PERCENT_TAG, "0%").rstrip("%"))
    share = record.tags.get(STEP_TAG, "").rstrip("%")
    return {
        "work": "" if record.is_over else record.tags.get(PHASE_TAG, ""),
        "job_percent": 100 if done else min(told, 99),
        "step_percent": 100 if done else int(share) if share else None,
        "last_progress": record.tags.get(TIME_TAG),
    }


def summary(record: JobRecord) -> dict[str, Any]:
    """Return a job as a row of the list of jobs."""
    return {
        "id": record.job_id,
        "kind": record.kind,
        "dataset": record.tags.get(DATASET_TAG, ""),
        "status": record.status,
        "start": _moment(record.started or record.created),
        "duration": _duration(record),
    }


def step(run: RunRecord, *names: str) -> Mapping[str, Any]:
    """Return what the first of these steps showed that the job has."""
    return next((run.steps[name] for name in names if name in run.steps), {})


def _completed(record: JobRecord, run: RunRecord) -> dict[str, Any]:
    """Return what a job made: nothing yet, unless it did what it was asked to."""
    whole = run if record.is_done else RunRecord()
    released = step(whole, "anonymized", "applied")
    decided = step(whole, "solution", "applied")
    statistics: dict[str, Any] = {
        name: _numbers(whole.steps[each])
        for each, name in _STATISTICS.items()
        if each in whole.steps
    }
    statistics |= {
        name: shown[table]
        for name, table in _TABLES.items()
        for shown in (step(whole, name, "proposal"),)
        if table in shown
    }
    if found := step(whole, *DISCLOSING):
        statistics["residual"] = found["findings"]
    if "utility" in (applied := step(whole, "applied")):
        statistics["utility"] = {row["statistic"]: row["release"] for row in applied["utility"]}
    return {
        "data": {name: released[key] for key, name in _DATA.items() if key in released},
        "statistics": statistics,
        "summary": {name: decided[name] for name in _SUMMARY if name in decided},
        "time_spent": _duration(record),
    }


def _numbers(metadata: Mapping[str, Any]) -> dict[str, float]:
    return {n: v for n, v in metadata.items() if isinstance(v, int | float) and n not in _DATA}


def _configured(config: Config) -> dict[str, Any]:
    """Return what a job was asked for, in the words of its first step."""
    request = config.get("request", config)
    if not isinstance(request, Mapping):
        return {}
    attributes = (request.get("policy") or {}).get("attributes") or {}
    return {
        "source": _path(request.get("source")),
        "target": _path(request.get("target")),
        "attributes": [
            {"attribute": name, "role": each.get("role")} for name, each in attributes.items()
        ],
    }


def _path(place: object) -> str | None:
    paths = place.get("path") if isinstance(place, Mapping) else place
    if isinstance(paths, list | tuple):
        return ", ".join(map(str, paths))
    return None if paths is None else str(paths)


def _duration(record: JobRecord) -> float | None:
    if record.started is None:
        return None
    return round((record.ended or time.time()) - record.started, 3)


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
