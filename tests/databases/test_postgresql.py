"""What a server does that files do not: rights, readers at the same time, and many records."""

import os
import subprocess
import sys
import threading
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import anon_dagster
from anon_dagster.errors import SourceError, TargetError
from anon_dagster.request import Source
from anon_dagster.storage.databases.tables import at_work
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.sources import open_source
from tests.databases.conftest import Opened
from tests.databases.postgresql import PASSWORD
from tests.databases.test_targets import FORMER, POLICY, request_of, tables_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
]
OF_ALL_TYPES = """
    CREATE TABLE released (
        small SMALLINT, big BIGINT, exact NUMERIC(10, 2), real_ REAL, double_ DOUBLE PRECISION,
        truth BOOLEAN, text_ TEXT, short VARCHAR(5), day DATE, hour_ TIME, moment TIMESTAMP,
        instant TIMESTAMPTZ, id UUID, document JSONB, photo BYTEA, tags TEXT[])
"""
A_ROW = """
    INSERT INTO released VALUES (1, 9000000000000000000, 1.50, 0.1, 0.1, true, 'ü"''', 'ab',
        '1980-05-06', '01:02:03', '2024-01-02 03:04:05.5', '2024-01-02 03:04+02',
        '7b8e8a0e-0f0a-4a0b-8a0e-0f0a4a0b8a0e', '{"a": 1}', '\\x01', '{a,b}'),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL)
"""


def test_the_types_of_a_server_are_read_as_what_they_are(database: Opened) -> None:
    database.run(OF_ALL_TYPES, A_ROW)
    source = Source.model_validate({"table": "public.released", "connection": "clinic"})
    opened = open_source(source, may_skip=lambda name: name in {"photo", "tags"})
    assert dict(opened.skipped) == {"photo": "binary", "tags": "list"}
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    first, second = pa.Table.from_batches(batches).to_pylist()
    assert set(second.values()) == {None}
    shown = {name: str(value) for name, value in first.items()}
    assert shown == {
        "small": "1",
        "big": "9000000000000000000",
        "exact": "1.50",
        "double_": "0.1",
        "real_": "0.10000000149011612",
        "truth": "True",
        "text_": "ü\"'",
        "short": "ab",
        "day": "1980-05-06",
        "hour_": "01:02:03",
        "moment": "2024-01-02 03:04:05.500000",
        "instant": "2024-01-02 01:04:00+00:00",
        "document": '{"a": 1}',
        "id": "7b8e8a0e-0f0a-4a0b-8a0e-0f0a4a0b8a0e",
        "photo": "None",
        "tags": "None",
    }


