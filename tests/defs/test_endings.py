"""What becomes of jobs that are over, dead or old."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.definitions import definitions
from anon_dagster.defs.adhoc import EXAMPLE
from anon_dagster.defs.endings import close, endings
from anon_dagster.defs.housekeeping import try_again
from anon_dagster.defs.leftovers import Living, sweep_target
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import delete_older
from anon_dagster.errors import StoreUnavailableError
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.tags import HANDED_TAG, KIND_TAG
from anon_dagster.jobs.webhook import WEBHOOK
from anon_dagster.request import parse_request
from anon_dagster.storage import targets

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}
MINE, THEIRS = uuid.uuid4().hex, uuid.uuid4().hex


@dg.job
def idle() -> None:
    """Do nothing."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None
) -> dg.DagsterRun:
    return instance.create_run_for_job(idle, status=status, tags=tags)


def test_only_a_job_that_was_seen_to_end_is_dead(instance: dg.DagsterInstance) -> None:
    living = Living(instance)
    assert run(instance, dg.DagsterRunStatus.STARTED).run_id in living
    assert "a job of another instance" in living
    assert run(instance, dg.DagsterRunStatus.FAILURE).run_id not in living


def test_what_dead_jobs_left_is_swept_and_the_rest_is_not(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    dead = run(instance, dg.DagsterRunStatus.FAILURE).run_id
    alive = run(instance, dg.DagsterRunStatus.STARTED).run_id
    for job_id in (dead, alive, "unknown"):
        (tmp_path / f".out.csv.{job_id}.part").touch()
    target = {"path": str(tmp_path / "out.csv")}
    sweep_target(instance, parse_request({"target": target, "policy": POLICY}))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f".out.csv.{alive}.part", ".out.csv.unknown.part"}


def test_an_aborted_job_leaves_a_line_and_nothing_beside_its_target(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    store = JobStore(tmp_path / ".anon")
    aborted = run(instance, dg.DagsterRunStatus.CANCELED, {KIND_TAG: "anonymize"})
    target = {"path": str(tmp_path / "out.csv")}
    store.job(aborted.run_id).save_request(parse_request({"target": target, "policy": POLICY}))
    (tmp_path / f".out.csv.{aborted.run_id}.part").touch()
    assert close(instance, store, aborted.run_id)
    assert [path.name for path in tmp_path.iterdir()] == [".anon"]
    assert [line.status for line in Ledger(store.root).entries()] == ["aborted"]


def test_what_cannot_be_swept_at_once_is_swept_later(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("it is away")

    store = JobStore(tmp_path / ".anon")
    failed = run(instance, dg.DagsterRunStatus.FAILURE, {KIND_TAG: "anonymize"})
    target = {"path": str(tmp_path / "out.csv")}
    store.job(failed.run_id).save_request(parse_request({"target": target, "policy": POLICY}))
    (tmp_path / f".out.csv.{failed.run_id}.part").touch()
    with monkeypatch.context() as patch:
        patch.setattr(targets, "sweep", away)
        assert close(instance, store, failed.run_id)
        try_again(instance, store)
    store.job(failed.run_id).delete()
    assert (tmp_path / f".out.csv.{failed.run_id}.part").exists()
    for _ in range(2):
        try_again(instance, store)
    assert [path.name for path in tmp_path.iterdir()] == [".anon"]


def test_the_webhook_is_never_shown(
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(WEBHOOK, "http://127.0.0.1:9/key-of-the-webhook")
    (sensor,) = (
        each
        for each in endings(JobStore(tmp_path)).sensors or ()
        if each.name == "anon_ledger_of_completed_jobs"
    )
    over = run(instance, dg.DagsterRunStatus.SUCCESS, {KIND_TAG: "anonymize"})
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, over.job_name)
    context = dg.build_run_status_sensor_context(
        sensor.name, event, dagster_instance=instance, dagster_run=over
    )
    sensor(context)
    assert [line.status for line in Ledger(tmp_path).entries()] == ["completed"]
    said = capfd.readouterr()
    assert "the webhook did not take the line" in said.out + said.err
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "key-of-the-webhook" not in f"{said.out}{said.err}{kept!r}"


def test_a_run_that_is_no_job_of_this_project_has_no_line(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    other = run(instance, dg.DagsterRunStatus.SUCCESS)
    assert close(instance, JobStore(tmp_path), other.run_id)
    assert Ledger(tmp_path).entries() == []


def test_old_jobs_go_with_all_that_was_theirs(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    old = run(instance, dg.DagsterRunStatus.SUCCESS, {HANDED_TAG: THEIRS})
    running = run(instance, dg.DagsterRunStatus.STARTED, {HANDED_TAG: MINE})
    for job_id in (old.run_id, running.run_id, "orphan"):
        store.job(job_id).create()
    for name in (THEIRS, MINE):
        (tmp_path / "handed" / name).mkdir(parents=True)
    os.utime(tmp_path / "jobs" / "orphan", (0, 0))
    assert delete_older(instance, store, time.time() - 3600) == 0
    assert {path.name for path in (tmp_path / "jobs").iterdir()} == {old.run_id, running.run_id}
    assert delete_older(instance, store, time.time() + 1) == 1
    assert instance.get_run_by_id(old.run_id) is None
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [running.run_id]
    assert [path.name for path in (tmp_path / "handed").iterdir()] == [MINE]


def test_a_dataset_runs_when_its_request_says(tmp_path: Path) -> None:
    asked = {
        "nightly": '"0 3 * * *"',
        "never": '"61 3 * * *"',
        "berlin": '{cron: "@midnight", timezone: Europe/Berlin}',
    }
    for name, schedule in asked.items():
        (tmp_path / name).mkdir()
        text = f"{EXAMPLE}\nschedule: {schedule}\n"
        (tmp_path / name / "request.yaml").write_text(text, encoding="utf-8")
    defined = definitions(tmp_path, JobStore(tmp_path / ".anon"))
    schedules = {s.name: s for s in defined.get_repository_def().schedule_defs}
    assert set(schedules) == {"berlin_schedule", "nightly_schedule", "anon_retention"}
    assert schedules["nightly_schedule"].execution_timezone == "UTC"
    assert schedules["berlin_schedule"].execution_timezone == "Europe/Berlin"
    assert schedules["berlin_schedule"].cron_schedule == "@midnight"
    assert schedules["nightly_schedule"].job_name == "nightly_anonymize_job"
    assert schedules["nightly_schedule"].default_status == dg.DefaultScheduleStatus.RUNNING
    broken = defined.resolve_asset_graph().get(dg.AssetKey(["never", "request"]))
    assert "cron does not understand it" in (broken.description or "")
