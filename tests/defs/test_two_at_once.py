"""Two runs of the same assets, started at the same moment, never read each other's files."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.jobs.folder import JobFolder
from tests.deployment import deployed

SHARED = "the-same-partition"


def document(folder: Path, name: str, k: int) -> dict[str, Any]:
    return {
        "source": {"path": str(folder / f"{name}.csv")},
        "target": {"path": str(folder / f"{name}.parquet")},
        "policy": {
            "attributes": {"age": {"role": "quasi_identifier"}, "owner": {"role": "non_sensitive"}},
            "privacy": {"k_anonymity": {"k": k}},
        },
    }


def run(folder: Path, request: dict[str, Any], together: Barrier, run_id: str) -> None:
    """Run a request in a process of its own, beginning when all are ready."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with deployed(folder) as deployment:
            config = {"ops": {"adhoc__request": {"config": {"request": request}}}}
            together.wait(timeout=120)
            deployment.run("anonymize_job", config, partition_key=SHARED, run_id=run_id)


@pytest.mark.slow
def test_two_jobs_at_once_never_meet(tmp_path: Path) -> None:
    requests = {"ann": document(tmp_path, "ann", 3), "bob": document(tmp_path, "bob", 7)}
    ids = {
        name: f"{place}" * 8 + "-0000-4000-8000-000000000000" for place, name in enumerate(requests)
    }
    for place, name in enumerate(requests):
        ages = [20 + place * 40 + p % 9 for p in range(90 + place)]
        pd.DataFrame({"age": ages, "owner": name}).to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        with deployed(tmp_path) as deployment:
            deployment.instance.add_dynamic_partitions("request", [SHARED])
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(len(requests))
    processes = [
        spawn.Process(target=run, args=(tmp_path, request, together, ids[name]))
        for name, request in requests.items()
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=240)
        assert process.exitcode == 0
    for place, (name, request) in enumerate(requests.items()):
        job = JobFolder(tmp_path / ".anon", ids[name])
        assert job.load_count().records == 90 + place
        assert job.load_count().columns["owner"].labels == [name]
        published = (tmp_path / f"{name}.parquet").read_bytes()
        anonymize(request)
        assert (tmp_path / f"{name}.parquet").read_bytes() == published
