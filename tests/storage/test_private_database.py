"""A file that tells of jobs, while others use it or there is no room: waited for, or told."""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from anon_dagster.errors import JobError, LockedError
from anon_dagster.storage.private_database import PrivateDatabase, Table

TABLE = Table("things", ("name", "size"), ("name",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    add(tmp_path / "things.sqlite", "first")
    return tmp_path / "things.sqlite"


def add(path: Path, name: str, *, seconds: float = 30.0) -> None:
    with PrivateDatabase(path, (TABLE,), 1, seconds).transaction() as file:
        file.execute("INSERT INTO things VALUES (?, 1)", (name,))


def names(path: Path) -> list[str]:
    with PrivateDatabase(path, (TABLE,), 1, 30.0).transaction() as file:
        return [row[0] for row in file.execute("SELECT name FROM things")]


@contextmanager
def used(path: Path, begin: str) -> Iterator[sqlite3.Connection]:
    """Use a file as another process does, and let go of it in the end."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as file:
        file.execute(begin)
        file.execute("SELECT * FROM things").fetchall()
        yield file
        file.execute("ROLLBACK")


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN"])
def test_a_file_that_stays_locked_is_told_and_nothing_is_changed(path: Path, begin: str) -> None:
    with used(path, begin), pytest.raises(LockedError, match=r"things\.sqlite is locked") as caught:
        add(path, "second", seconds=0.0)
    assert caught.value.transient
    assert caught.value.__suppress_context__
    assert names(path) == ["first"]


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN"])
def test_a_file_that_is_locked_for_a_while_is_waited_for(path: Path, begin: str) -> None:
    started = Event()

    def use() -> None:
        with used(path, begin):
            started.set()
            time.sleep(1.2)  # longer than SQLite waits by itself

    other = Thread(target=use)
    other.start()
    started.wait()
    add(path, "second")
    other.join()
    assert names(path) == ["first", "second"]


def test_a_disk_without_room_is_told_and_nothing_is_changed(path: Path) -> None:
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        with pytest.raises(JobError, match=r"things\.sqlite cannot be used: ") as caught:
            add(path, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert "xx" not in str(caught.value)
    assert names(path) == ["first"]


def test_a_table_of_an_older_version_is_given_what_it_lacks(path: Path) -> None:
    newer = Table("things", ("name", "size", "kind", "tries"), ("name",), ("'any'", "0"))
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("ALTER TABLE things ADD COLUMN kind DEFAULT 'some'")
    for _ in range(2):
        with PrivateDatabase(path, (newer,), 2, 30.0).transaction() as file:
            assert file.execute("SELECT * FROM things").fetchall() == [("first", 1, "some", 0)]
    with pytest.raises(JobError, match="format version 2"):
        names(path)
