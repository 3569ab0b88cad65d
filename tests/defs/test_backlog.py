"""A thousand files that wait in a bucket, released by a deployment as it is in production."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import dagster as dg
import pytest
from s3fs import S3FileSystem

from anon_dagster import verify
from anon_dagster.arrivals import Registry, State
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.request.yaml_writing import document as written
from tests.defs.test_arriving import POLICY, people, request
from tests.live import deployed_live
from tests.object_store import BUCKET, ObjectStore, served

pytestmark = pytest.mark.slow

FILES = int(os.environ.get("ANON_BACKLOG", "1000"))
BROKEN = 7
_PATIENCE = 2_400.0  # seconds on a busy machine: it is neither of seconds nor of hours


def declare(folder: Path) -> None:
    dataset = folder / "data" / "people"
    dataset.mkdir(parents=True)
    document = request(folder, every_seconds=5)
    document["source"]["path"] = f"s3://{BUCKET}/new/"
    document["source"]["format"] = "csv"
    document["arrivals"]["target"]["path"] = f"s3://{BUCKET}/out/{{file}}.csv"
    (dataset / "request.yaml").write_text(written(document), encoding="utf-8")


def fill(store: ObjectStore) -> None:
    client = store.client()
    good = [people(seed).to_csv(index=False).encode() for seed in range(10)]
    bad = people().drop(columns="sex").to_csv(index=False).encode()

    def put(number: int) -> None:
        content = bad if number < BROKEN else good[number % len(good)]
        client.pipe(f"{BUCKET}/new/{number % 9}/f{number:04}.csv", content)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, range(FILES + BROKEN)))


def wait(registry: Registry, files: int) -> dict[State, int]:
    until = time.monotonic() + _PATIENCE
    counts: dict[State, int] = {}
    while time.monotonic() < until:
        states = [arrival.state for arrival in registry.arrivals()]
        counts = {state: states.count(state) for state in State if state in states}
        if counts.get(State.RELEASED, 0) + counts.get(State.SET_ASIDE, 0) == files:
            return counts
        time.sleep(1)
    raise TimeoutError(str(counts))


def test_a_backlog_is_worked_off_without_loss_or_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deployment"
    folder.mkdir()
    declare(folder)
    with served(tmp_path / "server") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        fill(store)
        with deployed_live(folder):
            counts = wait(Registry(folder / ".anon", "people"), FILES + BROKEN)
        assert counts == {State.RELEASED: FILES, State.SET_ASIDE: BROKEN}
        require_each_once(folder, store)
        S3FileSystem.clear_instance_cache()


def require_each_once(folder: Path, store: ObjectStore) -> None:
    lines = [e for e in Ledger(folder / ".anon").entries() if e.source]
    statuses = [entry.status for entry in lines]
    assert (statuses.count("completed"), statuses.count("failed")) == (FILES, BROKEN)
    assert len({entry.source for entry in lines}) == FILES + BROKEN
    assert len(store.objects("out")) == FILES
    assert store.uploads() == []
    for key in store.objects("out")[:: max(1, FILES // 20)]:
        assert verify(POLICY, f"s3://{BUCKET}/{key}").holds
    made = materializations(folder)
    assert len(made) == FILES
    assert len({partition for partition, _ in made}) == FILES
    alone = sum(
        bool(arrival.crashes or arrival.failures)
        for arrival in Registry(folder / ".anon", "people").arrivals()
        if arrival.state is State.RELEASED
    )  # a file whose run ended too soon is tried by itself
    assert len({run for _, run in made}) <= FILES / 20 + alone, "a run takes a batch of files"


def materializations(folder: Path) -> list[tuple[str, str]]:
    key = dg.AssetKey(["people", "files"])
    with chdir(folder), dg.DagsterInstance.from_config(str(folder)) as instance:
        records = instance.fetch_materializations(key, limit=5_000).records
    return [(str(record.partition_key), record.run_id) for record in records]
