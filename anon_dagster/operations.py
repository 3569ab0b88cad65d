"""What can be done with a request, each in a few lines: the whole flow on one page.

Records are read twice: once to count them, once to write them. Everything between works on the
frequency table. A Dagster asset calls one of these functions; so does a notebook.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from anon_dagster.core.local import recode_locally
from anon_dagster.core.search import search
from anon_dagster.core.solution import Solution
from anon_dagster.counting import Count, count, require_columns
from anon_dagster.decision import Decision
from anon_dagster.errors import (
    PromiseBrokenError,
    RequestError,
    SchemaMismatchError,
    UnreachableError,
)
from anon_dagster.measuring import Configuration, compare, configurations
from anon_dagster.planning import Plan, leaves, plan, table_attributes
from anon_dagster.recoding import blocks, recoder
from anon_dagster.request import (
    Measurement,
    Policy,
    Request,
    Source,
    Target,
    load_request,
    parse_measurement,
    parse_policy,
    parse_request,
)
from anon_dagster.schemas import release_problems
from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import PopulationTable, risk_statistics
from anon_dagster.statistics.utility import utility_statistics
from anon_dagster.storage.frames import read_frame
from anon_dagster.storage.places import open_to_read
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.targets import check_target, stage
from anon_dagster.verification import Verification, verify, verify_file, verify_frame

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

    Full-domain generalization is searched for its optimum. Local recoding starts from it, where
    there is one, and loses no more.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """

    def report(evaluated: int, remaining: int) -> None:
        on_progress(Progress("search", evaluated, evaluated + remaining))

    if plan.policy.recoding == "global":
        return search(plan.problem, on_progress=report)
    try:
        start = search(plan.problem, on_progress=report)
    except UnreachableError:
        start = None
    return recode_locally(plan.problem, start=start, on_progress=report)


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What was published, and what was measured on it as it is stored."""

    target: Target
    paths: tuple[str, ...]
    schema: pa.Schema
    kept: tuple[str, ...]
    """Columns that are released as they stand in the source."""
    count: Count
    """The stored release, read again."""
    verification: Verification
    checksum: str
    """SHA-256 over the files in their order."""


def write_release(
    decision: Decision,
    source: OpenSource,
    *,
    job_id: str,
    folder: Path,
    on_progress: ProgressSink = _unheard,
) -> Release:
    """Write the release beside its target, measure it there, and only then publish it.

    Parameters
    ----------
    source
        What was counted; it is read again.
    job_id
        Sets the files of two jobs apart.
    folder
        Where the release goes if the request has no target.

    Raises
    ------
    PromiseBrokenError
        If what was stored does not keep a promise; nothing is published then.
    SourceError
        If the source changed since it was counted.
    TargetError
        If the target cannot be written.
    """
    policy = decision.request.policy
    target = decision.request.target or Target(path=str(folder / "release.parquet"))
    writer = recoder(decision, source)
    with stage(target, writer.schema, token=job_id) as staged:
        on_rows = _running("write", decision.counted.records, on_progress)
        for block in blocks(source, writer, on_rows):
            staged.write(block)
        files = staged.seal()
        stored = count_release(policy, staged.staged_source(), on_progress=on_progress)
        verification = verify_release(decision, stored)
        verification.require()
        if problems := release_problems(
            stored, policy, decision.solution, writer.kept, source=decision.counted
        ):
            raise PromiseBrokenError(f"the stored release is not as decided: {'; '.join(problems)}")
        checksum = _checksum(files)
        paths = staged.publish()
    return Release(target, paths, writer.schema, writer.kept, stored, verification, checksum)


def count_release(policy: Policy, stored: Source, *, on_progress: ProgressSink = _unheard) -> Count:
    """Read a stored release as anybody would who was handed it."""
    release = open_source(stored)
    attributes = [name for name in table_attributes(policy) if name in release.columns]
    on_rows = _running("verify", None, on_progress)
    return count(release, attributes, decimal=stored.csv.decimal, on_rows=on_rows)


def verify_release(decision: Decision, stored: Count) -> Verification:
    """Measure every promise on what was stored, by code that the search has no part in."""
    target = decision.request.target
    return verify(
        stored,
        decision.request.policy,
        source_count=decision.counted,
        decimal=target.csv.decimal if target else ".",
        source_decimal=_decimal(decision.request),
    )


def _checksum(files: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with open_to_read(file) as content:
            while chunk := content.read(2**20):
                digest.update(chunk)
    return digest.hexdigest()


def _decimal(request: Request) -> str:
    return request.source.csv.decimal if request.source else "."


def _running(phase: str, total: int | None, on_progress: ProgressSink) -> Callable[[int], None]:
    done = 0

    def add(rows: int) -> None:
        nonlocal done
        done += rows
        on_progress(Progress(phase, done, total))

    return add


@dataclass(frozen=True, eq=False)
class AnonResult:
    """A release, how it came about, and what it is worth."""

    decision: Decision
    release: Release
    df: pd.DataFrame | None
    """The release, unless the request sent it to a target of its own."""

    @property
    def levels(self) -> dict[str, int] | None:
        """The level of each quasi-identifier, for full-domain generalization."""
        return self.decision.levels

    @cached_property
    def exploratory(self) -> ExploratoryStatistics:
        """Values and their counts, in the source and in the release."""
        return describe(self.decision, self.release.count)

    @cached_property
    def risk(self) -> pd.DataFrame:
        """Risks of re-identification and promises reached, of the source and of the release."""
        return assess_risk(self.decision)

    @cached_property
    def utility(self) -> pd.DataFrame:
        """What the release is still good for, beside the source."""
        return assess_utility(self.decision)


def describe(decision: Decision, released: Count | None) -> ExploratoryStatistics:
    """Return the values and their counts, in the source and in the stored release."""
    request = decision.request
    return exploratory_statistics(
        decision.counted,
        released,
        request.policy,
        decimal=_decimal(request),
        release_decimal=request.target.csv.decimal if request.target else ".",
    )


def assess_risk(decision: Decision) -> pd.DataFrame:
    """Return the risks of the source and of the release.

    Raises
    ------
    SourceError
        If the request has a population table and it cannot be read, or lacks a quasi-identifier.
    """
    policy = decision.request.policy
    people = None
    if isinstance(policy.population, Source):
        people = _count_population(policy.population, decision.plan)
    return risk_statistics(decision.plan.problem, decision.solution, policy, population=people)


def _count_population(population: Source, plan: Plan) -> PopulationTable:
    table = open_source(population)
    names = plan.quasi_identifiers
    if absent := [name for name in names if name not in table.columns]:
        raise SchemaMismatchError(f"the population table has no {', '.join(absent)}")
    counted = count(table, names, decimal=population.csv.decimal)
    codes = leaves(counted, {name: plan.hierarchies[name] for name in names})
    return PopulationTable(codes, counted.table.counts)


def assess_utility(decision: Decision) -> pd.DataFrame:
    """Return what the source and the release are worth."""
    return utility_statistics(decision.plan.problem, decision.solution)


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
    decision = Decision(request, counted, made, decide(made, on_progress=on_progress))
    with tempfile.TemporaryDirectory(prefix="anon-") as folder:
        release = write_release(
            decision,
            source,
            job_id=uuid.uuid4().hex,
            folder=Path(folder),
            on_progress=on_progress,
        )
        df = None if request.target else released_frame(release, like=frame)
    return AnonResult(decision, release, df)


def released_frame(release: Release, *, like: pd.DataFrame | None = None) -> pd.DataFrame:
    """Read a published release as a DataFrame.

    Parameters
    ----------
    like
        The records that were handed over; columns that were kept have their types.
    """
    stored = Source(path=release.paths, format=release.target.format_found, csv=release.target.csv)
    frame = read_frame(stored, {name: c.kinds for name, c in release.count.columns.items()})
    return frame if like is None else frame.astype({n: like.dtypes[n] for n in release.kept})


def measure(
    request: RequestLike,
    *,
    measurement: Measurement | Mapping[str, Any] | None = None,
    frame: pd.DataFrame | None = None,
    on_progress: ProgressSink = _unheard,
) -> pd.DataFrame:
    """Compare configurations of a policy without writing any record.

    The source is read once, whatever the number of configurations.

    Parameters
    ----------
    request
        What is asked for; its target plays no part.
    measurement
        The values to compare; the request's own ``measurement`` if left out, and the request as
        it stands if it has none.

    Returns
    -------
    pandas.DataFrame
        A row per configuration, see :func:`anon_dagster.measuring.compare`.
    """
    request = as_request(request)
    if isinstance(measurement, Mapping):
        measurement = parse_measurement(measurement)
    asked = measurement or request.measurement or Measurement()
    grid = list(configurations(request.policy, asked))
    source = open_table(request.model_copy(update={"target": None}), frame=frame)
    counted = count_records(request, source, on_progress=on_progress)
    return measure_counted(request, counted, grid, on_progress=on_progress)


def measure_counted(
    request: Request,
    counted: Count,
    grid: Sequence[Configuration],
    *,
    on_progress: ProgressSink = _unheard,
) -> pd.DataFrame:
    """Compare configurations on a source that was counted."""
    done = 0

    def decide_one(plan: Plan) -> Solution:
        nonlocal done
        on_progress(Progress("measure", done, len(grid)))
        done += 1
        return decide(plan)

    made = plan(request, counted)
    return compare(iter(grid), counted, made, decide_one, decimal=_decimal(request))


def verify_table(
    policy: Policy | Mapping[str, Any], released: pd.DataFrame | Source | str
) -> Verification:
    """Say which promises of a policy a released table keeps.

    Parameters
    ----------
    policy
        What was promised; or its document.
    released
        The table: a DataFrame, a source, or a path.
    """
    policy = parse_policy(policy) if isinstance(policy, Mapping) else policy
    if isinstance(released, pd.DataFrame):
        return verify_frame(released, policy)
    source = Source(path=released) if isinstance(released, str) else released
    return verify_file(source, policy)
