"""What an earlier version kept is read as it was meant; what cannot be read is refused in words.

The files in ``v1`` were written before formats had a version, of invented people.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anon_dagster.arrivals import Registry, State
from anon_dagster.client.result import read_result
from anon_dagster.defs.application import solution_of
from anon_dagster.defs.ownership import owner_of
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import AnonError, JobError, RequestError
from anon_dagster.jobs import documents
from anon_dagster.jobs.announcement import withdraw
from anon_dagster.jobs.documents import FORMAT_KEY
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.releasing.stored_solution import FORMAT, from_document

KEPT = Path(__file__).with_name("v1")
FIRST = Entry(
    job_id="job-1",
    kind="anonymize",
    dataset="people",
    request="0123456789ab",
    user="ada",
    status="completed",
    started=1000.0,
    ended=1010.5,
    promises="3-anonymity",
    risk={"k": 3.0},
    utility={"infoLoss": 0.25},
    target="/tmp/anon-v1/out.parquet",  # noqa: S108 (where it was, once)
    checksum="c0ffee",
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy, since reading one gives it the version of today."""
    return Path(shutil.copytree(KEPT, tmp_path / "store"))


@pytest.fixture
def job(store: Path) -> JobFolder:
    return JobFolder(store, "job-1")


# -- the first version ---------------------------------------------------------------------


def test_a_ledger_is_read(store: Path) -> None:
    first, second = Ledger(store).entries()
    assert first == FIRST
    assert (second.job_id, second.source) == ("people/day-1.csv_aa", "in/day-1.csv")
    assert (second.started, second.reason, second.risk) == (None, "no table", {})
    assert not Ledger(store).write(FIRST)


def test_a_ledger_of_before_files_had_lines_is_completed(store: Path) -> None:
    with closing(sqlite3.connect(store / "ledger.sqlite")) as file, file:
        for column in ("reason", "source"):
            file.execute(f"ALTER TABLE ledger DROP COLUMN {column}")
    assert Ledger(store).find("job-1") == FIRST


def test_a_ledger_of_before_releases_waited_takes_who_decided(store: Path) -> None:
    decided = replace(FIRST, requested_by="Ann", approved_by="Bob", decided=2.5)
    Ledger(store).write(decided)
    assert Ledger(store).find("job-1") == decided


def test_a_registry_is_read(store: Path) -> None:
    first, second = Registry(store, "people").arrivals()
    assert (first.path, first.version, first.size) == ("in/day-1.csv", "v1", 100)
    assert (first.modified, first.seen, first.state) == (990.0, 1000.0, State.RELEASED)
    assert (second.path, second.batch, second.state) == ("in/day-2.csv", "batch-1", State.GIVEN)
    assert first.disagreements == second.disagreements == 0
    assert Registry(store, "people").begin(second) is not None


