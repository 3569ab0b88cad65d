"""A release goes into a table whole, or the former table stays as it was."""

import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import anon_dagster
from anon_dagster.errors import (
    PromiseBrokenError,
    RequestError,
    SourceError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.releasing import publication
from anon_dagster.request import Source, Target
from anon_dagster.storage.databases import staging
from anon_dagster.storage.databases.staging import StagedTable, staged_name
from anon_dagster.storage.databases.tables import at_work
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.targets import stage, sweep, take_away
from tests.databases.conftest import Opened

POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "city": {"role": "quasi_identifier"},
        "cost": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}
TO = {"table": "released", "connection": "clinic"}
FORMER = [("former",)]


def request_of(**changed: Any) -> dict[str, Any]:
    source = {"query": "SELECT * FROM patients", "connection": "clinic"}
    return {"source": source, "target": TO, "policy": POLICY, **changed}


@pytest.fixture
def former(database: Opened) -> Opened:
    database.run("CREATE TABLE released (x TEXT)", "INSERT INTO released VALUES ('former')")
    return database


def tables_of(database: Opened) -> list[str]:
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "duckdb": "SELECT table_name FROM duckdb_tables()",
        "postgresql": "SELECT relname::text FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace",
    }[database.kind]
    return sorted(name for (name,) in database.run(names))


def test_a_table_is_none_of_linked_ones_whose_former_content_is_kept(database: Opened) -> None:
    del database
    schema = pa.schema([("x", pa.string())])
    with (
        stage(Target.model_validate(TO), schema, token=fresh_token()) as staged,
        pytest.raises(TargetError, match="linked tables are released to files"),
    ):
        staged.keep_former()


def test_a_release_that_is_taken_away_is_gone_from_its_database(database: Opened) -> None:
    anon_dagster.anonymize(request_of())
    assert tables_of(database) == ["patients", "released"]
    assert take_away("database://clinic/released") == 0
    assert tables_of(database) == ["patients"]


def test_a_table_holds_what_the_release_is(database: Opened) -> None:
    result = anon_dagster.anonymize(request_of())
    of_memory = anon_dagster.anonymize(request_of(target=None))
    assert result.df is None
    stored = read_table(result.release.source)
    assert of_memory.arrow is not None
    assert sorted(map(str, stored.to_pylist())) == sorted(map(str, of_memory.arrow.to_pylist()))
    assert tables_of(database) == ["patients", "released"]
    assert anon_dagster.verify(POLICY, Source.model_validate(TO)).holds
    assert result.release.paths == ("database://clinic/released",)
    assert len(anon_dagster.risk_per_record(result).release) == 40
    found = str(anon_dagster.check_evidence(result.evidence(share=True), result.release.source))
    assert "checksum of the release: holds" in found
    assert "figures and facts: holds" in found


def test_a_release_replaces_the_former_one(former: Opened) -> None:
    anon_dagster.anonymize(request_of())
    anon_dagster.anonymize(request_of())
    assert former.run("SELECT count(*) FROM released") == [(40,)]
    assert tables_of(former) == ["patients", "released"]


class StoppedError(Exception):
    """What stops a job in a test."""


STEPS = ["write", "seal", "_count_staged", "verify_release", "checksum_of", "publish", "replace"]


