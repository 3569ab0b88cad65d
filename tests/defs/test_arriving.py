"""Files that come in, on a real instance: each is released once, whatever becomes of others."""

import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster import anonymize, apply, verify
from anon_dagster.arrivals import Registry, State
from anon_dagster.defs import arriving, batch
from anon_dagster.defs.endings import close
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.retention import delete_older
from anon_dagster.defs.stages import STAGES, Shown, Work
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import FILES_TAG
from anon_dagster.request.yaml_writing import document as written
from tests.deployment import Deployment, deployed, failure
from tests.disclosures import FOUND, NOTHING, REFUSED, let_find

SENSOR, JOB = "people_files_sensor", "people_files_job"
CANARY = "Zeisig"
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {
            "role": "quasi_identifier",
            "hierarchy": {"type": "interval", "widths": [5, 10, 20]},
        },
        "sex": {"role": "quasi_identifier"},
        "illness": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 3}},
    "suppression_limit": 0.1,
    "residual": {"repeated": "ignore"},  # files are replaced, and that is looked at elsewhere
}


def people(seed: int = 0, records: int = 60) -> pd.DataFrame:
    places = range(records)
    return pd.DataFrame(
        {
            "name": [f"{CANARY}-{p}" for p in places],
            "age": [20 + (p * 7 + seed) % 40 for p in places],
            "sex": ["f" if p % 3 else "m" for p in places],
            "illness": [f"{CANARY}-{p % 4}" for p in places],
        }
    )


@dataclass
class Place:
    """A deployment with one dataset, whose files come in here and go out there."""

    deployment: Deployment
    folder: Path

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def request(self) -> Path:
        return self.folder / "data" / "people" / "request.yaml"

    def put(self, name: str, frame: pd.DataFrame) -> Path:
        path = self.inbox / name
        path.parent.mkdir(exist_ok=True)
        frame.to_csv(path, index=False)
        return path

    def tick(self) -> list[dg.ExecuteInProcessResult]:
        return self.deployment.run_all(self.deployment.tick(SENSOR))

    def states(self) -> dict[str, State]:
        arrivals = Registry(self.folder / ".anon", "people").arrivals()
        return {Path(a.path).name: a.state for a in arrivals if a.state is not State.GONE}

    def ledger(self) -> dict[str, Entry]:
        entries = Ledger(self.folder / ".anon").entries()
        return {Path(entry.source).name: entry for entry in entries if entry.source}


def request(folder: Path, **arrivals: Any) -> dict[str, Any]:
    return {
        "source": {"path": str(folder / "inbox" / "*.csv")},
        "policy": POLICY,
        "arrivals": {
            "target": {"path": str(folder / "out" / "{file}.csv")},
            "settle_seconds": 0,
            **arrivals,
        },
    }


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("deployment")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with placed(folder, request(folder)) as there:
            yield there


@pytest.fixture
def place(common: Place) -> Place:
    """The deployment, as if no file had ever come in."""
    for left in (common.inbox, common.out, common.folder / ".anon"):
        shutil.rmtree(left, ignore_errors=True)
    common.inbox.mkdir()
    return common


@contextmanager
def placed(folder: Path, document: dict[str, Any]) -> Iterator[Place]:
    """Deploy a dataset into a folder."""
    dataset = folder / "data" / "people"
    dataset.mkdir(parents=True, exist_ok=True)
    (folder / "inbox").mkdir(exist_ok=True)
    (dataset / "request.yaml").write_text(written(document), encoding="utf-8")
    with deployed(folder) as deployment:
        yield Place(deployment, folder)


def test_every_file_is_released_by_itself_and_once(place: Place) -> None:
    files = [place.put(f"f{seed}.csv", people(seed)) for seed in range(3)]
    (result,) = place.tick()
    assert result.success
    assert place.tick() == []
    assert set(place.states().values()) == {State.RELEASED}
    for file in files:
        released = place.out / file.name
        alone = anonymize(request_of(file, place.folder / "alone" / file.name))
        assert Path(alone.release.paths[0]).read_bytes() == released.read_bytes()


def request_of(file: Path, target: Path) -> dict[str, Any]:
    return {"source": {"path": str(file)}, "target": {"path": str(target)}, "policy": POLICY}


