"""Serve one folder of jobs; see :mod:`anon_dagster.host`."""

import argparse
import logging
import os
import sys
from importlib.resources import files
from multiprocessing import forkserver, get_context
from pathlib import Path

from anon_dagster.host.folders import HostFolders
from anon_dagster.storage.locks import lock

_IDLE = 60.0  # seconds
_PRELOADED = (
    "anon_dagster.host.worker",
    "anon_dagster.operations.anonymize",
    "anon_dagster.jobs.reporting",
    "anon_dagster.report.gathering",
    "anon_dagster.report.page",
)


def main() -> int:
    """Serve until there is nothing to do, unless another host serves the same folder."""
    parser = argparse.ArgumentParser(prog="python -m anon_dagster.host", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the folder of dagster.yaml")
    parser.add_argument("--store", type=Path, required=True, help="the folder of the jobs")
    parser.add_argument("--idle", type=float, default=_IDLE, help="seconds until it ends")
    asked = parser.parse_args()
    folders = HostFolders(asked.home.absolute(), asked.store.absolute())
    folders.make()
    held = lock(folders.lock)
    if held is None:
        return 0
    with held:
        _settle(folders)
        _preload()
        _serve(folders, asked.idle)
    return 0


def _settle(folders: HostFolders) -> None:
    """Go home, where the paths of ``dagster.yaml`` start; make one if there is none."""
    folders.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = folders.home / "dagster.yaml"
    if not settings.exists():
        settings.write_bytes(files("anon_dagster.host").joinpath("dagster.yaml").read_bytes())
    os.chdir(folders.home)
    os.environ["ANON_STORE"] = str(folders.store)


def _preload() -> None:
    """Have what every worker needs imported once, in the process they are forked from.

    That process begins at once, beside the imports of this one.
    """
    get_context("forkserver").set_forkserver_preload(list(_PRELOADED))
    forkserver.ensure_running()


def _serve(folders: HostFolders, idle_seconds: float) -> None:
    """Take over what an earlier host left, and serve."""
    import dagster as dg

    from anon_dagster.host.queue import Queue
    from anon_dagster.host.server import Server

    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dg.DagsterInstance.from_config(str(folders.home)) as instance:
        queue = Queue(folders, instance)
        queue.adopt()
        Server(queue).serve(idle_seconds)


if __name__ == "__main__":
    sys.exit(main())