@pytest.mark.parametrize("step", STEPS)
def test_whatever_stops_a_job_the_former_table_stays(
    former: Opened, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise StoppedError

    place = StagedTable if hasattr(StagedTable, step) else publication
    if step == "replace":
        monkeypatch.setattr(staging, "at_work", _stopped_after_replacing(at_work))
    else:
        monkeypatch.setattr(place, step, stop)
    with pytest.raises(StoppedError):
        anon_dagster.anonymize(request_of())
    assert former.run("SELECT x FROM released") == FORMER
    assert tables_of(former) == ["patients", "released"]


def _stopped_after_replacing(begin: Any) -> Any:
    @contextmanager
    def stopped(name: str, *, changing: bool) -> Iterator[Any]:
        with begin(name, changing=changing) as (session, table):
            yield session, table
            if name.endswith("/released") and session.identity(table) and changing:
                columns = session.rows("SELECT * FROM released")
                if len(columns) > 1:  # it is replaced, and not yet for others
                    raise StoppedError

    return stopped


def test_a_broken_promise_leaves_the_former_table(
    former: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(self: StagedTable) -> tuple[str, ...]:
        names = seal(self)
        own = names[0].rpartition("/")[2]
        former.run(f"UPDATE \"{own}\" SET city = 'Nowhere' WHERE cost < 1")
        return names

    seal = StagedTable.seal
    monkeypatch.setattr(StagedTable, "seal", spoilt)
    with pytest.raises(PromiseBrokenError):
        anon_dagster.anonymize(request_of())
    assert former.run("SELECT x FROM released") == FORMER
    assert tables_of(former) == ["patients", "released"]


def test_what_killed_jobs_left_is_swept(former: Opened) -> None:
    dead = fresh_token()
    world, process, start, last = dead.removeprefix("lib-").split("-")
    gone = f"lib-{world}-{process}-{int(start) + 1}-{last}"
    job = "8c6d0a52-0000-4000-8000-000000000000"
    for token in (dead, gone, job):
        former.run(f'CREATE TABLE "{staged_name("released", token)}" (x TEXT)')
    former.run('CREATE TABLE "anon_of_somebody" (x TEXT)')
    anon_dagster.anonymize(request_of())
    left = tables_of(former)
    assert staged_name("released", gone) not in left
    assert {staged_name("released", dead), staged_name("released", job)} <= set(left)
    target = Target.model_validate(TO)
    assert sweep(target, alive={dead}) == (staged_name("released", job),)
    former.run('DROP TABLE "anon_of_somebody"', f'DROP TABLE "{staged_name("released", dead)}"')


def test_a_view_is_not_replaced(database: Opened) -> None:
    database.run("CREATE VIEW released AS SELECT * FROM patients")
    try:
        with pytest.raises(TargetError, match="is a view"):
            anon_dagster.anonymize(request_of())
    finally:
        database.run("DROP VIEW released")


def test_a_table_that_others_refer_to_is_not_replaced(database: Opened) -> None:
    database.run(
        "CREATE TABLE released (id INTEGER PRIMARY KEY)",
        "CREATE TABLE referring (id INTEGER REFERENCES released (id))",
    )
    try:
        with pytest.raises(TargetError, match=r"other (tables refer|objects depend)"):
            anon_dagster.anonymize(request_of())
        assert tables_of(database) == ["patients", "referring", "released"]
    finally:
        database.run("DROP TABLE referring")


def test_jobs_of_one_target_do_not_disturb_each_other(database: Opened) -> None:
    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(anon_dagster.anonymize, request_of()) for _ in range(3)]
    assert [job.result().release.count.records for job in jobs] == [40, 40, 40]
    assert tables_of(database) == ["patients", "released"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_another_connection_of_this_process_has_locked_is_not_written(
    former: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0.1))
    with closing(sqlite3.connect(former.address.partition("://")[2])) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="somebody else has it locked"):
            anon_dagster.anonymize(request_of())
    assert former.run("SELECT x FROM released") == FORMER


@pytest.mark.parametrize("database", ["duckdb"], indirect=True)
def test_a_file_that_this_process_has_open_is_told(database: Opened) -> None:
    import duckdb

    with (
        closing(duckdb.connect(database.address.partition("://")[2])),
        pytest.raises(SourceError, match="close that connection"),
    ):
        anon_dagster.anonymize(request_of())


def test_a_target_that_is_the_source_is_refused(database: Opened) -> None:
    same = {"table": "patients", "connection": "clinic"}
    with pytest.raises(TargetError, match="is also a source"):
        anon_dagster.anonymize(request_of(source=same, target=same))
    assert database.run("SELECT count(*) FROM patients") == [(40,)]


