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

from anon_dagster.defs.locks import holder, is_locked
from anon_dagster.defs.ownership import lock_of
from anon_dagster.defs.resources import JobStore


class SignallingLauncher(dg.DefaultRunLauncher):
    """Starts runs as Dagster does, and ends those of this project by themselves."""

    def terminate(self, run_id: str) -> bool:
        """Ask a run to end; the way of Dagster for one that did not begin its first step."""
        run = self._instance.get_run_by_id(run_id) if self.has_instance else None
        lock = lock_of(JobStore.of_environment().job(run_id).path)
        process = holder(lock) if is_locked(lock) else None
        if run is None or run.is_finished or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        # In this order: a process that ends unasked has failed.
        self._instance.report_run_canceling(run)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGINT)
        return True