def test_rows_that_come_between_the_readings_do_not_matter(
    database: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation: Any = import_module("anon_dagster.operations.anonymize")

    def disturbed(*arguments: Any, **named: Any) -> Any:
        database.run("INSERT INTO patients VALUES ('Late', 99, 'Bern', 1)")
        database.run("DELETE FROM patients WHERE age = 20")
        return decide(*arguments, **named)

    decide = operation.decide
    monkeypatch.setattr(operation, "decide", disturbed)
    result = anon_dagster.anonymize(request_of())
    assert result.release.count.records == 40
    assert database.run("SELECT count(*) FROM released") == [(40,)]


def test_rights_and_comment_of_the_former_table_stay(database: Opened) -> None:
    database.run(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN PASSWORD 'other'",
        "CREATE TABLE released (x TEXT)",
        "GRANT SELECT ON released TO reader",
        "COMMENT ON TABLE released IS 'what''s ours'",
    )
    anon_dagster.anonymize(request_of())
    rights = "SELECT has_table_privilege('reader', 'released', 'SELECT'), "
    rights += "has_table_privilege('reader', 'released', 'INSERT'), "
    rights += "obj_description('released'::regclass)"
    assert database.run(rights) == [(True, False, "what's ours")]
    database.run("DROP OWNED BY reader", "DROP ROLE reader")


def test_a_release_is_shown_to_nobody_who_had_no_right_to_the_former_one(
    database: Opened,
) -> None:
    database.run(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader, PUBLIC",
    )
    may = "SELECT has_table_privilege('reader', '{}', 'SELECT')"
    with at_work("database://clinic/released", changing=True) as (session, _):
        session.create("anon_waiting", pa.schema([("x", pa.int64())]))
    assert database.run(may.format("anon_waiting")) == [(False,)]
    anon_dagster.anonymize(request_of())
    assert database.run(may.format("released")) == [(True,)]
    database.run("REVOKE ALL ON released FROM reader, PUBLIC")
    anon_dagster.anonymize(request_of())
    assert database.run(may.format("released")) == [(False,)]
    database.run(
        "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM reader, PUBLIC",
        "DROP TABLE anon_waiting",
        "DROP OWNED BY reader",
        "DROP ROLE reader",
    )


def test_the_owner_of_the_former_table_keeps_it(database: Opened) -> None:
    database.run(
        "DROP ROLE IF EXISTS team",
        "CREATE ROLE team",
        "GRANT CREATE ON SCHEMA public TO team",
        "CREATE TABLE released (x TEXT)",
        "ALTER TABLE released OWNER TO team",
    )
    anon_dagster.anonymize(request_of())
    owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'released'"
    assert database.run(owner) == [("team",)]
    database.run("DROP OWNED BY team", "DROP ROLE team")


def test_a_part_of_another_table_is_not_replaced(database: Opened) -> None:
    database.run(
        "CREATE TABLE whole (age INTEGER) PARTITION BY LIST (age)",
        "CREATE TABLE released PARTITION OF whole FOR VALUES IN (1)",
        "INSERT INTO whole VALUES (1)",
    )
    with pytest.raises(TargetError, match="a part of another table"):
        anon_dagster.anonymize(request_of())
    assert database.run("SELECT count(*) FROM whole") == [(1,)]
    database.run("DROP TABLE whole")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("'infinity'::date", "of no calendar"),
        ("'-infinity'::timestamptz", "of no calendar"),
        ("'294276-12-31'::timestamp", "of no calendar"),
        ("'24:00'::time", "of no calendar"),
        ("'$1.00'::money", r"age::numeric"),
    ],
)
def test_values_that_the_driver_would_alter_are_refused(
    database: Opened, value: str, why: str
) -> None:
    del database
    source = {"query": f"SELECT {value} AS age", "connection": "clinic"}
    with pytest.raises(SourceError, match=why):
        open_source(Source.model_validate(source))


def test_what_others_depend_on_is_not_dropped(database: Opened) -> None:
    database.run("CREATE TABLE released (x TEXT)", "CREATE VIEW over AS SELECT x FROM released")
    with pytest.raises(TargetError, match="other objects depend"):
        anon_dagster.anonymize(request_of())
    assert tables_of(database) == ["patients", "released"]
    database.run("DROP VIEW over")


def test_a_table_that_guards_its_rows_is_not_replaced(database: Opened) -> None:
    database.run("CREATE TABLE released (x TEXT)")
    database.run("ALTER TABLE released ENABLE ROW LEVEL SECURITY")
    with pytest.raises(TargetError, match="guards its rows"):
        anon_dagster.anonymize(request_of())


def test_a_reader_may_have_no_right_to_write(
    database: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'other'")
    database.run("GRANT SELECT ON patients TO reader")
    where = database.address.partition("@")[2]
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"postgresql://reader:other@{where}")
    assert anon_dagster.anonymize(request_of(target=None)).release.count.records == 40
    with pytest.raises(TargetError, match="lacks a right"):
        anon_dagster.anonymize(request_of())
    database.run("DROP OWNED BY reader", "DROP ROLE reader")


