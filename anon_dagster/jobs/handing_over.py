"""Evidence of a finished job: the internal one, and that which goes with its release."""

from typing import TYPE_CHECKING, Any

from anon_dagster.errors import JobKindError, JobStateError, RequestError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.reporting import dataset_of, table_of
from anon_dagster.report.handover import commitment

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.request import Request


def folder_of(job: "JobFolder", table: str | None = None) -> "JobFolder":
    """Return the folder of a job that has a report, or that of one of its linked tables.

    Raises
    ------
    JobKindError
        If the job has none of its own.
    RequestError
        If it has no such table.
    """
    linked = job.linked
    folders = {} if linked is None else linked.folders
    if table is not None and table not in folders:
        tables = f"its tables are {', '.join(folders)}" if folders else "it has a single table"
        raise RequestError(f"job {job.job_id} has no such table: {tables}")
    folder = job if table is None else folders[table]
    if not folder.has((file_names.EVIDENCE,)):
        raise JobKindError(
            f"job {job.job_id} has no report, and so no evidence: jobs make one that anonymize a "
            "table, or linked ones, and not of files that add up"
        )
    return folder


def internal_evidence(folder: "JobFolder") -> dict[str, Any]:
    """Return the facts of the report of a job, which are as private as its source."""
    return folder.load_document(file_names.EVIDENCE)


def shared_evidence(folder: "JobFolder") -> dict[str, Any]:
    """Make the evidence that goes with the release of a job; the release is read.

    Raises
    ------
    JobStateError
        If the release was rejected, discarded or withdrawn.
    SourceError
        If it is no longer there, or cannot be read from here.
    """
    from anon_dagster.operations.evidence import evidence_of, named

    if not folder.has((file_names.RELEASE,)):
        raise JobStateError(
            f"job {folder.job_id} has no release any more that evidence could go with: it was "
            "rejected, discarded or withdrawn; its own report is there still"
        )

    table = table_of(folder)
    return evidence_of(
        _request(folder, table),
        folder.load_stored(),
        named(dataset_of(folder), job=folder.job_id, table=table),
        is_linked=table is not None,
        commitment=commitment(internal_evidence(folder)),
    )


def _request(folder: "JobFolder", table: str | None) -> "Request":
    """Return what was asked of the columns that are released."""
    from anon_dagster.jobs.folder import JobFolder

    linked = JobFolder(folder.root, folder.job_id).linked
    if linked is None or table is None:
        return folder.load_request()
    return linked.request.own(table)
