"""Files that add up to one release, in a real deployment: deltas, their audit, and jobs by hand."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from anon_dagster.arrivals import Registry, State
from anon_dagster.continuous import Kind, Stream, append_file, appending, standing
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import delete_older
from anon_dagster.errors import StoreUnavailableError, TargetError
from anon_dagster.jobs.tags import FILES_TAG
from anon_dagster.request import load_request, parse_request
from tests.continuous.streams import ATTRIBUTES, people
from tests.defs.test_arriving import Place, placed
from tests.deployment import failure, takes_its_example

SENSOR = "people_files_sensor"
PARTITIONS = "people_deltas"
FOLDERS = ("inbox", "out", ".anon")
KEY = dg.AssetKey(["people", "deltas"])
AUDIT = "every_delta_keeps_every_promise"


def request(folder: Path, **arrivals: Any) -> dict[str, Any]:
    return {
        "source": {"path": str(folder / "inbox" / "*.csv")},
        "fresh_within_hours": 26,
        "policy": {
            "attributes": ATTRIBUTES,
            "person": "id",
            "suppression_limit": 0.05,
            "privacy": {"k_anonymity": {"k": 3}, "l_diversity": {"attribute": "illness", "l": 2}},
        },
        "arrivals": {
            "mode": "append",
            "target": {"path": str(folder / "out" / "{delta}.parquet")},
            "settle_seconds": 0,
            "judge_at": 6,
            **arrivals,
        },
    }


def days(number: int, *, first: int = 150, later: int = 40) -> list[pd.DataFrame]:
    """Draw people of each day; nobody comes twice."""
    draw = np.random.default_rng(7)
    return [people(draw, 1_000 * day, later if day else first) for day in range(number)]


@dataclass
class Deltas(Place):
    """A deployment with one dataset whose files add up to one release."""

    def drop(self, name: str, frame: pd.DataFrame, *, at: float) -> Path:
        """Let a file come in, as if at a time of a day long ago."""
        (self.inbox / name).unlink(missing_ok=True)  # or what it is linked to changes, too
        path = self.put(name, frame)
        os.utime(path, (at, at))
        return path

    @property
    def stream(self) -> Stream:
        return Stream("people", load_request(self.request), self.folder / ".anon")

    @property
    def instance(self) -> dg.DagsterInstance:
        return self.deployment.instance

    def made(self) -> dict[str, dict[str, Any]]:
        """Return what the last materialization of each delta shows."""
        records = self.instance.fetch_materializations(KEY, limit=99).records
        events = [record.asset_materialization for record in reversed(records)]
        return {
            str(e.partition): {n: v.value for n, v in e.metadata.items()}
            for e in events
            if e is not None
        }

    def observed(self) -> list[dict[str, Any]]:
        """Return what observations show, the last one first."""
        records = self.instance.fetch_observations(KEY, limit=99).records
        events = [record.event_log_entry.asset_observation for record in records]
        return [{n: v.value for n, v in e.metadata.items()} for e in events if e is not None]

    def check(self, name: str) -> dg.AssetCheckEvaluation:
        key = dg.AssetCheckKey(KEY, name)
        job = self.deployment.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection=set(), asset_check_selection={key}
        )
        result = job.execute_in_process(instance=self.instance, raise_on_error=False)
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation

    def erase(self, keys: Path | str) -> dg.ExecuteInProcessResult:
        config = {"ops": {"people__erase": {"config": {"keys": str(keys)}}}}
        return self.deployment.run("people_erase_job", config)

    def let_them_be_tried(self) -> None:
        """Let the time pass after which files are tried again."""
        Registry(self.folder / ".anon", "people").decide(
            lambda known: [replace(a, not_before=0.0) for a in known if a.not_before],
            listed=time.time(),
        )


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deltas]:
    """A deployment that has released the first day, and lets some of the second wait."""
    folder = tmp_path_factory.mktemp("deployment")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with placed(folder, request(folder)) as there:
            place = Deltas(there.deployment, there.folder)
            for day, frame in enumerate(days(2)):
                place.drop(f"day{day}.csv", frame, at=1e9 + day)
            (result,) = place.tick()
            assert result.success, failure(result)
            for name in FOLDERS:
                copy(folder / name, folder / "kept" / name)
            yield place


def copy(folder: Path, to: Path) -> None:
    """Copy a folder; a file that came in stays the version that it is."""
    how = os.link if folder.name == "inbox" else shutil.copy2
    shutil.copytree(folder, to, copy_function=how)


@pytest.fixture
def begun(common: Deltas) -> Deltas:
    """That deployment, as if nothing had happened since; Dagster was told of no delta."""
    for name in FOLDERS:
        shutil.rmtree(common.folder / name)
        copy(common.folder / "kept" / name, common.folder / name)
    common.instance.wipe_assets([KEY])
    for key in common.instance.get_dynamic_partitions(PARTITIONS):
        common.instance.delete_dynamic_partition(PARTITIONS, key)
    return common


def test_everything_that_a_dataset_of_deltas_has_is_known_here(common: Deltas) -> None:
    defined = common.deployment.definitions
    dg.Definitions.validate_loadable(defined)
    graph, repository = defined.resolve_asset_graph(), defined.get_repository_def()
    own = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "people"}
    assert "deltas" in own
    assert "files" not in own
    checks = {key.name: graph.get(key) for key in graph.asset_check_keys if key.asset_key == KEY}
    assert set(checks) == {AUDIT, "every_file_is_released"}
    assert not any(check.blocking for check in checks.values())
    assert {n for n in repository.job_names if n.startswith("people_")} == {
        f"people_{kind}_job"
        for kind in ("anonymize", "audit", "detect", "erase", "files", "measure", "reopen")
    }
    own_jobs = [defined.resolve_job_def(n) for n in repository.job_names if n[:7] == "people_"]
    assert all(takes_its_example(job) for job in own_jobs)
    assert {s.name for s in repository.schedule_defs} == {"anon_retention", "people_audit_schedule"}
    assert SENSOR in {sensor.name for sensor in repository.sensor_defs}
    node = graph.get(KEY)
    assert str(node.description).count("\n") == 2
    assert node.freshness_policy == dg.FreshnessPolicy.time_window(pd.Timedelta(hours=26))


@pytest.mark.slow
def test_files_add_up_as_the_library_adds_them_up(begun: Deltas, tmp_path: Path) -> None:
    document = request(tmp_path / "alone")
    document["source"]["path"] = str(begun.inbox / "*.csv")
    alone = replace(
        begun.stream, request=parse_request(document), root=tmp_path / "alone" / ".anon"
    )
    lines = [append_file(alone, str(begun.inbox / f"day{day}.csv")) for day in range(2)]
    for line in lines:
        own = pd.read_parquet(begun.out / f"{line.delta}.parquet")
        assert sorted(map(tuple, own.astype(str).to_numpy())) == sorted(
            map(tuple, pd.read_parquet(line.target).astype(str).to_numpy())
        )
    assert begun.states() == {"day0.csv": State.READ, "day1.csv": State.READ}
    assert begun.tick() == []


def test_every_delta_is_a_partition_that_shows_counts_to_be_plotted(begun: Deltas) -> None:
    assert begun.deployment.run("people_files_job").success
    made, lines = begun.made(), begun.stream.ledger.lines()
    assert set(made) == {line.delta for line in lines if line.target}
    assert set(begun.instance.get_dynamic_partitions("people_deltas")) == set(made)
    for line in lines:
        shown = made[line.delta]
        so_far = standing(begun.stream, step=line.number)
        expected = {
            "read": line.read,
            "released": line.released,
            "waiting": line.waiting,
            "waiting_people": line.waiting_people,
            "expired": line.expired,
            "refused": 0,
            "version": 1,
            "loss": pytest.approx(line.loss),
            "loss_of_all": pytest.approx(so_far.loss),
            "checksum": line.checksum,
            "read_from": line.file,
            "dagster/uri": line.target,
            "dagster/row_count": line.released,
        }
        assert {name: shown[name] for name in expected} == expected
        columns = [column.name for column in shown["dagster/column_schema"].columns]
        assert columns == list(pd.read_parquet(line.target).columns)
        assert ("oldest" in shown) == bool(line.waiting)
    assert made["000002"]["oldest"] == 1e9 + 1
    ledger = begun.ledger()
    assert (ledger["day0.csv"].status, ledger["day0.csv"].kind) == ("completed", "append file")
    assert ledger["day1.csv"].checksum == lines[1].checksum


def test_a_file_whose_records_all_wait_is_done_and_says_so(begun: Deltas) -> None:
    few = people(np.random.default_rng(1), 50_000, 1).assign(age=79, zip=999)
    begun.drop("few.csv", few, at=1e9 + 9)
    (result,) = begun.tick()
    assert result.success, failure(result)
    assert begun.states()["few.csv"] is State.READ
    assert "nothing could be released yet" in begun.ledger()["few.csv"].reason
    assert begun.observed()[0]["waiting"] == begun.stream.last.waiting
    assert "000003" not in begun.made()
    assert begun.check("every_file_is_released").passed
    (run,) = begun.instance.get_runs(dg.RunsFilter(job_name="people_files_job"), limit=1)
    assert run.tags[FILES_TAG] == "1 read"


@pytest.mark.slow
def test_a_file_that_plays_no_part_is_set_aside_and_the_others_are_read(begun: Deltas) -> None:
    *_, third, fourth = days(4)
    begun.drop("again.csv", pd.read_csv(begun.inbox / "day0.csv"), at=1e9 + 5)
    begun.drop("narrow.csv", third.drop(columns="sex"), at=1e9 + 6)
    begun.drop("fourth.csv", fourth, at=1e9 + 7)
    (result,) = begun.tick()
    assert "of 3 files, 2 were set aside" in failure(result)
    assert begun.states() == {
        "day0.csv": State.READ,
        "day1.csv": State.READ,
        "again.csv": State.SET_ASIDE,
        "narrow.csv": State.SET_ASIDE,
        "fourth.csv": State.READ,
    }
    assert "the same content was read before" in begun.ledger()["again.csv"].reason
    assert not begun.check("every_file_is_released").passed
    reasons = [shown["reason"] for shown in begun.observed() if "reason" in shown]
    assert any("no column sex" in reason for reason in reasons)


@pytest.mark.slow
def test_a_file_that_is_replaced_after_it_was_read_is_set_aside(begun: Deltas) -> None:
    begun.drop("day1.csv", days(3)[2], at=1e9 + 8)
    (result,) = begun.tick()
    assert "the file was replaced after it was read" in failure(result)
    assert begun.states()["day1.csv"] is State.SET_ASIDE


@pytest.mark.slow
def test_files_are_read_in_the_order_of_their_time_by_one_run_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with placed(tmp_path, request(tmp_path, files_per_run=2)) as there:
        place = Deltas(there.deployment, there.folder)
        for day, frame in enumerate(days(3)):
            place.drop(f"{'cab'[day]}.csv", frame, at=1e9 + day)
        first = place.deployment.tick(SENSOR)
        (asked,) = first.run_requests or ()
        run = place.instance.create_run_for_job(
            place.deployment.definitions.resolve_job_def("people_files_job"),
            tags=dict(asked.tags),
            status=dg.DagsterRunStatus.STARTED,
        )
        assert not place.deployment.tick(SENSOR).run_requests
        place.instance.delete_run(run.run_id)
        assert len(place.deployment.run_all(first)) == 1
        assert [Path(line.file).name for line in place.stream.ledger.lines()] == ["c.csv", "a.csv"]
        assert len(place.tick()) == 1
        assert place.stream.ledger.lines()[-1].file.endswith("b.csv")


def test_the_tick_says_who_waits(begun: Deltas) -> None:
    ticked = begun.deployment.tick(SENSOR)
    last = begun.stream.last
    assert last.waiting
    assert (
        f"{last.waiting} records of {last.waiting_people} people wait for others, the oldest since "
        "2001-09-09 01:46 UTC"
    ) in str(ticked.skip_message)
    assert ticked.cursor is None


# -- what fails ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("error", [StoreUnavailableError("down"), TargetError("in the way")])
def test_what_says_nothing_about_a_file_is_tried_again_and_lets_the_others_wait(
    begun: Deltas, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    for day, frame in enumerate(days(4)[2:]):
        begun.drop(f"later{day}.csv", frame, at=1e9 + 10 + day)
    with monkeypatch.context() as patch:
        patch.setattr(appending, "publish", fails)
        (result,) = begun.tick()
    assert "of 2 files, 2 will be tried again" in failure(result)
    assert begun.stream.ledger.intent() is not None
    begun.let_them_be_tried()
    while asked := begun.tick():  # the file that failed has a run of its own
        assert [result.success for result in asked] == [True]
    assert set(begun.states().values()) == {State.READ}
    assert [line.kind for line in begun.stream.ledger.lines()] == [Kind.FILE] * 4
    assert begun.check(AUDIT).passed


@pytest.mark.slow
def test_a_step_that_was_begun_when_its_run_was_aborted_is_finished(
    begun: Deltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def aborted(*_: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    begun.drop("third.csv", days(3)[2], at=1e9 + 10)
    with monkeypatch.context() as patch, suppress(dg.DagsterExecutionInterruptedError):
        patch.setattr(appending, "publish", aborted)
        begun.tick()
    assert begun.states()["third.csv"] is State.WAITING
    begun.let_them_be_tried()
    (result,) = begun.tick()
    assert result.success, failure(result)
    assert begun.states()["third.csv"] is State.READ
    assert "000003" in begun.made()


@pytest.mark.slow
def test_a_delta_that_a_killed_run_did_not_tell_is_told_by_the_next_one(begun: Deltas) -> None:
    path = begun.drop("third.csv", days(3)[2], at=1e9 + 10)
    append_file(begun.stream, str(path))  # and nothing of it reached Dagster
    (result,) = begun.tick()
    assert result.success, failure(result)
    assert "000003" in begun.made()
    assert begun.states()["third.csv"] is State.READ
    assert len(begun.stream.ledger.lines()) == 3


@pytest.mark.slow
def test_a_defect_in_the_middle_of_a_step_is_tried_again_without_its_text(
    begun: Deltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise ValueError("Zeisig")

    begun.drop("third.csv", days(3)[2], at=1e9 + 10)
    with monkeypatch.context() as patch:
        patch.setattr(appending, "publish", defect)
        (result,) = begun.tick()
    assert "a step is begun and not finished: ValueError" in failure(result)
    assert "Zeisig" not in failure(result)
    assert begun.states()["third.csv"] is State.WAITING


# -- the audit -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_audit_measures_everything_again_and_finds_what_was_changed(begun: Deltas) -> None:
    found = begun.check(AUDIT)
    assert found.passed, found.description
    assert begun.deployment.run("people_audit_job").success
    path = begun.out / "000002.parquet"
    frame = pd.read_parquet(path)
    frame.assign(illness=frame["illness"].iloc[0]).to_parquet(path)
    found = begun.check(AUDIT)
    assert not found.passed
    assert "every delta is as it was released: not 1 of 2" in str(found.description)
    assert found.metadata["failing"].value == 1


@pytest.mark.slow
def test_a_time_of_audits_that_cron_does_not_understand_breaks_the_dataset_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with placed(tmp_path, request(tmp_path, audit="61 * * * *")) as place:
        node = place.deployment.definitions.resolve_asset_graph().get(
            dg.AssetKey(["people", "request"])
        )
        assert "arrivals.audit: cron does not understand it" in str(node.description)


# -- by hand -------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_solution_can_be_decided_by_hand(begun: Deltas) -> None:
    begun.drop("third.csv", days(3)[2].assign(age=33, zip=104), at=1e9 + 10)
    assert begun.tick()[0].success
    result = begun.deployment.run("people_reopen_job")
    assert result.success, failure(result)
    last = begun.stream.last
    assert (last.kind, last.next_version) == (Kind.REOPENED, 2)
    assert begun.observed()[0] == {"new_version": 2, "waiting": last.waiting}
    begun.drop("fourth.csv", days(4)[3], at=1e9 + 11)
    begun.tick()
    assert begun.stream.last.version == 2
    assert begun.check(AUDIT).passed


def test_people_of_a_file_are_erased_and_counts_alone_are_shown(
    begun: Deltas, tmp_path: Path
) -> None:
    assert begun.deployment.run("people_files_job").success
    released = begun.stream.files.load_table("waiting.2.parquet")["id"].to_pylist()
    waiting = str(released[0])
    keys = tmp_path / "whom.csv"
    keys.write_text(f"id,why\n7,asked\n{waiting},asked\n424242,asked\n")
    before = begun.made()["000001"]["checksum"]
    result = begun.erase(keys)
    assert result.success, failure(result)
    counts = begun.observed()[0]
    assert (counts["asked"], counts["were_waiting"], counts["were_released"]) == (3, 1, 1)
    assert (counts["unknown"], counts["deltas_rewritten"]) == (1, 1)
    after = begun.made()["000001"]
    assert after["checksum"] != before
    assert after["dagster/row_count"] == len(pd.read_parquet(begun.out / "000001.parquet"))
    assert after["dagster/row_count"] == 150 - counts["records_taken_out"]
    assert begun.check(AUDIT).passed
    assert keys.exists()
    kept = [p for name in (".anon", ".dagster") for p in (begun.folder / name).rglob("*")]
    assert not [p for p in kept if p.is_file() and b"424242" in p.read_bytes()]


@pytest.mark.slow
def test_a_delta_of_which_nothing_is_left_has_no_partition_any_more(
    begun: Deltas, tmp_path: Path
) -> None:
    assert begun.deployment.run("people_files_job").success
    days(1)[0][["id"]].to_csv(tmp_path / "whom.csv", index=False)
    result = begun.erase(tmp_path / "whom.csv")
    assert result.success, failure(result)
    assert [path.name for path in begun.out.iterdir()] == ["000002.parquet"]
    assert begun.instance.get_dynamic_partitions(PARTITIONS) == ["000002"]
    assert begun.check(AUDIT).passed


@pytest.mark.slow
def test_old_jobs_go_and_what_a_dataset_remembers_stays(begun: Deltas) -> None:
    folder = begun.stream.files.path
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert begun.deployment.run("people_files_job").success
    delete_older(begun.instance, JobStore(begun.folder / ".anon"), time.time() + 1)
    assert {run.job_name for run in begun.instance.get_runs()} <= {"__ASSET_JOB"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(begun.instance.get_dynamic_partitions("people_deltas")) == {"000001", "000002"}
    begun.drop("third.csv", days(3)[2], at=1e9 + 10)
    (result,) = begun.tick()
    assert result.success, failure(result)
    assert begun.check(AUDIT).passed