def test_each_has_a_partition_and_a_line_in_the_ledger(place: Place) -> None:
    place.put("a.csv", people())
    (result,) = place.tick()
    key = dg.AssetKey(["people", "files"])
    made = place.deployment.instance.fetch_materializations(key, limit=9).records
    partitions = place.deployment.instance.get_dynamic_partitions("people_files")
    assert made[0].partition_key in partitions
    assert str(made[0].partition_key).startswith("a.csv_")
    entry = place.ledger()["a.csv"]
    assert (entry.status, entry.dataset) == ("completed", "people")
    assert entry.target == str(place.out / "a.csv")
    assert entry.risk["k"] >= 3
    assert entry.checksum
    job = place.folder / ".anon" / "jobs" / result.run_id / "files" / str(made[0].partition_key)
    assert (job / "risk.json").exists()
    assert {path.stat().st_mode & 0o077 for path in job.iterdir()} == {0}


def test_a_file_that_cannot_be_released_does_not_block_the_others(place: Place) -> None:
    place.put("a.csv", people())
    place.put("b.csv", people().drop(columns="sex"))
    place.put("c.csv", people(records=2))
    place.put("d.csv", people(1))
    (result,) = place.tick()
    assert place.states() == {
        "a.csv": State.RELEASED,
        "b.csv": State.SET_ASIDE,
        "c.csv": State.SET_ASIDE,
        "d.csv": State.RELEASED,
    }
    said = failure(result)
    assert "of 4 files, 2 were set aside" in said
    (run,) = place.deployment.instance.get_runs(limit=1)
    assert run.tags[FILES_TAG] == "2 released, 2 set aside"
    assert "the source has no column sex" in said
    assert sorted(path.name for path in place.out.iterdir()) == ["a.csv", "d.csv"]
    ledger = place.ledger()
    assert {name: entry.status for name, entry in ledger.items()} == {
        "a.csv": "completed",
        "b.csv": "failed",
        "c.csv": "failed",
        "d.csv": "completed",
    }
    assert "sex" in ledger["b.csv"].reason
    assert place.tick() == []


def test_a_file_that_was_set_aside_runs_when_it_is_replaced(place: Place) -> None:
    place.put("a.csv", people().drop(columns="sex"))
    place.tick()
    place.put("a.csv", people())
    (result,) = place.tick()
    assert result.success
    assert place.states() == {"a.csv": State.RELEASED}
    assert [e.status for e in Ledger(place.folder / ".anon").entries() if e.source] == [
        "failed",
        "completed",
    ]


def test_a_file_that_was_set_aside_runs_when_its_run_is_executed_again(place: Place) -> None:
    place.put("a.csv", people())
    (place.out / "a.csv").mkdir(parents=True)  # where the release should go
    (result,) = place.tick()
    assert place.states() == {"a.csv": State.SET_ASIDE}
    (place.out / "a.csv").rmdir()
    assert place.tick() == []
    tags = {**result.dagster_run.tags, "dagster/parent_run_id": result.run_id}
    again = place.deployment.run(JOB, result.dagster_run.run_config, tags=tags)
    assert again.success
    assert place.states() == {"a.csv": State.RELEASED}
    assert place.ledger()["a.csv"].status == "completed"


def test_files_can_be_named(place: Place) -> None:
    path = place.put("a.csv", people())
    place.tick()
    released = place.out / "a.csv"
    released.unlink()
    config = {"ops": {"people__release_files": {"config": {"files": [str(path)]}}}}
    assert place.deployment.run(JOB, config).success
    assert released.exists()
    missing = {"ops": {"people__release_files": {"config": {"files": [f"{path}.no"]}}}}
    assert "there is no file" in failure(place.deployment.run(JOB, missing))


def test_a_changed_file_replaces_its_release(place: Place) -> None:
    place.put("a.csv", people())
    place.tick()
    before = (place.out / "a.csv").read_bytes()
    place.put("a.csv", people(records=90))
    place.tick()
    assert (place.out / "a.csv").read_bytes() != before
    assert place.states() == {"a.csv": State.RELEASED}


