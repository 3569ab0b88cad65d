"""What nobody asks for and everybody expects: dead runs end, and deleted ones leave nothing."""

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.endings import WITHDRAWN, is_taken_back, is_to_be_taken_back, take_back_of
from anon_dagster.defs.holding import look_after_held, may_go
from anon_dagster.defs.leftovers import sweep_or_remember
from anon_dagster.defs.ownership import HANDOVER, Owner, lock_of, owner_of
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import JobError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.files import is_deleted
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import (
    DATASET_TAG,
    HANDED_TAG,
    KIND_TAG,
    PARTITION_TAG,
    REQUEST_TAG,
    USER_TAG,
)
from anon_dagster.storage.locks import holder, is_locked
from anon_dagster.telemetry import metrics

_SECONDS = 15
_DAY = 86_400.0
_PATIENCE = 10.0  # seconds between asking a process to end and ending it
_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
DIED = (
    "the process of the job ended before the job did: it was killed, or the machine ran out of "
    "memory"
)


def housekeeping(store: JobStore) -> dg.Definitions:
    """Define the sensor that keeps house."""

    @dg.sensor(
        name="anon_housekeeping",
        description="Ends jobs whose process is gone, and removes what deleted jobs left.",
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_dead(context.instance, store)
        gone = clear_away(context.instance, store)
        try_again(context.instance, store)
        show_queue(context.instance)
        return dg.SkipReason(f"{ended} dead jobs ended, {gone} deleted jobs cleared away")

    return dg.Definitions(sensors=[sensor])


def show_queue(instance: dg.DagsterInstance) -> None:
    """Tell who monitors how many runs wait and work, if anybody does."""
    counts = metrics()
    if counts is None:
        return
    waiting, working = (
        instance.get_runs_count(dg.RunsFilter(statuses=statuses))
        for statuses in ([dg.DagsterRunStatus.QUEUED], _UNDER_WAY)
    )
    counts.show_queue(waiting=waiting, working=working)


# -- dead runs -----------------------------------------------------------------------------


def end_dead(instance: dg.DagsterInstance, store: JobStore) -> int:
    """End the runs of this machine whose process is gone, and tell how many there were.

    A code server sees its processes die, but nobody sees it die itself.
    """
    under_way = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY))
    return sum(_end_if_dead(instance, store, run) for run in under_way)


def _end_if_dead(instance: dg.DagsterInstance, store: JobStore, run: dg.DagsterRun) -> bool:
    """End a run of this machine whose process is gone or deaf; tell whether it was ended."""
    folder = store.job(run.run_id).path
    owner = owner_of(folder)
    if owner is None or not owner.is_of(instance):
        return False
    if is_locked(lock_of(folder)):
        return owner.alone and _end_if_deaf(instance, run, folder)
    now = instance.get_run_by_id(run.run_id)  # it may have ended since it was looked up
    if now is None or now.is_finished:
        return False
    gone = take_back_of(store, now)  # before anybody sees that it failed
    if now.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(now, "aborted")
    else:
        instance.report_run_failed(now, f"{DIED}; {WITHDRAWN}" if gone else DIED)
    return True


def _end_if_deaf(instance: dg.DagsterInstance, run: dg.DagsterRun, folder: Path) -> bool:
    """Kill a process that was asked to end and did not, deep in a library that hears no signal."""
    asked = instance.all_logs(run.run_id, of_type={dg.DagsterEventType.RUN_CANCELING})
    process = holder(lock_of(folder))
    if not asked or not process or clock.now() - asked[0].timestamp < _PATIENCE:
        return False
    # In this order: of a process that dies before, its code server says that it failed.
    instance.report_run_canceled(run, "aborted")
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    return True


# -- aborted and failed runs ---------------------------------------------------------------


def lately() -> datetime:
    """Return since when runs are looked after that are over."""
    return datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=1)


def try_again(instance: dg.DagsterInstance, store: JobStore) -> None:
    """Take back and remove what jobs left in and beside their targets, if nobody could at once.

    What waits for an approval is finished, or discarded, if its time has come.
    """
    take_back_late(instance, store)
    sweep_late(instance, store)
    look_after_held(instance, store)


def take_back_late(instance: dg.DagsterInstance, store: JobStore) -> None:
    """Take back what jobs published that then failed or were aborted, if nobody could at once."""
    from anon_dagster.jobs.announcement import is_announced

    ended = [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE]
    for run in instance.get_runs(dg.RunsFilter(statuses=ended, updated_after=lately())):
        job = store.job(run.run_id)
        if is_announced(job) and is_to_be_taken_back(instance, run):
            take_back_of(store, run)


def sweep_late(instance: dg.DagsterInstance, store: JobStore) -> None:
    """Remove what jobs left beside their targets, if nobody could at once."""
    from anon_dagster.jobs.unswept import remembered

    for target in remembered(store.root):
        sweep_or_remember(instance, store.root, target)


