"""The queue of a host: which job runs, which waits, and what becomes of one whose process died."""

import logging
import signal
import threading
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.endings import WITHDRAWN, close, take_back_of
from anon_dagster.defs.housekeeping import clear_away, lately, try_again
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import delete_old, forget
from anon_dagster.defs.runs import most_at_once
from anon_dagster.errors import AnonError, JobStateError
from anon_dagster.host.folders import HostFolders
from anon_dagster.host.processes import ForkedProcesses, JobProcess, Processes
from anon_dagster.host.worker import loaded
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.names import REQUESTS
from anon_dagster.jobs.tags import HOST_TAG, PARTITION_TAG
from anon_dagster.storage.locks import holder, is_locked

_LOG = logging.getLogger(__name__)
_WAITING = dg.DagsterRunStatus.MANAGED
"""Of a run that waits: a daemon beside the host would call one that does not start failed."""
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_CHORES = 15.0  # seconds between two tries at what could not be removed at once
_PATIENCE = 10.0  # seconds between asking a process to end and ending it


@dataclass
class Worker:
    """The process of a job; one that an earlier host started is known by its lock alone."""

    process: JobProcess | None
    aborted_at: float | None = None


@dataclass
class Queue:
    """Jobs that wait, in the order they came, and jobs that run."""

    folders: HostFolders
    instance: dg.DagsterInstance
    waiting: list[str] = field(default_factory=list)
    workers: dict[str, Worker] = field(default_factory=dict)
    guard: AbstractContextManager[Any] = field(default_factory=threading.RLock)
    """Held by whoever looks at the queue or changes it."""
    processes: Processes = field(default_factory=ForkedProcesses)
    chores_at: float = 0.0
    """When is tried again what could not be done at once."""

    @property
    def most(self) -> int:
        """How many jobs may run at once."""
        return most_at_once(self.instance)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.waiting and not self.workers

    def adopt(self) -> None:
        """Take over what an earlier host left: jobs that wait, that run, and that died."""
        unfinished = dg.RunsFilter(
            tags={HOST_TAG: self.folders.mark},
            statuses=[
                _WAITING,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
        )
        for run in reversed(self.instance.get_runs(unfinished)):
            if is_locked(self.folders.job_lock(run.run_id)):
                self.workers[run.run_id] = Worker(None)
            elif run.status in {_WAITING, dg.DagsterRunStatus.STARTING}:
                self.waiting.append(run.run_id)
            else:
                self._close(run.run_id, "its process ended together with that of the host")
        for job_id in self._unclosed():
            self._close(job_id, "")
        store = JobStore(self.folders.store)
        clear_away(self.instance, store)
        delete_old(self.instance, store)

    def _unclosed(self) -> list[str]:
        """Return the jobs that ended lately, and of whose end an earlier host wrote no line."""
        over = dg.RunsFilter(
            tags={HOST_TAG: self.folders.mark}, statuses=_OVER, updated_after=lately()
        )
        told = {entry.job_id for entry in Ledger(self.folders.store).entries()}
        return [r.run_id for r in self.instance.get_runs(over) if r.run_id not in told]

    def add(
        self, job: str, config: Mapping[str, Any], tags: Mapping[str, str], partition: str
    ) -> str:
        """Queue a job and return its id."""
        definition = loaded(self.folders.home / "data", self.folders.store).resolve_job_def(job)
        tags = {**definition.tags, **tags, HOST_TAG: self.folders.mark, PARTITION_TAG: partition}
        with self.guard:
            self.instance.add_dynamic_partitions(REQUESTS, [partition])
            run = self.instance.create_run_for_job(
                definition,
                run_id=str(uuid.uuid4()),
                run_config=config,
                tags=tags,
                status=_WAITING,
            )
            self.waiting.append(run.run_id)
        return run.run_id

    def abort(self, job_id: str) -> None:
        """End a job: at once if it waits, else by asking its process.

        Raises
        ------
        JobStateError
            If the job is over, or is run by another deployment.
        """
        with self.guard:
            run = self.instance.get_run_by_id(job_id)
            if run is None or run.is_finished:
                raise JobStateError(f"job {job_id} is over")
            if job_id in self.waiting:
                self.waiting.remove(job_id)
                self._close(job_id, "")
            elif job_id not in self.workers:
                raise JobStateError(f"job {job_id} is run by another deployment: abort it there")
            elif self.workers[job_id].aborted_at is None:
                self.workers[job_id].aborted_at = clock.monotonic()
                self._ask_to_end(job_id)

    def delete(self, job_id: str) -> None:
        """Forget a job that is over, its output and its partition.

        Raises
        ------
        JobStateError
            If it is not over.
        """
        with self.guard:
            run = self.instance.get_run_by_id(job_id)
            if run is None:
                return
            if run.is_finished and job_id in self.workers:
                self._reap(job_id)
            if not run.is_finished or job_id in self.workers:
                raise JobStateError(f"job {job_id} is not over: abort it first")
            forget(self.instance, JobStore(self.folders.store), run)

    def tick(self) -> None:
        """Start what may start, and see to what ended."""
        with self.guard:
            for job_id in list(self.workers):
                self._look_after(job_id)
            while self.waiting and len(self.workers) < self.most:
                self._start(self.waiting.pop(0))
            if clock.monotonic() >= self.chores_at:
                self.chores_at = clock.monotonic() + _CHORES
                self._do_chores()

    def _do_chores(self) -> None:
        try:
            try_again(self.instance, JobStore(self.folders.store))
        except AnonError as error:  # such as a setting that is none, which must end no job
            _LOG.warning("%s", error)

    def _start(self, job_id: str) -> None:
        run = self.instance.get_run_by_id(job_id)
        if run is None or run.is_finished:  # by another hand than ours
            return
        starting = dg.DagsterEventType.PIPELINE_STARTING.value
        event = dg.DagsterEvent(starting, job_name=run.job_name)
        self.instance.report_dagster_event(event, run_id=job_id)
        self.workers[job_id] = Worker(self.processes.start(self.folders, job_id))

    def _look_after(self, job_id: str) -> None:
        worker = self.workers[job_id]
        if not self._is_alive(job_id):
            if is_locked(self.folders.job_lock(job_id)):  # one that an earlier host started has it
                worker.process = None
                return
            code = worker.process.exitcode if worker.process else None
            self._close(job_id, "" if worker.aborted_at is not None else _ended(code))
            del self.workers[job_id]
        elif worker.aborted_at is not None:
            self._ask_to_end(job_id)
            if clock.monotonic() - worker.aborted_at > _PATIENCE:
                self._signal(job_id, signal.SIGKILL)

    def _ask_to_end(self, job_id: str) -> None:
        """Ask the process of an aborted job to end, once it has begun.

        Dagster forgets what it is asked while it starts a job.
        """
        run, worker = self.instance.get_run_by_id(job_id), self.workers[job_id]
        if run is not None and run.status is dg.DagsterRunStatus.STARTED:
            # In this order: a process that ends unasked has failed.
            self.instance.report_run_canceling(run)
            self._signal(job_id, signal.SIGTERM)
            worker.aborted_at = clock.monotonic()

    def _reap(self, job_id: str) -> None:
        """Wait for a process that has nothing left to do but to end."""
        process = self.workers[job_id].process
        if process is not None:
            process.join(_PATIENCE)
        self._look_after(job_id)

    def _is_alive(self, job_id: str) -> bool:
        process = self.workers[job_id].process
        return process.is_alive() if process else is_locked(self.folders.job_lock(job_id))

    def _signal(self, job_id: str, sign: signal.Signals) -> None:
        process = self.workers[job_id].process
        pid = process.pid if process else holder(self.folders.job_lock(job_id))
        if pid is not None:
            self.processes.signal(pid, sign)

    def _close(self, job_id: str, ended: str) -> None:
        """Write down how a job ended that has no process any more; aborted if nothing else."""
        run, store = self.instance.get_run_by_id(job_id), JobStore(self.folders.store)
        if run is not None and not run.is_finished:
            gone = take_back_of(
                store, run
            )  # first: whoever sees that it failed looks at its target
            if run.status == dg.DagsterRunStatus.CANCELING or not ended:
                self.instance.report_run_canceled(run, "aborted")
            else:
                self.instance.report_run_failed(run, f"{ended}; {WITHDRAWN}" if gone else ended)
        close(self.instance, store, job_id)
        self.folders.job_lock(job_id).unlink(missing_ok=True)


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        reason = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the process of the job was ended by signal {-code}{reason}"
    return "the process of the job ended before the job did"
