"""A job that releases linked tables: its folder, what it shows, and how it ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from anon_dagster import JobError, RequestError, anonymize
from anon_dagster.core.wording import explain_linked
from anon_dagster.defs import runs
from anon_dagster.defs.application import solution_of
from anon_dagster.defs.endings import close
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.stages import ANONYMIZE, STAGES, Work
from anon_dagster.jobs import file_names
from anon_dagster.jobs.examination import examine_again
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.names import REQUEST
from anon_dagster.jobs.tags import KIND_TAG
from anon_dagster.request import parse_tables
from anon_dagster.storage.targets import StagedTarget
from tests.deployment import Deployment, deployed
from tests.linked import request, tables


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    with deployed(tmp_path) as found:
        yield found


def stored(folder: Path, **policy: Any) -> dict[str, Any]:
    """Write sources into a folder, and ask for their releases there."""
    document = request(suppression_limit=0.1, **policy)
    for name, frame in tables().items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        document["tables"][name]["source"] = {"path": str(folder / f"{name}.csv")}
        document["tables"][name]["target"] = {"path": str(folder / f"{name}-release.csv")}
    return document


def released(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*-release.csv"))}


def test_a_job_releases_both_tables_as_the_library_does(
    deployment: Deployment, tmp_path: Path
) -> None:
    document = stored(tmp_path)
    anonymize(document)
    wanted = released(tmp_path)
    for name in wanted:
        (tmp_path / name).unlink()
    result = deployment.run_request(document)
    assert result.success
    assert released(tmp_path) == wanted
    assert set(wanted) == {"patients-release.csv", "visits-release.csv"}
    checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
    held = ("release_keeps_every_promise", "release_matches_schema", "source_matches_schema")
    assert all(checks[name].passed for name in held)
    shown = runs.findings(deployment.instance, result.run_id)["steps"]
    assert list(shown["anonymized"]["tables"]) == ["patients", "visits"]
    for step in ("residual_disclosure", "risk_metrics", "utility_statistics", "report"):
        assert any(key.startswith("patients: ") for key in shown[step])
    measured = {name.partition(":")[0] for name in checks[held[0]].metadata}
    assert {"patients", "visits", "visits beside patients"} <= measured
    job = deployment.job(result)
    assert job.linked is not None
    for folder in job.linked.folders.values():
        assert folder.has((file_names.REPORT, file_names.RISK, file_names.RESIDUAL))
        assert (folder.path / file_names.PERSONS).exists()
        page = folder.existing(file_names.REPORT).read_text(encoding="utf-8")
        assert explain_linked() in page
    later = JobFolder(job.root, "later")  # which goes on with the files of this one
    later.adopt(job, (file_names.REQUEST, file_names.LINKED, *file_names.count_of("count")))
    assert later.linked is not None
    again = later.linked.plan()
    assert (again.master.problem.records, again.joined.problem.records) == (60, 200)
    with pytest.raises(RequestError, match="the solution of linked tables"):
        solution_of(JobStore(job.root), job.job_id)
    with pytest.raises(JobError, match="released linked tables"):
        examine_again(job, attacks=False)


def steps_of(job: JobFolder, document: dict[str, Any]) -> None:
    """Take the steps of a job, with no Dagster around them, until both tables are released."""
    job.save_linked(parse_tables(document))
    for step in ANONYMIZE:
        if step != REQUEST:
            STAGES[step].make(Work(job, lambda _: None, dg.AssetKey(["tables", "source"])))
        if step == "anonymized":
            return


@pytest.mark.parametrize("step", ["measurement", "detection"])
def test_what_is_not_done_with_linked_tables_is_refused(tmp_path: Path, step: str) -> None:
    job = JobFolder(tmp_path / "store", "job")
    job.save_linked(parse_tables(stored(tmp_path)))
    with pytest.raises(RequestError, match="linked tables go with anonymize alone"):
        STAGES[step].make(Work(job, lambda _: None, dg.AssetKey(["tables", "source"])))


class Killed(BaseException):
    """Ends a process, as far as this one can tell: nothing is undone on the way."""


@pytest.mark.parametrize("former", [None, b"former", b"the same"])
def test_what_was_published_alone_by_a_job_that_died_is_put_back(
    deployment: Deployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    former: bytes | None,
) -> None:
    document = stored(tmp_path)
    first = tmp_path / "patients-release.csv"
    if former == b"the same":
        anonymize(document)
        former = first.read_bytes()
        (tmp_path / "visits-release.csv").unlink()
    elif former is not None:
        first.write_bytes(former)
    publish = StagedTarget.publish

    def publish_or_die(staged: StagedTarget) -> tuple[str, ...]:
        if "visits" in staged.target.path:
            raise Killed
        return publish(staged)

    run = deployment.instance.create_run_for_job(
        deployment.definitions.resolve_job_def("anonymize_job"), tags={KIND_TAG: "anonymize"}
    )
    job = JobFolder(deployment.folder / ".anon", run.run_id)
    with monkeypatch.context() as patch:
        patch.setattr(StagedTarget, "publish", publish_or_die)
        patch.setattr(StagedTarget, "take_back", lambda _: None)
        patch.setattr(StagedTarget, "discard", lambda _: None)
        with pytest.raises(Killed):
            steps_of(job, document)
    assert first.stat().st_size > len(b"former")
    deployment.instance.report_run_failed(run)
    close(deployment.instance, JobStore(deployment.folder / ".anon"), run.run_id)
    assert (first.read_bytes() if first.exists() else None) == former
    assert not list(tmp_path.glob(".*.part"))
    assert not list(tmp_path.glob(".*.old"))
    assert not (tmp_path / "visits-release.csv").exists()
