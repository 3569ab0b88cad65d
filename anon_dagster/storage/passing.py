"""Temporary folders of this process: for its user only, swept by a later one if it is killed."""

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from anon_dagster.storage.processes import LivingProcesses

_PREFIX = "anon-"


def new_folder(token: str) -> Path:
    """Make a folder that nobody but this user may look into; whoever made it removes it.

    Parameters
    ----------
    token
        Tells whose it is, see :func:`anon_dagster.storage.processes.fresh_token`.

    Raises
    ------
    OSError
        If there is no place for it.
    """
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{token}-"))


def sweep_folders() -> None:
    """Remove the folders of jobs of this user whose process is gone."""
    alive = LivingProcesses()
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}lib-*"):
        token = folder.name.removeprefix(_PREFIX).rpartition("-")[0]
        with suppress(OSError):  # somebody else may be faster
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and token not in alive:
                shutil.rmtree(folder, ignore_errors=True)
