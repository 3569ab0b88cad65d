"""Where jobs keep what they make."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder


@dataclass(frozen=True, slots=True)
class JobStore:
    """A private folder per run, under one root.

    It cannot be configured when a run is launched: who launches does not say where data go.
    """

    root: Path

    @classmethod
    def of_environment(cls) -> "JobStore":
        """Return the store at ``ANON_STORE``, or at ``.anon`` in the working directory."""
        return cls(Path(os.environ.get("ANON_STORE") or ".anon").absolute())

    def job(self, run_id: str, *, file: str = "") -> "JobFolder":
        """Return the folder of a run, or of one of its files; nothing is created yet."""
        from anon_dagster.jobs.folder import JobFolder

        return JobFolder(self.root, run_id, file)
