"""Everything that can be done with a job, embedded and on a deployment."""

import getpass
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import polars as pl
import pytest

import anon_dagster
from anon_dagster import check_evidence
from anon_dagster.cli import main
from anon_dagster.client import AnonClient, AnonJob
from anon_dagster.client.client import DetectionMode
from anon_dagster.client.deployment import Launch
from anon_dagster.errors import (
    AbortedJobError,
    DisclosureError,
    HandoverError,
    JobError,
    JobKindError,
    RequestError,
    UnfinishedJobError,
    UnknownJobError,
    UnreachableError,
)
from anon_dagster.report.handover import commitment
from anon_dagster.request.documents import parse_yaml
from tests.client.people import (
    CANARY,
    SECONDS,
    await_work,
    endless,
    handed_back,
    people,
    policy,
    request_of,
)


def anon(client: AnonClient, *arguments: str) -> int:
    url = getattr(client.deployment, "url", None)
    home = getattr(client.deployment, "home", "")
    where = ["--url", url] if url else ["--home", str(home)]
    return main([*where, "--store", str(client.store), *arguments])


@pytest.fixture(scope="module")
def finished(
    client: AnonClient, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AnonJob, dict[str, Any]]:
    request = request_of(tmp_path_factory.mktemp("finished"))
    job = client.anonymize(request)
    job.result(SECONDS)
    return job, request


# -- what a job gives ----------------------------------------------------------------------


def test_a_job_gives_what_the_library_gives(finished: tuple[AnonJob, dict[str, Any]]) -> None:
    job, request = finished
    library = anon_dagster.anonymize(request)
    pd.testing.assert_frame_equal(handed_back(job.result().df), handed_back(library.df))
    assert job.result().checksum == library.release.checksum
    pd.testing.assert_frame_equal(job.riskStat(), library.risk, check_index_type=False)
    pd.testing.assert_frame_equal(job.utilityStat(), library.utility, check_index_type=False)
    details, of_library = job.risk_details().tables, library.risk_details.tables
    assert set(details) == {"suda", "suda_contributions"}
    for name, frame in details.items():
        pd.testing.assert_frame_equal(frame, of_library[name], check_index_type=False)
    records, expected = job.risk_per_record(), anon_dagster.risk_per_record(library)
    pd.testing.assert_frame_equal(records.source, expected.source)
    pd.testing.assert_frame_equal(records.release, expected.release)
    explored = job.exploratoryStats()
    pd.testing.assert_frame_equal(explored, library.exploratory.values)
    pd.testing.assert_frame_equal(job.exploratory_summary(), library.exploratory.summary)
    for draw in ("risk", "utility", "classes", "frontier"):
        assert getattr(job.plot, draw)().svg == getattr(library.plot, draw)().svg
    assert job.plot.attribute("age").svg == library.plot.attribute("age").svg
    assert job.result().residual == job.residual() == library.residual


def test_a_job_has_a_report_and_evidence_for_each_of_two_readers(
    finished: tuple[AnonJob, dict[str, Any]],
) -> None:
    job, request = finished
    shared, internal = job.evidence(share=True), job.evidence()
    assert shared["facts"]["identity"]["of_request"]["job"] == job.job_id
    assert shared["commitment"] == commitment(internal)
    (path,) = job.result().paths
    found = {each.name: each.found for each in check_evidence(shared, path).checks}
    assert found["figures and facts"] == found["checksum of the release"] == "holds"
    source = request["source"]["path"]
    assert source in json.dumps(internal)
    assert source not in json.dumps(shared)
    assert internal["identity"]["of_source"]["sha256"] not in json.dumps(shared)
    assert source in job.report()
    assert source not in job.report(share=True)
    with pytest.raises(RequestError, match="it has a single table"):
        job.evidence(table="other")


