"""Files that come in through a real S3 server, while it fails in every way."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from s3fs import S3FileSystem

from anon_dagster import verify
from anon_dagster.arrivals import State
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.storage.stores import s3
from tests.defs.test_arriving import (
    POLICY,
    SENSOR,
    Place,
    let_them_be_tried,
    people,
    placed,
    request,
)
from tests.defs.test_deltas import AUDIT, Deltas, days
from tests.defs.test_deltas import request as deltas_of
from tests.deployment import failure
from tests.object_store import BUCKET, SECRET, ObjectStore, served

pytestmark = pytest.mark.slow

FILES = 6


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with served(tmp_path / "server") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield server
        S3FileSystem.clear_instance_cache()


@pytest.fixture
def place(tmp_path: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    assert store.process
    folder = tmp_path / "deployment"
    folder.mkdir()
    monkeypatch.chdir(folder)
    document = request(folder)
    document["source"]["path"] = f"s3://{BUCKET}/new/*.csv"
    document["arrivals"]["target"]["path"] = f"s3://{BUCKET}/out/{{file}}.csv"
    with placed(folder, document) as there:
        yield there


def put(store: ObjectStore, name: str, seed: int = 0, records: int = 60) -> None:
    content = people(seed, records).to_csv(index=False).encode()
    store.client().pipe(f"{BUCKET}/new/{name}.csv", content)


def wait_for_another_second() -> None:
    """Let an object that is uploaded now be told from one that was uploaded before."""
    time.sleep(1.0 - time.time() % 1 + 0.05)


def require_all_released(place: Place, store: ObjectStore, files: int) -> None:
    assert list(place.states().values()) == [State.RELEASED] * files
    assert len(store.objects("out")) == files, "nothing hidden is left beside them"
    assert store.uploads() == []
    for key in store.objects("out"):
        assert verify(POLICY, f"s3://{BUCKET}/{key}").holds
    entries = [entry for entry in Ledger(place.folder / ".anon").entries() if entry.source]
    assert sorted(entry.status for entry in entries) == ["completed"] * files


def test_each_object_is_released_once(place: Place, store: ObjectStore) -> None:
    for number in range(3):
        put(store, f"f{number}", number)
    (result,) = place.tick()
    assert result.success, failure(result)
    assert place.tick() == []
    require_all_released(place, store, 3)
    wait_for_another_second()
    put(store, "f0")  # the same bytes
    assert [result.success for result in place.tick()] == [True]
    assert place.tick() == []
    require_all_released(place, store, 3)
    put(store, "f0", records=90)
    (again,) = place.tick()
    assert again.success, failure(again)


@pytest.mark.parametrize("fault", ["kill", "hold_up"])
def test_a_store_that_fails_in_the_middle_of_a_run(
    place: Place, store: ObjectStore, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(s3.PATIENCE, "read_timeout", 2)  # nobody need wait for 20 s, many times
    S3FileSystem.clear_instance_cache()
    for number in range(FILES):
        put(store, f"f{number}", number, 3_000)
    results: list[dg.ExecuteInProcessResult] = []
    run = threading.Thread(target=lambda: results.extend(place.tick()))
    run.start()
    while State.RELEASED not in place.states().values():
        time.sleep(0.02)
    getattr(store, fault)()
    run.join()
    said = failure(results[0])
    assert "will be tried again" in said
    assert "set aside" not in said
    assert SECRET not in said
    released = [s for s in place.states().values() if s is State.RELEASED]
    assert 0 < len(released) < FILES
    with pytest.raises(dg.Failure, match="the store did not answer"):
        place.deployment.tick(SENSOR)
    store.go_on() if fault == "hold_up" else store.start()
    S3FileSystem.clear_instance_cache()
    let_them_be_tried(place)
    again = place.tick()
    assert len(again) == 2, "the file that failed has a run of its own"
    assert all(result.success for result in again)
    require_all_released(place, store, FILES)


def test_objects_add_up_to_one_release_whose_store_fails_in_between(
    tmp_path: Path, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = deltas_of(tmp_path)
    document["source"]["path"] = f"s3://{BUCKET}/days/*.csv"
    document["arrivals"]["target"]["path"] = f"s3://{BUCKET}/deltas/{{delta}}.parquet"
    with placed(tmp_path, document) as there:
        place = Deltas(there.deployment, there.folder)
        *frames, last = days(3)
        for day, frame in enumerate(frames):
            store.client().pipe(f"{BUCKET}/days/{day}.csv", frame.to_csv(index=False).encode())
            time.sleep(1.1)  # the resolution of the times that S3 tells
        (result,) = place.tick()
        assert result.success, failure(result)
        assert store.objects("deltas") == ["deltas/000001.parquet", "deltas/000002.parquet"]
        store.client().pipe(f"{BUCKET}/days/2.csv", last.to_csv(index=False).encode())
        ticked = place.deployment.tick(SENSOR)
        store.kill()
        (result,) = place.deployment.run_all(ticked)
        assert "will be tried again" in failure(result)
        store.start()
        S3FileSystem.clear_instance_cache()
        let_them_be_tried(place)
        (result,) = place.tick()
        assert result.success, failure(result)
        assert set(place.states().values()) == {State.READ}
        assert len(store.objects("deltas")) == 3
        store.client().pipe(f"{BUCKET}/whom.csv", b"id\n7\n")
        result = place.erase(f"s3://{BUCKET}/whom.csv")
        assert result.success, failure(result)
        assert place.observed()[0]["were_released"] == 1
        assert place.check(AUDIT).passed
        assert store.uploads() == []


def test_wrong_credentials_fail_the_tick_and_are_not_shown(
    place: Place, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "Wrong4711")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(dg.Failure, match="denies access") as caught:
        place.tick()
    assert "Wrong4711" not in str(caught.value)
    assert place.states() == {}
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    S3FileSystem.clear_instance_cache()
    (result,) = place.tick()
    assert result.success, failure(result)


def test_a_missing_bucket_fails_the_tick(place: Place) -> None:
    text = place.request.read_text(encoding="utf-8")
    place.request.write_text(text.replace(f"s3://{BUCKET}/new", "s3://no-box/new"), "utf-8")
    with pytest.raises(dg.Failure, match="no such bucket"):
        place.tick()


def test_an_empty_bucket_has_no_files(place: Place) -> None:
    assert place.tick() == []
