"""Dead runs end, stubborn ones too, and deleted ones leave nothing."""

import json
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from anon_dagster.defs import housekeeping
from anon_dagster.defs.housekeeping import DIED, clear_away, end_dead
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.tags import DATASET_TAG, HANDED_TAG, KIND_TAG, PARTITION_TAG
from tests.deployment import deployed

STARTED, CANCELING = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING
HOLDS = """
import signal, sys, time
from pathlib import Path
from anon_dagster.storage.locks import lock
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = lock(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(600)
"""
MINE, THEIRS = uuid.uuid4().hex, uuid.uuid4().hex


@dg.job
def idle() -> None:
    """Do nothing."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path)


def run(
    instance: dg.DagsterInstance,
    store: JobStore,
    status: dg.DagsterRunStatus,
    *,
    host: str = "",
    alone: bool = True,
    tags: dict[str, str] | None = None,
) -> dg.DagsterRun:
    """Make a run with a folder, whose process is dead unless somebody locks it."""
    made = instance.create_run_for_job(idle, status=status, tags=tags)
    owner = {
        "instance": storage_id(instance),
        "host": host or socket.gethostname(),
        "alone": alone,
        "tags": {KIND_TAG: "anonymize", **(tags or {})},
    }
    store.job(made.run_id).save_document("owner.json", owner)
    (store.job(made.run_id).path / "job.lock").touch()
    return made


@contextmanager
def working(store: JobStore, of: dg.DagsterRun) -> Iterator["subprocess.Popen[str]"]:
    """Let a process that hears no signal but the last work for a run."""
    lock = store.job(of.run_id).path / "job.lock"
    command = [sys.executable, "-c", HOLDS, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def status_of(instance: dg.DagsterInstance, of: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(of.run_id)
    assert found is not None
    return found.status


def test_a_run_whose_process_is_gone_has_failed_and_says_why(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    dead = run(instance, store, STARTED)
    assert end_dead(instance, store) == 1
    assert status_of(instance, dead) is dg.DagsterRunStatus.FAILURE
    logs = instance.all_logs(dead.run_id, of_type={dg.DagsterEventType.RUN_FAILURE})
    assert [entry.dagster_event.message for entry in logs if entry.dagster_event] == [DIED]
    assert end_dead(instance, store) == 0


def test_a_run_that_died_while_it_was_aborted_is_aborted(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    dead = run(instance, store, CANCELING)
    assert end_dead(instance, store) == 1
    assert status_of(instance, dead) is dg.DagsterRunStatus.CANCELED


def test_a_run_whose_process_lives_or_cannot_be_seen_goes_on(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    alive = run(instance, store, STARTED)
    elsewhere = run(instance, store, STARTED, host="another-machine")
    unmarked = instance.create_run_for_job(idle, status=STARTED)
    with working(store, alive):
        assert end_dead(instance, store) == 0
    assert {status_of(instance, each) for each in (alive, elsewhere, unmarked)} == {STARTED}


def test_a_process_that_does_not_end_when_it_is_asked_is_ended(
    instance: dg.DagsterInstance, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = run(instance, store, STARTED)
    with working(store, stubborn) as process:
        instance.report_run_canceling(stubborn)
        assert end_dead(instance, store) == 0
        assert process.poll() is None, "it has some seconds to end by itself"
        monkeypatch.setattr(housekeeping, "_PATIENCE", 0.0)
        assert end_dead(instance, store) == 1
        assert process.wait(10) == -9
    assert end_dead(instance, store) == 0
    assert status_of(instance, stubborn) is dg.DagsterRunStatus.CANCELED


def test_what_a_deleted_run_left_goes_and_all_else_stays(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    instance.add_dynamic_partitions("request", ["alone", "shared"])
    success = dg.DagsterRunStatus.SUCCESS
    tags = [{PARTITION_TAG: "alone", HANDED_TAG: THEIRS}, {PARTITION_TAG: "shared"}]
    gone = [run(instance, store, success, tags=each) for each in tags]
    kept = run(instance, store, success, tags={PARTITION_TAG: "shared", HANDED_TAG: MINE})
    for name in (THEIRS, MINE):
        (store.root / "handed" / name).mkdir(parents=True)
    foreign = store.job("of-another-instance")
    foreign.save_document(
        "owner.json", {"instance": "other", "host": "", "alone": True, "tags": {}}
    )
    store.job("of-nobody").create()
    for each in gone:
        instance.delete_run(each.run_id)
    assert clear_away(instance, store) == 2
    left = {path.name for path in (store.root / "jobs").iterdir()}
    assert left == {kept.run_id, "of-another-instance", "of-nobody"}
    assert [path.name for path in (store.root / "handed").iterdir()] == [MINE]
    assert instance.get_dynamic_partitions("request") == ["shared"]
    assert clear_away(instance, store) == 0


def test_a_deletion_that_dies_at_its_last_step_is_finished_later(
    instance: dg.DagsterInstance, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = run(instance, store, dg.DagsterRunStatus.SUCCESS)
    with monkeypatch.context() as patch:
        patch.setattr("anon_dagster.jobs.files.shutil.rmtree", died)
        with pytest.raises(KeyboardInterrupt):
            store.job(gone.run_id).delete()
    assert not store.job(gone.run_id).path.exists(), "it went in one step"
    assert [*store.root.glob("jobs/*")]
    clear_away(instance, store)
    assert not [*store.root.glob("jobs/*")]


def died(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_run_that_is_deleted_while_it_runs_is_ended_before_it_is_cleared_away(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    running = run(instance, store, STARTED)
    with working(store, running) as process:
        instance.delete_run(running.run_id)
        assert clear_away(instance, store) == 0
        assert process.wait(10) == -signal.SIGINT
    assert clear_away(instance, store) == 1
    assert not store.job(running.run_id).path.exists()


def test_a_run_that_is_deleted_and_hears_nothing_is_killed(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    running = run(instance, store, STARTED)
    with working(store, running) as process:
        process.send_signal(signal.SIGSTOP)
        instance.delete_run(running.run_id)
        assert clear_away(instance, store) == 0
        assert process.poll() is None
        assert clear_away(instance, store) == 0
        assert process.wait(10) == -signal.SIGKILL
    assert clear_away(instance, store) == 1


@pytest.mark.parametrize("process_of", [{"alone": False}, {"host": "another-machine"}])
def test_a_process_that_does_other_things_too_is_left_alone(
    instance: dg.DagsterInstance, store: JobStore, process_of: dict[str, Any]
) -> None:
    deleted, deaf = (run(instance, store, STARTED, **process_of) for _ in range(2))
    with working(store, deleted) as one, working(store, deaf) as other:
        instance.delete_run(deleted.run_id)
        instance.report_run_canceling(deaf)
        for _ in range(2):
            assert clear_away(instance, store) == end_dead(instance, store) == 0
        assert one.poll() is other.poll() is None


def test_a_job_that_was_deleted_too_soon_for_its_line_has_one(
    instance: dg.DagsterInstance, store: JobStore
) -> None:
    gone = run(instance, store, dg.DagsterRunStatus.SUCCESS, tags={"user": "ada"})
    released = {"source": {"path": ["out.parquet"]}, "checksum": "00"}
    store.job(gone.run_id).save_document("release.json", released)
    instance.delete_run(gone.run_id)
    clear_away(instance, store)
    line = Ledger(store.root).find(gone.run_id)
    assert line is not None
    assert (line.kind, line.status, line.user) == ("anonymize", "deleted", "ada")
    assert (line.target, line.checksum) == ("out.parquet", "00")


def test_the_output_of_a_deleted_run_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with deployed(tmp_path) as deployment:
        result = deployment.run_request({"policy": {}})
        said = tmp_path / ".dagster" / "compute_logs" / result.run_id
        assert said.exists()
        assert not result.success
        deployment.instance.delete_run(result.run_id)
        assert said.exists(), "Dagster leaves it behind"
        store = JobStore(tmp_path / ".anon")

        clear_away(deployment.instance, store)
        assert not said.exists()


def test_assets_that_are_materialized_one_by_one_are_tagged_like_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "folk").mkdir(parents=True)
    request = {
        "source": {"path": "people.csv"},
        "policy": {
            "attributes": {"age": {"role": "quasi_identifier"}},
            "privacy": {"k_anonymity": {"k": 2}},
        },
    }
    (tmp_path / "data" / "folk" / "request.yaml").write_text(json.dumps(request))
    (tmp_path / "data" / "folk" / "people.csv").write_text("age\n1\n1\n")
    with deployed(tmp_path) as deployment:
        keys = [dg.AssetKey(["folk", each]) for each in ("request", "source", "frequency_table")]
        job = deployment.definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=deployment.instance, asset_selection=keys)
        made = deployment.instance.get_run_by_id(result.run_id)
    assert made is not None
    assert (made.tags[KIND_TAG], made.tags[DATASET_TAG]) == ("materialize", "folk")
