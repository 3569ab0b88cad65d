"""A release is announced before it is published, so whoever comes later knows whose it is."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster import clock
from anon_dagster.defs.endings import close
from anon_dagster.defs.housekeeping import clear_away, take_back_late
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import delete_older, forget
from anon_dagster.defs.stages import ANONYMIZE, STAGES, Work, files_through
from anon_dagster.errors import StoreUnavailableError
from anon_dagster.jobs.alone import alone_at
from anon_dagster.jobs.announcement import is_announced, is_superseded, withdraw
from anon_dagster.jobs.file_names import ANNOUNCED, OWNER, RELEASE, TO_TAKE_BACK
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.names import REQUEST
from anon_dagster.jobs.tags import KIND_TAG
from anon_dagster.releasing import publication
from anon_dagster.request import parse_request
from anon_dagster.storage.targets import StagedTarget
from tests.deployment import Deployment, deployed, failure

TARGETS: dict[str, dict[str, Any]] = {
    "one file": {"path": "out/people.parquet"},
    "parts": {"path": "out/parts", "format": "csv", "single_file": False, "rows_per_file": 20},
}


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> dict[str, Any]:
    return TARGETS[str(request.param)]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    people = pd.DataFrame({"age": [20 + p * 7 % 40 for p in range(60)], "town": ["a", "b"] * 30})
    people.to_csv("people.csv", index=False)
    (tmp_path / "out").mkdir()
    with deployed(tmp_path) as there:
        yield there


def asked(target: dict[str, Any], k: int, role: str = "non_sensitive") -> dict[str, Any]:
    rule = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 20]}}
    return {
        "source": {"path": "people.csv"},
        "target": target,
        "policy": {
            "attributes": {"age": rule, "town": {"role": role}},
            "privacy": {"k_anonymity": {"k": k}},
        },
    }


def work(job: JobFolder, request: dict[str, Any], *, until: str = "anonymized") -> None:
    """Take the steps of a job, with no Dagster around them."""
    job.save_request(parse_request(request, folder=job.root.parent))
    for step in ANONYMIZE:
        if step != REQUEST:
            STAGES[step].make(Work(job, lambda _: None, dg.AssetKey(["people", "source"])))
        if step == until:
            return


def let_another_come(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, come: Callable[[JobFolder], None]
) -> None:
    """Let another job do something as soon as a job has published."""
    save = JobFolder.save_release
    later = JobFolder(deployment.folder / ".anon", "later")

    def save_and_be_followed(job: JobFolder, *saved: Any) -> None:
        save(job, *saved)
        if job != later:
            come(later)

    monkeypatch.setattr(JobFolder, "save_release", save_and_be_followed)


def left(folder: Path) -> list[str]:
    return [path.name for path in (folder / "out").iterdir()]


@pytest.mark.slow
@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("k", [3, 30])
def test_a_job_knows_whether_another_one_came_later(
    tmp_path: Path, target: dict[str, Any], k: int
) -> None:
    """Of the same content or not."""
    first, later = (JobFolder(tmp_path / ".anon", name) for name in ("first", "later"))
    work(first, asked(target, 3))
    assert not is_superseded(first)
    work(JobFolder(tmp_path / ".anon", "elsewhere"), asked({"path": "out/other.csv"}, 3))
    work(JobFolder(tmp_path / ".anon", "kept"), {**asked(target, 3), "target": None})
    (tmp_path / ".anon" / "jobs" / ".DS_Store").mkdir()
    assert not is_superseded(first)
    work(later, asked(target, k))
    assert is_superseded(first)
    assert not is_superseded(later)
    assert withdraw(first) is None, "it was replaced"
    assert withdraw(later) == str(tmp_path / target["path"])
    assert left(tmp_path) == ["other.csv"]
    work(JobFolder(tmp_path / ".anon", "again"), asked(target, k))
    assert withdraw(later) is None, "nobody takes it back twice"
    assert len(left(tmp_path)) == 2


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("k", [3, 30])
def test_a_job_that_announced_and_did_not_publish_takes_nothing_back(
    tmp_path: Path, target: dict[str, Any], k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def aborted(*_: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    former, job = (JobFolder(tmp_path / ".anon", name) for name in ("former", "aborted"))
    work(former, asked(target, 3))
    monkeypatch.setattr(StagedTarget, "publish", aborted)
    with pytest.raises(dg.DagsterExecutionInterruptedError):
        work(job, asked(target, k))
    assert is_announced(job)
    assert withdraw(job) is None
    assert withdraw(former) is not None, "it was still there"


def announced_by_another(job: JobFolder, **changed: Any) -> JobFolder:
    """Return a job that announced a release for the same target."""
    other = JobFolder(job.root, "other")
    other.save_document(ANNOUNCED, {**job.load_document(ANNOUNCED), **changed})
    return other


OTHERS: dict[str, tuple[dict[str, Any], bool]] = {
    "other bytes": ({"checksum": "0" * 64}, True),
    "the same bytes": ({}, False),
    "elsewhere": ({"target": "elsewhere"}, True),
}
"""What another job announced later, and whether what lies there is surely not its."""


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("tells", [False, True])
def test_what_only_a_job_can_have_published_it_takes_back(
    tmp_path: Path, target: dict[str, Any], other: str, *, tells: bool
) -> None:
    job = JobFolder(tmp_path / ".anon", "job")
    work(job, asked(target, 3))
    changed, is_surely_mine = OTHERS[other]
    announced_by_another(job, announced=clock.now() + 1, **changed)
    if not tells:
        (job.path / RELEASE).unlink()
    is_taken_back = tells or is_surely_mine
    assert (withdraw(job) is not None) == is_taken_back
    assert bool(left(tmp_path)) != is_taken_back


@pytest.mark.usefixtures("deployment")
def test_who_announced_the_same_bytes_and_did_not_publish_them_is_no_reason_to_leave_them(
    tmp_path: Path, target: dict[str, Any]
) -> None:
    job = JobFolder(tmp_path / ".anon", "job")
    work(job, asked(target, 3))
    there = job.load_release()["versions"]
    announced_by_another(job, announced=clock.now() + 1, former=there)
    (job.path / RELEASE).unlink()
    assert withdraw(job) == str(tmp_path / target["path"])


class Hurried:
    """A clock on which whoever waits has waited at once."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.mark.usefixtures("deployment")
