"""A query or a table of a database is read as a file of the same records is."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

import anon_dagster
from anon_dagster.engine import keeping
from anon_dagster.errors import AnonError, RequestError, SourceError, StoreUnavailableError
from anon_dagster.request import Source, parse_request
from anon_dagster.storage.sources import open_source
from tests.databases.conftest import Opened
from tests.engine.travelling import TravellingEngine
from tests.storage.test_sharing import BlindEngine

ALL = "SELECT name, age, city, cost FROM patients ORDER BY name"
POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "city": {"role": "quasi_identifier"},
        "cost": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}


def of_query(query: str = ALL) -> dict[str, Any]:
    return {"source": {"query": query, "connection": "clinic"}, "policy": POLICY}


def test_a_query_gives_what_a_file_of_its_records_does(database: Opened, tmp_path: Path) -> None:
    result = anon_dagster.anonymize(of_query())
    records = pd.DataFrame(database.run(ALL), columns=["name", "age", "city", "cost"])
    records.to_parquet(tmp_path / "in.parquet")
    source = {"path": str(tmp_path / "in.parquet")}
    of_file = anon_dagster.anonymize({"source": source, "policy": POLICY})
    assert result.levels == of_file.levels
    assert_frame_equal(result.risk, of_file.risk)
    assert result.df is not None
    assert of_file.df is not None
    assert_frame_equal(result.df, of_file.df, check_dtype=False)


@pytest.mark.slow
def test_every_operation_takes_a_table_of_a_database(database: Opened) -> None:
    del database
    table = Source.model_validate({"table": "patients", "connection": "clinic"})
    request = {"source": {"table": "patients", "connection": "clinic"}, "policy": POLICY}
    assert len(anon_dagster.detect(table).table) == 4
    assert len(anon_dagster.measure(request))
    ages = Source.model_validate({"query": "SELECT age FROM patients", "connection": "clinic"})
    only_k = {"attributes": {"age": {"role": "quasi_identifier"}}, "privacy": POLICY["privacy"]}
    assert anon_dagster.verify(only_k, ages).holds
    result = anon_dagster.anonymize(request)
    assert result.arrow is not None
    assert anon_dagster.verify(POLICY, result.arrow).holds
    assert anon_dagster.apply(result, source=request["source"]).df is not None


@pytest.mark.parametrize("engine", [TravellingEngine(2, 0), BlindEngine(2, 0)])
def test_workers_of_a_cluster_change_nothing_whether_they_see_the_copy_or_not(
    database: Opened, engine: TravellingEngine
) -> None:
    here = anon_dagster.anonymize(of_query())
    with keeping(engine):
        there = anon_dagster.anonymize(of_query())
        anon_dagster.anonymize(
            {**of_query(), "target": {"table": "released", "connection": "clinic"}}
        )
    assert there.df is not None
    assert here.df is not None
    assert_frame_equal(there.df, here.df)
    assert database.run("SELECT count(*) FROM released") == [(40,)]


def test_nothing_of_a_copy_is_left(
    database: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    anon_dagster.anonymize(of_query())
    with pytest.raises(AnonError):
        anon_dagster.anonymize(of_query("SELECT age FROM patients"))
    assert not list((tmp_path / "tmp").iterdir())


HARMFUL = [
    "DELETE FROM patients",
    "SELECT 1 AS age; DELETE FROM patients",
    "SELECT 1 AS age) AS q; DELETE FROM patients; SELECT * FROM (SELECT 2",
    "SELECT 1 AS age) AS q; ATTACH '/tmp/anon_other.db' AS other; SELECT * FROM (SELECT 2",
    "SELECT 1 AS age) AS q -- ",
    "WITH gone AS (DELETE FROM patients RETURNING *) SELECT * FROM gone",
    "COPY patients TO '/tmp/anon_stolen'",
    "COPY (SELECT 1) TO PROGRAM 'touch /tmp/anon_stolen'",
    "SELECT 1) TO PROGRAM 'touch /tmp/anon_stolen' --",
    "ATTACH '/tmp/anon_other.db' AS other",
    "SELECT * FROM read_csv('/proc/self/environ')",
    "SELECT load_extension('/tmp/anon_evil')",
    "PRAGMA table_info(patients)",
    "INSERT INTO patients VALUES ('x', 1, 'y', 2)",
    "SELECT set_config('transaction_read_only', 'off', false)",
]


@pytest.mark.parametrize("query", HARMFUL)
def test_a_request_can_do_nothing_but_read_its_database(database: Opened, query: str) -> None:
    if "set_config" in query and database.kind != "postgresql":
        pytest.skip("of PostgreSQL alone")
    with pytest.raises(SourceError, match="cannot read"):
        anon_dagster.anonymize(of_query(query))
    assert database.run("SELECT count(*) FROM patients") == [(40,)]
    assert not Path("/tmp/anon_stolen").exists()  # noqa: S108
    assert not Path("/tmp/anon_other.db").exists()  # noqa: S108


def test_what_the_database_says_is_not_repeated(database: Opened) -> None:
    queries = [
        "SELECT CAST(name AS INTEGER) AS age FROM patients",
        "SELECT nothing FROM patients WHERE name = 'Smith7'",
        "SELECT * FROM nowhere WHERE name = 'Smith7'",
        "SELEC 'Smith7'",
    ]
    for query in queries[database.kind == "sqlite" :]:  # which casts whatever there is
        with pytest.raises(SourceError) as failed:
            anon_dagster.anonymize(of_query(query))
        _require_discreet(failed.value)
        assert "database://clinic/query-" in str(failed.value)
        assert "the statement failed" not in str(failed.value), "there is a reason to tell"


def test_a_connection_that_is_not_known_is_told_by_its_variable() -> None:
    with pytest.raises(RequestError, match="ANON_CONNECTION_CLINIC"):
        anon_dagster.anonymize(of_query())


@pytest.mark.parametrize(
    "address",
    [
        "hunter2-secret",
        "mysql://anon:hunter2-secret@127.0.0.1/x",
        "sqlite:///nowhere/hunter2-secret",
        "sqlite://:memory:?hunter2-secret",
        "duckdb://",
    ],
)
def test_an_address_is_never_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", address)
    with pytest.raises(AnonError) as failed:
        anon_dagster.anonymize(of_query())
    _require_discreet(failed.value)


def test_a_server_that_does_not_answer_may_do_so_later(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", "postgresql://anon:hunter2-secret@127.0.0.1:1/x")
    with pytest.raises(StoreUnavailableError) as failed:
        anon_dagster.anonymize(of_query())
    _require_discreet(failed.value)


def test_a_request_names_a_connection_and_shows_no_query() -> None:
    source = Source.model_validate({"query": "SELECT 'Smith7'", "connection": "clinic"})
    assert "Smith7" not in repr(source)
    assert str(source.path).startswith("database://clinic/query-")
    assert Source.model_validate(source.model_dump(mode="json")) == source


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"query": "SELECT 1"}, "connection is missing"),
        ({"connection": "clinic"}, "needs a table or a query"),
        ({"query": "SELECT 1", "table": "t", "connection": "clinic"}, "not both"),
        ({"query": "SELECT 1", "connection": "../x"}, "letters, digits and underscores"),
        ({"table": 't"; DROP', "connection": "clinic"}, "the name of a table"),
        ({"table": "t", "connection": "clinic", "path": "x.csv"}, "leave it out"),
        ({"table": "t", "connection": "clinic", "format": "csv"}, "is of files"),
        ({"path": "database://clinic/query-0123456789abcdef"}, "without its text"),
    ],
)
def test_what_does_not_go_together_is_told(source: dict[str, Any], why: str) -> None:
    with pytest.raises(RequestError, match=why):
        anon_dagster.anonymize({"source": source, "policy": POLICY})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x' OR '1' = '1", 'x"; DROP TABLE patients; --', "a.b.c", ""])
def test_a_name_of_a_table_is_no_sql_wherever_it_stands(name: str) -> None:
    from anon_dagster.storage.addresses import exists

    with pytest.raises(RequestError, match="a connection and a table of it"):
        exists(f"database://clinic/{name}")


def test_a_table_is_named_alone() -> None:
    with pytest.raises(ValidationError, match="named alone"):
        Source.model_validate({"path": ["database://clinic/a", "database://clinic/b"]})


@pytest.mark.parametrize("name", ["clinic.db", "clinic.sqlite", "clinic.duckdb", "clinic.csv"])
def test_who_names_the_file_of_a_database_is_told_of_connections(name: str, tmp_path: Path) -> None:
    import sqlite3

    with closing(sqlite3.connect(tmp_path / name)) as opened:
        opened.execute("CREATE TABLE x (y)")
    with pytest.raises(AnonError, match=r"is an? (SQLite )?database: .*ANON_CONNECTION_"):
        open_source(Source(path=str(tmp_path / name)))


@pytest.mark.parametrize("mode", ["append", "anonymize"])
def test_records_that_arrive_are_of_files(mode: str) -> None:
    arrivals = {"mode": mode, "source": {"table": "patients", "connection": "clinic"}}
    with pytest.raises(RequestError, match="the files of one folder, prefix or glob come in"):
        parse_request({"policy": POLICY, "arrivals": arrivals})


def test_where_it_comes_from_is_told_by_its_name(database: Opened) -> None:
    result = anon_dagster.anonymize(of_query(ALL + " -- Smith7"))
    page = result.report() + str(result.evidence())
    assert "database://clinic/query-" in page
    assert "Smith7" not in page
    assert database.address not in page


def _require_discreet(error: BaseException) -> None:
    assert "Smith" not in str(error)
    assert "hunter2" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
