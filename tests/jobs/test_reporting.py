"""The report of a job knows what else was measured on the same records."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anon_dagster import AnonError, measure
from anon_dagster.errors import AwaitingApprovalError, JobStateError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.handing_over import folder_of, internal_evidence, shared_evidence
from anon_dagster.jobs.holding import Hold
from anon_dagster.jobs.reporting import (
    findings_of,
    gather_evidence,
    load_evidence,
    save_evidence,
    tell_decision,
)
from anon_dagster.jobs.tags import State
from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.releasing.publication import write_release
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.report.evidence import HoldFact
from anon_dagster.request import Request, parse_request
from tests.report.releases import POLICY, people


def asked(folder: Path) -> Request:
    people().to_csv(folder / "people.csv", index=False)
    source, target = (str(folder / name) for name in ("people.csv", "release.parquet"))
    return parse_request({"source": {"path": source}, "target": {"path": target}, "policy": POLICY})


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    """Return a job as its steps leave it."""
    from anon_dagster.assessment.of_decision import assess_risk, assess_utility, describe
    from anon_dagster.statistics import RiskDetails

    request, folder = asked(tmp_path), JobFolder(tmp_path / "store", "job-1")
    source = open_table(request)
    folder.save_request(request)
    folder.save_source(source)
    counted = count_records(request, source)
    folder.save_count(counted, request)
    planned = plan(request, counted)
    decision = Decision(request, counted, planned, decide(planned))
    folder.save_solution(decision.solution)
    release = write_release(decision, source, Workspace("job-1", folder.create()))
    folder.save_release(release, request)
    explored = describe(decision, release.count)
    folder.save_frame(file_names.EXPLORATORY_VALUES, explored.values)
    folder.save_frame(file_names.EXPLORATORY_SUMMARY, explored.summary)
    folder.save_statistics(file_names.RISK, assess_risk(decision))
    folder.save_statistics(file_names.UTILITY, assess_utility(decision))
    folder.save_risk_details(RiskDetails())
    return folder


def measured(job: JobFolder, name: str, request: Request) -> JobFolder:
    """Return another job, that compared configurations on a source as the first one has it."""
    other = JobFolder(job.root, name)
    other.save_request(request)
    other.save_source(open_table(request))
    table = measure(request, measurement={"k": [2, 5, 20]})
    other.save_frame(file_names.MEASUREMENT, table)
    return other


def test_what_was_measured_on_the_same_records_stands_beside_what_was_chosen(
    job: JobFolder,
) -> None:
    request = job.load_request()
    assert findings_of(job).provenance.points == ()
    measured(job, "job-2", request)
    *others, chosen = findings_of(job).provenance.points
    assert [each.configuration for each in others] == ["k = 2", "k = 5", "k = 20"]
    assert chosen.is_chosen
    same = others[1]
    assert (chosen.risk, chosen.loss) == pytest.approx((same.risk, same.loss))


def test_what_was_measured_on_other_records_does_not(job: JobFolder) -> None:
    measured(job, "job-2", job.load_request())
    source = job.load_source_files()[0]
    with Path(source.path).open("a") as file:
        file.write("30,Ulm,flu,1,p\n")
    later = JobFolder(job.root, "job-3")
    later.save_request(job.load_request())
    later.save_source(open_table(job.load_request()))
    assert later.load_source_files() != job.load_source_files()
    (job.root / "jobs" / "job-2" / file_names.SOURCE).unlink()
    assert findings_of(job).provenance.points == ()


def test_a_report_and_its_facts_are_kept_for_their_owner_alone(job: JobFolder) -> None:
    evidence = gather_evidence(job)
    save_evidence(job, evidence)
    assert load_evidence(job) == evidence
    assert evidence.identity.of_request.job == "job-1"
    assert evidence.identity.of_request.requested_by is None
    assert evidence.identity.of_request.dataset == "people.csv"
    for name in (file_names.REPORT, file_names.EVIDENCE, file_names.VERIFIED):
        assert (job.path / name).stat().st_mode & 0o777 == 0o600
    assert evidence.identity.of_source is not None
    told = replace(evidence.identity.of_source, files=())
    assert told.sha256 is not None


def test_a_verification_is_kept_without_loss(job: JobFolder) -> None:
    kept = job.load_verification()
    assert kept.holds
    job.save_verification(kept, together=True)
    assert job.load_verification_together() == kept
    (job.path / file_names.VERIFIED).write_text("{}")
    with pytest.raises(AnonError, match=r"verified\.json"):
        job.load_verification()


def held(job: JobFolder) -> JobFolder:
    """Return a job as its steps leave it whose release waits, and say so."""
    request = job.load_request()
    assert request.target is not None
    job.save_request(
        request.model_copy(update={"target": request.target.model_copy(update={"hold": True})})
    )
    job.save_document(file_names.RELEASE, job.load_release() | {"held": True})
    save_evidence(job, gather_evidence(job))
    return job


def decided(state: State, *, by: str, published: dict[str, Any] | None = None) -> Hold:
    return Hold(
        state,
        two_people=False,
        requested_by="Ann",
        since=0.0,
        decided_by=by,
        decided=86400.0,
        published=published or {},
    )


def test_the_report_of_a_release_that_waits_says_so_and_nothing_is_handed_over(
    job: JobFolder,
) -> None:
    told = load_evidence(held(job)).identity.of_request
    assert told.hold == HoldFact("awaiting approval", str(job.root.parent / "release.parquet"))
    assert told.approved_by is None
    page = job.existing(file_names.REPORT).read_text()
    assert f"held, not published: it awaits approval, and goes to {told.hold.target}" in page
    with pytest.raises(AwaitingApprovalError, match="awaits approval"):
        shared_evidence(folder_of(job))


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_once_somebody_decided_a_report_says_who_and_when(job: JobFolder, state: State) -> None:
    before, path = load_evidence(held(job)), str(job.root.parent / "elsewhere.parquet")
    published = {"": {"paths": [path]}} if state == "approved" else {}
    tell_decision(job, decided(state, by="Bob <b>", published=published))
    now = load_evidence(job)
    assert now.identity.of_request.approved_by == ("Bob <b>" if published else None)
    assert now.identity.of_request.hold is not None
    assert now.identity.of_request.hold.state == state
    page = job.existing(file_names.REPORT).read_text()
    assert f"{state} by Bob &lt;b&gt; on 1970-01-02" in page
    assert "awaits approval" not in page
    (was,), (file,) = (each.identity.of_release.files for each in (before, now))
    assert file == (replace(was, address=path) if published else was)
    assert replace(now, identity=before.identity) == before


def test_a_report_that_cannot_be_read_keeps_nobody_from_deciding(job: JobFolder) -> None:
    (job.path / file_names.EVIDENCE).write_text("{")
    tell_decision(job, decided("approved", by="Bob"))
    assert (job.path / file_names.EVIDENCE).read_text() == "{"


def test_nothing_goes_with_a_release_that_is_gone(job: JobFolder) -> None:
    save_evidence(job, gather_evidence(job))
    (job.path / file_names.RELEASE).unlink()
    assert internal_evidence(folder_of(job))["identity"]
    with pytest.raises(JobStateError, match="not there any more"):
        shared_evidence(folder_of(job))
