"""Where a host keeps what it knows of itself, and how those who may talk to it find it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a host."""

    home: Path
    """Where ``dagster.yaml`` is, or is made; the working directory of every job."""
    store: Path
    """What jobs leave behind."""

    @property
    def mark(self) -> str:
        """What sets the jobs of this store apart: several may share the history of one home."""
        return hashlib.sha256(str(self.store.resolve()).encode()).hexdigest()[:12]

    def job_lock(self, job_id: str) -> Path:
        """Return the file that is locked for as long as the process of a job lives."""
        return self.store / "host" / f"{job_id}.lock"

    def make(self) -> None:
        """Make the folders, readable for their owner only."""
        for folder in (self.store, self.store / "host"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
