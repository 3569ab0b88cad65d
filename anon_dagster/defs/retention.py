"""Old jobs, and how they go away."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from anon_dagster.defs.adhoc import REQUESTS
from anon_dagster.defs.arriving import files_partitions
from anon_dagster.defs.graph import DATASET_TAG, KIND_TAG
from anon_dagster.defs.resources import JobStore

HANDED_TAG = "anon/handed"
RETENTION = "ANON_RETENTION_DAYS"
"""Names the age in days from which jobs are deleted; they stay for ever if it is not set."""

_DAY = 86_400.0
_EVERY_NIGHT = "30 3 * * *"


def forget(instance: dg.DagsterInstance, store: JobStore, run: dg.DagsterRun) -> None:
    """Delete a run that is over and everything that was made for it but its target."""
    for each in _folders(store.job(run.run_id).path / "files"):
        instance.delete_dynamic_partition(files_partitions(run.tags[DATASET_TAG]), each.name)
    store.job(run.run_id).delete()
    if handed := run.tags.get(HANDED_TAG):
        shutil.rmtree(store.root / "handed" / Path(handed).name, ignore_errors=True)
    if (partition := run.tags.get("dagster/partition")) and KIND_TAG in run.tags:
        instance.delete_dynamic_partition(REQUESTS, partition)
    instance.compute_log_manager.delete_logs(prefix=[run.run_id])
    instance.delete_run(run.run_id)


def retention(store: JobStore) -> dg.Definitions:
    """Define the schedule that deletes old jobs, if the environment says from which age."""

    @dg.op(name="delete_old_jobs")
    def delete(context: dg.OpExecutionContext) -> None:
        if days := os.environ.get(RETENTION):
            gone = delete_older(context.instance, store, time.time() - float(days) * _DAY)
            context.log.info("%d jobs deleted", gone)

    @dg.job(name="retention_job", description=f"Deletes jobs older than {RETENTION} days.")
    def job() -> None:
        delete()

    schedule = dg.ScheduleDefinition(
        name="retention",
        job=job,
        cron_schedule=_EVERY_NIGHT,
        default_status=dg.DefaultScheduleStatus.RUNNING
        if os.environ.get(RETENTION)
        else dg.DefaultScheduleStatus.STOPPED,
    )
    return dg.Definitions(jobs=[job], schedules=[schedule])


def delete_older(instance: dg.DagsterInstance, store: JobStore, before: float) -> int:
    """Delete the jobs that ended before a moment, and files that no job owns any more.

    Parameters
    ----------
    before
        Seconds since the epoch.
    """
    records = instance.get_run_records()
    old = [r for r in records if r.dagster_run.is_finished and _ended(r) < before]
    for record in old:
        forget(instance, store, record.dagster_run)
    kept = [r.dagster_run for r in records if r not in old]
    _delete_all(store.root / "jobs", {run.run_id for run in kept}, before)
    _delete_all(store.root / "handed", {run.tags.get(HANDED_TAG, "") for run in kept}, before)
    return len(old)


def _ended(record: dg.RunRecord) -> float:
    return record.end_time or record.create_timestamp.timestamp()


def _delete_all(folder: Path, kept: set[str], before: float) -> None:
    for each in _folders(folder):
        if each.name not in kept and each.stat().st_mtime < before:
            shutil.rmtree(each, ignore_errors=True)


def _folders(folder: Path) -> Iterable[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
