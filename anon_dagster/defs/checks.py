"""The claims about a source and a release, measured on what is stored.

Each blocks what follows, but for the one that is nobody's promise and warns.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs import linked_tables, metadata
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.upstream import job_of, job_of_any
from anon_dagster.errors import AnonError

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder, LinkedJob
    from anon_dagster.planning.decision import Decision
    from anon_dagster.reading.counting import Count
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.verification.result import Verification

SOURCE_MATCHES = "source_matches_schema"
KEEPS_PROMISES = "release_keeps_every_promise"
RELEASE_MATCHES = "release_matches_schema"
NOTHING_IS_GIVEN_BACK = "nothing_is_given_back"
_LISTED = 20  # findings in the words of a check


def source_check(source: dg.AssetKey) -> dg.AssetChecksDefinition:
    """Check that a source is the table that its request describes."""

    @dg.asset_check(
        asset=source,
        name=SOURCE_MATCHES,
        description="The source has the columns that the request names, and no others.",
        blocking=True,
    )
    def check(
        context: dg.AssetCheckExecutionContext, anon_store: dg.ResourceParam[JobStore]
    ) -> dg.AssetCheckResult:
        with failures_in_words():
            job = job_of(context, anon_store, {"source": source})
            return _result(SOURCE_MATCHES, _source_problems(job))

    return check


def release_checks(release: dg.AssetKey) -> dg.AssetChecksDefinition:
    """Check every promise of a release, and its schema, on one reading of what is stored."""
    descriptions = {
        KEEPS_PROMISES: "Every promise of the request holds on the release as it is stored.",
        RELEASE_MATCHES: "The stored release has the columns and labels that were decided.",
    }

    @dg.multi_asset_check(
        name="__".join((*release.path, "checks")),
        specs=[
            dg.AssetCheckSpec(name, asset=release, description=text, blocking=True)
            for name, text in descriptions.items()
        ],
        can_subset=True,
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> Iterable[dg.AssetCheckResult]:
        with failures_in_words(), anon_engine.at_work(context):
            results = _measured(job_of(context, anon_store, {"anonymized": release}))
        asked = {key.name for key in context.selected_asset_check_keys}
        yield from (result for result in results if result.check_name in asked)

    return check


def residual_spec(asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """Describe the claim that a release tells nothing beside its promises."""
    return dg.AssetCheckSpec(
        NOTHING_IS_GIVEN_BACK,
        asset=asset,
        description="The released columns give no protected one back, leave nobody alone, and tell "
        "no outcome; nor do former releases of the same people narrow anybody down together with "
        "it. If it warns, the release keeps its promises and is published all the same: do "
        "what each finding says, and run the job again. policy.residual of the request sets the "
        "limits, or refuses such a release.",
    )


def residual_check(asset: dg.AssetKey, releases: Iterable[str]) -> dg.AssetChecksDefinition:
    """Check that a release tells nothing beside its promises, by what was found.

    Parameters
    ----------
    asset
        What shows the findings.
    releases
        The steps that it may follow.
    """
    spec = residual_spec(asset)

    @dg.asset_check(asset=asset, name=spec.name, description=spec.description, blocking=False)
    def check(
        context: dg.AssetCheckExecutionContext, anon_store: dg.ResourceParam[JobStore]
    ) -> dg.AssetCheckResult:
        with failures_in_words():
            job = job_of_any(context, anon_store, dict.fromkeys(releases, asset))
            if job.linked is not None:
                return residual_results(linked_tables.residuals(job))
            return residual_result(job.load_residual())

    return check


def _source_problems(job: "JobFolder") -> list[str]:
    """Say how the sources of a job differ from what its request describes."""
    from anon_dagster.operations.preparation import open_table
    from anon_dagster.releasing.schemas import source_problems

    linked = job.linked
    if linked is None:
        request = job.load_request()
        return source_problems(open_table(request).columns, request.policy)
    problems = []
    for name in linked.request.tables:
        own = linked.request.own(name)
        found = source_problems(open_table(own).columns, own.policy)
        problems += [f"{name}: {problem}" for problem in found]
    return problems


def residual_results(residuals: "Mapping[str, ResidualDisclosure]") -> dg.AssetCheckResult:
    """Warn of every finding in the releases of linked tables."""
    from anon_dagster.report.disclosure import explain_coverage, warnings_of

    warnings = [f"{name}: {w}" for name, each in residuals.items() for w in warnings_of(each)]
    coverage = " ".join(f"{name}: {explain_coverage(each)}" for name, each in residuals.items())
    return warned(warnings, or_else=coverage)


def residual_result(residual: "ResidualDisclosure") -> dg.AssetCheckResult:
    """Warn of every finding."""
    from anon_dagster.report.disclosure import explain_coverage, warnings_of

    return warned(warnings_of(residual), or_else=explain_coverage(residual))


def warned(warnings: Sequence[str], *, or_else: str) -> dg.AssetCheckResult:
    """Warn of all that was found, listing the first; or say how nothing was."""
    more = len(warnings) - _LISTED
    listed = [*warnings[:_LISTED], *([f"and {more} more"] if more > 0 else [])]
    return dg.AssetCheckResult(
        check_name=NOTHING_IS_GIVEN_BACK,
        passed=not warnings,
        severity=dg.AssetCheckSeverity.WARN,
        description="\n".join(f"- {line}" for line in listed) or or_else,  # Markdown
        metadata={"findings": len(warnings)},
    )


def _measured(job: "JobFolder") -> Sequence[dg.AssetCheckResult]:
    """Measure what a job stored, unless another job has replaced it.

    Of linked tables each is measured by itself, and both together.
    """
    linked = job.linked
    if linked is None:
        return _measured_of(job, job.load_decision())
    decisions = linked.load_decisions()
    found = [_measured_of(each, decisions[n], n) for n, each in linked.folders.items()]
    promises, problems = (_joined(results) for results in zip(*found, strict=True))
    if not (promises.passed and problems.passed):
        return promises, problems
    counted = decisions[linked.request.detail].counted
    return _joined([promises, _together(linked, counted)]), problems


def _together(linked: "LinkedJob", counted: "Count") -> dg.AssetCheckResult:
    """Measure what the stored releases of linked tables promise together."""
    from anon_dagster.jobs import file_names
    from anon_dagster.jobs.announcement import is_superseded
    from anon_dagster.releasing.together import verify_together

    folders = linked.folders
    stored = {n: (f.load_stored(), f.path / file_names.PERSONS) for n, f in folders.items()}
    try:
        promises = verify_together(linked.request, stored, counted)
    except AnonError:  # another job may be replacing one of them at this moment
        if any(is_superseded(folder) for folder in folders.values()):
            return _superseded()[0]
        raise
    return _promises_result(promises, f"{linked.request.detail} beside {linked.request.master}: ")


def _joined(results: Sequence[dg.AssetCheckResult]) -> dg.AssetCheckResult:
    """Return the result of a check of several tables."""
    worst = next((result for result in results if not result.passed), results[0])
    told = {name: value for result in results for name, value in result.metadata.items()}
    words = "; ".join(result.description for result in results if result.description)
    return worst._replace(description=words, metadata=told)


def _measured_of(
    job: "JobFolder", decision: "Decision", table: str = ""
) -> Sequence[dg.AssetCheckResult]:
    from anon_dagster.jobs import file_names
    from anon_dagster.jobs.announcement import is_superseded
    from anon_dagster.releasing.persons_file import StoredPersons
    from anon_dagster.releasing.publication import count_release, differences, verify_release

    policy = decision.released.policy
    try:
        persons = StoredPersons(job.path / file_names.PERSONS) if decision.counted.owners else None
        stored = count_release(policy, job.load_stored(), persons=persons)
    except AnonError:  # another job may be replacing it at this moment
        if is_superseded(job):
            return _superseded()
        raise
    promises = verify_release(decision, stored)
    problems = differences(decision, stored, job.load_kept())
    if (problems or not promises.holds) and is_superseded(job):
        return _superseded()
    lead = f"{table}: " if table else ""
    return (
        _promises_result(promises, lead),
        _result(RELEASE_MATCHES, [f"{lead}{problem}" for problem in problems]),
    )


def _promises_result(promises: "Verification", lead: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=KEEPS_PROMISES,
        passed=promises.holds,
        description="; ".join(f"{lead}{promise}" for promise in promises.failures),
        metadata={f"{lead}promises": metadata.table(promises.to_frame())},
    )


def _superseded() -> Sequence[dg.AssetCheckResult]:
    """Blame no job for the release of the next one, which measures it itself."""
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description="a later job has published to the same target; its checks measure that",
        )
        for name in (KEEPS_PROMISES, RELEASE_MATCHES)
    ]


def _result(name: str, problems: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=not problems,
        description="; ".join(problems),
        metadata={"problems": len(problems)},
    )