# -- deleted runs --------------------------------------------------------------------------


def clear_away(instance: dg.DagsterInstance, store: JobStore) -> int:
    """Remove what runs left that this instance knows no more, and tell how many there were."""
    folder = store.root / file_names.JOBS
    found = [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
    for each in filter(is_deleted, found):
        shutil.rmtree(each, ignore_errors=True)
    there = [each for each in found if not is_deleted(each)]
    known = set(instance.get_run_ids()) if there else set()
    unknown = [each for each in there if each.name not in known]
    gone = [owner_of(each) for each in unknown if not _end_deleted(instance, each)]
    mine = [each for each in gone if each and each.instance == storage_id(instance)]
    for owner in mine:
        _remember(store, owner)
        clear(instance, store, owner.run_id, owner.tags)
    _clear_unclaimed(instance, store, others=len(gone) > len(mine))
    return len(mine)


def _end_deleted(instance: dg.DagsterInstance, folder: Path) -> bool:
    """End the process of a run that was deleted while it ran; tell whether there still is one."""
    if not is_locked(lock_of(folder)):
        return False
    owner, process = owner_of(folder), holder(lock_of(folder))
    if process == os.getpid():  # its run is over: this looks after others now
        return False
    if process is not None and owner is not None and owner.is_of(instance) and owner.alone:
        asked = folder / file_names.ASKED_TO_END
        again = asked.exists()
        asked.touch()
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL if again else signal.SIGINT)
    return True


def _clear_unclaimed(instance: dg.DagsterInstance, store: JobStore, *, others: bool) -> None:
    """Remove what was handed over for runs that were never made, a day later."""
    folder = store.root / file_names.HANDED
    old = [each for each in folder.iterdir() if _is_old(each)] if folder.is_dir() else []
    if not old or others:  # another instance of the store may have a run for it
        return
    claimed = set().union(*(values for _, values in instance.get_run_tags([HANDED_TAG])))
    for each in old:
        if HANDOVER.fullmatch(each.name) and each.name not in claimed:
            shutil.rmtree(each, ignore_errors=True)


def _is_old(folder: Path) -> bool:
    with suppress(FileNotFoundError):
        return clock.now() - folder.stat().st_mtime > _DAY
    return False


def clear(
    instance: dg.DagsterInstance, store: JobStore, run_id: str, tags: Mapping[str, str]
) -> None:
    """Remove everything that was made for a run that was deleted; its target stays."""
    job = store.job(run_id)
    if not may_go(instance, store, job):
        return  # somebody approves it at this moment; it is looked at again
    if not is_taken_back(store, run_id, tags.get(DATASET_TAG, "")):
        return  # its store is away; it is looked at again
    keys = job.files()
    job.delete()
    for key in keys:
        # A file that was tried again has the same partition, with another run.
        if not any((store.root / file_names.JOBS).glob(f"*/{file_names.FILES}/{key}")):
            instance.delete_dynamic_partition(names.files_partitions(tags[DATASET_TAG]), key)
    # A run that is retried has the tags of the one before it, and needs what they name.
    if _is_last(instance, HANDED_TAG, tags) and HANDOVER.fullmatch(tags[HANDED_TAG]):
        shutil.rmtree(store.root / file_names.HANDED / tags[HANDED_TAG], ignore_errors=True)
    if _is_last(instance, PARTITION_TAG, tags):
        instance.delete_dynamic_partition(names.REQUESTS, tags[PARTITION_TAG])
    instance.compute_log_manager.delete_logs(prefix=[run_id])


def _is_last(instance: dg.DagsterInstance, tag: str, tags: Mapping[str, str]) -> bool:
    """Tell whether no other run has the tag that a run had."""
    value = tags.get(tag)
    return bool(value) and not instance.get_runs(dg.RunsFilter(tags={tag: str(value)}), limit=1)


def _remember(store: JobStore, owner: Owner) -> None:
    """Write a line for a job that was deleted before one was written."""
    ledger, job = Ledger(store.root), store.job(owner.run_id)
    if ledger.find(owner.run_id) is not None:
        return
    release: dict[str, Any] = {"source": {"path": ()}, "checksum": ""}
    with suppress(JobError):  # it has none, or one that cannot be read here
        release = job.load_document(file_names.RELEASE, needs=release)
    entry = Entry(
        job_id=owner.run_id,
        kind=owner.tags.get(KIND_TAG, ""),
        dataset=owner.tags.get(DATASET_TAG, ""),
        request=owner.tags.get(REQUEST_TAG, ""),
        user=owner.tags.get(USER_TAG, ""),
        status="deleted",
        started=None,
        ended=None,
        promises="",
        risk={},
        utility={},
        target=", ".join(release["source"]["path"]),
        checksum=release["checksum"],
    )
    ledger.write(entry)
