"""What can be done with a request, each in a few lines: the whole flow on one page.

Records are read twice: once to count them, once to write them. Everything between works on the
frequency table. A Dagster asset calls one of these functions; so does a notebook.
"""

import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from anon_dagster.core.search import search
from anon_dagster.core.solution import Solution
from anon_dagster.counting import Count, count, require_columns
from anon_dagster.errors import PromiseBrokenError, RequestError
from anon_dagster.planning import Plan, plan, table_attributes
from anon_dagster.recoding import blocks, recoder
from anon_dagster.request import Request, Target, format_of, load_request, parse_request
from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import risk_statistics
from anon_dagster.statistics.utility import utility_statistics
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.targets import check_target, stage
from anon_dagster.verification import Verification, verify

RequestLike = Request | Mapping[str, Any] | str | Path
"""A request, its document, or the path of its YAML file."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come: counts only."""

    phase: str
    """``count``, ``search``, ``write`` or ``verify``."""
    done: int
    total: int | None = None
    """What ``done`` will reach, if that is known."""


ProgressSink = Callable[[Progress], None]
"""Told of progress; may raise to stop."""


def _unheard(_: Progress) -> None:
    """Hear nothing."""


def as_request(request: RequestLike) -> Request:
    """Return the request that was given, its document or its file.

    Raises
    ------
    RequestError
        With every problem of the request.
    """
    if isinstance(request, Request):
        return request
    return parse_request(request) if isinstance(request, Mapping) else load_request(request)


def open_table(request: Request, *, frame: pd.DataFrame | None = None) -> OpenSource:
    """Open the source of a request, and find out before the work whether it can be done.

    Raises
    ------
    RequestError
        If there is no source, or two.
    SourceError
        If the source cannot be read, or has other columns than the request names.
    TargetError
        If the target could not be written.
    """
    if (request.source is None) == (frame is None):
        raise RequestError("a request needs either a source or a DataFrame that is handed over")
    source = open_frame(frame) if frame is not None else open_source(request.source)
    require_columns(source.columns, request.policy.attributes)
    if request.target is not None:
        paths = request.source.path if request.source else ()
        check_target(request.target, (paths,) if isinstance(paths, str) else paths)
    return source


def count_records(
    request: Request, source: OpenSource, *, on_progress: ProgressSink = _unheard
) -> Count:
    """Read the source once, into its frequency table."""
    return count(
        source,
        table_attributes(request.policy),
        decimal=request.source.csv.decimal if request.source else ".",
        on_rows=_running("count", None, on_progress),
    )


def decide(plan: Plan, *, on_progress: ProgressSink = _unheard) -> Solution:
    """Find the most useful release that keeps every promise.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """

    def report(evaluated: int, remaining: int) -> None:
        on_progress(Progress("search", evaluated, evaluated + remaining))

    return search(plan.problem, on_progress=report)


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What was published, and what was measured on it as it is stored."""

    target: Target
    paths: tuple[str, ...]
    records: int
    suppressed: int
    schema: pa.Schema
    count: Count
    """The stored release, read again."""
    verification: Verification
    checksum: str
    """SHA-256 over the files in their order."""


def write_release(
    request: Request,
    source: OpenSource,
    counted: Count,
    plan: Plan,
    solution: Solution,
    *,
    job_id: str,
    folder: Path,
    on_progress: ProgressSink = _unheard,
) -> Release:
    """Write the release beside its target, measure it there, and only then publish it.

    Parameters
    ----------
    job_id
        Sets the files of two jobs apart.
    folder
        Where the release goes if the request has no target.

    Raises
    ------
    PromiseBrokenError
        If what was stored does not keep a promise; nothing is published then.
    TargetError
        If the target cannot be written.
    """
    target = request.target or Target(path=str(folder / "release.parquet"))
    text = request.source is not None and _format(request.source.path) == "csv"
    writer = recoder(request.policy, counted, solution, text_source=text)
    with stage(target, writer.schema, token=job_id) as staged:
        on_rows = _running("write", counted.records, on_progress)
        for block in blocks(source, writer, on_rows):
            staged.write(block)
        staged.seal()
        stored = _count_stored(request, staged.staged_source(), on_progress)
        verification = verify(stored, request.policy, source_count=counted, plan=plan)
        if not verification.holds:
            raise PromiseBrokenError(f"nothing was published: {verification.failures}")
        checksum = _checksum(staged.seal())
        paths = staged.publish()
    return Release(
        target=target,
        paths=paths,
        records=stored.records,
        suppressed=int(counted.table.counts[solution.classes < 0].sum()),
        schema=writer.schema,
        count=stored,
        verification=verification,
        checksum=checksum,
    )


def _running(phase: str, total: int | None, on_progress: ProgressSink) -> Callable[[int], None]:
    done = 0

    def add(rows: int) -> None:
        nonlocal done
        done += rows
        on_progress(Progress(phase, done, total))

    return add


def _format(path: str | tuple[str, ...]) -> str | None:
    return format_of(path if isinstance(path, str) else path[0])


@dataclass(frozen=True, eq=False)
class AnonResult:
    """A release, how it came about, and what it is worth."""

    request: Request
    source: Count
    plan: Plan
    solution: Solution
    release: Release
    df: pd.DataFrame | None
    """The release, unless the request sent it to a target of its own."""

    @property
    def levels(self) -> dict[str, int] | None:
        """The level of each quasi-identifier, for full-domain generalization."""
        levels = self.solution.levels
        return None if levels is None else dict(zip(self.plan.quasi_identifiers, levels, strict=True))

    @cached_property
    def exploratory(self) -> ExploratoryStatistics:
        """Values and their counts, in the source and in the release."""
        return exploratory_statistics(self.source, self.release.count, self.request.policy)

    @cached_property
    def risk(self) -> pd.DataFrame:
        """Risks of re-identification and promises reached, of the source and of the release."""
        return risk_statistics(self.source, self.release.count, self.request.policy, self.plan)

    @cached_property
    def utility(self) -> pd.DataFrame:
        """What the release is still good for, beside the source."""
        return utility_statistics(self.plan.problem, self.solution)


def anonymize(
    request: RequestLike,
    *,
    frame: pd.DataFrame | None = None,
    on_progress: ProgressSink = _unheard,
) -> AnonResult:
    """Anonymize a table.

    Parameters
    ----------
    request
        What is asked for.
    frame
        The records, if the request has no source; it is left as it is.
    on_progress
        Told of progress, in counts.

    Returns
    -------
    AnonResult
        With the release as a DataFrame if the request has no target.

    Raises
    ------
    AnonError
        If the request, its source or its target is unfit, or if a promise cannot be kept; no
        target is touched then.
    """
    request = as_request(request)
    source = open_table(request, frame=frame)
    counted = count_records(request, source, on_progress=on_progress)
    made = plan(request, counted)
    solution = decide(made, on_progress=on_progress)
    folder = Path(tempfile.mkdtemp(prefix="anon-"))
    try:
        release = write_release(
            request,
            source,
            counted,
            made,
            solution,
            job_id=uuid.uuid4().hex,
            folder=folder,
            on_progress=on_progress,
        )
        df = None if request.target else released_frame(release, like=frame)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return AnonResult(request, counted, made, solution, release, df)
