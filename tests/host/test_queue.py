"""Jobs on this machine, with other deployments beside them."""

from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.client import AnonClient
from anon_dagster.host.folders import HostFolders
from anon_dagster.host.queue import Queue, Worker
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.storage.locks import lock
from tests.client.people import SECONDS, await_work, endless, request_of

MONITORED = {"NOT_STARTED", "STARTING", "STARTED", "CANCELING", "QUEUED"}
"""What a daemon on the same history ends, or starts."""


@pytest.mark.slow
def test_two_stores_of_one_history_leave_each_other_alone(tmp_path: Path) -> None:
    one, other = (AnonClient(home=tmp_path / "home", store=tmp_path / s) for s in "ab")
    (tmp_path / "folk").mkdir()
    going = one.anonymize(endless(tmp_path / "folk"))
    await_work(going, "search")
    assert going.job_id in other.job_ids()  # its host looks after what it finds unfinished
    done = other.anonymize(request_of(tmp_path / "folk"))
    assert done.wait(SECONDS) == "completed"
    assert going.status()["status"] == "running"
    assert going.abort()["status"] == "aborted"
    for client in (one, other):
        client.close()


def test_a_job_that_waits_is_no_daemons_business(tmp_path: Path) -> None:
    folders = HostFolders(tmp_path / "home", tmp_path / "store")
    folders.make()
    with dg.DagsterInstance.ephemeral() as instance:
        queue = Queue(folders, instance)
        first, second = (
            queue.add("anonymize_job", {}, {"anon/kind": "anonymize"}, f"p{n}") for n in range(2)
        )
        run = instance.get_run_by_id(first)
        assert run is not None
        assert run.status.value not in MONITORED
        again = Queue(folders, instance)
        again.adopt()
        assert again.waiting == [first, second]
        Queue(HostFolders(tmp_path / "home", tmp_path / "elsewhere"), instance).adopt()
        queue.abort(second)
        ended = instance.get_run_by_id(second)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELED
    assert queue.waiting == [first]


def test_a_host_finishes_what_an_earlier_one_did_not(tmp_path: Path) -> None:
    folders = HostFolders(tmp_path / "home", tmp_path / "store")
    folders.make()
    with dg.DagsterInstance.ephemeral() as instance:
        queue = Queue(folders, instance)
        ended = queue.add("anonymize_job", {}, {"anon/kind": "anonymize"}, "p")
        run = instance.get_run_by_id(ended)
        assert run is not None
        instance.report_run_failed(run, "it failed, and its host died")
        Queue(folders, instance).adopt()
    assert [line.status for line in Ledger(folders.store).entries()] == ["failed"]


class Ended:
    """A process that ended since another one has the job."""

    pid, exitcode = 0, 1

    def is_alive(self) -> bool:
        return False

    def join(self, timeout: float | None = None) -> None:
        """Wait for nothing."""


def test_a_job_goes_on_in_the_process_that_has_it(tmp_path: Path) -> None:
    folders = HostFolders(tmp_path / "home", tmp_path / "store")
    folders.make()
    with dg.DagsterInstance.ephemeral() as instance:
        queue = Queue(folders, instance)
        job_id = queue.add("anonymize_job", {}, {"anon/kind": "anonymize"}, "p")
        queue.waiting.clear()
        queue.workers[job_id] = Worker(Ended())
        with lock(folders.job_lock(job_id)) or pytest.fail("nobody else has it"):
            queue.tick()
            assert list(queue.workers) == [job_id]
        queue.tick()
        run = instance.get_run_by_id(job_id)
    assert queue.is_idle
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
