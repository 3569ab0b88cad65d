"""Later records, recoded by the solution of a finished job."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import dagster as dg
from pydantic import Field

from anon_dagster.defs import holding, metadata
from anon_dagster.defs.adhoc import ADHOC, source_of, step_job
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Flag, Text, between
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.defs.stages import EXPLORATORY, save_record_risks
from anon_dagster.errors import JobError, JobStateError, RequestError
from anon_dagster.jobs import file_names, names
from anon_dagster.request.special_files import why_special

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.jobs.seen import Seen
    from anon_dagster.planning.decision import Decision
    from anon_dagster.releasing.publication import Release

Lacking = Literal["suppress", "refuse"]
_APPLICATION, _APPLIED = ADHOC.key(names.APPLICATION), ADHOC.key(names.APPLIED)


class ApplicationConfig(dg.Config):
    """Whose solution is applied, to which records, and where they go."""

    solution: Text = Field(
        default="the id of a finished job",
        description="The id of a job that anonymized, or the path of a solution as a document.",
    )
    # Any, as in a request: nothing is looked up in the environment, see plain.
    source: Any = Field(
        default={"path": "later.csv"}, description="The later records, as in a request."
    )
    target: Any = Field(default=None, description="As in a request; with the job if left out.")
    lacking: Lacking = Field(
        default="suppress",
        description="What becomes of records with a value that a hierarchy lacks.",
    )
    enforce: Flag = Field(
        default=False,
        description="Suppress the records of classes that break a promise by themselves.",
    )
    suppress_at_most: Annotated[float | None, between(0, 1)] = Field(
        default=None,
        description="Share of the records that may be suppressed, for ever; all, if left out.",
    )


def applying() -> dg.Definitions:
    """Define the job that applies a solution."""
    return step_job(names.APPLY_JOB, "apply", _application, _applied, ADHOC.key(names.RESIDUAL))


@dg.asset(key=_APPLICATION, group_name=ADHOC.name, partitions_def=ADHOC.partitions, kinds={"yaml"})
def _application(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    config: ApplicationConfig,
) -> dg.MaterializeResult[None]:
    """Whose solution is applied to which records."""
    with failures_in_words():
        from anon_dagster.operations.apply import later_request
        from anon_dagster.releasing.stored_solution import from_document

        job = own(context, anon_store)
        document = solution_of(anon_store, config.solution)
        source = source_of(config.source)
        request = later_request(from_document(document).policy, source, config.target)
        job.save_request(request)
        sweep_target(context.instance, request)
        path = job.save_application(
            document,
            lacking=config.lacking,
            enforce=config.enforce,
            suppress_at_most=config.suppress_at_most,
        )
        shown = metadata.of_request(request) | metadata.file(path)
    return dg.MaterializeResult(metadata=shown)


def solution_of(store: JobStore, solution: str) -> dict[str, Any]:
    """Return the solution of a job, or the one in a file.

    Raises
    ------
    JobError
        If there is no such job, or it decided nothing.
    RequestError
        If the file is no solution.
    """
    from anon_dagster.jobs.holding import hold_of
    from anon_dagster.operations.anonymize import solution_document

    if solution.endswith(".json"):
        return _read(Path(solution))
    job = store.job(solution)
    if not job.has((file_names.REQUEST, file_names.SOLUTION)):
        raise JobError(f"there is no job {solution} with a solution, or none any more")
    hold = hold_of(job)
    if hold is not None and hold.state != "approved":
        raise JobStateError(
            f"the release of job {solution} is {hold.state}: its solution is applied once a person "
            "has approved it"
        )
    return solution_document(job.load_decision())


def _read(path: Path) -> dict[str, Any]:
    if (special := why_special(path)) is not None:
        raise RequestError(f"cannot read the solution {path}: {special}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"cannot read the solution {path}: {error.strerror}") from None
    except ValueError:
        raise RequestError(f"{path} is no solution: it is not JSON") from None
    if not isinstance(document, dict):
        raise RequestError(f"{path} is no solution")
    return document


@dg.asset(
    key=_APPLIED,
    deps=[_APPLICATION],
    group_name=ADHOC.name,
    partitions_def=ADHOC.partitions,
    kinds={"parquet"},
)
def _applied(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    anon_engine: EngineResource,
) -> dg.MaterializeResult[None]:
    """Later records as anonymous as the first ones; only what was enforced is sure to hold."""
    with failures_in_words():
        progress = RunProgress(context)
        progress.begin(names.APPLIED)
        with anon_engine.at_work(context) as where:
            job = anon_store.job(context.run.run_id)
            shown = {**apply_stored(job, progress, _APPLICATION), **where}
        holding.tag(context, job)
    return dg.MaterializeResult(metadata=shown)


def apply_stored(
    job: "JobFolder",
    on_progress: Callable[..., None],
    source: dg.AssetKey,
    *,
    on_open: Callable[[], None] = lambda: None,
) -> metadata.Shown:
    """Apply what the application of a job says, and keep what came of it.

    Parameters
    ----------
    source
        The table of personal records, for the lineage of columns.
    on_open
        Called once the records are opened, before any is read; may raise to stop.
    """
    from anon_dagster.jobs.holding import begin
    from anon_dagster.jobs.seen import Seen

    seen = Seen()
    decision, release = _write(job, on_progress, on_open, seen)
    job.save_release(release, decision.request)
    if decision.request.target is not None and decision.request.target.hold:
        job.save_count(decision.counted, decision.request)  # which promises are measured against
    begin(job, seen=tuple(seen.marks))
    of_risk = _assess_risk(job, decision, release)
    of_utility = _assess_utility(job, decision)
    promises = {"promises": metadata.table(release.verification.to_frame())}
    told = holding.shown_of(job, metadata.of_release(decision, release, source))
    return {**of_risk, **of_utility, **told, **promises}


def _write(
    job: "JobFolder",
    on_progress: Callable[..., None],
    on_open: Callable[[], None],
    seen: "Seen",
) -> "tuple[Decision, Release]":
    """Recode the later records and publish them."""
    from anon_dagster.jobs.announcement import workspace_of
    from anon_dagster.operations.preparation import open_table
    from anon_dagster.releasing.publication import write_release

    application = job.load_application()
    source_table = open_table(application.request)
    on_open()
    decision = application.decide(source_table, on_progress=on_progress)
    workspace = workspace_of(job, on_progress, seen.of(job))
    return decision, write_release(decision, source_table, workspace, judge=application.judge)


def _assess_risk(job: "JobFolder", decision: "Decision", release: "Release") -> metadata.Shown:
    """Keep and show the values of source and release, and the risk of their records."""
    from anon_dagster.assessment.of_decision import assess_risk, assess_risk_details, describe

    explored, risks = describe(decision, release.count), assess_risk(decision)
    for name, frame in zip(EXPLORATORY, (explored.values, explored.summary), strict=True):
        job.save_frame(name, frame)
    job.save_statistics(file_names.RISK, risks)
    details = assess_risk_details(decision, decision.request.policy.risk_analysis)
    job.save_risk_details(details)
    save_record_risks(job, decision)
    return (
        metadata.of_statistics(risks) | metadata.exact("risk", risks) | metadata.of_details(details)
    )


def _assess_utility(job: "JobFolder", decision: "Decision") -> metadata.Shown:
    """Keep and show what the release is still good for."""
    from anon_dagster.assessment.of_decision import assess_utility

    utility = assess_utility(decision)
    job.save_statistics(file_names.UTILITY, utility)
    return {"utility": metadata.table(utility)} | metadata.exact("utility", utility)
