"""Jobs read a database and replace a table of it; nothing that Dagster keeps tells a cell of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import anon_dagster
from anon_dagster.cli import main
from anon_dagster.client import AnonClient
from anon_dagster.client.submission import Submission
from anon_dagster.client.tasks import ApplyTask, DetectTask, Task
from anon_dagster.defs.adhoc import source_of
from anon_dagster.errors import AnonError, HandoverError, RequestError
from anon_dagster.request import Source, Target
from tests.databases.conftest import Opened
from tests.databases.postgresql import PASSWORD
from tests.databases.test_targets import POLICY, TO, tables_of

SECONDS = 300.0
REQUEST = {
    "source": {
        "query": "SELECT * FROM patients WHERE name LIKE 'Smith%'",
        "connection": "clinic",
    },
    "target": TO,
    "policy": POLICY | {"risk_analysis": {"records": True}},
}
QUERY = Source.model_validate(REQUEST["source"])


@pytest.fixture
def client(tmp_path: Path, database: Opened) -> Iterator[AnonClient]:
    del database  # whose address the host finds in the environment that it starts in
    client = AnonClient(home=tmp_path / "home")
    yield client
    client.close()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_job_releases_a_table_and_takes_it_back(
    client: AnonClient, database: Opened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    job = client.anonymize(REQUEST)
    made = job.result(SECONDS)
    assert made.paths == ("database://clinic/released",)
    assert made.df is None
    assert database.run("SELECT count(*) FROM released") == [(40,)]
    assert anon_dagster.verify(POLICY, Source.model_validate(TO)).holds
    assert len(job.risk_per_record().source) == 40
    assert job.status()["status"] == "completed"
    assert "database://clinic/query-" in job.report()
    again = client.anonymize(REQUEST)
    assert again.result(SECONDS).checksum == made.checksum
    assert tables_of(database) == ["patients", "released"]
    broken = {"query": "SELECT CAST(name AS INTEGER) AS age FROM patients", "connection": "clinic"}
    failed = client.anonymize({**REQUEST, "source": broken})
    with pytest.raises(AnonError, match="while its records were read") as told:
        failed.result(SECONDS)
    assert "Smith" not in str(told.value)
    assert database.run("SELECT count(*) FROM released") == [(40,)]
    assert again.delete(target=True)["targets_kept"] == []
    assert tables_of(database) == ["patients"]
    client.close()
    said = capfd.readouterr()
    _require_discreet(tmp_path / "home", said.out + said.err)


def _require_discreet(home: Path, said: str) -> None:
    """Look for the password anywhere, and for cells in all but the private folders of jobs."""
    assert PASSWORD not in said
    assert "Smith" not in said
    looked = 0
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSWORD.encode() not in content, path
            if not {"jobs", "handed"} & set(path.relative_to(home).parts):
                assert b"Smith" not in content, path
                looked += 1
    assert looked


def test_the_shell_takes_a_request_of_a_database(
    database: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "request.yaml").write_text(
        "source: {query: SELECT name FROM patients, connection: clinic}\n"
        "target: {table: released, connection: clinic}\n"
        "policy:\n  attributes: {name: {role: quasi_identifier}}\n"
        "  privacy: {k_anonymity: {k: 2}}\n  suppression_limit: 1\n"
    )
    assert main(["validate", str(tmp_path / "request.yaml")]) == 0
    said = capsys.readouterr()
    assert "Smith" not in said.out + said.err
    assert tables_of(database) == ["patients"]


QUERIES: dict[str, Task] = {
    "detect": DetectTask(QUERY, {"mode": "full"}),
    "apply": ApplyTask("a job", QUERY, Target(path="later.csv"), {}),
}


@pytest.mark.parametrize("task", QUERIES)
def test_a_query_does_not_stand_in_the_configuration_of_a_job(tmp_path: Path, task: str) -> None:
    launch = Submission(QUERIES[task], "adhoc", None, tmp_path).launch()
    assert "Smith" not in str(launch)
    ((config,),) = (list(each.values()) for each in launch.config["ops"].values())
    assert source_of(config["source"]) == QUERY
    with pytest.raises(HandoverError, match="a folder that both sides see"):
        Submission(QUERIES[task], "adhoc", None, None).launch()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_query_is_looked_at_and_its_records_are_recoded_by_jobs(
    client: AnonClient, database: Opened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    del database
    found = client.detect(QUERY).result(SECONDS)
    assert found.df is not None
    assert {"name", "age", "city", "cost"} <= {*map(str, found.df.index), *found.df.iloc[:, 0]}
    first = client.anonymize({**REQUEST, "target": None})
    first.result(SECONDS)
    applied = client.apply(first, source=QUERY, target=Target(path=str(tmp_path / "later.csv")))
    assert applied.result(SECONDS).checksum is not None
    assert (tmp_path / "later.csv").exists()
    client.close()
    said = capfd.readouterr()
    _require_discreet(tmp_path / "home", said.out + said.err)


@pytest.mark.slow
def test_a_request_to_start_from_is_written_for_a_table(
    database: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del database
    written = tmp_path / "request.yaml"
    table = "database://clinic/patients"
    assert main(["init", table, "--output", str(written)]) == 0
    assert main(["validate", "--source", str(written)]) == 0
    assert "database://clinic/patients" in written.read_text()
    capsys.readouterr()


def test_linked_tables_are_released_to_files(database: Opened) -> None:
    del database
    person: dict[str, Any] = {"name": {"role": "direct_identifier"}}
    table = {"source": {"table": "patients", "connection": "clinic"}}
    quasi = {"age": {"role": "quasi_identifier"}, "city": {"role": "quasi_identifier"}}
    request = {
        "tables": {
            "people": {
                **table,
                "target": TO,
                "policy": {"attributes": person | {"age": quasi["age"]}},
            },
            "visits": {
                **table,
                "target": {"table": "visits", "connection": "clinic"},
                "join": {"to": "people", "on": "name"},
                "policy": {"attributes": person | {"city": quasi["city"]}},
            },
        },
        "policy": {"person": "name", "privacy": {"k_anonymity": {"k": 2}}},
    }
    with pytest.raises(RequestError, match=r"as files: name a path"):
        anon_dagster.anonymize(request)


@pytest.mark.slow
def test_nobody_tells_how_old_a_table_is(database: Opened) -> None:
    from anon_dagster.defs.freshness import staleness
    from anon_dagster.request import parse_request

    del database
    assert "does not tell when" in staleness(parse_request(REQUEST), now=0.0)
