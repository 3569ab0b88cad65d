"""How runs are ended: by a signal to their process.

Dagster's own launcher lets the code server pass the wish on by an event that is shared between
processes. Setting it waits until the process of the run woke up, and a process that never does,
since it is stopped, deep in a library or killed meanwhile, keeps the code server waiting for ever:
it starts no run any more.
"""

import os
import signal
from contextlib import suppress

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs.ownership import lock_of, owner_of
from anon_dagster.defs.resources import JobStore
from anon_dagster.storage.locks import holder, is_locked

_BEGINNING, _LOOK = 20.0, 0.1  # seconds


class SignallingLauncher(dg.DefaultRunLauncher):
    """Starts runs as Dagster does, and ends those of this project by themselves."""

    def terminate(self, run_id: str) -> bool:
        """Ask a run to end; the way of Dagster for one that did not begin its first step."""
        run = self._begun(run_id) if self.has_instance else None
        process = None if run is None else self._process(run_id)
        if run is None or run.is_finished or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        # In this order: a process that ends unasked has failed.
        self._instance.report_run_canceling(run)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGINT)
        return True

    def _begun(self, run_id: str) -> dg.DagsterRun | None:
        """Return a run that does not just begin: its process would say that it failed."""
        until = clock.monotonic() + _BEGINNING
        while True:
            run = self._instance.get_run_by_id(run_id)
            starting = run is not None and run.status is dg.DagsterRunStatus.STARTING
            if not starting or clock.monotonic() > until:
                return run
            clock.sleep(_LOOK)

    def _process(self, run_id: str) -> int | None:
        """Return the process of a run, if it is known here and of this machine."""
        folder = JobStore.of_environment().job(run_id).path
        owner, lock = owner_of(folder), lock_of(folder)
        if owner is None or not owner.is_of(self._instance) or not is_locked(lock):
            return None
        return holder(lock)