def test_a_registry_of_the_first_version_is_brought_to_the_second(store: Path) -> None:
    with closing(sqlite3.connect(store / "arrivals.sqlite")) as file:
        file.execute("PRAGMA user_version = 1")
    assert [a.disagreements for a in Registry(store, "people").arrivals()] == [0, 0]
    with closing(sqlite3.connect(store / "arrivals.sqlite")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_count_is_read(job: JobFolder) -> None:
    counted = job.load_count()
    assert counted.attributes == ("age", "sex", "illness")
    assert (counted.records, len(counted.table)) == (40, 40)
    assert list(counted.columns) == ["name", "age", "sex", "illness"]
    assert counted.columns["sex"].labels == ["f", "m"]
    assert counted.columns["sex"].counts.tolist() == [20, 20]
    assert counted.columns["illness"].missing == 10
    assert counted.columns["name"].labels == []
    assert counted.columns["name"].distinct == 40
    assert job.load_count(name="released").records <= 40


def test_the_documents_of_a_job_are_read(job: JobFolder) -> None:
    request = job.load_request()
    assert request.policy.names("direct_identifier") == ("name",)
    assert request.policy.privacy.k_anonymity is not None
    assert request.policy.privacy.k_anonymity.k == 3
    decision = job.load_decision()
    assert len(decision.solution.generalized) == 2
    assert len(decision.solution.classes) > 1
    assert job.load_statistics("risk.json")["release"].to_dict()["k"] >= 3
    release = job.load_release()
    assert release["checksum"].startswith("ed19ae10")
    assert job.load_kept() == ("sex", "illness")
    owner = owner_of(job.path)
    assert owner is not None
    assert (owner.host, owner.tags) == ("a-host", {"anon/kind": "anonymize"})
    announced = job.load_document("announced.json")
    assert announced["paths"] == [announced["target"]] == [FIRST.target]


def test_a_job_of_before_releases_were_examined_has_its_result_all_the_same(
    job: JobFolder,
) -> None:
    made = read_result(job, "anonymize", None)
    assert (made.paths, made.residual) == ((FIRST.target,), None)
    with pytest.raises(JobError, match=r"has no residual_disclosure\.json; materialize"):
        job.load_residual()


def test_a_solution_that_does_not_tell_its_decimal_mark_is_refused_with_its_version() -> None:
    document = json.loads((KEPT / "solution.json").read_text(encoding="utf-8"))
    with pytest.raises(RequestError, match="version 1 of its format, and only version 2"):
        from_document(document)


def test_what_is_kept_today_has_its_version(tmp_path: Path, job: JobFolder) -> None:
    today = JobFolder(tmp_path, "today")
    today.save_request(job.load_request())
    today.save_count(job.load_count(), job.load_request())
    Ledger(tmp_path).write(FIRST)
    assert json.loads((today.path / "request.json").read_text("utf-8"))[FORMAT_KEY] == 1
    with np.load(today.path / "count.npz") as arrays:
        assert arrays[FORMAT_KEY] == 1
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (2,)
    assert today.load_request() == job.load_request()


# -- what is not to be read ----------------------------------------------------------------

READ: dict[str, Callable[[Path], object]] = {
    "ledger.sqlite": lambda store: Ledger(store).entries(),
    "arrivals.sqlite": lambda store: Registry(store, "people").arrivals(),
    "solution.json": lambda store: from_document(
        solution_of(JobStore(store), str(store / "solution.json"))
    ),
    "jobs/job-1/count.npz": lambda store: JobFolder(store, "job-1").load_count(),
    "jobs/job-1/count.parquet": lambda store: JobFolder(store, "job-1").load_count(),
    "jobs/job-1/request.json": lambda store: JobFolder(store, "job-1").load_request(),
    "jobs/job-1/solution.json": lambda store: JobFolder(store, "job-1").load_solution(),
    "jobs/job-1/solution.npz": lambda store: JobFolder(store, "job-1").load_solution(),
    "jobs/job-1/release.json": lambda store: JobFolder(store, "job-1").load_stored(),
    "jobs/job-1/announced.json": lambda store: withdraw(JobFolder(store, "job-1")),
    "jobs/job-1/risk.json": lambda store: JobFolder(store, "job-1").load_statistics("risk.json"),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_what_is_cut_off_is_refused_by_its_name(store: Path, name: str, share: float) -> None:
    whole = (store / name).read_bytes()
    (store / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AnonError, match=Path(name).stem) as caught:
        READ[name](store)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def of_the_future(path: Path) -> None:
    """Give a file the version that comes next."""
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA user_version = 12")
    elif path.suffix == ".npz":
        with np.load(path) as file:
            arrays: dict[str, Any] = dict(file)
        np.savez(path, allow_pickle=False, **arrays, **{FORMAT_KEY: np.array(2)})
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        is_solution = "format" in document
        version = {"format": FORMAT.replace("2", "3")} if is_solution else {FORMAT_KEY: 2}
        path.write_text(json.dumps(document | version), encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in READ if not name.endswith(".parquet")])
def test_what_a_later_version_kept_is_refused_with_its_version(store: Path, name: str) -> None:
    of_the_future(store / name)
    kind = RequestError if name == "solution.json" else JobError
    with pytest.raises(kind, match="2" if kind is JobError else "format"):
        READ[name](store)


def test_an_owner_that_cannot_be_read_is_nobody(job: JobFolder) -> None:
    of_the_future(job.path / "owner.json")
    assert owner_of(job.path) is None
    (job.path / "owner.json").write_text('{"instance": "x"}', encoding="utf-8")
    assert owner_of(job.path) is None


@pytest.mark.parametrize("table", ["ledger", "arrivals"])
def test_a_database_without_what_it_must_have_is_refused_with_its_version(
    store: Path, table: str
) -> None:
    name, column = f"{table}.sqlite", "kind" if table == "ledger" else "size"
    with closing(sqlite3.connect(store / name)) as file, file:
        file.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    with pytest.raises(JobError, match="version 1"):
        READ[name](store)


def test_a_document_that_lacks_something_is_refused_with_its_version() -> None:
    with pytest.raises(JobError, match=r"version 1 and lacks b, c"):
        documents.of_text('{"a": 1}', "it", needs=("a", "b", "c"))
    for version in ("null", '"Zeisig"', "0", "1.5", "[]"):
        with pytest.raises(JobError, match="no format version") as caught:
            documents.of_text(f'{{"{FORMAT_KEY}": {version}}}', "it")
        assert "Zeisig" not in str(caught.value)
