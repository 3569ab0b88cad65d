"""Old jobs, and how they go away."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.endings import is_to_be_taken_back, take_back_of
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.freshness import is_of_freshness
from anon_dagster.defs.housekeeping import clear
from anon_dagster.defs.ownership import Owner, owner_of
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.settings import days_of
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.tags import HANDED_TAG, KIND_TAG

RETENTION = "ANON_RETENTION_DAYS"
"""Names the age in days from which jobs are deleted; they stay for ever if it is not set."""

_DAY = 86_400.0
_EVERY_NIGHT = "30 3 * * *"


def forget(instance: dg.DagsterInstance, store: JobStore, run: dg.DagsterRun) -> None:
    """Delete a run that is over and everything that was made for it but its target.

    What it published and is to be taken back goes, too, as soon as its store lets go of it.
    """
    if is_to_be_taken_back(instance, run):
        take_back_of(store, run)
    instance.delete_run(run.run_id)
    clear(instance, store, run.run_id, run.tags)


def retention(store: JobStore) -> dg.Definitions:
    """Define the schedule that deletes old jobs, if the environment says from which age."""

    @dg.op(name="anon_delete_old_jobs")
    def delete(context: dg.OpExecutionContext) -> None:
        with failures_in_words():
            context.log.info("%d jobs deleted", delete_old(context.instance, store))

    @dg.job(
        name=names.RETENTION_JOB,
        description=f"Deletes jobs older than {RETENTION} days.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        delete()

    schedule = dg.ScheduleDefinition(
        name="anon_retention",
        job=job,
        cron_schedule=_EVERY_NIGHT,
        description=f"Deletes old jobs every night, if {RETENTION} says from which age.",
        default_status=dg.DefaultScheduleStatus.RUNNING
        if os.environ.get(RETENTION)
        else dg.DefaultScheduleStatus.STOPPED,
    )
    return dg.Definitions(jobs=[job], schedules=[schedule])


def delete_old(instance: dg.DagsterInstance, store: JobStore) -> int:
    """Delete the jobs of the age that the environment names, and tell how many there were."""
    days = days_of(RETENTION)
    return 0 if days is None else delete_older(instance, store, clock.now() - days * _DAY)


def delete_older(instance: dg.DagsterInstance, store: JobStore, before: float) -> int:
    """Delete the jobs that ended before a moment, and files that no job owns any more.

    Parameters
    ----------
    before
        Seconds since the epoch.
    """
    records = [r for r in instance.get_run_records() if _is_ours(store, r.dagster_run)]
    old = [r for r in records if r.dagster_run.is_finished and _ended(r) < before]
    for record in old:
        forget(instance, store, record.dagster_run)
    kept = [r.dagster_run for r in records if r not in old]
    others = [o for each in _folders(store.root / file_names.JOBS) if (o := _other(instance, each))]
    tags = [*(run.tags for run in kept), *(other.tags for other in others)]
    runs = {run.run_id for run in kept} | {other.run_id for other in others}
    _delete_all(store.root / file_names.JOBS, runs, before)
    _delete_all(store.root / file_names.HANDED, {each.get(HANDED_TAG, "") for each in tags}, before)
    return len(old)


def _is_ours(store: JobStore, run: dg.DagsterRun) -> bool:
    """Tell whether a run is of this project: an instance may serve others, too."""
    is_chore = names.is_chore(run.job_name) or is_of_freshness(run)
    return KIND_TAG in run.tags or is_chore or store.job(run.run_id).path.exists()


def _other(instance: dg.DagsterInstance, folder: Path) -> Owner | None:
    """Return whom a folder belongs to, if it is of another instance."""
    owner = owner_of(folder)
    return None if owner is None or owner.instance == storage_id(instance) else owner


def _ended(record: dg.RunRecord) -> float:
    return record.end_time or record.create_timestamp.timestamp()


def _delete_all(folder: Path, kept: set[str], before: float) -> None:
    for each in _folders(folder):
        is_needed = each.name in kept or (each / file_names.TO_TAKE_BACK).exists()
        if not is_needed and each.stat().st_mtime < before:
            shutil.rmtree(each, ignore_errors=True)


def _folders(folder: Path) -> Iterable[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
