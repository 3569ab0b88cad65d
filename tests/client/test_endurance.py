"""Jobs whose process is killed, and many jobs at once."""

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from anon_dagster.client import AnonClient, AnonJob
from anon_dagster.client.remote import RemoteDeployment
from anon_dagster.errors import JobError
from anon_dagster.jobs.ledger import Entry, Ledger
from tests.client.people import SECONDS, await_work, endless, request_of

pytestmark = pytest.mark.slow

EVENTS = """query($id:ID!){logsForRun(runId:$id){
  ...on EventConnection{events{__typename ...on EngineEvent{message}}}}}"""


def process_of(client: AnonClient, job: AnonJob) -> int:
    """Return the process of a running job: from its lock, or from what Dagster says of it."""
    if not isinstance(client.deployment, RemoteDeployment):
        assert client.store is not None
        return int((client.store / "host" / f"{job.job_id}.lock").read_text(encoding="ascii"))
    body = json.dumps({"query": EVENTS, "variables": {"id": job.job_id}}).encode()
    asked = urllib.request.Request(  # noqa: S310 (our own address)
        f"{client.deployment.url}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=30) as response:  # noqa: S310
        events = json.load(response)["data"]["logsForRun"]["events"]
    said = " ".join(event.get("message", "") for event in events)
    found = re.search(r"Executing steps in process \(pid: (\d+)\)", said)
    assert found is not None
    return int(found[1])


def test_a_job_whose_process_is_killed_has_failed_and_the_next_one_starts(
    client: AnonClient, tmp_path: Path
) -> None:
    (tmp_path / "next").mkdir()
    killed = client.anonymize(endless(tmp_path))
    await_work(killed, "search")
    os.kill(process_of(client, killed), signal.SIGKILL)
    killed_at = time.monotonic()
    following = client.anonymize(request_of(tmp_path / "next", target=True))
    assert killed.wait(60) == "failed"
    assert time.monotonic() - killed_at < 60
    with pytest.raises(JobError, match=r"ended (by signal 9|before the job did)"):
        killed.result()
    assert following.wait(SECONDS) == "completed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many.parquet", "next"]


def test_an_abort_is_heard_at_any_moment(client: AnonClient, tmp_path: Path) -> None:
    request = endless(tmp_path)
    for delay in (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.2, 2.0, 4.0):
        job = client.anonymize(request)
        time.sleep(delay)
        assert job.abort()["status"] == "aborted", f"after {delay} seconds"
        assert job.status()["status"] == "aborted"
    assert [path.name for path in tmp_path.iterdir()] == ["many.parquet"]


def test_a_job_whose_process_hears_nothing_is_aborted_all_the_same(
    client: AnonClient, tmp_path: Path
) -> None:
    """A process that is stopped is as deaf as one deep in a library."""
    job = client.anonymize(endless(tmp_path))
    await_work(job, "search")
    os.kill(process_of(client, job), signal.SIGSTOP)
    said = job.abort(timeout=120)
    assert said["status"] == "aborted"
    (tmp_path / "next").mkdir()
    assert client.anonymize(request_of(tmp_path / "next")).wait(SECONDS) == "completed"
    until = time.monotonic() + SECONDS
    while {path.name for path in tmp_path.iterdir()} != {"many.parquet", "next"}:
        assert time.monotonic() < until
        time.sleep(0.5)


def test_jobs_go_on_when_the_host_that_started_them_is_killed(tmp_path: Path) -> None:
    client = AnonClient(home=tmp_path)
    (tmp_path / "next").mkdir()
    going = client.anonymize(endless(tmp_path))
    await_work(going, "search")
    waiting = client.anonymize(request_of(tmp_path / "next"))
    assert client.store is not None
    os.kill(int((client.store / "host" / "host.lock").read_text(encoding="ascii")), signal.SIGKILL)
    assert waiting.wait(SECONDS) == "completed"
    assert going.status()["status"] == "running"
    assert going.abort()["status"] == "aborted"
    client.close()


def test_fifty_jobs_submitted_together_all_finish_and_none_runs_twice(
    client: AnonClient, tmp_path: Path
) -> None:
    request = request_of(tmp_path)
    jobs = [client.anonymize(request) for _ in range(50)]
    ids = [job.job_id for job in jobs]
    assert len(set(ids)) == 50
    listed = client.job_ids(60)
    assert [job_id for job_id in listed if job_id in set(ids)] == ids[::-1]
    assert len({job.result(1200).checksum for job in jobs}) == 1
    started = [row for row in client.jobs(60) if row["id"] in set(ids)]
    assert len(started) == 50


def test_every_job_that_is_over_has_one_line_in_the_ledger(
    client: AnonClient, tmp_path: Path
) -> None:
    done = client.anonymize(request_of(tmp_path), dataset="folk")
    result = done.result(SECONDS)
    assert client.store is not None
    until = time.monotonic() + SECONDS
    while not (found := _lines(client.store, done)):
        assert time.monotonic() < until
        time.sleep(0.5)
    (line,) = found
    assert (line.kind, line.dataset, line.status) == ("anonymize", "folk", "completed")
    assert line.checksum == result.checksum
    assert line.risk["maxProbabilityIdentification"] <= 1 / 3
    assert "3-anonymity" in line.promises or "k" in line.promises


def _lines(store: Path, job: AnonJob) -> list[Entry]:
    return [line for line in Ledger(store).entries() if line.job_id == job.job_id]