def test_the_status_has_exactly_five_keys(finished: tuple[AnonJob, dict[str, Any]]) -> None:
    job, request = finished
    status = json.loads(json.dumps(job.status()))
    assert set(status) == {"completed", "id", "info", "running", "status"}
    assert status["id"] == job.id()
    assert status["status"] == "completed"
    assert set(status["completed"]) == {"data", "statistics", "summary", "time_spent"}
    assert status["running"]["job_percent"] == 100
    assert status["info"]["source"] == request["source"]["path"]
    assert status["info"]["attributes"]["town"] == "quasi_identifier"
    assert CANARY not in json.dumps(status)


def test_a_client_without_the_folder_of_the_jobs_reads_what_holds_no_value(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]], tmp_path: Path
) -> None:
    job, _ = finished
    elsewhere = AnonJob(job.job_id, SimpleNamespace(deployment=client.deployment, store=tmp_path))
    pd.testing.assert_frame_equal(elsewhere.risk_statistics(), job.risk_statistics())
    pd.testing.assert_frame_equal(elsewhere.utility_statistics(), job.utility_statistics())
    assert elsewhere.residual() == job.residual()
    for holds_values in (elsewhere.result, elsewhere.exploratory_statistics):
        with pytest.raises(JobError, match="cannot be read from here: mount it"):
            holds_values()


def test_the_metadata_say_what_was_asked_for(finished: tuple[AnonJob, dict[str, Any]]) -> None:
    job, _ = finished
    metadata = job.metadata()
    assert metadata["versions"]["anon_dagster"]
    assert set(metadata["versions"]) >= {"python", "dagster", "numpy", "pandas", "pyarrow"}
    assert {field["attribute"] for field in metadata["fields"]} == set(policy()["attributes"])
    assert metadata["configuration"]["policy"]["privacy"]["k_anonymity"] == {"k": 3}


def test_the_last_jobs_are_listed_newest_first(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]]
) -> None:
    job, request = finished
    later = client.measure(request, measurement={"k": [2, 4]}, dataset="folk")
    later.wait(SECONDS)
    first, second = client.jobs(2)
    assert (first["id"], first["kind"], first["dataset"]) == (later.job_id, "measure", "folk")
    assert second["id"] == job.job_id
    assert second["status"] == "completed"
    assert second["duration"] > 0
    assert client.jobIds()[:2] == [later.job_id, job.job_id]


def test_the_chores_of_a_deployment_are_not_among_the_jobs(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]]
) -> None:
    assert finished
    before = client.job_ids()
    chore = client.deployment.launch(Launch("anon_retention_job", {}, {}, "a-chore"))
    assert client.deployment.records(1)[0].job_id == chore
    assert client.job_ids() == before
    assert client.job_ids(1) == before[:1]
    assert client.job(chore).wait(SECONDS) == "completed"


def test_the_status_has_one_shape_whatever_the_state_and_progress_never_goes_back(
    client: AnonClient, tmp_path: Path
) -> None:
    request = request_of(tmp_path)
    request["policy"]["recoding"] = "local"
    job = client.anonymize(request)
    early = job.status()
    assert set(early["completed"]) == {"data", "statistics", "summary", "time_spent"}
    assert early["info"]["source"] == request["source"]["path"]
    assert early["info"]["attributes"]["town"] == "quasi_identifier"
    seen: list[Any] = []
    job.wait(SECONDS, watch=seen.append)
    percents = [look["job_percent"] for look in seen]
    assert percents == sorted(percents)
    assert [look["status"] for look in seen if look["job_percent"] == 100] == ["completed"]
    moments = [look["last_progress"] for look in seen if look["last_progress"]]
    assert moments == sorted(moments)
    assert job.status()["info"]["user"] == getpass.getuser()


