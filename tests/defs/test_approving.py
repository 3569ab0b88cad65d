"""What Dagster does with a release that waits: jobs that decide, lines, tags, and an end to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceRequestContext

from anon_dagster import clock
from anon_dagster.defs import endings, holding, housekeeping, retention
from anon_dagster.defs.login import LoginRunCoordinator
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import JobError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.holding import deciding, hold_of, reject
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import DATASET_TAG, HOLD_TAG, KIND_TAG, REQUESTED_TAG
from tests.approval.waiting import POLICY, held, request
from tests.deployment import Deployment, deployed, failure

WHY = "Zeisig asked us not to"


@dg.job
def idle() -> None:
    """Do nothing."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with deployed(folder) as there:
            yield there


@pytest.fixture
def store(deployment: Deployment) -> JobStore:
    return JobStore(deployment.folder / ".anon")


@pytest.fixture
def job(deployment: Deployment, store: JobStore, tmp_path: Path) -> JobFolder:
    return waiting(deployment, store, request(tmp_path))


def waiting(
    deployment: Deployment,
    store: JobStore,
    asked: dict[str, Any],
    *,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS,
) -> JobFolder:
    """Let a job wait whose run is over, and whose line is written."""
    job = held(store.root, asked)
    tags = {KIND_TAG: "anonymize", DATASET_TAG: "adhoc", REQUESTED_TAG: "Ann"}
    owner = {"instance": storage_id(deployment.instance), "host": "here", "alone": True}
    job.save_document(file_names.OWNER, {**owner, "tags": tags})
    deployment.instance.create_run_for_job(idle, run_id=job.job_id, status=status, tags=tags)
    endings.close(deployment.instance, store, job.job_id)
    return job


def run(
    deployment: Deployment, name: str, step: str, *, by: str = "Bob", **config: str
) -> dg.ExecuteInProcessResult:
    partition = f"one-{len(deployment.instance.get_dynamic_partitions('request'))}"
    deployment.instance.add_dynamic_partitions("request", [partition])
    asked = {"ops": {f"adhoc__{step}": {"config": config}}}
    return deployment.run(name, asked, partition_key=partition, tags={REQUESTED_TAG: by})


def line(store: JobStore, job: JobFolder) -> Entry:
    found = Ledger(store.root).find(job.job_id)
    assert found is not None
    return found


def tag(deployment: Deployment, job: JobFolder) -> str | None:
    found = deployment.instance.get_run_by_id(job.job_id)
    return None if found is None else found.tags.get(HOLD_TAG)


def test_an_approval_is_told_in_the_line_and_the_tags_of_the_job(
    deployment: Deployment, store: JobStore, job: JobFolder, tmp_path: Path
) -> None:
    assert line(store, job).status == "awaiting approval"
    assert line(store, job).target == ""
    before = clock.now()
    result = run(deployment, "approve_job", "approved", job=job.job_id)
    assert result.success, failure(result)
    told = line(store, job)
    assert (told.status, told.requested_by, told.approved_by) == ("completed", "Ann", "Bob")
    assert told.target == str(tmp_path / "out" / "people.csv")
    assert told.decided is not None
    assert before <= told.decided <= clock.now()
    assert tag(deployment, job) == "approved"
    endings.close(deployment.instance, store, job.job_id)  # by a sensor that comes late
    assert line(store, job) == told


def test_why_a_release_was_rejected_stays_with_the_job(
    deployment: Deployment,
    store: JobStore,
    job: JobFolder,
    tmp_path: Path,
) -> None:
    file = tmp_path / "why.txt"
    file.write_text(WHY, "utf-8")
    result = run(deployment, "reject_job", "rejected", job=job.job_id, why_file=str(file))
    assert result.success, failure(result)
    told = line(store, job)
    assert (told.status, told.rejected_by, told.reason) == ("rejected", "Bob", WHY)
    assert told.outside.document()["reason"] == ""
    assert not (tmp_path / "out").exists()
    assert not (job.path / "held").exists()
    events = "".join(map(repr, deployment.instance.all_logs(result.run_id)))
    assert "Zeisig" not in events


@pytest.mark.slow
def test_a_file_that_says_why_and_is_not_there_decides_nothing(
    deployment: Deployment, job: JobFolder
) -> None:
    result = run(deployment, "reject_job", "rejected", job=job.job_id, why_file="/nowhere/Zeisig")
    assert "cannot be read; nothing was decided" in failure(result)
    assert tag(deployment, job) is None
    assert hold_of(job).state == "awaiting approval"  # type: ignore[union-attr]


def test_what_a_job_holds_that_failed_later_is_discarded(
    deployment: Deployment, store: JobStore, tmp_path: Path
) -> None:
    failed = dg.DagsterRunStatus.FAILURE
    job = waiting(deployment, store, request(tmp_path), status=failed)
    assert not (job.path / "held").exists()
    assert line(store, job).status == "failed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (dg.DagsterRunStatus.STARTED, "is not over yet"),
        (dg.DagsterRunStatus.FAILURE, "is over without a release"),
    ],
)
def test_a_job_that_did_not_come_to_its_end_has_nothing_to_approve(
    deployment: Deployment,
    store: JobStore,
    tmp_path: Path,
    status: dg.DagsterRunStatus,
    told: str,
) -> None:
    job = waiting(deployment, store, request(tmp_path), status=status)
    result = run(deployment, "approve_job", "approved", job=job.job_id)
    assert told in failure(result)


