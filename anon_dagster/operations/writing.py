"""A release for who called: published to its target, or handed back as a DataFrame."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.errors import AnonError
from anon_dagster.planning.decision import Decision
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.releasing.publication import Release, released_frame, write_release
from anon_dagster.releasing.together import LinkedReleases, write_linked
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.request import LinkedRequest, Target
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.passing import new_folder, sweep_folders
from anon_dagster.storage.processes import LivingProcesses, fresh_token
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.tables_in_memory import Tabular, given_back
from anon_dagster.storage.targets import sweep
from anon_dagster.verification import Verification


@dataclass(frozen=True, slots=True, eq=False)
class InMemory(Discreet, shown=()):
    """A release that is handed back."""

    df: pd.DataFrame
    stored: pa.Table | None = None
    """As it is stored, if the records did not come as a DataFrame of pandas."""
    like: Any = None
    """It as a table of the library that they came of."""

    @property
    def arrow(self) -> pa.Table:
        """The release as a table of Arrow."""
        if self.stored is not None:
            return self.stored
        return pa.Table.from_pandas(self.df, preserve_index=False).replace_schema_metadata()

    @property
    def frame(self) -> Any:  # noqa: ANN401 (of any library)
        """The release as a table of the type that was handed over."""
        if isinstance(self.like, pa.RecordBatchReader):  # which can be read once
            return self.arrow.to_reader()
        return self.df if self.stored is None else self.like


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
    like: Tabular | None,
    on_progress: ProgressSink,
    judge: Callable[[Verification], None] = Verification.require,
) -> tuple[Release, InMemory | None]:
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
        if decision.request.target:
            return release, None
        return release, _handed_back(release, like, moved)


def _handed_back(release: Release, like: Tabular | None, moved: Collection[str] = ()) -> InMemory:
    """Read a release from the disk, also as a table of the library that the records came of."""
    if like is None or isinstance(like, pd.DataFrame):
        return InMemory(released_frame(release, like=like, moved=moved))
    stored = read_table(release.source)
    return InMemory(released_frame(release), stored, given_back(stored, like, release.kept))


def write_and_read_linked(
    request: LinkedRequest,
    decisions: Mapping[str, Decision],
    sources: Mapping[str, OpenSource],
    *,
    like: Mapping[str, Tabular],
    on_progress: ProgressSink,
) -> tuple[LinkedReleases, dict[str, InMemory | None]]:
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
            name: None if request.tables[name].target else _handed_back(release, like.get(name))
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