def test_a_wrong_password_is_no_passing_trouble(
    database: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = database.address.replace(PASSWORD, f"no-{PASSWORD}")
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", wrong)
    with pytest.raises(SourceError, match="the user or the password") as told:
        anon_dagster.anonymize(request_of(target=None))
    assert PASSWORD not in str(told.value)


def test_whoever_reads_meanwhile_sees_one_release_whole(database: Opened) -> None:
    anon_dagster.anonymize(request_of())
    seen, stop = set(), threading.Event()

    def read() -> None:
        from adbc_driver_postgresql import dbapi

        with closing(dbapi.connect(database.address, autocommit=True)) as opened:
            while not stop.is_set():
                with closing(opened.cursor()) as cursor:
                    cursor.execute("SELECT count(*) FROM released")
                    seen.add(cursor.fetchone()[0])

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        anon_dagster.anonymize(request_of())
    stop.set()
    reader.join()
    assert seen == {40}


_KILLED = """
import os, signal, sys
import anon_dagster
from anon_dagster.storage.databases.staging import StagedTable
StagedTable.publish = lambda _: os.kill(os.getpid(), signal.SIGKILL)
anon_dagster.anonymize(sys.argv[1])
"""


def test_a_job_that_is_killed_leaves_the_former_table(database: Opened, tmp_path: Path) -> None:
    from anon_dagster.request.yaml_writing import document

    database.run("CREATE TABLE released (x TEXT)", "INSERT INTO released VALUES ('former')")
    (tmp_path / "request.yaml").write_text(document(request_of()))
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-W", "ignore", "-c", _KILLED, str(tmp_path / "request.yaml")]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    assert database.run("SELECT x FROM released") == FORMER
    assert len(tables_of(database)) == 3, "what is staged is there still"
    command[4] = _KILLED.replace("StagedTable.publish =", "_ =")
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert database.run("SELECT count(*) FROM released") == [(40,)]
    assert tables_of(database) == ["patients", "released"]
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("role", ["", "pg_read_server_files", "pg_execute_server_program"])
@pytest.mark.parametrize("said", ["", "?anon_superuser=no", "?connect_timeout=9&anon_superuser="])
def test_a_query_is_not_asked_as_who_reaches_the_files_of_the_server(
    database: Opened, server: str, monkeypatch: pytest.MonkeyPatch, role: str, said: str
) -> None:
    address = server
    if role:
        database.run("CREATE ROLE reacher LOGIN PASSWORD 'other'", f"GRANT {role} TO reacher")
        database.run("GRANT SELECT ON patients TO reacher")
        address = f"postgresql://reacher:other@{server.partition('@')[2]}"
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"{address}{said}")
    asked = {"query": "SELECT pg_read_file('PG_VERSION')", "connection": "clinic"}
    table = {"table": "patients", "connection": "clinic"}
    try:
        with pytest.raises(SourceError, match="may read files of its server") as told:
            open_source(Source.model_validate(asked))
        assert "other" not in str(told.value)
        assert open_source(Source.model_validate(table)).records == 40
        monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"{address}?anon_superuser=yes&sslmode=prefer")
        if not role:  # others are granted each function
            assert open_source(Source.model_validate(asked)).records == 1
    finally:
        if role:
            database.run("DROP OWNED BY reacher", "DROP ROLE reacher")


_STREAMED = """
import resource, sys
from anon_dagster.request import Source
from anon_dagster.storage.sources import open_source
few, many = ({"table": name, "connection": "clinic"} for name in ("patients", "released"))
open_source(Source.model_validate(few))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert open_source(Source.model_validate(many)).records == 1_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_million_records_stream_through_little_memory(database: Opened) -> None:
    database.run(
        "CREATE TABLE released AS SELECT n AS id, md5(n::text) || md5((n + 1)::text) AS one, "
        "md5((n * 7)::text) || md5((n * 11)::text) AS other FROM generate_series(1, 1000000) AS n"
    )
    command = [sys.executable, "-W", "ignore", "-c", _STREAMED]
    kilobytes = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert kilobytes < 150 * 1024, "the records take 140 MB, as Arrow's table twice of it"


def test_a_policy_that_is_broken_by_nobody_is_verified_on_the_server(database: Opened) -> None:
    anon_dagster.anonymize(request_of())
    del database
    stored = Source.model_validate({"path": "database://clinic/released"})
    assert anon_dagster.verify(POLICY, stored).holds
    assert read_table(stored).num_rows == 40