def test_what_nobody_approves_is_discarded_after_a_time(
    deployment: Deployment, store: JobStore, job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, hold = deployment.instance, hold_of(job)
    assert hold is not None
    monkeypatch.setenv(holding.HOLD_DAYS, "2")
    monkeypatch.setattr(clock, "now", lambda: hold.since + 2 * 86_400 - 1)
    housekeeping.try_again(instance, store)
    assert (job.path / "held").exists()
    monkeypatch.setattr(clock, "now", lambda: hold.since + 2 * 86_400 + 1)
    housekeeping.try_again(instance, store)
    assert not (job.path / "held").exists()
    assert line(store, job).status == tag(deployment, job) == "discarded"
    assert line(store, job).reason == "nobody approved it within 2 days"


def test_a_time_that_is_none_is_told_and_keeps_nobody_from_finishing_what_was_decided(
    deployment: Deployment, store: JobStore, job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(holding.HOLD_DAYS, "soon")
    reject(job, person="Bob", why="no")  # whose process died then
    with pytest.raises(JobError, match="is a number of days"):
        housekeeping.try_again(deployment.instance, store)
    assert tag(deployment, job) == "rejected"
    assert not (job.path / "held").exists()


@pytest.mark.parametrize("said", ["0", "-1", "soon", "inf", "nan"])
def test_the_time_is_a_number_of_days(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(holding.HOLD_DAYS, said)
    with pytest.raises(JobError, match="ANON_HOLD_DAYS is a number of days"):
        holding.hold_days()


def test_whose_job_is_deleted_is_discarded_and_the_line_says_so(
    deployment: Deployment, store: JobStore, job: JobFolder
) -> None:
    found = deployment.instance.get_run_by_id(job.job_id)
    assert found is not None
    with deciding(job):  # at this moment: its files stay until it is done
        retention.forget(deployment.instance, store, found)
        assert job.path.exists()
    housekeeping.clear_away(deployment.instance, store)
    assert not job.path.exists()
    assert (line(store, job).status, line(store, job).reason) == ("discarded", holding.DELETED)


@pytest.mark.slow
def test_a_release_whose_job_was_deleted_is_not_approved_while_its_files_are_there(
    deployment: Deployment, job: JobFolder, tmp_path: Path
) -> None:
    deployment.instance.delete_run(job.job_id)
    result = run(deployment, "approve_job", "approved", job=job.job_id)
    assert "there is no job" in failure(result)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_release_that_waits_lends_nobody_its_solution(
    deployment: Deployment, job: JobFolder, tmp_path: Path
) -> None:
    source = {"path": str(tmp_path / "people.csv")}
    result = deployment.run_step("apply_job", "application", solution=job.job_id, source=source)
    assert "its solution is applied once a person has approved it" in failure(result)


@pytest.mark.slow
def test_no_other_run_goes_on_from_a_release_that_waits(
    deployment: Deployment, store: JobStore, tmp_path: Path
) -> None:
    asked = request(tmp_path, policy={**POLICY, "residual": {"repeated": "ignore"}})
    made = deployment.run_request(asked)
    assert made.success, failure(made)
    found = deployment.instance.get_run_by_id(made.run_id)
    assert found is not None
    assert found.tags[HOLD_TAG] == "awaiting approval"
    shown = {
        event.asset_key.path[-1]: event.step_materialization_data.materialization.metadata
        for event in made.get_asset_materialization_events()
        if event.asset_key is not None
    }
    assert shown["anonymized"]["held"].value is True
    assert not {"dagster/uri", "paths", "versions"} & shown["anonymized"].keys()

    again = deployment.run(
        "anonymize_job",
        asset_selection=[dg.AssetKey(["adhoc", "report"])],
        partition_key=found.tags["dagster/partition"],
    )
    assert "awaits approval, and no other run goes on from it" in failure(again)
    approved = run(deployment, "approve_job", "approved", job=made.run_id)
    assert approved.success, failure(approved)
    endings.close(deployment.instance, store, approved.run_id)
    told = Ledger(store.root).find(approved.run_id)
    assert told is not None
    assert told.target == str(tmp_path / "out" / "people.csv")


# -- who logged in -------------------------------------------------------------------------


class Asking(WorkspaceRequestContext):
    """A question to the webserver, as far as who asks it is concerned."""

    def __init__(self, **headers: str) -> None:
        self._headers = headers

    @property
    def source(self) -> object:
        return type(
            "Request", (), {"headers": {k.replace("_", "-"): v for k, v in self._headers.items()}}
        )


@pytest.mark.parametrize(
    ("headers", "person"),
    [({"X_Login": "ann@example.org"}, "ann@example.org"), ({}, ""), ({"X_Other": "ann"}, "")],
)
def test_a_run_is_of_whom_the_proxy_let_in_whatever_it_says_itself(
    deployment: Deployment, headers: dict[str, str], person: str
) -> None:
    instance = deployment.instance
    coordinator = LoginRunCoordinator(header="X-Login")
    coordinator.register_instance(instance)
    made = instance.create_run_for_job(
        idle, tags={REQUESTED_TAG: "Bob"}, status=dg.DagsterRunStatus.NOT_STARTED
    )
    with pytest.MonkeyPatch.context() as patch:  # it queues runs of code servers alone
        patch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _, context: context.dagster_run)
        assert coordinator.submit_run(dg.SubmitRunContext(made, Asking(**headers))) is made
    found = instance.get_run_by_id(made.run_id)
    assert found is not None
    assert found.tags[REQUESTED_TAG] == person


def test_a_deployment_names_the_header_of_its_login(deployment: Deployment, tmp_path: Path) -> None:
    text = (deployment.folder / "dagster.yaml").read_text("utf-8")
    login = (
        "run_coordinator:\n  module: anon_dagster.defs.login\n  class: LoginRunCoordinator\n"
        "  config: {header: X-Login}\n"
    )
    (tmp_path / "dagster.yaml").write_text(text + login, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            assert isinstance(instance.run_coordinator, LoginRunCoordinator)
            assert instance.get_concurrency_config().run_queue_config is not None