def test_a_measurement_gives_what_the_library_gives(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]]
) -> None:
    _, request = finished
    job = client.measure(request, measurement={"k": [2, 4]})
    library = anon_dagster.measure(request, measurement={"k": [2, 4]})
    measured = handed_back(job.result(SECONDS).df)
    pd.testing.assert_frame_equal(measured, library)
    assert measured._repr_html_() == library._repr_html_()  # type: ignore[operator]
    for ask in (job.risk_statistics, job.residual, lambda: client.examine_residual(job)):
        with pytest.raises(JobKindError, match="of kind measure"):
            ask()
    assert job.result().residual is None


@pytest.mark.parametrize("mode", ["full", "classification", "hierarchies"])
def test_a_detection_says_what_each_column_seems_to_be(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]], mode: DetectionMode
) -> None:
    _, request = finished
    job = client.detect(request["source"], mode=mode)
    result = job.result(SECONDS)
    assert set(handed_back(result.df).index) == set(policy()["attributes"])
    assert (result.proposal is not None) == (mode == "full")
    assert result.notes == (
        anon_dagster.detect(request["source"]["path"]).notes if mode == "full" else ()
    )
    assert job.status()["info"]["kind"] == "detect"
    assert CANARY not in json.dumps(job.status())


def test_a_proposal_is_a_request_that_runs(client: AnonClient) -> None:
    job = client.auto_anonymize(frame=people().drop(columns="name"))
    result = job.result(SECONDS)
    proposed = parse_yaml(str(result.proposal), name="the example")
    assert anon_dagster.anonymize(proposed).release.verification.holds
    assert handed_back(result.df)["reachable"].any()
    assert str(result.picture).startswith("<svg")
    assert CANARY not in json.dumps(job.status()) + str(result.picture)
    job.delete()


def test_a_frame_is_handed_over_and_comes_back_with_its_types(client: AnonClient) -> None:
    job = client.anonymize({"policy": policy()}, frame=people())
    library = anon_dagster.anonymize({"policy": policy()}, frame=people())
    pd.testing.assert_frame_equal(handed_back(job.result(SECONDS).df), handed_back(library.df))
    assert client.store is not None
    assert list((client.store / "handed").iterdir())
    handed = {path.name for path in (client.store / "handed").iterdir()}
    job.delete()
    assert len({path.name for path in (client.store / "handed").iterdir()}) == len(handed) - 1


def test_a_frame_of_another_library_comes_back_as_one(client: AnonClient) -> None:
    table = pl.from_pandas(people())
    job = client.anonymize({"policy": policy()}, frame=table)
    made, library = job.result(SECONDS), anon_dagster.anonymize({"policy": policy()}, frame=table)
    assert made.frame.equals(library.frame)
    assert made.frame.schema == library.frame.schema
    pd.testing.assert_frame_equal(handed_back(made.df), handed_back(library.df))
    job.delete()


def test_a_solution_applied_to_its_own_source_gives_the_same_release(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]]
) -> None:
    job, request = finished
    applied = client.apply(job, source=request["source"])
    assert applied.result(SECONDS).checksum == job.result().checksum
    assert applied.status()["info"]["kind"] == "apply"
    with pytest.raises(JobKindError, match="draw the job that decided"):
        applied.plot.risk()
    with pytest.raises(JobError, match="decided no solution"):
        client.apply(applied, source=request["source"])


def test_a_result_that_went_to_a_target_is_not_handed_back(
    client: AnonClient, tmp_path: Path
) -> None:
    job = client.anonymize(request_of(tmp_path, target=True))
    assert job.result(SECONDS).df is None
    assert (tmp_path / "out.parquet").exists()
    job.delete()
    assert (tmp_path / "out.parquet").exists()


