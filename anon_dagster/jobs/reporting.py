"""The facts of the report of a finished job: gathered once, by its last step, and then kept."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from anon_dagster import clock
from anon_dagster.errors import JobError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder, folders_with, tables_of
from anon_dagster.jobs.tags import DATASET_TAG, REQUESTED_TAG, USER_TAG
from anon_dagster.report.formats import time_of
from anon_dagster.storage.addresses import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from anon_dagster.jobs.holding import Hold
    from anon_dagster.report.evidence import Evidence, HoldFact, PointFact
    from anon_dagster.report.findings import Findings, Provenance

_MOST_POINTS = 200


def gather_evidence(job: JobFolder) -> "Evidence":
    """Return the facts of a report of a job, from what its steps found."""
    from anon_dagster.report.gathering import gather

    return gather(findings_of(job))


def save_evidence(job: JobFolder, evidence: "Evidence") -> None:
    """Keep the facts of the report of a job, and the page that they make."""
    from anon_dagster.report.evidence import to_document
    from anon_dagster.report.handover import internal_document
    from anon_dagster.report.page import html

    page = html(evidence).encode("utf-8", "surrogatepass")
    job.save_document(file_names.EVIDENCE, internal_document(to_document(evidence)))
    job.write(file_names.REPORT, lambda file: file.write(page))


def load_evidence(job: JobFolder) -> "Evidence":
    """Return the facts of the report of a job.

    Raises
    ------
    JobError
        If they are not there, or of another version.
    """
    from anon_dagster.report.evidence import from_document

    return from_document(job.load_document(file_names.EVIDENCE))


def tell_decision(job: JobFolder, hold: "Hold") -> None:
    """Write anew in the report of a job what became of the release that it held.

    A report that cannot be read is left as it is: it keeps nobody from deciding.
    """
    for name, folder in tables_of(job).items():
        if folder.has((file_names.EVIDENCE,)):
            with suppress(JobError):
                save_evidence(folder, _decided(load_evidence(folder), hold, name))


def _decided(evidence: "Evidence", hold: "Hold", table: str) -> "Evidence":
    """Return the facts of a report with who decided, and where the release lies since."""
    told, release = evidence.identity.of_request, evidence.identity.of_release
    if told.hold is None:
        return evidence
    decided = None if hold.decided is None else time_of(hold.decided)
    person = hold.decided_by or None
    fact = replace(told.hold, state=hold.state, decided_by=person, decided=decided)
    approved_by = person if hold.state == "approved" else None
    paths = hold.published.get(table, {}).get("paths", ())
    if len(paths) == len(release.files):
        moved = zip(release.files, map(absolute, paths), strict=True)
        release = replace(release, files=tuple(replace(f, address=path) for f, path in moved))
    request = replace(told, hold=fact, approved_by=approved_by)
    identity = replace(evidence.identity, of_request=request, of_release=release)
    return replace(evidence, identity=identity)


def findings_of(job: JobFolder, provenance: "Provenance | None" = None) -> "Findings":
    """Return what the steps of a job found, for its report.

    Parameters
    ----------
    provenance
        Where the release comes from; found out if left out, which takes a reading of the source.
    """
    from anon_dagster.report.findings import Findings
    from anon_dagster.statistics import ExploratoryStatistics

    risk, utility = (job.load_statistics(n) for n in (file_names.RISK, file_names.UTILITY))
    return Findings(
        decision=job.load_decision(),
        released=job.load_count(name=file_names.RELEASED),
        verification=job.load_verification(),
        exploratory=ExploratoryStatistics(
            job.load_frame(file_names.EXPLORATORY_VALUES),
            job.load_frame(file_names.EXPLORATORY_SUMMARY),
        ),
        risk=risk,
        utility=utility,
        residual=job.load_residual(),
        provenance=provenance or _provenance(job, tuple(_points(job, risk, utility))),
        risk_details=job.load_risk_details(),
        together=job.load_verification_together(),
    )


def _provenance(job: JobFolder, points: "tuple[PointFact, ...]") -> "Provenance":
    from anon_dagster.operations.provenance import name_of, stored_release, stored_source
    from anon_dagster.report.findings import Provenance

    tags, release, marks = _tags(job), job.load_release(), job.load_source_files()
    return Provenance(
        dataset=dataset_of(job) or name_of(marks),
        made=clock.now(),
        source=stored_source(marks),
        release=stored_release(release["source"]["path"], release["checksum"]),
        job=job.job_id,
        table=table_of(job),
        requested_by=tags.get(REQUESTED_TAG) or tags.get(USER_TAG) or None,
        points=points,
        hold=_awaiting(job),
    )


def _awaiting(job: JobFolder) -> "HoldFact | None":
    """Return that the release of a job waits for a person, if its request wants that."""
    from anon_dagster.report.evidence import HoldFact

    target = job.load_request().target
    if target is None or not target.hold:
        return None
    return HoldFact("awaiting approval", absolute(target.path))


def _tags(job: JobFolder) -> "Mapping[str, str]":
    """Return the tags of the run of a job."""
    whole = JobFolder(job.root, job.job_id)
    if not whole.has((file_names.OWNER,)):
        return {}
    tags: Mapping[str, str] = whole.load_document(file_names.OWNER).get("tags", {})
    return tags


def dataset_of(job: JobFolder) -> str:
    """Return the name of the dataset of a job; empty if nobody gave it one."""
    from anon_dagster.jobs.former import NAMELESS

    dataset = str(_tags(job).get(DATASET_TAG, ""))
    return "" if dataset in NAMELESS else dataset


def table_of(job: JobFolder) -> str | None:
    """Return the name of the table of a folder, of linked tables."""
    linked = JobFolder(job.root, job.job_id).linked
    if linked is None:
        return None
    return next((name for name, each in linked.folders.items() if each == job), None)


# -- what was measured ---------------------------------------------------------------------


def _points(job: JobFolder, risk: "pd.DataFrame", utility: "pd.DataFrame") -> "Iterator[PointFact]":
    """Give the configurations that were measured on the same records, then the chosen one."""
    from anon_dagster.assessment.comparison import PERSON_RISK, risk_of
    from anon_dagster.report.evidence import PointFact

    measured = _measured(job)
    if measured is None:
        return
    by = risk_of(measured)
    settings = list(measured.columns[: list(measured.columns).index("reachable")])
    for _, row in measured[measured["reachable"].astype(bool)].head(_MOST_POINTS).iterrows():
        told = [name for name in settings if name != "rank" or row[name] != 1]
        named = ", ".join(f"{name} = {row[name]}" for name in told)
        yield PointFact(named, float(row[by]), float(row["infoLoss"]), bool(row["frontier"]))
    own = PERSON_RISK if PERSON_RISK in risk.index else "maxProbabilityIdentification"
    figures = float(risk["release"][own]), float(utility["release"]["infoLoss"])
    if all(each == each for each in figures):  # noqa: PLR0124 (NaN of a table without records)
        yield PointFact("this release", *figures, is_frontier=False, is_chosen=True)


def _measured(job: JobFolder) -> "pd.DataFrame | None":
    """Return the newest comparison of configurations of the same records, if there is one."""
    if job.file:
        return None
    request, files = job.load_request(), job.load_source_files()
    for other in sorted(folders_with(job.root, file_names.MEASUREMENT), key=_age):
        if not other.has((file_names.REQUEST, file_names.SOURCE)) or other.file:
            continue
        asked = other.load_request()
        alike = asked.policy.attributes == request.policy.attributes
        if alike and files and other.load_source_files() == files:
            table: pd.DataFrame = other.load_frame(file_names.MEASUREMENT)
            return table if {"reachable", "infoLoss", "frontier"} <= set(table.columns) else None
    return None


def _age(job: JobFolder) -> int:
    """Return what folders are ordered by, the newest first."""
    try:
        return -(job.path / file_names.MEASUREMENT).stat().st_mtime_ns
    except FileNotFoundError:  # it is deleted at this moment
        return 0
