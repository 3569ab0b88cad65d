"""A table in parts, anonymized by two processes of a cluster of Dask, and by this one: same bytes.

All of it lies in a temporary folder, which is gone afterwards, and listens on loopback only.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.defs.resources import JobStore
from anon_dagster.demos.running import copy_dataset, demonstrate, end_group
from anon_dagster.jobs import names
from anon_dagster.request.documents import load_yaml
from anon_dagster.request.yaml_writing import document as written

if TYPE_CHECKING:
    from anon_dagster.defs.engine import EngineResource

_DATASET = "patients"
_PARTS, _WORKERS = 6, 2
_PATIENCE = 120.0  # seconds
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Outcome:
    """What a run made, and where."""

    digest: str
    seconds: float
    shown: Mapping[str, object]
    """Of the engine, by the step that found the source."""


def main(project: Path | None = None) -> int:
    """Run the demo and return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    return demonstrate(_demonstrate, project)


def _demonstrate(project: Path, folder: Path) -> int:
    """Anonymize the same table on this machine's threads and on a cluster; compare the bytes."""
    if find_spec("distributed") is None:
        print("The demo needs Dask: pip install 'anon-dagster[dask]'")
        return 2
    from anon_dagster.defs.engine import EngineResource

    _deploy(project, folder)
    here = _run(folder, EngineResource(type="local"))
    print(f"By threads of one process:  {here.seconds:5.1f} s  sha256 {here.digest}", flush=True)
    print(f"Starting a scheduler and {_WORKERS} workers …", flush=True)
    with _cluster(folder) as address:
        print(f"  scheduler  {address}", flush=True)
        there = _run(folder, EngineResource(type="dask", address=address))
        print(f"  dashboard  {there.shown['dashboard']}  (of workers: {there.shown['workers']})")
    print(f"By {_WORKERS} workers of Dask:      {there.seconds:5.1f} s  sha256 {there.digest}")
    same = here.digest == there.digest
    print(f"The bytes of the two releases are {'the same' if same else 'NOT the same'}.")
    print("\nThe cluster is stopped. When to use one, and how to start it: docs/scale.md")
    return 0 if same else 1


def _deploy(project: Path, folder: Path) -> None:
    """Declare the patients as a dataset whose source is in several files."""
    import pandas as pd

    shutil.copy(project / "dagster.yaml", folder)
    dataset = copy_dataset(project, folder, _DATASET)
    patients = pd.read_csv(
        project / "data" / _DATASET / "patients.csv", dtype=str, keep_default_na=False
    )
    (dataset / "parts").mkdir()
    each = -(-len(patients) // _PARTS)
    for part in range(_PARTS):
        some = patients.iloc[part * each : (part + 1) * each]
        some.to_csv(dataset / "parts" / f"part-{part + 1}.csv", index=False)
    request = load_yaml(dataset / "request.yaml")
    request["source"]["path"] = "parts/*.csv"
    (dataset / "request.yaml").write_text(written(request), encoding="utf-8")
    print(f"A table of {len(patients):,} patients in {_PARTS} files, anonymized by Dagster twice.")


def _run(folder: Path, engine: "EngineResource") -> Outcome:
    """Anonymize the dataset with an engine; return what came of it."""
    import dagster as dg

    from anon_dagster.definitions import definitions

    store = JobStore(folder / ".anon")
    defined = definitions(folder / "data", store, engine=engine)
    job = defined.resolve_job_def(names.job_name("anonymize", _DATASET))
    begun = time.monotonic()
    with chdir(folder), dg.DagsterInstance.from_config(str(folder)) as instance:
        result = job.execute_in_process(instance=instance, run_config=_QUIET)
        seconds = time.monotonic() - begun
        (made,) = result.asset_materializations_for_node(names.op_of(_DATASET, "source"))
    target = load_yaml(folder / "data" / _DATASET / "request.yaml")["target"]["path"]
    released = folder / "data" / _DATASET / target
    shown = {name: value.value for name, value in made.metadata.items()}
    return Outcome(hashlib.sha256(released.read_bytes()).hexdigest(), seconds, shown)


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    """Let a scheduler and workers run, each a process, and give the address of the scheduler."""
    from anon_dagster.engine.cluster import NOTHING_INTO_FILES

    told = folder / "scheduler.json"
    with ExitStack() as processes, (folder / "cluster.log").open("wb") as log:

        def start(*command: str) -> None:
            process = subprocess.Popen(  # noqa: S603 (a program of the environment)
                [sys.executable, "-m", "dask", *command, "--scheduler-file", str(told)],
                cwd=folder,
                env=os.environ | NOTHING_INTO_FILES,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            processes.callback(end_group, process, seconds=20)

        loopback = ("--host", "127.0.0.1")
        start("scheduler", *loopback, "--port", "0", "--dashboard-address", "127.0.0.1:0")
        address = _address(told)
        for _ in range(_WORKERS):
            start("worker", *loopback, "--nthreads", "1", "--no-dashboard")
        _wait_for_workers(address)
        yield address


def _address(told: Path) -> str:
    """Wait for a scheduler to tell where it listens."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            address: str = json.loads(told.read_text(encoding="utf-8"))["address"]
        except (OSError, ValueError, KeyError):
            time.sleep(0.1)
        else:
            return address
    raise TimeoutError("the scheduler did not start")


def _wait_for_workers(address: str) -> None:
    from distributed import Client

    with Client(address, timeout=_PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(_WORKERS, timeout=_PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