def test_delete_removes_everything_and_the_target_if_asked(
    client: AnonClient, tmp_path: Path
) -> None:
    job = client.anonymize(request_of(tmp_path, target=True))
    job.wait(SECONDS)
    assert client.store is not None
    assert (client.store / "jobs" / job.job_id).exists()
    said = job.delete(target=True)
    assert said["targets_removed"] == [str(tmp_path / "out.parquet")]
    assert not (tmp_path / "out.parquet").exists()
    kept = client.store / "jobs" / job.job_id
    assert {each.name for each in kept.glob("*")} <= {"owner.json", "job.lock", "release.json"}
    with pytest.raises(UnknownJobError):
        job.status()
    until = time.monotonic() + SECONDS
    said_by_job = client.store.parent / ".dagster" / "compute_logs" / job.job_id
    while kept.exists() or said_by_job.exists():  # a deployment clears away when it keeps house
        assert time.monotonic() < until
        time.sleep(0.5)


@pytest.mark.slow
def test_a_target_that_a_later_job_published_is_not_the_first_ones_to_remove(
    client: AnonClient, tmp_path: Path
) -> None:
    target = str(tmp_path / "out.parquet")
    first = client.anonymize(request_of(tmp_path, k=3, target=True))
    assert first.wait(SECONDS) == "completed"
    later = client.anonymize(request_of(tmp_path, k=5, target=True))
    assert later.wait(SECONDS) == "completed"
    assert first.result().checksum != later.result().checksum
    assert first.delete(target=True)["targets_kept"] == [target]
    assert Path(target).exists()
    assert later.delete(target=True)["targets_kept"] == []
    assert not Path(target).exists()


# -- what a release tells beside its promises ----------------------------------------------


def test_a_finished_job_is_examined_again_by_a_job_of_its_own(
    client: AnonClient, finished: tuple[AnonJob, dict[str, Any]]
) -> None:
    job, _ = finished
    attacked = job.residual(attacks=True, timeout=SECONDS)
    assert attacked.attacks
    assert not job.residual().attacks, "it stays what the job found"
    (last,) = client.jobs(1)
    assert (last["kind"], last["status"]) == ("residual", "completed")
    again = client.job(last["id"])
    assert again.residual() == attacked == again.result().residual
    assert len(handed_back(again.result().df)) == len(attacked.findings)
    assert len(again.status()["completed"]["statistics"]["residual"]) == len(attacked.findings)
    assert CANARY not in json.dumps(again.status())
    with pytest.raises(JobKindError, match="of kind residual"):
        client.examine_residual(again)
    again.delete()


def test_a_job_that_refuses_to_publish_raises_and_exits_as_that(
    client: AnonClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = request_of(tmp_path, target=True)
    people().assign(age_again=people()["age"]).to_csv(tmp_path / "people.csv", index=False)
    request["policy"]["attributes"]["age_again"] = {"role": "non_sensitive"}
    request["policy"]["residual"] = {"given_back": "refuse"}
    job = client.anonymize(request)
    with pytest.raises(DisclosureError, match="age_again tells of age"):
        job.result(SECONDS)
    assert not (tmp_path / "out.parquet").exists()
    assert anon(client, "result", job.job_id) == 12
    assert "make `age_again` a quasi-identifier, or drop it" in capsys.readouterr().err


# -- abort ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_abort_in_the_middle_of_a_search_leaves_nothing(
    client: AnonClient, tmp_path: Path
) -> None:
    job = client.anonymize(endless(tmp_path))
    await_work(job, "search")
    asked_at = time.monotonic()
    said = job.abort()
    assert time.monotonic() - asked_at < 30
    assert said.pop("done").startswith("ended at: search")
    assert said == {
        "id": job.job_id,
        "was": "running",
        "status": "aborted",
        "targets_removed": [],
    }
    assert [path.name for path in tmp_path.iterdir()] == ["many.parquet"]
    with pytest.raises(AbortedJobError):
        job.result()


def test_an_unfinished_job_goes_on_when_nobody_waits_any_more(
    client: AnonClient, tmp_path: Path
) -> None:
    job = client.anonymize(endless(tmp_path))
    with pytest.raises(UnfinishedJobError, match="it goes on"):
        job.result(0.2)
    with pytest.raises(JobError, match="abort it first"):
        job.delete()
    assert job.abort()["status"] == "aborted"
    job.delete()


