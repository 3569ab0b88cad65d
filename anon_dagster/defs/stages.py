"""The steps of a job: what each makes from those before it, in one call of the library.

A step reads and writes the folder of its job, and returns what Dagster may show of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs import holding, linked_tables, metadata
from anon_dagster.errors import AnonError, JobError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.names import REQUEST
from anon_dagster.request import Request

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.planning.decision import Decision
    from anon_dagster.progress import Progress
    from anon_dagster.storage.sources import OpenSource

Shown = Mapping[str, dg.MetadataValue]
"""What Dagster may show: names, levels and counts, never a cell."""


@dataclass(frozen=True)
class Work:
    """Where a step finds what it needs, and whom it tells of its progress."""

    job: "JobFolder"
    on_progress: "Callable[[Progress], None]"
    source: dg.AssetKey
    """The table of personal records, for the lineage of columns."""


@dataclass(frozen=True)
class Stage:
    """A step of a job: an asset."""

    name: str
    after: tuple[str, ...]
    """The steps that it directly depends on."""
    files: tuple[str, ...]
    """What it leaves in the folder of the job for the steps after it."""
    make: Callable[[Work], Shown]
    kind: str = "json"
    """What its file is, as Dagster shows it."""
    or_after: str = ""
    """A step of another job that it may follow in place of these."""

    @property
    def description(self) -> str:
        """What the asset is."""
        return (self.make.__doc__ or "").strip()


def source(work: Work) -> Shown:
    """The table of personal records, found and fit for the request."""
    from anon_dagster.operations.preparation import open_table

    if (linked := work.job.linked) is not None:
        return linked_tables.source(work, linked)
    request = work.job.load_request()
    opened = open_table(request)
    path = work.job.save_source(opened)
    return metadata.of_source(request, opened.schema, len(opened.parts)) | metadata.file(path)


def detection(work: Work) -> Shown:
    """What each column of the source seems to be: a proposal to correct, in counts and shares."""
    from anon_dagster.detection import detect

    linked_tables.require_one_table(work.job)
    request = work.job.load_request()
    assert request.source is not None, "a job reads a source"
    found = detect(request.source)
    path = work.job.save_frame(file_names.DETECTION, found.table)
    return metadata.of_detection(found) | metadata.file(path)


def frequency_table(work: Work) -> Shown:
    """How many records share each combination of quasi-identifiers and sensitive values."""
    from anon_dagster.operations.preparation import count_records

    if (linked := work.job.linked) is not None:
        return linked_tables.frequency_table(work, linked)
    request = work.job.load_request()
    counted = count_records(request, _opened(work, request), on_progress=work.on_progress)
    work.job.save_count(counted, request)
    return metadata.of_count(counted, request.policy)


def _opened(work: Work, request: Request) -> "OpenSource":
    """Open the source again, the same version of every file as at first."""
    from anon_dagster.operations.preparation import open_table

    opened = open_table(request, days=work.job.load_days())
    work.job.require_source(opened)
    return opened


def solution(work: Work) -> Shown:
    """What was decided: how far each quasi-identifier is generalized, and who is left out."""
    from anon_dagster.planning.deciding import decide
    from anon_dagster.planning.decision import Decision
    from anon_dagster.planning.plan import plan

    if (linked := work.job.linked) is not None:
        return linked_tables.solution(work, linked)
    request, counted = work.job.load_request(), work.job.load_count()
    planned = plan(request, counted)
    decided = decide(planned, on_progress=work.on_progress)
    work.job.save_solution(decided)
    return metadata.of_decision(Decision(request, counted, planned, decided))


def anonymized(work: Work) -> Shown:
    """The anonymous table, measured as it is stored, published only if it keeps every promise."""
    from anon_dagster.jobs.announcement import workspace_of
    from anon_dagster.jobs.holding import begin
    from anon_dagster.jobs.seen import Seen
    from anon_dagster.releasing.publication import write_release

    if (linked := work.job.linked) is not None:
        return linked_tables.anonymized(work, linked)
    decision, seen = work.job.load_decision(), Seen()
    release = write_release(
        decision,
        _opened(work, decision.request),
        workspace_of(work.job, work.on_progress, seen.of(work.job)),
    )
    work.job.save_release(release, decision.request)
    begin(work.job, seen=tuple(seen.marks))
    return holding.shown_of(work.job, metadata.of_release(decision, release, work.source))


def residual_disclosure(work: Work) -> Shown:
    """What the release tells although every promise holds: columns, relations, counts, cures."""
    return linked_tables.of_each(work, linked_tables.residual_disclosure)


def exploratory_statistics(work: Work) -> Shown:
    """Every value and its count in source and release; Dagster is shown how many there are."""
    return linked_tables.of_each(work, _explored)


def _explored(job: "JobFolder") -> Shown:
    from anon_dagster.assessment.of_decision import describe

    statistics = describe(job.load_decision(), job.load_count(name=file_names.RELEASED))
    path = job.save_frame(file_names.EXPLORATORY_VALUES, statistics.values)
    job.save_frame(file_names.EXPLORATORY_SUMMARY, statistics.summary)
    shown = statistics.summary[["role", "kind", "records", "distinct", "missing"]]
    return {"columns": metadata.table(shown.reset_index())} | metadata.file(path)


def risk_metrics(work: Work) -> Shown:
    """The risks of re-identification and the promises reached, of source and release."""
    return linked_tables.of_each(work, _risks)


def _risks(job: "JobFolder") -> Shown:
    from anon_dagster.assessment.of_decision import assess_risk, assess_risk_details

    decision = job.load_decision()
    risks = assess_risk(decision)
    details = assess_risk_details(decision, decision.request.policy.risk_analysis)
    path = job.save_statistics(file_names.RISK, risks)
    job.save_risk_details(details)
    save_record_risks(job, decision)
    return (
        _drawn(decision, risks)
        | metadata.of_statistics(risks)
        | metadata.exact("risk", risks)
        | metadata.of_details(details)
        | metadata.file(path)
    )


def _drawn(decision: "Decision", risks: "pd.DataFrame") -> metadata.Shown:
    """Draw the risk and the sizes of classes, which hold no value."""
    from anon_dagster.operations.pictures import classes_picture, risk_picture

    return metadata.pictures(risk_picture(decision, risks), classes_picture(decision))


def save_record_risks(job: "JobFolder", decision: "Decision") -> None:
    """Keep the risk of every record of source and release in the job, if that is asked for."""
    from anon_dagster.assessment.of_decision import record_risks
    from anon_dagster.jobs.announcement import is_superseded
    from anon_dagster.operations.preparation import open_table
    from anon_dagster.reading.sampled import drawn_again
    from anon_dagster.storage.sources import open_source

    if decision.request.policy.risk_analysis.records:
        risks = record_risks(decision, job.load_count(name=file_names.RELEASED))
        days, policy = job.load_days(), decision.request.policy
        opened = open_table(decision.request, days=days)
        if days is not None:  # which are those of the source as the job found it
            job.require_source(opened)
        source = drawn_again(opened, decision.counted.sampling, policy)
        try:
            job.save_record_risks(risks, (source, open_source(job.load_stored())))
        except AnonError:
            if is_superseded(job):
                raise JobError(
                    "a later job published to the same target before the risk of every record of "
                    "this release was measured; run this one again for it"
                ) from None
            raise


def utility_statistics(work: Work) -> Shown:
    """What the release is still good for, beside the source."""
    return linked_tables.of_each(work, _utility)


def _utility(job: "JobFolder") -> Shown:
    from anon_dagster import plots
    from anon_dagster.assessment.of_decision import assess_utility

    utility = assess_utility(job.load_decision())
    path = job.save_statistics(file_names.UTILITY, utility)
    return (
        metadata.pictures(plots.utility(utility))
        | metadata.of_statistics(utility)
        | metadata.exact("utility", utility)
        | metadata.file(path)
    )


def report(work: Work) -> Shown:
    """What was done and what came of it, in plain words, with tables and pictures."""
    return linked_tables.of_each(work, _reported)


def _reported(job: "JobFolder") -> Shown:
    from anon_dagster.jobs.reporting import gather_evidence, save_evidence

    evidence = gather_evidence(job)
    save_evidence(job, evidence)
    path = job.existing(file_names.REPORT)
    return metadata.of_evidence(evidence) | metadata.file(path)


def measurement(work: Work) -> Shown:
    """What other configurations would cost and protect, compared on one count of the source."""
    from anon_dagster.operations.measure import measure_counted, measurement_of

    linked_tables.require_one_table(work.job)
    request, counted = work.job.load_request(), work.job.load_count()
    asked = measurement_of(request)
    measured = measure_counted(request, counted, asked, on_progress=work.on_progress)
    path = work.job.save_frame(file_names.MEASUREMENT, measured)
    return (
        metadata.pictures(measured.plot.frontier())
        | {"configurations": metadata.table(measured)}
        | metadata.file(path)
    )


EXPLORATORY = (file_names.EXPLORATORY_VALUES, file_names.EXPLORATORY_SUMMARY)
_COUNT = file_names.count_of(file_names.COUNT)
_SOLUTION = (file_names.SOLUTION, file_names.SOLUTION_ARRAYS)
_RELEASE = (
    file_names.RELEASE,
    *file_names.count_of(file_names.RELEASED),
    file_names.PERSONS,
    file_names.RESIDUAL,  # a release is examined before it is published
    file_names.VERIFIED,
    file_names.VERIFIED_TOGETHER,
)
_RISK = (file_names.RISK, file_names.RISK_DETAILS)
_STATISTICS = ("exploratory_statistics", "risk_metrics", "utility_statistics")

STAGES = {
    stage.name: stage
    for stage in (
        Stage("source", (REQUEST,), (file_names.SOURCE,), source, "table"),
        Stage("detection", ("source",), (file_names.DETECTION,), detection, "parquet"),
        Stage("frequency_table", ("source",), _COUNT, frequency_table, "parquet"),
        Stage("solution", ("frequency_table",), _SOLUTION, solution),
        Stage("anonymized", ("solution",), _RELEASE, anonymized, "table"),
        Stage(
            "residual_disclosure",
            ("anonymized",),
            (),
            residual_disclosure,
            or_after=names.APPLIED,
        ),
        Stage(
            "exploratory_statistics",
            ("anonymized",),
            EXPLORATORY,
            exploratory_statistics,
            "parquet",
        ),
        Stage("risk_metrics", ("anonymized",), _RISK, risk_metrics),
        Stage("utility_statistics", ("anonymized",), (file_names.UTILITY,), utility_statistics),
        Stage(
            "report",
            ("residual_disclosure", *_STATISTICS),
            (file_names.REPORT, file_names.EVIDENCE),
            report,
            "html",
        ),
        Stage(
            "measurement",
            ("frequency_table",),
            (file_names.MEASUREMENT,),
            measurement,
            "parquet",
        ),
    )
}

ANONYMIZE = (REQUEST, *(name for name in STAGES if name not in {"detection", "measurement"}))
MEASURE = (REQUEST, "source", "frequency_table", "measurement")
DETECT = (REQUEST, "source", "detection")


def files_through(name: str) -> Iterator[str]:
    """Give the files of a step and of all that it rests on."""
    if name == REQUEST:
        yield from (file_names.REQUEST, file_names.LINKED)
        return
    if name == names.APPLIED:
        yield from (file_names.REQUEST, file_names.APPLICATION, *_RELEASE)
        return
    for earlier in STAGES[name].after:
        yield from files_through(earlier)
    yield from STAGES[name].files
