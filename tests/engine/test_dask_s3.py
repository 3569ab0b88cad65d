"""A cluster reads and writes a bucket as one machine does, to the byte."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from s3fs import S3FileSystem

import anon_dagster
from anon_dagster.engine import Engine, EngineSettings, keeping, opened, using
from anon_dagster.releasing import recoder
from tests.object_store import BUCKET, ObjectStore, served

pytestmark = pytest.mark.slow
RECORDS = 2_000
POLICY = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 20]}},
        "sex": {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}},
        "weight": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 5}},
    "suppression_limit": 0.05,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with (
        served(tmp_path_factory.mktemp("server")) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in server.environment.items():
            environment.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield server
        S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def engine(store: ObjectStore) -> Iterator[Engine]:
    """Two workers that have the environment in which they know the server."""
    assert store.environment
    with opened(EngineSettings(type="dask", workers=2)) as found:
        yield found


@pytest.mark.parametrize(
    ("kind", "more"),
    [("parquet", {"single_file": False, "rows_per_file": 600}), ("csv", {"single_file": True})],
)
def test_a_release_in_a_bucket_has_the_same_bytes(
    engine: Engine,
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    more: dict[str, Any],
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 300)
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 80, RECORDS),
            "sex": random.choice(["f", "m"], RECORDS),
            "weight": random.normal(70, 12, RECORDS).round(1),
        }
    )
    files = store.client()
    for part in range(4):
        rows = frame[part * RECORDS // 4 : (part + 1) * RECORDS // 4]
        with files.open(f"{BUCKET}/{kind}/source/{part}.{kind}", "wb") as file:
            rows.to_csv(file, index=False) if kind == "csv" else rows.to_parquet(file)
    found = []
    for used in (using(EngineSettings(threads=1)), keeping(engine)):
        target = f"s3://{BUCKET}/{kind}/release"
        request = {
            "source": {"path": f"s3://{BUCKET}/{kind}/source", "format": kind},
            "target": {"path": target, "format": kind, **more},
            "policy": POLICY,
        }
        with used:
            result = anon_dagster.anonymize(request)
        contents = [files.cat(path.removeprefix("s3://")) for path in result.release.paths]
        found.append([hashlib.sha256(content).hexdigest() for content in contents])
    assert found[0] == found[1]
    assert len(found[0]) > 1 or more["single_file"]
    left = [key for key in store.objects() if ".part" in key]
    assert not left
    assert not store.uploads()
