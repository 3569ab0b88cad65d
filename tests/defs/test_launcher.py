"""A run is ended by a signal to its process, and nothing waits for a process that hears none."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.defs.launcher import SignallingLauncher
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.jobs.folder import JobFolder
from tests.deployment import deployed

HOLDS = """
import sys, time
from pathlib import Path
from anon_dagster.storage.locks import lock
held = lock(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(600)
"""


@dg.job
def idle() -> None:
    """Do nothing."""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANON_STORE", str(tmp_path / "store"))
    with deployed(tmp_path) as deployment:
        launcher = deployment.instance.run_launcher
        assert isinstance(launcher, SignallingLauncher), "as the settings of the project say"
        yield deployment.instance


def started(
    instance: dg.DagsterInstance,
    store: Path,
    *,
    host: str = "",
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED,
) -> tuple[str, Path]:
    run = instance.create_run_for_job(idle, status=status)
    job = JobFolder(store, run.run_id)
    owner = {"instance": storage_id(instance), "host": host or socket.gethostname()}
    job.save_document("owner.json", {**owner, "alone": True, "tags": {}})
    (job.path / "job.lock").touch()
    return run.run_id, job.path / "job.lock"


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


@contextmanager
def working(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLDS, str(lock)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_the_process_of_a_run_is_interrupted(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    run_id, lock = started(instance, tmp_path / "store")
    with working(lock) as process:
        assert instance.run_launcher.terminate(run_id)
        assert process.wait(10) == -signal.SIGINT
    assert status(instance, run_id) is dg.DagsterRunStatus.CANCELING


def test_a_run_that_just_begins_is_asked_when_it_has_begun(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store", status=dg.DagsterRunStatus.STARTING)
    begun = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, idle.name)

    def begin() -> None:
        time.sleep(0.5)
        with dg.DagsterInstance.from_config(str(tmp_path)) as own:
            own.report_dagster_event(begun, run_id=run_id)

    with working(lock) as process:
        thread = threading.Thread(target=begin)
        thread.start()
        assert instance.run_launcher.terminate(run_id)
        thread.join()
        assert process.wait(10) == -signal.SIGINT
    assert status(instance, run_id) is dg.DagsterRunStatus.CANCELING


def test_nobody_waits_for_a_process_that_is_stopped(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store")
    with working(lock) as process:
        process.send_signal(signal.SIGSTOP)
        assert instance.run_launcher.terminate(run_id)
        assert process.poll() is None
    assert status(instance, run_id) is dg.DagsterRunStatus.CANCELING


def test_no_process_of_this_machine_is_taken_for_that_of_another(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store", host="another-machine")
    with working(lock) as process:
        assert not instance.run_launcher.terminate(run_id)
        assert process.poll() is None


def test_a_run_that_did_not_begin_is_left_to_dagster(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store")
    lock.write_text("1")  # of a process that is gone
    assert not instance.run_launcher.terminate(run_id)
    lock.unlink()
    assert not instance.run_launcher.terminate(run_id)
    assert not instance.run_launcher.terminate("unknown")
