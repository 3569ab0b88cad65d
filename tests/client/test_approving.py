"""Approving and rejecting from Python and from the shell."""

import json
import sqlite3
from pathlib import Path

import pytest

from anon_dagster.cli import main
from anon_dagster.client import AnonClient
from anon_dagster.errors import AwaitingApprovalError, JobStateError, TargetError
from anon_dagster.jobs.ledger import Ledger
from tests.client.people import SECONDS, request_of

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]
WHY = "Zeisig wants to be left out"
on_this_machine = pytest.mark.parametrize("client", ["embedded"], indirect=True)
"""A deployment's approvals are those of tests/approval/test_logins.py."""


def shell(client: AnonClient, *arguments: str) -> int:
    address = getattr(client.deployment, "url", None)
    where = ["--url", address] if address else ["--home", str(client.store.parent)]  # type: ignore[union-attr]
    return main([*where, "--store", str(client.store), "--json", *arguments])


@on_this_machine
def test_a_release_waits_and_is_approved(
    client: AnonClient, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, target = request_of(tmp_path, target=True), tmp_path / "out.parquet"
    request["target"] |= {"hold": "two_people"}
    monkeypatch.setenv("ANON_USER", "Ann")
    job = client.anonymize(request)
    assert job.wait(SECONDS) == "awaiting approval"
    status = job.status()
    assert (status["status"], status["running"]["job_percent"]) == ("awaiting approval", 100)
    assert status["info"]["requested_by"] == "Ann"
    assert client.jobs(1)[0]["status"] == "awaiting approval"
    assert len(job.risk_statistics()) > 0
    with pytest.raises(AwaitingApprovalError, match=f"anon approve {job.job_id}"):
        job.result()
    with pytest.raises(JobStateError, match="no solution to apply"):
        client.apply(job, source=str(tmp_path / "people.csv"))
    capsys.readouterr()
    assert shell(client, "result", job.job_id) == 14
    assert json.loads(capsys.readouterr().err)["error"] == "AwaitingApprovalError"
    assert shell(client, "approve", job.job_id) == 1
    assert "takes two people" in json.loads(capsys.readouterr().err)["message"]
    assert not target.exists()

    monkeypatch.setenv("ANON_USER", "Bob")
    assert shell(client, "approve", job.job_id) == 0
    assert json.loads(capsys.readouterr().out)["paths"] == [str(target)]
    assert job.wait() == "completed"
    result = job.result()
    assert (result.df, result.paths) == (None, (str(target),))
    assert target.exists()
    with pytest.raises(JobStateError, match="does not await approval"):
        job.approve()
    (approving,) = (
        each["id"]
        for each in client.jobs()
        if each["status"] == "completed" and each["kind"] == "approve"
    )
    client.job(approving).delete()
    assert job.result().paths == (str(target),)  # as the job itself keeps it
    done = job.delete(target=True)
    assert done["targets_removed"] == [str(target)]
    assert not target.exists()


def test_a_release_that_is_rejected_is_gone_and_only_the_store_knows_why(
    client: AnonClient, tmp_path: Path, capsys: Capture
) -> None:
    request = request_of(tmp_path, target=True)
    request["target"] |= {"hold": True}
    job = client.anonymize(request)
    job.wait(SECONDS)
    for why in ("", " ", "x" * 2_001, "Zeisig \udcff"):
        with pytest.raises(JobStateError, match="nothing was decided"):
            job.reject(why=why)
    assert job.wait() == "awaiting approval"
    assert shell(client, "reject", job.job_id, "--why", WHY) == 0
    assert "Zeisig" not in capsys.readouterr().out
    assert job.wait() == "rejected"
    with pytest.raises(JobStateError, match="was rejected"):
        job.result()
    assert shell(client, "result", job.job_id) == 11
    assert "<html" in job.report()
    with pytest.raises(JobStateError, match="is not there any more"):
        job.report(share=True)
    assert client.store is not None
    if client.store.parent.joinpath(".dagster").exists():
        for file in client.store.parent.joinpath(".dagster").rglob("*.db"):
            with sqlite3.connect(file) as database:
                assert all("Zeisig wants" not in text for text in database.iterdump())
    line = Ledger(client.store).find(job.job_id)
    assert line is None or line.reason == WHY
    assert not (tmp_path / "out.parquet").exists()


@on_this_machine
def test_what_cannot_be_published_any_more_waits(client: AnonClient, tmp_path: Path) -> None:
    request = request_of(tmp_path, target=True)
    request["target"] |= {"hold": True}
    job = client.anonymize(request)
    job.wait(SECONDS)
    (tmp_path / "out.parquet").mkdir()
    with pytest.raises(TargetError, match="is a folder"):
        job.approve()
    assert job.wait() == "awaiting approval"
    assert job.delete()["files_removed"]
