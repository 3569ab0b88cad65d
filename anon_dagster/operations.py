"""What can be done with a request, each in a few lines: the whole flow on one page.

Records are read twice: once to count them, once to write them. Everything between works on the
frequency table. A Dagster asset calls one of these functions; so does a notebook.
"""

import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import Any

import pandas as pd

from anon_dagster.aggregating import within_classes
from anon_dagster.applying import Lacking, StoredSolution, assign, from_document, to_document
from anon_dagster.assessment import (
    EVERYTHING,
    assess_risk,
    assess_risk_details,
    assess_utility,
    describe,
    record_risks,
)
from anon_dagster.core.local import SMALL, recode_locally
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search, search_best
from anon_dagster.core.solution import Solution
from anon_dagster.counting import Count, count, require_columns
from anon_dagster.decision import Decision
from anon_dagster.errors import (
    PromiseBrokenError,
    UnreachableError,
)
from anon_dagster.measuring import compare, configurations
from anon_dagster.planning import Plan, plan, table_attributes
from anon_dagster.population import count_population, require_population
from anon_dagster.progress import Progress, ProgressSink, running, unheard
from anon_dagster.pseudonyms import require_keys
from anon_dagster.record_risk import RecordRisks
from anon_dagster.releasing import (
    Announce,
    Release,
    count_release,
    publish,
    released_frame,
    unannounced,
    write_release,
)
from anon_dagster.request import (
    Measurement,
    Policy,
    Request,
    Source,
    Target,
    load_request,
    not_one_table,
    parse_policy,
    parse_request,
    parse_request_part,
    require_document,
)
from anon_dagster.sampling import drawn, drawn_again
from anon_dagster.statistics.classification import Classification, require_classifiers
from anon_dagster.statistics.exploratory import ExploratoryStatistics
from anon_dagster.statistics.risk_details import RiskDetails
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.targets import check_target
from anon_dagster.verification import (
    IDENTIFIERS,
    MASKED,
    SUPPRESSION,
    Verification,
    verify,
    verify_file,
    verify_frame,
)

RequestLike = Request | Mapping[str, Any] | str | Path
"""A request, its document, or the path of its YAML file."""


def as_request(request: RequestLike) -> Request:
    """Return the request that was given, its document or its file.

    Raises
    ------
    RequestError
        With every problem of the request.
    """
    if isinstance(request, Request):
        return request
    if isinstance(request, str | Path):
        return load_request(request)
    return parse_request(require_document(request))


def open_table(request: Request, *, frame: pd.DataFrame | None = None) -> OpenSource:
    """Open the source of a request, and find out before the work whether it can be done.

    Raises
    ------
    RequestError
        If there is no source, or two, or no key for pseudonyms.
    SourceError
        If the source cannot be read, or has other columns than the request names; if the table
        of the population cannot, or lacks a quasi-identifier.
    TargetError
        If the target could not be written.
    """
    require_keys(request.policy)
    source = _opened(request.source, frame)
    require_columns(source.columns, request.policy.attributes)
    require_population(request.policy)
    require_classifiers(request.policy)
    if request.target is not None:
        check_target(request.target, request.inputs)
    return source


def _opened(source: Source | None, frame: pd.DataFrame | None) -> OpenSource:
    if source is not None and frame is None:
        return open_source(source)
    if frame is not None and source is None:
        return open_frame(frame)
    raise not_one_table("a request", frame)


def count_records(
    request: Request, source: OpenSource, *, on_progress: ProgressSink = unheard
) -> Count:
    """Read the source once, into its frequency table, and the table of the population.

    Where a sample is asked for, only its records are counted.

    Raises
    ------
    RequestError
        If more records are to be drawn than there are.
    """
    sample = drawn(source, request.policy)
    counted = count(
        sample or source,
        table_attributes(request.policy),
        decimal=request.decimal,
        on_rows=running("count", None, on_progress, guess=source.records),
    )
    population = count_population(request.policy, counted, decimal=request.decimal)
    sampling = None if sample is None else replace(sample.sampling, records=sample.records)
    return replace(counted, population=population, sampling=sampling)


