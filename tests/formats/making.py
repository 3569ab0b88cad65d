"""Write what this version keeps, of invented people, as ``tests/formats/v<n>`` has it.

``python -m tests.formats.making tests/formats/v3``: for a new folder, whenever a format gets a
new version; what is there stays as it was written.
"""

import json
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import dagster as dg

from anon_dagster.defs.endings import close
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.handing_over import shared_evidence
from anon_dagster.releasing.stored_solution import to_document
from tests.approval.waiting import PEOPLE, POLICY
from tests.defs.test_arriving import Place, placed
from tests.defs.test_deltas import days, request

WORK = Path("/tmp/anon-formats")  # noqa: S108 (paths are kept with a job, so they are always these)
LEFT_OUT = shutil.ignore_patterns("*.html", "*.lock", "host", "*.svg")


def main(to: Path) -> None:
    """Make a store, and copy it."""
    if to.exists():
        sys.exit(f"{to} is there already, and stays as it is")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(mode=0o700)
    try:
        with chdir(WORK), placed(WORK, request(WORK)) as place:
            made = _make(place)
        shutil.copytree(WORK / ".anon", to, ignore=LEFT_OUT)
        for owner in to.rglob(file_names.OWNER):
            told = json.loads(owner.read_text("utf-8")) | {"host": "a-host", "instance": "i"}
            owner.write_text(json.dumps(told), encoding="utf-8")
        (to / "made.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


def _make(place: Place) -> dict[str, Any]:
    """Let files add up, release a table, and let another release wait; return the jobs."""
    for number, frame in enumerate(days(2, first=60, later=20)):
        place.put(f"day{number}.csv", frame)
    (files,) = place.tick()
    PEOPLE.to_csv(WORK / "people.csv", index=False)
    runs = {"files": files, "released": _run(place, hold=False), "held": _run(place, hold=True)}
    assert all(run.success for run in runs.values())
    store = JobStore(WORK / ".anon")
    for run in runs.values():
        _close(place, store, run)
    folder = JobFolder(store.root, runs["released"].run_id)
    _write(store.root / "solution.json", to_document(folder.load_decision()))
    _write(store.root / "shared.json", shared_evidence(folder))
    shutil.copy(WORK / "out" / "people.csv", store.root / "released.csv")
    return {name: run.run_id for name, run in runs.items()}


def _run(place: Place, *, hold: bool) -> dg.ExecuteInProcessResult:
    target = {"path": str(WORK / "out" / f"{'held' if hold else 'people'}.csv"), "hold": hold}
    asked = {"source": {"path": str(WORK / "people.csv")}, "target": target, "policy": POLICY}
    return place.deployment.run_request(asked)


def _close(place: Place, store: JobStore, run: dg.ExecuteInProcessResult) -> None:
    """Write the line of a run, as the sensors do."""
    kind = "files" if "files" in run.dagster_run.job_name else "anonymize"
    tags = {"anon/kind": kind, "anon/dataset": "people", "anon/requested_by": "ann"}
    place.deployment.instance.add_run_tags(run.run_id, tags)
    close(place.deployment.instance, store, run.run_id)


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