# -- bad input -----------------------------------------------------------------------------


def test_a_bad_request_is_refused_before_anything_is_queued(
    client: AnonClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = client.job_ids()
    with pytest.raises(RequestError, match="polcy: unknown key"):
        client.anonymize({"polcy": {}})
    with pytest.raises(RequestError, match="either a source or a DataFrame"):
        client.anonymize({"policy": policy()})
    with pytest.raises(HandoverError, match="write it to Parquet"):
        AnonClient(store=tmp_path, largest=10).anonymize({"policy": policy()}, frame=people())
    (tmp_path / "request.yaml").write_text("polcy: {}\n", encoding="utf-8")
    assert anon(client, "anonymize", str(tmp_path / "request.yaml")) == 3
    assert "polcy: unknown key" in capsys.readouterr().err
    assert client.job_ids() == before


def test_a_failed_job_raises_its_own_error(client: AnonClient, tmp_path: Path) -> None:
    job = client.anonymize(request_of(tmp_path, k=61, target=True))
    with pytest.raises(UnreachableError, match="60 of 60 records"):
        job.result(SECONDS)
    assert job.status()["status"] == "failed"
    assert not (tmp_path / "out.parquet").exists()
    with pytest.raises(JobError, match="nothing to abort"):
        job.abort()
    assert anon(client, "result", job.job_id) == 1
    assert anon(client, "risk", job.job_id) == 1
    assert anon(client, "abort", job.job_id) == 11
    with pytest.raises(JobError, match="is failed"):
        client.apply(job, source=str(tmp_path / "people.csv"))


def test_an_unknown_job_is_said_to_be_unknown(
    client: AnonClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownJobError, match="there is no job nobody"):
        client.job("nobody")
    assert anon(client, "--json", "status", "nobody") == 4
    assert json.loads(capsys.readouterr().err)["error"] == "UnknownJobError"


# -- silence -------------------------------------------------------------------------------


def test_no_cell_reaches_dagster(client: AnonClient, finished: tuple[AnonJob, Any]) -> None:
    assert finished
    assert client.store is not None
    history = client.store.parent / ".dagster"
    files = [path for path in history.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


# -- the shell -----------------------------------------------------------------------------


def test_a_session_in_the_shell(
    client: AnonClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> Any:
        assert anon(client, "--json", *arguments) == 0
        return json.loads(capsys.readouterr().out)

    (tmp_path / "request.yaml").write_text(json.dumps(request_of(tmp_path)), encoding="utf-8")
    job_id = said("anonymize", str(tmp_path / "request.yaml"), "--dataset", "folk")["id"]
    made = said("result", job_id, "--timeout", "120", "--output", str(tmp_path / "out.csv"))
    assert made["id"] == job_id
    assert len(pd.read_csv(tmp_path / "out.csv")) > 50
    assert said("jobs", "--limit", "1")[0]["dataset"] == "folk"
    assert said("status", job_id)["status"] == "completed"
    metadata = said("metadata", job_id)
    assert metadata["kind"] == "anonymize"
    assert CANARY not in json.dumps(metadata)
    assert said("residual", job_id)["examined"] == 60
    for name in ("risk", "utility", "exploratory"):
        shown = said(name, job_id)
        assert shown
        assert CANARY not in json.dumps(shown)
    assert [
        row["attribute"] for row in said("risk", job_id, "--details", "suda_contributions")
    ] == [
        "age",
        "town",
    ]
    assert len(said("risk", job_id, "--details", "source_records")) == 50
    assert anon(client, "risk", job_id, "--details", "attacks") == 5
    assert "did not ask for attacks" in capsys.readouterr().err
    applied = said("apply", job_id, str(tmp_path / "people.csv"), "--wait")
    assert applied["checksum"] == made["checksum"]
    assert said("delete", job_id)["files_removed"]
    assert anon(client, "status", job_id) == 4
