"""A run is ended by a signal to its process, and nothing waits for a process that hears none."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.defs.launcher import SignallingLauncher
from tests.deployment import deployed

HOLDS = """
import sys, time
from pathlib import Path
from anon_dagster.defs.locks import lock
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


def started(instance: dg.DagsterInstance, store: Path) -> tuple[str, Path]:
    run = instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
    lock = store / "jobs" / run.run_id / "job.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    return run.run_id, lock


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


def test_nobody_waits_for_a_process_that_is_stopped(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store")
    with working(lock) as process:
        process.send_signal(signal.SIGSTOP)
        assert instance.run_launcher.terminate(run_id)
        assert process.poll() is None
    assert status(instance, run_id) is dg.DagsterRunStatus.CANCELING


def test_a_run_that_did_not_begin_is_left_to_dagster(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id, lock = started(instance, tmp_path / "store")
    lock.write_text("1")  # of a process that is gone
    assert not instance.run_launcher.terminate(run_id)
    lock.unlink()
    assert not instance.run_launcher.terminate(run_id)
    assert not instance.run_launcher.terminate("unknown")
