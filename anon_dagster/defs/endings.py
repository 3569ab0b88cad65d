"""What happens when a job is over: a line in the ledger, and nothing of it beside its target."""

from contextlib import suppress
from dataclasses import replace

import dagster as dg

from anon_dagster.arrivals import Registry, State
from anon_dagster.defs import runs
from anon_dagster.defs.holding import discard_failed, with_hold, write_line
from anon_dagster.defs.leftovers import put_back, sweep_or_remember
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import AnonError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.people import person_named
from anon_dagster.jobs.tags import (
    DATASET_TAG,
    KIND_TAG,
    REQUEST_TAG,
    REQUESTED_TAG,
    SCHEDULE_TAG,
    USER_TAG,
)
from anon_dagster.jobs.webhook import post
from anon_dagster.telemetry import EndedRun, metrics

_ENDS = {
    dg.DagsterRunStatus.SUCCESS: "completed",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "aborted",
}
_RELEASED = ("anonymized", names.APPLIED, names.APPROVED)
_ROWS = "dagster/row_count"
WITHDRAWN = "what it had published was withdrawn"


def endings(store: JobStore) -> dg.Definitions:
    """Define a sensor for each way in which a job may end."""
    return dg.Definitions(sensors=[_sensor(status, store) for status in _ENDS])


def _sensor(status: dg.DagsterRunStatus, store: JobStore) -> dg.SensorDefinition:
    """Define what is done when a run ends with a status."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"anon_ledger_of_{_ENDS[status]}_jobs",
        description=f"Writes a line into the ledger for every job that {_ENDS[status]}.",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunStatusSensorContext) -> None:
        if not close(context.instance, store, context.dagster_run.run_id):
            context.log.warning("the webhook did not take the line of a job")

    return sensor


def close(instance: dg.DagsterInstance, store: JobStore, job_id: str) -> bool:
    """Write down how a job ended and remove what it left; tell whether the webhook took it."""
    found = instance.get_run_records(dg.RunsFilter(run_ids=[job_id]), limit=1)
    if not found or KIND_TAG not in found[0].dagster_run.tags:
        return True
    shown = runs.findings(instance, job_id)
    entry, job = entry_of(found[0], shown), store.job(job_id)
    if entry.status != "completed":
        _sweep(instance, store, job_id)
        discard_failed(instance, store, job)
    run = found[0].dagster_run
    if is_to_be_taken_back(instance, run) and take_back_of(store, run):
        entry = replace(entry, reason=f"{entry.reason}; {WITHDRAWN}".lstrip("; "))
    if not write_line(Ledger(store.root), entry, job):
        return True
    _count(entry, shown)
    return post(with_hold(entry, job))


def _count(entry: Entry, found: runs.Document) -> None:
    """Count a run for who monitors, if anybody does."""
    counts = metrics()
    if counts is None:
        return
    steps = found["steps"]
    released: runs.Document = next((steps[name] for name in _RELEASED if name in steps), {})
    seconds = None
    if entry.started is not None and entry.ended is not None:
        seconds = entry.ended - entry.started
    counts.count(
        EndedRun(
            kind=entry.kind,
            outcome=entry.status,
            seconds=seconds,
            read=steps.get("frequency_table", {}).get(_ROWS),
            released=released.get(_ROWS),
            suppressed=released.get("suppressed"),
        )
    )


def entry_of(record: dg.RunRecord, found: runs.Document) -> Entry:
    """Return the line of a run."""
    run, steps = record.dagster_run, found["steps"]
    failed = found["failure"] if run.status is dg.DagsterRunStatus.FAILURE else None
    asked = steps.get(names.REQUEST) or steps.get(names.APPLICATION) or {}
    released: runs.Document = next((steps[name] for name in _RELEASED if name in steps), {})
    risks = steps.get("risk_metrics") or steps.get("applied") or {}
    return Entry(
        job_id=run.run_id,
        kind=run.tags.get(KIND_TAG, ""),
        dataset=run.tags.get(DATASET_TAG, ""),
        request=run.tags.get(REQUEST_TAG, ""),
        user=run.tags.get(USER_TAG) or run.tags.get(SCHEDULE_TAG, ""),
        status=_ENDS.get(run.status, run.status.value),
        started=record.start_time,
        ended=record.end_time,
        promises=asked.get("promises", ""),
        risk=_figures(risks),
        utility=_figures(steps.get("utility_statistics", {})),
        target=released.get("dagster/uri", ""),
        checksum=released.get("checksum", ""),
        reason=failed["message"] if failed else "",
        requested_by=person_named(run.tags.get(REQUESTED_TAG)),
    )


def _figures(shown: runs.Document) -> dict[str, float]:
    return {n: float(v) for n, v in shown.items() if isinstance(v, int | float)}


def _sweep(instance: dg.DagsterInstance, store: JobStore, job_id: str) -> None:
    files = [store.job(job_id, file=key) for key in store.job(job_id).files()]
    if (linked := store.job(job_id).linked) is not None:
        with suppress(AnonError):  # what is beside the targets stays then, too
            put_back(linked)
    for job in (store.job(job_id), *files):
        target = job.load_request().target if job.has((file_names.REQUEST,)) else None
        if target is not None:
            sweep_or_remember(instance, store.root, target)


def was_asked_to_end(instance: dg.DagsterInstance, job_id: str) -> bool:
    """Tell whether somebody aborted a job: a deployment that is stopped cancels its runs, too."""
    return bool(instance.all_logs(job_id, of_type={dg.DagsterEventType.RUN_CANCELING}))


def is_to_be_taken_back(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Tell whether what a run published is to go: it failed after that, or somebody aborted it."""
    is_canceled = run.status is dg.DagsterRunStatus.CANCELED
    return run.status is dg.DagsterRunStatus.FAILURE or (
        is_canceled and was_asked_to_end(instance, run.run_id)
    )


def take_back_of(store: JobStore, run: dg.DagsterRun) -> bool:
    """Remove what a run published, see :func:`take_back`, if that is possible now.

    If it is not, the sensor that keeps house tries again, even if the run is deleted meanwhile.
    """
    mark = store.job(run.run_id).path / file_names.TO_TAKE_BACK
    try:
        gone = take_back(store, run.run_id, run.tags.get(DATASET_TAG, ""))
    except AnonError:
        with suppress(OSError):
            mark.touch(mode=0o600)
        return False
    if mark.exists():
        mark.unlink(missing_ok=True)
    return gone


def is_taken_back(store: JobStore, job_id: str, dataset: str) -> bool:
    """Tell whether nothing of a run has to be taken back, after trying so."""
    if store.job(job_id).has((file_names.TO_TAKE_BACK,)):
        try:
            take_back(store, job_id, dataset)
        except AnonError:
            return False
    return True


def take_back(store: JobStore, job_id: str, dataset: str) -> bool:
    """Remove what a job published that is not completed; of its files those it was not done with.

    Returns
    -------
    bool
        Whether there was anything.

    Raises
    ------
    TargetError, StoreUnavailableError
        If that is not possible, or not now.
    """
    from anon_dagster.jobs.announcement import is_announced, withdraw

    files = [store.job(job_id, file=key) for key in store.job(job_id).files()]
    begun = [job for job in files if is_announced(job)]
    arrivals = Registry(store.root, dataset).arrivals() if begun else []
    released = {each.key for each in arrivals if each.state is State.RELEASED}
    jobs = (store.job(job_id), *(each for each in begun if each.file not in released))
    gone = [withdraw(job) for job in jobs]  # each of them
    return any(gone)