def test_nothing_is_taken_back_while_another_job_publishes_there(
    tmp_path: Path, target: dict[str, Any]
) -> None:
    job = JobFolder(tmp_path / ".anon", "job")
    work(job, asked(target, 3))
    here, elsewhere = str(tmp_path / target["path"]), str(tmp_path / "elsewhere")
    with (
        clock.using(Hurried()),
        alone_at(job.root, [here, elsewhere]),
        pytest.raises(StoreUnavailableError, match="another job publishes at the target"),
    ):
        withdraw(job)
    assert len(left(tmp_path)) == 1
    with alone_at(job.root, [elsewhere]):
        assert withdraw(job) == here


@pytest.mark.usefixtures("deployment")
def test_a_job_publishes_once_another_one_is_done(
    tmp_path: Path, target: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, steps = JobFolder(tmp_path / ".anon", "job"), []
    publish = StagedTarget.publish
    other = ExitStack()

    def noted(staged: StagedTarget) -> tuple[str, ...]:
        steps.append("published")
        return publish(staged)

    def waited(_: float) -> None:
        steps.append("waited")
        other.close()

    monkeypatch.setattr(StagedTarget, "publish", noted)
    hurried = Hurried()
    monkeypatch.setattr(hurried, "sleep", waited)
    with clock.using(hurried), other:
        other.enter_context(alone_at(job.root, [str(tmp_path / target["path"])]))
        work(job, asked(target, 3))
    assert steps == ["waited", "published"]


def test_a_release_whose_job_was_aborted_before_it_told_of_it_is_withdrawn(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> None:
    def aborted(*_: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr(JobFolder, "save_release", aborted)
    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    job = deployment.definitions.resolve_job_def("anonymize_job")
    run = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={KIND_TAG: "anonymize"}
    )
    with pytest.raises(dg.DagsterExecutionInterruptedError):
        work(store.job(run.run_id), asked(target, 3))
    assert left(deployment.folder) == [Path(target["path"]).name]
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)
    assert close(instance, store, run.run_id)
    assert left(deployment.folder) == []
    assert not is_announced(store.job(run.run_id))


def ended_after_publishing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> dg.DagsterRun:
    """Return a run that is called failed, since its process died before it told of its release."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    job = deployment.definitions.resolve_job_def("anonymize_job")
    tags = {KIND_TAG: "anonymize"}
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "save_release", killed)
        with pytest.raises(Killed):
            work(store.job(run.run_id), asked(target, 3))
    instance.report_run_failed(run, "it was killed")
    return run


def test_a_release_whose_job_died_before_it_told_of_it_is_withdrawn(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> None:
    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    run = ended_after_publishing(deployment, monkeypatch, target)
    assert left(deployment.folder) == [Path(target["path"]).name]
    assert close(instance, store, run.run_id)
    assert left(deployment.folder) == []
    (line,) = Ledger(store.root).entries()
    assert line.status == "failed"
    assert line.reason.endswith("it had published was withdrawn")


@pytest.mark.slow
def test_of_a_job_that_failed_only_its_own_release_is_withdrawn(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> None:
    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    run = ended_after_publishing(deployment, monkeypatch, target)
    work(JobFolder(store.root, "later"), asked(target, 3))
    assert close(instance, store, run.run_id)
    assert left(deployment.folder) == [Path(target["path"]).name]


def test_no_run_goes_on_from_a_release_that_was_withdrawn(
    deployment: Deployment, target: dict[str, Any]
) -> None:
    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    job = deployment.definitions.resolve_job_def("anonymize_job")
    tags = {KIND_TAG: "anonymize"}
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    work(store.job(run.run_id), asked(target, 3))
    instance.report_run_failed(run, "its report could not be written")
    take_back_late(instance, store)
    assert left(deployment.folder) == []
    assert not store.job(run.run_id).has(tuple(files_through("anonymized")))


def deleted_by_the_host(instance: dg.DagsterInstance, store: JobStore, run: dg.DagsterRun) -> None:
    forget(instance, store, run)


def deleted_by_its_age(instance: dg.DagsterInstance, store: JobStore, _: dg.DagsterRun) -> None:
    for _again in range(2):
        delete_older(instance, store, clock.now() + 1)


def deleted_in_the_ui(instance: dg.DagsterInstance, store: JobStore, run: dg.DagsterRun) -> None:
    instance.delete_run(run.run_id)
    store.job(run.run_id).empty()  # as a client does
    clear_away(instance, store)


def kept(*_: object) -> None:
    pass


@pytest.mark.slow
@pytest.mark.parametrize(
    "deleted", [kept, deleted_by_the_host, deleted_by_its_age, deleted_in_the_ui]
)
def test_what_a_store_does_not_let_go_of_is_taken_back_later(
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    target: dict[str, Any],
    deleted: Callable[..., None],
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailableError("it is away")

    store, instance = JobStore(deployment.folder / ".anon"), deployment.instance
    job = deployment.definitions.resolve_job_def("anonymize_job")
    tags = {KIND_TAG: "anonymize"}
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    owner = {"instance": storage_id(instance), "host": "", "alone": True, "tags": tags}
    store.job(run.run_id).save_document(OWNER, owner)
    work(store.job(run.run_id), asked(target, 3))
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)
    with monkeypatch.context() as patch:
        patch.setattr(publication, "take_away", away)
        assert close(instance, store, run.run_id)
        take_back_late(instance, store)
        deleted(instance, store, run)
    assert left(deployment.folder) == [Path(target["path"]).name]
    assert store.job(run.run_id).path.exists()
    take_back_late(instance, store)
    clear_away(instance, store)
    assert left(deployment.folder) == []
    assert store.job(run.run_id).path.exists() == (deleted is kept)
    assert not store.job(run.run_id).has((TO_TAKE_BACK,))


@pytest.mark.slow
@pytest.mark.parametrize("role", ["non_sensitive", "sensitive"])
def test_no_job_is_blamed_for_the_release_that_replaced_its_own(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any], role: str
) -> None:
    """Another job publishes after a job published, and before it measured what is stored."""

    def come_later(later: JobFolder) -> None:
        work(later, asked(target, 2, role))
        if role == "sensitive":  # at this moment there is nothing to read
            place = deployment.folder / target["path"]
            (shutil.rmtree if place.is_dir() else Path.unlink)(place)

    let_another_come(deployment, monkeypatch, come_later)
    result = deployment.run_request(asked(target, 30))
    assert result.success
    found = result.get_asset_check_evaluations()
    replaced = [each for each in found if each.check_name.startswith("release_")]
    assert [(each.passed, each.severity) for each in replaced] == [
        (False, dg.AssetCheckSeverity.WARN)
    ] * 2
    assert "a later job has published" in str(replaced[0].description)


@pytest.mark.slow
def test_the_risk_of_records_that_were_replaced_is_not_measured_on_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> None:
    let_another_come(deployment, monkeypatch, lambda later: work(later, asked(target, 2)))
    request = asked(target, 30)
    request["policy"]["risk_analysis"] = {"records": True}
    assert "a later job published to the same target" in failure(deployment.run_request(request))
