"""Whose the folder of a run is, and whether the process that fills it lives.

The folder holds ``owner.json``, which says what goes when the run is deleted, and ``job.lock``,
which the process of the run holds until it ends, however it may.
"""

import hashlib
import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, cast

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import restart
from anon_dagster.errors import HandoverError, JobError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.documents import of_text
from anon_dagster.jobs.tags import DATASET_TAG, HANDED_TAG, KIND_TAG, PARTITION_TAG
from anon_dagster.storage.locks import lock_for_good

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder

RunContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext

HANDOVER = re.compile("[0-9a-f]{32}")
"""The name of a folder that was handed over: anybody may set a tag."""
_KINDS = {
    "anonymized": "anonymize",
    "measurement": "measure",
    "detection": "detect",
    "applied": "apply",
    "proposal": "auto_anonymize",
    "verified": "verify",
    "examined": "residual",
    "approved": "approve",
    "rejected": "reject",
}

_BETWEEN_LOOKS = 1.0  # seconds, while another process executes the same run
_OF_ONE_PROCESS = {"in_process", "execute_in_process_executor"}
"""Executors of Dagster."""

_held: set[Path] = set()  # until the process ends, which runs one job


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a folder belongs to."""

    run_id: str
    instance: str
    """The storage that knows the run, or knew it: a store may serve several."""
    host: str
    """The machine of the process; empty if steps have processes of their own."""
    alone: bool
    """Whether its process does nothing else: a notebook goes on when its run is over."""
    tags: Mapping[str, str]

    def is_of(self, instance: dg.DagsterInstance) -> bool:
        """Tell whether a process of this machine works for it, and for this storage."""
        return (self.instance, self.host) == (storage_id(instance), socket.gethostname())


def own(context: RunContext, store: JobStore) -> "JobFolder":
    """Return the folder of a run, marked as its own, and hold its lock.

    Raises
    ------
    JobError
        If another process executed the same run meanwhile, and it failed.
    """
    folder = store.job(context.run.run_id)
    path = lock_of(folder.path)
    if path in _held:
        return folder
    _end_if_aborted(context)
    _require_handed(context, store)
    _name_partition(context)
    folder.create()
    if _lock_alone(context, path):
        _held.add(path)
        restart(context.instance, context.run)
        owner = {
            "instance": storage_id(context.instance),
            "host": socket.gethostname() if _is_one_process(context) else "",
            "alone": parent_process() is not None,
        }
        folder.save_document(
            file_names.OWNER, {**owner, "tags": {**context.run.tags, **_named(context)}}
        )
    return folder


def _lock_alone(context: RunContext, path: Path) -> bool:
    """Lock the folder of a run, once no other process has it; False if the run ended meanwhile.

    A daemon that dies between the start of a run and its note of it lets the run start twice. Two
    executions at once would write over each other, and the first to end would end the run while
    the other one is still at work.
    """
    while lock_for_good(path) is None:
        run = context.instance.get_run_by_id(context.run.run_id)
        if run is None or run.status is dg.DagsterRunStatus.SUCCESS:
            return False
        if run.is_finished:
            _end_if_aborted(context)
            raise JobError("another process executed this run at the same time, and it failed")
        clock.sleep(_BETWEEN_LOOKS)
    return True


def _is_one_process(context: RunContext) -> bool:
    """Tell whether one process runs all steps, and the run is over if that ends.

    Executors of other projects may start one for each step, between which none holds the lock.
    """
    return context.job_def.executor_def.name in _OF_ONE_PROCESS


def _end_if_aborted(context: RunContext) -> None:
    """End a run that was aborted at the moment when Dagster started it, which Dagster forgets.

    Raises
    ------
    dagster.DagsterExecutionInterruptedError
        If it was; Dagster then has it as canceled.
    """
    run, instance = context.run, context.instance
    asked = {dg.DagsterEventType.RUN_CANCELING, dg.DagsterEventType.RUN_CANCELED}
    if instance.all_logs(run.run_id, of_type=asked):
        instance.report_run_canceling(run, "It was aborted before it began.")
        raise dg.DagsterExecutionInterruptedError


def _require_handed(context: RunContext, store: JobStore) -> None:
    """Refuse records that were handed over where nobody would remove them with their job."""
    name = context.run.tags.get(HANDED_TAG, "")
    if HANDOVER.fullmatch(name) and not (store.root / file_names.HANDED / name).is_dir():
        raise HandoverError(
            "what was handed over is not in the folder of the jobs of this deployment: let the "
            "client name that folder, by AnonClient(url, store=…) or ANON_STORE"
        )


def _name_partition(context: RunContext) -> None:
    """Give a run of a request that nobody declared a partition, if it was launched without one.

    The launchpad cannot make one. Its name begins with the fingerprint of what is asked for, and
    ends with the run's. Dagster looks at the run that it has at hand, not into its storage.
    """
    run = context.run
    if PARTITION_TAG in run.tags or not isinstance(context, dg.AssetExecutionContext):
        return
    asked = context.assets_def.partitions_def
    if not isinstance(asked, dg.DynamicPartitionsDefinition) or asked.name != names.REQUESTS:
        return
    config = json.dumps(run.run_config, sort_keys=True, default=str)
    name = f"{hashlib.sha256(config.encode()).hexdigest()[:8]}-{run.run_id[:8]}"
    context.instance.add_dynamic_partitions(names.REQUESTS, [name])
    context.instance.add_run_tags(run.run_id, {PARTITION_TAG: name})
    cast("dict[str, str]", run.tags)[PARTITION_TAG] = name


def _named(context: RunContext) -> dict[str, str]:
    """Tag a run that has no job's tags, since its assets were materialized one by one."""
    run = context.run
    if KIND_TAG in run.tags or not run.asset_selection:
        return {}
    steps = {key.path[-1] for key in run.asset_selection}
    kind = next((kind for step, kind in _KINDS.items() if step in steps), "materialize")
    tags = {KIND_TAG: kind, DATASET_TAG: min(_dataset_of(key) for key in run.asset_selection)}
    context.instance.add_run_tags(run.run_id, tags)
    return tags


def _dataset_of(key: dg.AssetKey) -> str:
    """Return the dataset of a step: the keys of a project's assets may begin with more."""
    return key.path[-2] if len(key.path) > 1 else key.path[0]


def owner_of(folder: Path) -> Owner | None:
    """Return whom a folder belongs to, if that is known."""
    try:
        text = (folder / file_names.OWNER).read_text(encoding="utf-8")
        kept = of_text(text, file_names.OWNER, needs=("instance", "host", "alone", "tags"))
    except (OSError, ValueError, JobError):
        return None
    return Owner(folder.name, kept["instance"], kept["host"], kept["alone"], kept["tags"])


def lock_of(folder: Path) -> Path:
    """Return the file that the process of a run holds locked."""
    return folder / file_names.LOCK
