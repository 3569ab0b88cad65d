"""A copy of a store takes its place, whatever happens while it is made."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from anon_dagster.cli import main
from anon_dagster.errors import BusyError, JobError, TargetError
from anon_dagster.jobs import backup, file_names
from anon_dagster.jobs.backup import back_up
from anon_dagster.storage.locks import lock


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two jobs that are over, a host, a ledger."""
    store = tmp_path / "store"
    for name in ("one", "two"):
        (store / "jobs" / name / "files" / "a").mkdir(parents=True)
        (store / "jobs" / name / "files" / "a" / "request.json").write_text(name)
    (store / "host").mkdir()
    (store / "host" / "host.json").write_text("secret")
    with closing(sqlite3.connect(store / "ledger.sqlite")) as file, file:
        file.execute("PRAGMA user_version = 7")
        file.execute("CREATE TABLE lines (left INTEGER, right INTEGER)")
    return store


def names_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_a_copy_has_all_but_what_belongs_to_this_machine(store: Path, tmp_path: Path) -> None:
    made = back_up(store, tmp_path / "backups" / "monday")
    assert (made.databases, made.files, made.jobs, made.running) == (1, 2, 2, 0)
    assert names_in(made.path) == {
        n for n in names_in(store) if not n.startswith(file_names.HOST + "/")
    }
    assert made.path.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(made.path / "ledger.sqlite")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (7,)
    assert [each.name for each in made.path.parent.iterdir()] == ["monday"]


def test_a_job_at_work_is_not_in_it(store: Path, tmp_path: Path) -> None:
    held = lock(store / "jobs" / "one" / file_names.LOCK)
    assert held is not None
    with held:
        made = back_up(store, tmp_path / "copy")
    assert (made.jobs, made.running) == (1, 1)
    assert [each.name for each in (made.path / "jobs").iterdir()] == ["two"]


def test_a_continuous_release_takes_no_step_while_it_is_copied(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = store / "continuous" / "visits"
    stream.mkdir(parents=True)
    (stream / "waiting.3.parquet").write_text("three")
    held = lock(stream / file_names.STEP_LOCK)
    assert held is not None
    monkeypatch.setattr(backup, "_PATIENCE", 0.2)
    with held, pytest.raises(BusyError, match="a step of visits is under way"):
        back_up(store, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    made = back_up(store, tmp_path / "copy")
    assert (made.path / "continuous" / "visits" / "waiting.3.parquet").read_text() == "three"


def test_no_copy_has_the_half_of_a_transaction(store: Path, tmp_path: Path) -> None:
    """What is written in one transaction is in the copy together, with a log of its own or not."""
    with closing(sqlite3.connect(store / "ledger.sqlite")) as file:
        file.execute("PRAGMA journal_mode = WAL")
    over = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(store / "ledger.sqlite", timeout=30)) as file:
            while not over.is_set():
                with file:
                    file.execute("INSERT INTO lines VALUES (1, 0)")
                    file.execute("INSERT INTO lines VALUES (0, 1)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        sums = []
        for number in range(10):
            back_up(store, tmp_path / f"copy-{number}")
            with closing(sqlite3.connect(tmp_path / f"copy-{number}" / "ledger.sqlite")) as file:
                query = "SELECT coalesce(sum(left), 0), coalesce(sum(right), 0) FROM lines"
                sums.append(file.execute(query).fetchone())
    finally:
        over.set()
        writer.join()
    assert all(left == right for left, right in sums)
    assert sums == sorted(sums)


def test_what_is_there_is_not_replaced(store: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(TargetError, match="beside it, is there"):
        back_up(store, tmp_path / "copy")
    with pytest.raises(TargetError, match="lies in the folder"):
        back_up(store, store / "copy")
    with pytest.raises(JobError, match="is no folder"):
        back_up(tmp_path / "nothing", tmp_path / "another")
    assert list((tmp_path / "copy").iterdir()) == []


def test_a_damaged_database_leaves_no_copy(store: Path, tmp_path: Path) -> None:
    (store / "ledger.sqlite").write_bytes(b"Zeisig" * 1000)
    with pytest.raises(JobError, match=r"ledger\.sqlite cannot be backed up") as caught:
        back_up(store, tmp_path / "copy")
    assert "Zeisig" not in str(caught.value)
    assert {each.name for each in tmp_path.iterdir()} == {"store"}


def test_the_shell_says_what_is_in_it(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--store", str(store), "backup", str(tmp_path / "copy")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'copy'}: 2 jobs, 1 database\n"
    assert main(["--json", "backup", str(tmp_path / "again"), "--folder", str(store)]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"] == 2