def decide(plan: Plan, *, on_progress: ProgressSink = unheard) -> Solution:
    """Find the most useful release that keeps every promise.

    Full-domain generalization is searched for its optimum. Local recoding starts from it, where
    there is one, and loses no more. Then microaggregated attributes get the values of their
    classes. Of an objective that is judged on the result, the most accurate of the best is taken.

    Raises
    ------
    UnreachableError
        If no candidate keeps every promise within the suppression limit.
    """
    searching, recoding = _telling("search", on_progress), _telling("recode", on_progress)
    if plan.policy.objective.metric == "classification":
        return _most_accurate(plan, plan.policy.objective.candidates, searching)[0]
    found = _decided(plan, searching, recoding)
    return within_classes(found, plan.aggregations, plan.problem.counts)


_Report = Callable[[int, int], None]
"""Told how much was done, and how much is left."""


def _telling(phase: str, on_progress: ProgressSink) -> _Report:
    return lambda done, left: on_progress(Progress(phase, done, done + left))


def _most_accurate(plan: Plan, judged: int, searching: _Report) -> list[Solution]:
    """Rank releases of least loss by what is learned from them; those that tie by their loss.

    Where the seconds of the search run out, fewer are judged, but one.
    """
    started, budget = monotonic(), _budget(plan.policy)
    found = search_best(plan.problem, judged, on_progress=searching, budget=budget)
    found = [within_classes(each, plan.aggregations, plan.problem.counts) for each in found]
    asked, accuracies = Classification.of(plan.problem, plan.policy), []
    for place, each in enumerate(found):
        if place and budget is not None and budget.is_late(started):
            break
        searching(each.proof.evaluated, len(found) - place)
        accuracies.append(asked.of_release(each))
    order = sorted(range(len(accuracies)), key=lambda place: -accuracies[place])
    # nothing is proven of candidates that were not judged
    return [replace(found[p], proof=replace(found[p].proof, optimal=False)) for p in order]


def _budget(policy: Policy) -> Budget | None:
    asked = policy.search
    return None if asked is None else Budget(asked.steps, asked.seconds, asked.seed)


def _decided(plan: Plan, searching: _Report, recoding: _Report) -> Solution:
    find = partial(search, on_progress=searching, budget=_budget(plan.policy))
    if plan.policy.recoding == "global":
        return find(plan.problem)
    return _decided_locally(plan.problem, find, recoding)


def _decided_locally(
    problem: Problem, find: Callable[[Problem], Solution], report: _Report
) -> Solution:
    """Start from the better of the optimum and, if it soon comes, what needs no suppression.

    So a higher suppression limit does not end with a greater loss than none.
    """
    starts = []
    if problem.most_suppressed and len(problem.counts) <= SMALL:
        with suppress(UnreachableError):
            strict = replace(problem, most_suppressed=0)
            starts.append(_decided_locally(strict, find, report))
    with suppress(UnreachableError):
        starts.append(find(problem))
    start = min(starts, key=lambda solution: solution.proof.loss, default=None)
    return recode_locally(problem, start=start, on_progress=report)


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

    def document(self) -> dict[str, Any]:
        """Return the solution as JSON can hold it, for :func:`apply`."""
        return solution_document(self.decision)

    @cached_property
    def exploratory(self) -> ExploratoryStatistics:
        """Values and their counts, in the source and in the release."""
        return describe(self.decision, self.release.count)

    @cached_property
    def risk(self) -> pd.DataFrame:
        """Risks of re-identification and promises reached, of the source and of the release."""
        return assess_risk(self.decision)

    @cached_property
    def risk_details(self) -> RiskDetails:
        """What the policy wants examined of the risk; if nothing, everything but the records."""
        asked = self.decision.request.policy.risk_analysis
        return assess_risk_details(self.decision, asked if asked.has_tables else EVERYTHING)

    @cached_property
    def utility(self) -> pd.DataFrame:
        """What the release is still good for, beside the source."""
        return assess_utility(self.decision)


