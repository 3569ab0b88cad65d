"""Where jobs keep what they make."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from anon_dagster.jobs import JobFolder


class JobStore(dg.ConfigurableResource[Any]):
    """A private folder per run, under one root."""

    root: str = ""
    """The environment's ``ANON_STORE`` if left empty, or ``.anon`` in the working directory."""

    @property
    def folder(self) -> Path:
        """The root, made absolute."""
        return Path(self.root or os.environ.get("ANON_STORE") or ".anon").absolute()

    def job(self, run_id: str) -> "JobFolder":
        """Return the folder of a run; nothing is created yet."""
        from anon_dagster.jobs import JobFolder

        return JobFolder(self.folder, run_id)
