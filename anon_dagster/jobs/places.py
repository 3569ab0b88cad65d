"""Where jobs keep their data, if nobody says it."""

import os
from pathlib import Path


def chosen_store(store: str | Path | None) -> Path | None:
    """Return the folder of the jobs that was chosen: given, or ``ANON_STORE``; None if neither."""
    chosen = store or os.environ.get("ANON_STORE")
    return Path(chosen).absolute() if chosen else None


def home_folder(home: str | Path | None) -> Path | None:
    """Return the folder of ``dagster.yaml``, if there is one."""
    if chosen := home or os.environ.get("DAGSTER_HOME"):
        return Path(chosen).absolute()
    here = Path.cwd()
    return here if (here / "dagster.yaml").exists() else None


def store_folder(store: str | Path | None, home: str | Path | None = None) -> Path:
    """Return the folder of the jobs on this machine; ``.anon`` in the home if none was chosen."""
    return chosen_store(store) or (home_folder(home) or Path.cwd()) / ".anon"
