"""How the queue of a host starts the processes of its jobs, and signals to them."""

import os
import signal
from contextlib import suppress
from multiprocessing import get_context
from typing import Protocol

from anon_dagster.host.folders import HostFolders
from anon_dagster.host.worker import work

_forked = get_context("forkserver")


class JobProcess(Protocol):
    """The process of a job, as its parent sees it."""

    @property
    def pid(self) -> int | None:
        """Its number."""

    @property
    def exitcode(self) -> int | None:
        """How it ended, if it did; below 0, by which signal."""

    def is_alive(self) -> bool:
        """Tell whether it has not ended."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, at most so many seconds."""


class Processes(Protocol):
    """Starts processes and signals to them."""

    def start(self, folders: HostFolders, job_id: str) -> JobProcess:
        """Start the process of a job."""

    def signal(self, pid: int, sign: signal.Signals) -> None:
        """Send a signal; nothing happens if there is no such process any more."""


class ForkedProcesses:
    """Forks processes of one that has imported what they need."""

    def start(self, folders: HostFolders, job_id: str) -> JobProcess:
        """Start the process of a job."""
        process = _forked.Process(target=work, args=(folders, job_id), daemon=False)
        process.start()
        return process

    def signal(self, pid: int, sign: signal.Signals) -> None:
        """Send a signal."""
        with suppress(ProcessLookupError):  # it may have ended since it was looked at
            os.kill(pid, sign)
