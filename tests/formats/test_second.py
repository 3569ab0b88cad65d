"""What the versions of ``v2`` kept is read as it was meant: jobs, evidence, files that add up.

``tests/formats/making.py`` wrote it. A format that changes gets a new version and a new folder;
what lies here goes on being read.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.arrivals import Registry, State
from anon_dagster.client.result import read_result
from anon_dagster.continuous.ledger import Ledger as StreamLedger
from anon_dagster.errors import AnonError
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.holding import hold_of
from anon_dagster.jobs.ledger import Ledger
from anon_dagster.jobs.reporting import load_evidence
from anon_dagster.operations.evidence import check_evidence
from anon_dagster.releasing.stored_solution import from_document

KEPT = Path(__file__).with_name("v2")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy, since reading one gives it the version of today."""
    return Path(shutil.copytree(KEPT, tmp_path / "store"))


@pytest.fixture
def made() -> Mapping[str, str]:
    """The jobs, by what they did."""
    jobs: dict[str, str] = json.loads((KEPT / "made.json").read_text("utf-8"))
    return jobs


def stream_of(store: Path) -> StreamLedger:
    return StreamLedger(store / "continuous" / "people" / "ledger.sqlite")


def test_the_ledger_has_every_job(store: Path, made: Mapping[str, str]) -> None:
    entries = {
        entry.job_id: entry for entry in Ledger(store).entries() if entry.job_id in made.values()
    }
    assert entries[made["released"]].status == "completed"
    assert entries[made["released"]].requested_by == "ann"
    assert entries[made["released"]].risk["k"] >= 3
    assert entries[made["held"]].status == "awaiting approval"
    assert entries[made["files"]].kind == "files"


def test_the_registry_has_every_file(store: Path) -> None:
    arrivals = Registry(store, "people").arrivals()
    assert [Path(each.path).name for each in arrivals] == ["day0.csv", "day1.csv"]
    assert {each.state for each in arrivals} == {State.READ}


@pytest.mark.parametrize("name", ["released", "held"])
def test_a_job_is_read_with_all_that_it_made(
    store: Path, made: Mapping[str, str], name: str
) -> None:
    job = JobFolder(store, made[name])
    assert job.load_request().policy.names("direct_identifier") == ("name",)
    assert job.load_count().records == 24
    assert job.load_count(name="released").records <= 24
    assert len(job.load_decision().solution.generalized) == 2
    assert job.load_statistics("risk.json")["release"].to_dict()["k"] >= 3
    assert len(job.load_statistics("utility.json")) > 0
    assert job.load_residual() is not None
    assert job.load_risk_details() is not None
    assert load_evidence(job).identity is not None
    assert read_result(job, "anonymize", None).residual is not None
    hold = hold_of(job)
    assert (hold is not None and hold.state == "awaiting approval") == (name == "held")


def test_a_solution_and_shared_evidence_are_read(store: Path) -> None:
    solution = from_document(json.loads((store / "solution.json").read_text("utf-8")))
    assert solution is not None
    assert check_evidence(store / "shared.json", store / "released.csv").holds


def test_files_that_add_up_are_read(store: Path) -> None:
    ledger = stream_of(store)
    assert ledger.last().number == 2
    assert len(ledger.deltas()) == 1
    assert ledger.last().read == 20


# -- what is not to be read ----------------------------------------------------------------------

READ: dict[str, Callable[[Path, Mapping[str, str]], object]] = {
    "ledger.sqlite": lambda store, _: Ledger(store).entries(),
    "arrivals.sqlite": lambda store, _: Registry(store, "people").arrivals(),
    "continuous/people/ledger.sqlite": lambda store, _: stream_of(store).last(),
    "solution.json": lambda store, _: from_document(
        json.loads((store / "solution.json").read_text("utf-8"))
    ),
    "shared.json": lambda store, _: check_evidence(store / "shared.json", store / "released.csv"),
    "evidence.json": lambda store, made: load_evidence(JobFolder(store, made["released"])),
    "hold.json": lambda store, made: hold_of(JobFolder(store, made["held"])),
    "utility.json": lambda store, made: JobFolder(store, made["released"]).load_statistics(
        "utility.json"
    ),
}
_OF_JOBS = {"evidence.json": "released", "hold.json": "held", "utility.json": "released"}


def of_the_future(path: Path) -> None:
    """Give a file a version that comes later."""
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA user_version = 99")
        return
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    versions = {name: each for name, each in document.items() if name.endswith("_version")}
    later: dict[str, Any] = {"format": "anon-dagster solution 99"} if "format" in document else {}
    later |= dict.fromkeys(versions, 99)
    path.write_text(json.dumps(document | later), encoding="utf-8")


@pytest.mark.parametrize("name", READ)
def test_a_version_that_is_not_known_is_refused_in_words(
    store: Path, made: Mapping[str, str], name: str
) -> None:
    READ[name](store, made)
    folder = store / "jobs" / made[_OF_JOBS[name]] if name in _OF_JOBS else store
    of_the_future(folder / name)
    with pytest.raises(AnonError, match=r"version|format") as caught:
        READ[name](store, made)
    assert caught.value.__cause__ is None
