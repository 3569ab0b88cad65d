"""Where a host keeps what it knows of itself, and how those who may talk to it find it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from anon_dagster.jobs import file_names


@dataclass(frozen=True, slots=True)
class HostFolders:
    """The folders of a host."""

    home: Path
    """Where ``dagster.yaml`` is, or is made; the working directory of every job."""
    store: Path
    """What jobs leave behind."""

    @property
    def mark(self) -> str:
        """What sets the jobs of this store apart: several may share the history of one home."""
        return hashlib.sha256(str(self.store.resolve()).encode()).hexdigest()[:12]

    @property
    def lock(self) -> Path:
        """The file that is locked for as long as a host serves the store."""
        return self._own / file_names.HOST_LOCK

    def job_lock(self, job_id: str) -> Path:
        """Return the file that is locked for as long as the process of a job lives."""
        return self._own / f"{job_id}.lock"

    @property
    def _own(self) -> Path:
        return self.store / file_names.HOST

    def make(self) -> None:
        """Make the folders, readable for their owner only."""
        for folder in (self.store, self._own):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
