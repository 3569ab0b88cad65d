"""Runs of an instance as plain documents, the same as a webserver's GraphQL gives."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from anon_dagster.defs.failures import KIND
from anon_dagster.errors import UnknownJobError

Document = dict[str, Any]
_MOST = 4  # jobs at once, if dagster.yaml does not say
_SHOWING = {dg.DagsterEventType.ASSET_MATERIALIZATION}
_FAILING = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}


def record(instance: dg.DagsterInstance, job_id: str) -> Document:
    """Return a run.

    Raises
    ------
    UnknownJobError
        If there is none of that id.
    """
    found = instance.get_run_records(dg.RunsFilter(run_ids=[job_id]), limit=1)
    if not found:
        raise UnknownJobError(f"there is no job {job_id}, or none any more")
    return _document(found[0])


def records(instance: dg.DagsterInstance, limit: int) -> list[Document]:
    """Return the last runs, newest first."""
    return [_document(each) for each in instance.get_run_records(limit=limit)]


def _document(record: dg.RunRecord) -> Document:
    """Return a run as the fields of a client's JobRecord."""
    run = record.dagster_run
    return {
        "job_id": run.run_id,
        "job": run.job_name,
        "dagster_status": run.status.value,
        "tags": dict(run.tags),
        "created": record.create_timestamp.timestamp(),
        "started": record.start_time,
        "ended": record.end_time,
    }


def most_at_once(instance: dg.DagsterInstance) -> int:
    """Return how many jobs may run at once on this machine."""
    limits = instance.get_concurrency_config().run_queue_config
    most = _MOST if limits is None else limits.max_concurrent_runs
    return most if most > 0 else _MOST


def config(instance: dg.DagsterInstance, job_id: str) -> Mapping[str, Any]:
    """Return how a run was configured."""
    run = instance.get_run_by_id(job_id)
    if run is None:
        raise UnknownJobError(f"there is no job {job_id}, or none any more")
    return run.run_config


def findings(instance: dg.DagsterInstance, job_id: str) -> Document:
    """Return what the steps of a run showed, and why it failed."""
    logs = instance.all_logs(job_id, of_type=_SHOWING | _FAILING)
    events = [entry.dagster_event for entry in logs if entry.dagster_event is not None]
    steps = {}
    for event in events:
        if event.event_type in _SHOWING:
            made = event.step_materialization_data.materialization
            steps[made.asset_key.path[-1]] = _plain(made.metadata)
    return {"steps": steps, "failure": _failure(events)}


def _plain(metadata: Mapping[str, dg.MetadataValue]) -> Document:
    """Return metadata as JSON holds it; leaves out what only a person in front of a screen sees."""
    plain: Document = {}
    for name, value in metadata.items():
        if isinstance(value, dg.TableMetadataValue):
            plain[name] = [dict(row.data) for row in value.records]
        elif isinstance(value, dg.JsonMetadataValue):
            plain[name] = value.data
        elif value.value is None or isinstance(value.value, str | int | float | bool):
            plain[name] = value.value
    return plain


def _failure(events: Sequence[dg.DagsterEvent]) -> Document | None:
    """Return why a run failed: its first step that did, or what ended its process."""
    for event in events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data.user_failure_data
            if data is None:
                return {"error": "", "message": f"the step {event.step_key} failed"}
            kind = data.metadata.get(KIND)
            return {"error": str(kind.value) if kind else "", "message": str(data.description)}
    ends = [e.message or "" for e in events if e.event_type == dg.DagsterEventType.RUN_FAILURE]
    return {"error": "", "message": ends[-1]} if ends else None
