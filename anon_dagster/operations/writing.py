"""A release for who called: published to its target, or handed back as a DataFrame."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

import pandas as pd

from anon_dagster.errors import AnonError
from anon_dagster.planning.decision import Decision
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.releasing.publication import Release, released_frame, write_release
from anon_dagster.releasing.together import LinkedReleases, write_linked
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.request import LinkedRequest, Target
from anon_dagster.storage.passing import new_folder, sweep_folders
from anon_dagster.storage.processes import LivingProcesses, fresh_token
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.targets import sweep
from anon_dagster.verification import Verification


@contextmanager
def passing_workspace(on_progress: ProgressSink = ignore_progress) -> Iterator[Workspace]:
    """Give a job a folder of its own, of which nothing is left afterwards.

    What killed jobs left goes now, too.
    """
    sweep_folders()
    token = fresh_token()
    folder = new_folder(token)
    try:
        yield Workspace(token, folder, on_progress)
    finally:
        shutil.rmtree(folder)


def sweep_beside(target: Target | None) -> None:
    """Remove what killed jobs left beside a target."""
    if target is not None:
        with suppress(AnonError):  # what cannot be swept keeps nobody from publishing
            sweep(target, alive=LivingProcesses())


def write_and_read(
    decision: Decision,
    source: OpenSource,
    *,
    like: pd.DataFrame | None,
    on_progress: ProgressSink,
    judge: Callable[[Verification], None] = Verification.require,
) -> tuple[Release, pd.DataFrame | None]:
    """Write a release; without a target, read it back and leave nothing of it on the disk.

    Parameters
    ----------
    like
        The records, if they were handed over.
    """
    with passing_workspace(on_progress) as workspace:
        sweep_beside(decision.request.target)
        release = write_release(decision, source, workspace, judge=judge)
        moved = decision.request.policy.shifted
        df = None if decision.request.target else released_frame(release, like=like, moved=moved)
    return release, df


def write_and_read_linked(
    request: LinkedRequest,
    decisions: Mapping[str, Decision],
    sources: Mapping[str, OpenSource],
    *,
    like: Mapping[str, pd.DataFrame],
    on_progress: ProgressSink,
) -> tuple[LinkedReleases, dict[str, pd.DataFrame | None]]:
    """Write the releases of linked tables; those without a target are read back, by table.

    Parameters
    ----------
    like
        The records of tables that were handed over.
    """
    with passing_workspace(on_progress) as workspace:
        for table in request.tables.values():
            sweep_beside(table.target)
        released = write_linked(request, decisions, sources, _apart(workspace, decisions))
        frames = {
            name: None
            if request.tables[name].target
            else released_frame(release, like=like.get(name))
            for name, release in released.releases.items()
        }
    return released, frames


def _apart(workspace: Workspace, tables: Iterable[str]) -> dict[str, Workspace]:
    """Give each table a folder of its own."""
    apart = {}
    for number, name in enumerate(tables):
        folder = workspace.folder / f"{number}"
        folder.mkdir(mode=0o700)
        apart[name] = replace(workspace, folder=folder)
    return apart
