"""The process of one job."""

import os
import signal
import sys
from functools import cache
from pathlib import Path

import dagster as dg

from anon_dagster.definitions import definitions
from anon_dagster.defs.private_dagster import execute_queued
from anon_dagster.defs.resources import JobStore
from anon_dagster.host.folders import HostFolders
from anon_dagster.storage.locks import lock


@cache
def loaded(data: Path, store: Path) -> dg.Definitions:
    """Return the definitions of a folder of datasets, loaded once in a process."""
    return definitions(data, JobStore(store))


def work(folders: HostFolders, job_id: str) -> None:
    """Run a job that was queued; its end is in its record."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    held = lock(folders.job_lock(job_id))
    if held is None:
        sys.exit(f"job {job_id} is run by another process")
    os.chdir(folders.home)
    _be_quiet()
    with dg.DagsterInstance.from_config(str(folders.home)) as instance:
        run = instance.get_run_by_id(job_id)
        if run is not None and run.status is dg.DagsterRunStatus.STARTING:  # else it was aborted
            job = loaded(folders.home / "data", folders.store).resolve_job_def(run.job_name)
            execute_queued(job, run, instance)
    held.close()


def _be_quiet() -> None:
    """Say nothing outside of what Dagster keeps of a run."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
