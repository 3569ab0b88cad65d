"""Files that arrive in a bucket appear anonymized in another one: a server, a daemon, three files.

All of it lies in a temporary folder, which is gone afterwards, and listens on loopback only.
"""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path

from anon_dagster.arrivals import Arrival, Registry, State
from anon_dagster.demos.object_store import ObjectStore
from anon_dagster.demos.running import copy_dataset, demonstrate, end_group
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import SENSOR_TAG
from anon_dagster.request.documents import load_yaml
from anon_dagster.request.yaml_writing import document as written

_DATASET = "patients"
_FILES, _RECORDS = 3, 2_000
_PATIENCE = 300.0  # seconds
_OVER = {State.RELEASED, State.SET_ASIDE}
_INBOX, _RELEASED = "in-box", "released"


def main(project: Path | None = None) -> int:
    """Run the demo and return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    return demonstrate(_demonstrate, project)


def _demonstrate(project: Path, folder: Path) -> int:
    """Release three files that arrive, show what came of it, and return the exit code."""
    _deploy(project, folder)
    server = ObjectStore(folder, "demo", secrets.token_hex(16), [_INBOX, _RELEASED])
    print("Starting an S3 server and a Dagster daemon …", flush=True)
    server.start()
    try:
        with _daemon(folder, server.environment):
            for name in _drop(project, server):
                print(f"  dropped  s3://{_INBOX}/{name}", flush=True)
            print("Waiting for the sensor and its run …", flush=True)
            arrivals = _wait(folder)
            _wait_for_runs(folder)
        _show_runs(folder)
        _show_files(arrivals, Ledger(folder / ".anon").entries(), server)
    finally:
        server.kill()
    print("\nThe server and the daemon are stopped. By hand, with the UI: docs/arrivals.md")
    return 0 if all(each.state is State.RELEASED for each in arrivals) else 1


def _deploy(project: Path, folder: Path) -> None:
    """Declare the patients as a dataset whose files come in through the bucket."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(project / name, folder)
    dataset = copy_dataset(project, folder, _DATASET)
    request = load_yaml(dataset / "request.yaml")
    del request["target"]
    request["source"]["path"] = f"s3://{_INBOX}/*.csv"
    request["policy"]["suppression_limit"] = 0.1
    request["arrivals"] = {
        "target": {"path": f"s3://{_RELEASED}/{{file}}.parquet"},
        "every_seconds": 5,
    }
    (dataset / "request.yaml").write_text(written(request), encoding="utf-8")


@contextmanager
def _daemon(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let a daemon look for files and launch runs; it is ended with all of its processes."""
    places = {"DAGSTER_HOME": str(folder), "ANON_STORE": str(folder / ".anon")}
    program = Path(sys.executable).with_name("dagster-daemon")
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (a program of the environment)
            [str(program), "run"],
            cwd=folder,
            env=os.environ | environment | places | {"ANON_DATA": str(folder / "data")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            end_group(process, seconds=30)


def _drop(project: Path, server: ObjectStore) -> Iterator[str]:
    """Put some of the bundled patients into the bucket, as three files."""
    import pandas as pd

    patients = pd.read_csv(project / "data" / _DATASET / "patients.csv", dtype=str)
    for day in range(_FILES):
        records = patients.iloc[day * _RECORDS : (day + 1) * _RECORDS]
        name = f"day-{day + 1}.csv"
        server.client().pipe(f"{_INBOX}/{name}", records.to_csv(index=False).encode())
        yield name


def _wait(folder: Path) -> list[Arrival]:
    registry = Registry(folder / ".anon", _DATASET)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        arrivals = registry.arrivals()
        if len(arrivals) == _FILES and {each.state for each in arrivals} <= _OVER:
            return arrivals
        time.sleep(0.5)
    raise TimeoutError(f"the files were not released in {_PATIENCE:.0f} seconds")


def _wait_for_runs(folder: Path) -> None:
    """Let the runs end that have released the files."""
    import dagster as dg

    until = time.monotonic() + _PATIENCE
    with chdir(folder), dg.DagsterInstance.from_config(str(folder)) as instance:
        while time.monotonic() < until and not all(r.is_finished for r in instance.get_runs()):
            time.sleep(0.2)


def _show_runs(folder: Path) -> None:
    """Print what ran, what launched it and how long it took."""
    import dagster as dg
    import pandas as pd

    with chdir(folder), dg.DagsterInstance.from_config(str(folder)) as instance:
        rows = [
            {
                "run": record.dagster_run.run_id[:8],
                "job": record.dagster_run.job_name,
                "by": record.dagster_run.tags.get(SENSOR_TAG, ""),
                "status": record.dagster_run.status.value,
                "seconds": f"{(record.end_time or 0.0) - (record.start_time or 0.0):.1f}",
            }
            for record in instance.get_run_records()
        ]
    print(f"\nThe runs\n\n{pd.DataFrame(rows).to_string(index=False)}")


def _show_files(arrivals: list[Arrival], ledger: list[Entry], server: ObjectStore) -> None:
    """Print what became of each file, and some records of a release."""
    import pandas as pd

    lines = {entry.source: entry for entry in ledger}
    rows = []
    for each in arrivals:
        entry = lines[each.path]
        risk = entry.risk.get("maxProbabilityIdentification")
        seconds = (entry.ended or 0.0) - (entry.started or 0.0)
        rows.append(
            {
                "file": each.path,
                "outcome": each.state.value,
                "seconds": f"{seconds:.1f}",
                "k": f"{entry.risk.get('k', 0):.0f}",
                "highest risk": "" if risk is None else f"{risk:.3f}",
                "information loss": f"{entry.utility.get('infoLoss', 0.0):.3f}",
            }
        )
    print(f"\nWhat became of the files\n\n{pd.DataFrame(rows).to_string(index=False)}")
    for each in arrivals:
        if each.reason:
            print(f"{each.path}: {each.reason}")
    found = server.client().find(_RELEASED, detail=True)
    print(f"\nWhat lies in s3://{_RELEASED}\n")
    for path, info in found.items():
        print(f"  s3://{path}  {info['size']:,} bytes")
    with server.client().open(next(iter(found))) as file:
        print(f"\nA few records of the first\n\n{pd.read_parquet(file).head(4).to_string()}")


if __name__ == "__main__":
    sys.exit(main())
