"""A finished job whose release is examined again, on what its folder and its tables still say."""

from typing import TYPE_CHECKING

from anon_dagster.errors import AnonError, JobError, JobKindError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder

if TYPE_CHECKING:
    from anon_dagster.planning.decision import Decision
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.storage.sources import OpenSource


def examine_again(job: JobFolder, *, attacks: bool = False) -> "ResidualDisclosure":
    """Examine the release of a finished job again; source and release are read once more.

    Parameters
    ----------
    attacks
        Whether to carry out the attacks of a motivated intruder, too.

    Raises
    ------
    JobKindError
        If the job made no release.
    JobError
        If the release is not there any more as it was published.
    SourceError
        If the source is not there any more as it was.
    """
    from anon_dagster.operations.examine import examine_decision

    if not job.has((file_names.REQUEST, file_names.RELEASE)):
        raise JobKindError(
            f"job {job.job_id} has no release to examine: it made none, or was deleted"
        )
    if job.linked is not None:
        raise JobKindError(
            f"job {job.job_id} released linked tables, which are examined as they are released"
        )
    _require_release(job)
    found = examine_decision(decision_of(job), job.load_stored(), attacks=attacks)
    return found.with_repeated_of(job.load_residual())


def _require_release(job: JobFolder) -> None:
    """Refuse a release that was changed, replaced or removed since it was published."""
    from anon_dagster.releasing.publication import checksum_of

    release = job.load_release()
    try:
        is_there = checksum_of(release["source"]["path"]) == release["checksum"]
    except AnonError as error:
        if error.transient:
            raise
        is_there = False
    if not is_there:
        raise JobError(
            f"the release of job {job.job_id} is not at its target any more as it was published: "
            "a later job replaced it, or somebody changed or removed it; examine the later job"
        )


def decision_of(job: JobFolder) -> "Decision":
    """Return what a job decided; where a solution was applied, by applying it once more."""
    opened = _opened(job)
    if job.has((file_names.APPLICATION,)):
        return job.load_application().decide(opened)
    job.require_source(opened)
    return job.load_decision()


def _opened(job: JobFolder) -> "OpenSource":
    from anon_dagster.operations.preparation import open_again

    return open_again(job.load_request(), days=job.load_days())
