"""A release for who called: published to its target, or handed back as a DataFrame."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from anon_dagster.planning.decision import Decision
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.releasing.publication import Release, released_frame, write_release
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.storage.sources import OpenSource
from anon_dagster.verification import Verification


@contextmanager
def passing_workspace(on_progress: ProgressSink = ignore_progress) -> Iterator[Workspace]:
    """Give a job a folder of its own, of which nothing is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="anon-") as folder:
        yield Workspace(uuid.uuid4().hex, Path(folder), on_progress)


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
        release = write_release(decision, source, workspace, judge=judge)
        moved = decision.request.policy.shifted
        df = None if decision.request.target else released_frame(release, like=like, moved=moved)
    return release, df