def risk_per_record(result: AnonResult, *, frame: pd.DataFrame | None = None) -> RecordRisks:
    """Measure the risk of every record of a source and of its release.

    Both are read once more. With the ``suda`` of the policy's ``risk_analysis``, SUDA scores are
    among the measures.

    Parameters
    ----------
    frame
        The records, if they were handed over to :func:`anonymize`.

    Raises
    ------
    SourceError
        If the source is no longer as it was.
    """
    decision, release = result.decision, result.release
    request = decision.request
    source = drawn_again(_opened(request.source, frame), decision.counted.sampling)
    if result.df is None:
        stored = Source(
            path=release.paths, format=release.target.format_found, csv=release.target.csv
        )
        released, counted = open_source(stored), release.count
    else:
        released = open_frame(result.df)
        counted = count(released, release.count.attributes)
    of_source, of_release = record_risks(decision, counted)
    return RecordRisks(of_source.frame(source), of_release.frame(released))


def solution_document(decision: Decision) -> dict[str, Any]:
    """Return what was decided as JSON can hold it, for :func:`apply`."""
    return to_document(decision, decimal=decision.request.decimal)


def anonymize(
    request: RequestLike,
    *,
    frame: pd.DataFrame | None = None,
    on_progress: ProgressSink = unheard,
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


def measure(
    request: RequestLike,
    *,
    measurement: Measurement | Mapping[str, Any] | None = None,
    frame: pd.DataFrame | None = None,
    on_progress: ProgressSink = unheard,
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
        measurement = parse_request_part(Measurement, measurement, "measurement")
    asked = measurement or request.measurement or Measurement()
    list(configurations(request.policy, asked))  # what does not fit is refused before the work
    source = open_table(request.model_copy(update={"target": None}), frame=frame)
    counted = count_records(request, source, on_progress=on_progress)
    return measure_counted(request, counted, asked, on_progress=on_progress)


def measure_counted(
    request: Request,
    counted: Count,
    measurement: Measurement,
    *,
    on_progress: ProgressSink = unheard,
) -> pd.DataFrame:
    """Compare configurations on a source that was counted."""
    grid = list(configurations(request.policy, measurement))
    done = 0

    def within(progress: Progress) -> None:
        # What is recoded locally is searched first.
        share = ((progress.share or 0.0) + (progress.phase == "recode")) / 2
        on_progress(Progress("measure", done - 1, len(grid), within=share))

    def decide_one(plan: Plan) -> list[Solution]:
        nonlocal done
        on_progress(Progress("measure", done, len(grid)))
        done += 1
        if measurement.best == 1 or plan.policy.recoding == "local":
            return [decide(plan, on_progress=within)]
        if plan.policy.objective.metric == "classification":
            judged = max(measurement.best, plan.policy.objective.candidates)
            return _most_accurate(plan, judged, lambda *_: None)[: measurement.best]
        found = search_best(plan.problem, measurement.best, budget=_budget(plan.policy))
        return [within_classes(each, plan.aggregations, plan.problem.counts) for each in found]

    made = plan(request, counted)
    return compare(iter(grid), counted, made, decide_one, decimal=request.decimal)


def verify_table(
    policy: Policy | Mapping[str, Any],
    released: pd.DataFrame | Source | str,
    *,
    levels: Mapping[str, int] | None = None,
) -> Verification:
    """Say which promises of a policy a released table keeps.

    Parameters
    ----------
    policy
        What was promised; or its document.
    released
        The table: a DataFrame, a source, or a path.
    levels
        Of the release, by quasi-identifier, as a result tells them. Only promises that count people
        of a population ask for them; left out, they are the lowest that the labels may be of, with
        the fewest people behind each class.
    """
    policy = parse_policy(policy) if isinstance(policy, Mapping) else policy
    if isinstance(released, pd.DataFrame):
        return verify_frame(released, policy, levels=levels)
    source = Source(path=released) if isinstance(released, str) else released
    return verify_file(source, policy, levels=levels)


@dataclass(frozen=True, eq=False)
class AppliedResult(AnonResult):
    """Later records, recoded by the solution of an earlier job."""

    together: Verification | None = None
    """What these records and the first release promise together, if that was given."""

    @property
    def alone(self) -> Verification:
        """Which promises these records keep by themselves."""
        return self.release.verification


def apply(  # noqa: PLR0913 (all are named)
    solution: AnonResult | Mapping[str, Any],
    *,
    source: Source | Mapping[str, Any] | str | None = None,
    frame: pd.DataFrame | None = None,
    target: Target | Mapping[str, Any] | str | None = None,
    lacking: Lacking = "suppress",
    enforce: bool = False,
    first_release: Source | str | None = None,
    on_progress: ProgressSink = unheard,
) -> AppliedResult:
    """Recode later records by the solution of a finished job.

    Each record joins the first released class that covers its values; where there is none it is
    suppressed, whatever the suppression limit. The privacy models of the policy are measured and
    reported, but only ``enforce`` makes them hold.

    Parameters
    ----------
    solution
        The result of the job, or its solution as a document.
    source, frame
        The later records; they have the columns of the first ones.
    target
        Where they go; left out, they come back as a DataFrame.
    lacking
        What becomes of records with a value that a hierarchy lacks: ``suppress`` or ``refuse``.
    enforce
        Suppress the records of classes that break a promise by themselves.
    first_release
        The release of the job, to measure what both promise together; that of a result is known.

    Raises
    ------
    AnonError
        If the solution, the source or the target is unfit; no target is touched then.
    """
    stored = from_document(solution if isinstance(solution, Mapping) else solution.document())
    request = later_request(stored.policy, source, target)
    opened = open_table(request, frame=frame)
    with tempfile.TemporaryDirectory(prefix="anon-") as folder:
        decision, release = write_applied(
            stored,
            request,
            opened,
            lacking=lacking,
            enforce=enforce,
            job_id=uuid.uuid4().hex,
            folder=Path(folder),
            on_progress=on_progress,
        )
        df = None if request.target else released_frame(release, like=frame)
    first = solution.release.count if isinstance(solution, AnonResult) else None
    if first_release is not None:
        first = count_release(stored.policy, _source(first_release))
    together = None
    if first is not None:
        both = release.count.merge(first)
        together = verify(both, stored.policy, levels=decision.levels)
    return AppliedResult(decision, release, df, together)


def write_applied(  # noqa: PLR0913 (all are named)
    stored: StoredSolution,
    request: Request,
    source: OpenSource,
    *,
    lacking: Lacking,
    enforce: bool,
    job_id: str,
    folder: Path,
    on_progress: ProgressSink = unheard,
    announce: Announce = unannounced,
) -> tuple[Decision, Release]:
    """Recode later records by a stored solution and publish them; see :func:`apply`.

    Parameters
    ----------
    request
        From :func:`later_request`.
    job_id, folder, announce
        See :func:`write_release`.
    """
    counted = count_records(request, source, on_progress=on_progress)
    made, found = assign(stored, counted, lacking=lacking, enforce=enforce, decimal=request.decimal)
    decision = Decision(request, counted, made, found)
    release = publish(
        decision,
        source,
        _judge(enforced=enforce),
        job_id=job_id,
        folder=folder,
        on_progress=on_progress,
        announce=announce,
    )
    return decision, release


def later_request(
    policy: Policy,
    source: Source | Mapping[str, Any] | str | None,
    target: Target | Mapping[str, Any] | str | None,
) -> Request:
    """Return the request that later records of a policy stand for.

    The population of the first records plays no part, unless a promise is about it: the later
    ones may have another. Nor is a sample drawn: all of them are recoded.
    """
    population = policy.population if policy.privacy.of_population else None
    target = Target(path=target) if isinstance(target, str) else target
    document = {
        "source": source if source is None else _source(source).model_dump(by_alias=True),
        "target": target.model_dump(by_alias=True) if isinstance(target, Target) else target,
        "policy": policy.model_copy(update={"population": population, "sampling": None}).model_dump(
            by_alias=True
        ),
    }
    return parse_request({key: value for key, value in document.items() if value is not None})


def _source(source: Source | Mapping[str, Any] | str) -> Source:
    if isinstance(source, Mapping):
        return parse_request_part(Source, source, "source")
    return Source(path=source) if isinstance(source, str) else source


def _judge(*, enforced: bool) -> Callable[[Verification], None]:
    """Let a release of later records pass unless what was enforced, or an identifier, is broken.

    How many records are suppressed is the records' doing; the limit is not judged.
    """

    def judge(verification: Verification) -> None:
        broken = [
            promise
            for promise in verification.failures
            if promise.name != SUPPRESSION and (enforced or promise.name in {IDENTIFIERS, MASKED})
        ]
        if broken:
            raise PromiseBrokenError("; ".join(map(str, broken)))

    return judge