def test_a_source_without_records_leaves_the_former_table(former: Opened) -> None:
    empty = {"query": "SELECT * FROM patients WHERE age > 1000", "connection": "clinic"}
    with pytest.raises(SourceError):
        anon_dagster.anonymize(request_of(source=empty))
    assert former.run("SELECT x FROM released") == FORMER


def test_a_file_is_released_to_a_table_and_nothing_private_is_left(
    database: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    lines = [f"Smith{n},{20 + n % 4},Rome,{n}" for n in range(40)]
    (tmp_path / "in.csv").write_text("\n".join(["name,age,city,cost", *lines]) + "\n")
    anon_dagster.anonymize(request_of(source={"path": str(tmp_path / "in.csv")}))
    assert database.run("SELECT count(*) FROM released") == [(40,)]
    assert not list((tmp_path / "tmp").iterdir())


TYPES = pa.table(
    {
        "small": pa.array([1, None, 3], pa.int8()),
        "whole": pa.array([1, 2, 2**62], pa.int64()),
        "large": pa.array([1, 2, 2**64 - 1], pa.uint64()),
        "real": pa.array([0.1, None, 1e300]),
        "single": pa.array([0.1, None, 2.5], pa.float32()),
        "exact": pa.array([Decimal("1.50"), Decimal("20.00"), None], pa.decimal128(10, 2)),
        "truth": pa.array([True, False, None]),
        "day": pa.array([date(1980, 5, 6), None, date(2024, 2, 29)]),
        "hour": pa.array([time(1, 2, 3), None, time(23, 59)]),
        "moment": pa.array([1_704_164_645_000_000, None, None], pa.timestamp("us")),
        "instant": pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 3, pa.timestamp("ms", "UTC")),
        "local": pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 3, pa.timestamp("us", "Asia/Tokyo")),
        "text": ["a,\"b'", None, "ü\n"],
        "kind": pa.array(["x", "y", None]).dictionary_encode(),
        'odd "name" %s': ["1", "2", "3"],
    }
)


def test_every_type_comes_back_with_the_text_that_it_had(database: Opened) -> None:
    from anon_dagster.storage.values import text_array

    with stage(Target.model_validate(TO), TYPES.schema, token="types") as staged:  # noqa: S106
        staged.write(TYPES)
        staged.seal()
        staged.publish()
    stored = read_table(Source.model_validate(TO))
    assert stored.column_names == TYPES.column_names
    for name in TYPES.column_names:
        own = text_array(TYPES[name].combine_chunks()).to_pylist()
        assert text_array(stored[name].combine_chunks()).to_pylist() == own, name
    kept = {"postgresql": ["whole", "day", "truth", "instant"], "duckdb": ["whole", "exact", "day"]}
    for name in kept.get(database.kind, ["whole", "real"]):
        assert stored.schema.field(name).type.id == TYPES.schema.field(name).type.id


def test_a_release_that_waits_is_of_files() -> None:
    with pytest.raises(RequestError, match="hold goes with files"):
        anon_dagster.anonymize(request_of(target={**TO, "hold": True}))


def test_a_query_is_no_target() -> None:
    with pytest.raises(RequestError, match="say table, not query"):
        anon_dagster.anonymize(request_of(target={"query": "SELECT 1", "connection": "clinic"}))


def test_a_target_that_does_not_answer_is_told_without_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", "postgresql://anon:hunter2-secret@127.0.0.1:1/x")
    (tmp_path / "in.csv").write_text("name,age,city,cost\nA,1,Rome,2\n")
    with pytest.raises(StoreUnavailableError) as failed:
        anon_dagster.anonymize(request_of(source={"path": str(tmp_path / "in.csv")}))
    assert "hunter2" not in str(failed.value)