def test_a_file_that_is_replaced_before_it_is_opened_is_released_for_what_it_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_between(work: Work) -> Shown:
        place.put("a.csv", people(records=90))
        return STAGES["source"].make(work)

    place.put("a.csv", people())
    stages = {**STAGES, "source": replace(STAGES["source"], make=come_between)}
    with monkeypatch.context() as patch:
        patch.setattr(batch, "STAGES", stages)
        (result,) = place.tick()
    assert "changed while it was read" in failure(result)
    assert not (place.out / "a.csv").exists()
    (result,) = place.tick()
    assert result.success
    assert len(pd.read_csv(place.out / "a.csv")) > 60


def test_a_run_that_is_aborted_sets_its_files_aside(place: Place) -> None:
    place.put("a.csv", people())
    ticked = place.deployment.tick(SENSOR)
    (asked,) = ticked.run_requests or ()
    instance = place.deployment.instance
    run = instance.create_run_for_job(
        place.deployment.definitions.resolve_job_def(JOB),
        tags=dict(asked.tags),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert place.tick() == []
    assert place.states() == {"a.csv": State.GIVEN}
    instance.report_run_canceling(run)
    instance.report_run_canceled(instance.get_run_by_id(run.run_id) or run)
    assert place.tick() == []
    assert place.states() == {"a.csv": State.SET_ASIDE}
    assert "aborted" in place.ledger()["a.csv"].reason


def test_an_aborted_run_takes_back_the_file_that_it_was_not_done_with(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, measured = STAGES["risk_metrics"], []

    def aborted(work: Work) -> Shown:
        measured.append(work.job)
        if len(measured) == 1:
            return stage.make(work)
        run = place.deployment.instance.get_run_by_id(work.job.job_id)
        assert run is not None
        place.deployment.instance.report_run_canceling(run)
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setitem(STAGES, stage.name, replace(stage, make=aborted))
    for seed, name in enumerate(["a.csv", "b.csv"]):
        place.put(name, people(seed))
        os.utime(place.inbox / name, (seed, seed))
    with suppress(dg.DagsterExecutionInterruptedError):
        place.tick()
    assert len(list(place.out.iterdir())) == 2
    (run,) = place.deployment.instance.get_runs(limit=1)
    assert run.status is dg.DagsterRunStatus.CANCELED
    assert close(place.deployment.instance, JobStore(place.folder / ".anon"), run.run_id)
    assert [path.name for path in place.out.iterdir()] == ["a.csv"]
    place.tick()
    assert place.states() == {"a.csv": State.RELEASED, "b.csv": State.SET_ASIDE}


def test_a_run_that_its_deployment_ended_is_tried_again(place: Place) -> None:
    place.put("a.csv", people())
    (asked,) = place.deployment.tick(SENSOR).run_requests or ()
    instance = place.deployment.instance
    run = instance.create_run_for_job(
        place.deployment.definitions.resolve_job_def(JOB),
        tags=dict(asked.tags),
        status=dg.DagsterRunStatus.STARTED,
    )
    instance.report_run_canceled(run)
    place.tick()
    assert place.states() == {"a.csv": State.WAITING}


def test_a_batch_whose_launch_was_lost_is_asked_for_again(place: Place) -> None:
    place.put("a.csv", people())
    lost = place.deployment.tick(SENSOR)
    again = place.deployment.tick(SENSOR)
    keys = [[asked.run_key for asked in t.run_requests or ()] for t in (lost, again)]
    assert keys[0] == keys[1] != []
    (result,) = place.deployment.run_all(again)
    assert result.success
    (late,) = place.deployment.run_all(lost)  # and a second run has nothing to do
    assert late.success
    entries = [e for e in Ledger(place.folder / ".anon").entries() if e.source]
    assert len(entries) == 1


def test_a_file_that_is_replaced_before_its_turn_is_not_released_as_what_it_was(
    place: Place,
) -> None:
    path = place.put("a.csv", people())
    ticked = place.deployment.tick(SENSOR)
    place.put("a.csv", people(records=90))
    place.deployment.run_all(ticked)
    assert not (place.out / "a.csv").exists()
    place.tick()
    assert pd.read_csv(place.out / "a.csv").shape[0] > 60
    assert path.exists()


def test_a_release_in_the_inbox_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    document = request(tmp_path)
    document["arrivals"]["target"]["path"] = str(tmp_path / "inbox" / "{file}-out.csv")
    with placed(tmp_path, document) as place:
        place.put("a.csv", people())
        with pytest.raises(dg.Failure, match="as new files"):
            place.tick()


@pytest.mark.slow
def test_what_is_kept_of_old_files_goes_with_their_run(place: Place) -> None:
    place.put("a.csv", people())
    (result,) = place.tick()
    instance, store = place.deployment.instance, JobStore(place.folder / ".anon")
    (folder,) = (store.job(result.run_id).path / "files").iterdir()
    assert folder.name in instance.get_dynamic_partitions("people_files")
    delete_older(instance, store, time.time() + 1)
    assert not folder.exists()
    assert folder.name not in instance.get_dynamic_partitions("people_files")
    assert (place.out / "a.csv").exists()
    assert place.tick() == [], "it is released all the same"


def test_nothing_of_the_data_is_in_dagsters_storage(place: Place) -> None:
    place.put("a.csv", people())
    place.put("b.csv", people().assign(age=f"{CANARY}-age"))
    place.put("c.csv", people().rename(columns={"sex": "gender"}))
    place.tick()
    assert set(place.states().values()) == {State.RELEASED, State.SET_ASIDE}
    for path in (place.folder / ".dagster").rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    for path in (place.folder / ".anon").glob("*.sqlite*"):
        assert CANARY.encode() not in path.read_bytes(), path


# -- applying ------------------------------------------------------------------------------


def applying(folder: Path, **arrivals: Any) -> dict[str, Any]:
    document = request(folder, mode="apply", source={"path": str(folder / "inbox" / "*.csv")})
    document["arrivals"] |= arrivals
    people(records=200).to_csv(folder / "first.csv", index=False)
    return document | {"source": {"path": str(folder / "first.csv")}}


@pytest.mark.slow
def test_the_solution_of_a_dataset_is_applied_to_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with placed(tmp_path, applying(tmp_path)) as place:
        place.put("a.csv", people(3))
        waiting = place.deployment.tick(SENSOR)
        assert "run people_anonymize_job first" in str(waiting.skip_message)
        assert not waiting.run_requests
        first = place.deployment.run("people_anonymize_job")
        assert first.success
        (result,) = place.tick()
        assert result.success, failure(result)
        solution = anonymize({k: v for k, v in applying(tmp_path).items() if k != "arrivals"})
        expected = apply(
            solution, source=str(place.inbox / "a.csv"), target="alone.csv", enforce=True
        )
        assert Path(expected.release.paths[0]).read_bytes() == (place.out / "a.csv").read_bytes()
        assert verify(POLICY, str(place.out / "a.csv")).holds
        # It outlives the job that found it.
        shutil.rmtree(tmp_path / ".anon" / "jobs" / first.run_id)
        place.put("b.csv", people(4))
        (later,) = place.tick()
        assert later.success, failure(later)


@pytest.mark.slow
def test_a_file_of_which_too_much_would_be_suppressed_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with placed(tmp_path, applying(tmp_path, suppress_at_most=0.1)) as place:
        assert place.deployment.run("people_anonymize_job").success
        strange = people(3).assign(age=[200 + 7 * n for n in range(len(people(3)))])
        place.put("a.csv", strange)
        (result,) = place.tick()
        assert "would be suppressed for ever" in failure(result)
        assert "1 were set aside" in failure(result)
        assert not (place.out / "a.csv").exists()


def test_a_solution_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = applying(tmp_path, solution={"path": str(tmp_path / "solution.json")})
    found = anonymize({k: v for k, v in document.items() if k != "arrivals"})
    (tmp_path / "solution.json").write_text(json.dumps(found.document()), encoding="utf-8")
    with placed(tmp_path, document) as place:
        place.put("a.csv", people(3))
        (result,) = place.tick()
        assert result.success, failure(result)


# -- checks --------------------------------------------------------------------------------


def test_a_check_tells_what_is_left_behind(place: Place) -> None:
    assert checked(place)
    place.put("a.csv", people())
    place.put("b.csv", people().drop(columns="sex"))
    place.tick()
    assert not checked(place)
    (place.inbox / "b.csv").unlink()
    place.tick()
    assert checked(place)


@pytest.mark.slow
def test_a_check_warns_of_what_the_last_release_of_each_file_tells(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_find(monkeypatch, FOUND)
    assert evaluated(place, "nothing_is_given_back").passed
    place.put("a.csv", people())
    (result,) = place.tick()
    assert result.success, failure(result)
    evaluation = evaluated(place, "nothing_is_given_back")
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"{place.inbox / 'a.csv'}: high: age_again gives age back" in str(evaluation.description)
    made = place.deployment.instance.fetch_materializations(dg.AssetKey(["people", "files"]), 1)
    shown = made.records[0].asset_materialization
    assert shown is not None
    assert shown.metadata["worst"].value == "high"
    let_find(monkeypatch, NOTHING)
    place.put("a.csv", people(records=90))
    place.tick()
    assert evaluated(place, "nothing_is_given_back").passed


def test_a_file_whose_release_tells_what_is_refused_is_set_aside(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_find(monkeypatch, REFUSED)
    place.put("a.csv", people())
    place.tick()
    assert place.states() == {"a.csv": State.SET_ASIDE}
    assert "nothing is published, by policy.residual" in place.ledger()["a.csv"].reason
    assert not (place.out / "a.csv").exists()


def checked(place: Place) -> bool:
    return evaluated(place, "every_file_is_released").passed


def evaluated(place: Place, check: str) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(dg.AssetKey(["people", "files"]), check)
    job = place.deployment.definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection={key}
    )
    result = job.execute_in_process(instance=place.deployment.instance, raise_on_error=False)
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


# -- a registry that is locked -----------------------------------------------------------------


@contextmanager
def registry_locked(place: Place) -> Iterator[None]:
    """Lock the registry as a program does that copies it."""
    path = place.folder / ".anon" / "arrivals.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as file:
        file.execute("BEGIN EXCLUSIVE")
        yield
        file.execute("ROLLBACK")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a registry as shortly as a test likes, where it is not waited for longer."""
    for module in (arriving, batch):
        monkeypatch.setattr(module, "Registry", partial(Registry, seconds=0.0))


@pytest.mark.usefixtures("hasty")
def test_a_registry_that_is_locked_is_told_in_words_and_its_files_are_tried_again(
    place: Place,
) -> None:
    place.put("a.csv", people())
    ticked = place.deployment.tick(SENSOR)
    with registry_locked(place):
        with pytest.raises(dg.Failure, match="locked by another process"):
            place.deployment.tick(SENSOR)
        (result,) = place.deployment.run_all(ticked)
    said = failure(result)
    assert "arrivals.sqlite is locked by another process" in said
    assert "Traceback" not in said
    assert not place.out.exists()
    assert place.tick() == [], "it waits"
    let_them_be_tried(place)
    assert [each.success for each in place.tick()] == [True]
    assert place.states() == {"a.csv": State.RELEASED}


@pytest.mark.usefixtures("hasty")
def test_a_file_that_was_published_while_the_registry_was_locked_is_not_published_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    writing = batch.write_down
    locking: list[threading.Thread] = []

    def write_down(store: JobStore, entry: Entry, *, seconds: float) -> None:
        """Let another process lock the registry at the worst moment."""
        writing(store, entry, seconds=seconds)
        published.append(entry.source)
        locked = threading.Event()

        def lock() -> None:
            with registry_locked(place):
                locked.set()
                time.sleep(1.5)

        locking.append(threading.Thread(target=lock))
        locking[-1].start()
        locked.wait()

    monkeypatch.setattr(batch, "write_down", write_down)
    path = place.put("a.csv", people())
    (result,) = place.tick()
    locking[0].join()
    assert result.success, failure(result)
    assert place.states() == {"a.csv": State.RELEASED}
    assert place.tick() == []
    assert published == [str(path)]


def let_them_be_tried(place: Place) -> None:
    """Let the time pass after which files are tried again."""
    Registry(place.folder / ".anon", "people").decide(
        lambda known: [replace(a, not_before=0.0) for a in known if a.not_before],
        listed=time.time(),
    )
