"""Tables of Iceberg catalogs: read at one snapshot, and replaced by one commit or not at all."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import anon_dagster
from anon_dagster.client import AnonClient
from anon_dagster.errors import (
    AnonError,
    PromiseBrokenError,
    RequestError,
    SourceError,
    TargetError,
)
from anon_dagster.jobs import announcement
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.releasing import publication
from anon_dagster.releasing.workspace import Announcement
from anon_dagster.request import Request, Source, Target
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.lakehouse import iceberg_commits, iceberg_staging
from anon_dagster.storage.lakehouse.iceberg_catalogs import catalog_at
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.targets import stage, sweep, take_away

engine = pytest.importorskip("sqlalchemy.engine")
sql = pytest.importorskip("pyiceberg.catalog.sql")
schema = pytest.importorskip("pyiceberg.schema")
transforms = pytest.importorskip("pyiceberg.transforms")
types = pytest.importorskip("pyiceberg.types")

POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "city": {"role": "quasi_identifier"},
        "cost": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}
TO = {"table": "clinic.released", "connection": "lake"}
NAME = "database://lake/clinic.released"
PEOPLE = pa.table(
    {
        "name": [f"Canary{n}" for n in range(40)],
        "age": pa.array([20 + n % 4 for n in range(40)], pa.int32()),
        "city": ["a", "b"] * 20,
        "cost": pa.array([Decimal(n) for n in range(40)], pa.decimal128(9, 2)),
    }
)
FORMER = pa.table({"x": ["former"]})
RELEASED = pa.table({"x": ["released"]})


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a catalog with a table of patients."""
    file, warehouse = tmp_path / "catalog.db", tmp_path / "warehouse"
    catalog = sql.SqlCatalog("lake", uri=f"sqlite:///{file}", warehouse=f"file://{warehouse}")
    catalog.create_namespace("clinic")
    catalog.create_table("clinic.patients", PEOPLE.schema).append(PEOPLE)
    monkeypatch.setenv("ANON_CONNECTION_LAKE", f"iceberg+sqlite:///{file}?warehouse={warehouse}")
    yield catalog
    catalog.close()


@pytest.fixture
def former(lake: Any) -> Any:
    """Give a catalog whose target was written by somebody else."""
    lake.create_table("clinic.released", FORMER.schema).append(FORMER)
    return lake


def request_of(**changed: Any) -> dict[str, Any]:
    source = {"table": "clinic.patients", "connection": "lake"}
    return {"source": source, "target": TO, "policy": POLICY, **changed}


def content(lake: Any, name: str = "clinic.released") -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = lake.load_table(name).scan().to_arrow().to_pylist()
    return records


def files(tmp_path: Path) -> set[str]:
    """Return the data files that there are."""
    return {str(each) for each in (tmp_path / "warehouse").rglob("*.parquet")}


def known_files(lake: Any) -> set[str]:
    """Return the data files that the tables have, in all of their snapshots."""
    return {
        path.removeprefix("file://")
        for name in lake.list_tables("clinic")
        for path in lake.load_table(name).inspect.all_files()["file_path"].to_pylist()
    }


def stored(table: pa.Table = RELEASED, job: str = "job-1") -> None:
    """Publish records as a job does."""
    with stage(Target.model_validate(TO), table.schema, token=job) as staged:
        staged.write(table)
        staged.seal()
        staged.publish()


# -- whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True])
def test_a_table_holds_what_the_release_is(lake: Any, tmp_path: Path, *, there: bool) -> None:
    if there:
        bounds = {"write.metadata.metrics.column.age": "full"}
        lake.create_table("clinic.released", FORMER.schema, properties=bounds).append(FORMER)
    result = anon_dagster.anonymize(request_of())
    of_memory = anon_dagster.anonymize(request_of(target=None))
    assert of_memory.arrow is not None
    stored = read_table(result.release.source)
    assert sorted(map(str, stored.to_pylist())) == sorted(map(str, of_memory.arrow.to_pylist()))
    assert sorted(map(str, content(lake))) == sorted(map(str, stored.to_pylist()))
    assert result.release.paths == (NAME,)
    assert anon_dagster.verify(POLICY, Source.model_validate(TO)).holds
    found = str(anon_dagster.check_evidence(result.evidence(share=True), result.release.source))
    assert "holds" in found
    assert files(tmp_path) == known_files(lake)
    table = lake.load_table("clinic.released")
    assert "Canary" not in str(table.metadata)
    told = table.inspect.files().to_pylist()
    assert sum(each["record_count"] for each in told) == 40
    assert not any(each["lower_bounds"] or each["upper_bounds"] for each in told)


def test_a_release_replaces_another_one_and_is_taken_back(lake: Any, tmp_path: Path) -> None:
    anon_dagster.anonymize(request_of())
    before, columns = content(lake), lake.load_table("clinic.released").schema()
    coarser = {**POLICY, "privacy": {"k_anonymity": {"k": 40}}}
    anon_dagster.anonymize(request_of(policy=coarser))
    assert content(lake) != before
    assert take_away(NAME) == 0
    assert content(lake) == before
    assert lake.load_table("clinic.released").schema() == columns
    assert len(lake.load_table("clinic.released").metadata.snapshots) == 1
    assert files(tmp_path) == known_files(lake)
    take_away(NAME)
    assert not lake.table_exists("clinic.released")
    assert files(tmp_path) == known_files(lake)
    assert [p.name for p in (tmp_path / "warehouse" / "clinic").iterdir()] == ["patients"]


@pytest.mark.parametrize("is_empty", [False, True])
def test_what_somebody_else_wrote_comes_back_and_stays(
    lake: Any, tmp_path: Path, *, is_empty: bool
) -> None:
    table = lake.create_table("clinic.released", FORMER.schema)
    if not is_empty:
        table.append(FORMER)
    anon_dagster.anonymize(request_of())
    assert len(content(lake)) == 40
    take_away(NAME)
    assert content(lake) == ([] if is_empty else FORMER.to_pylist())
    assert files(tmp_path) == known_files(lake)
    with pytest.raises(TargetError, match="somebody else wrote"):
        take_away(NAME)


def test_a_tag_of_a_release_goes_with_it(former: Any) -> None:
    stored()
    table = former.load_table("clinic.released")
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "theirs").commit()
    take_away(NAME)
    assert content(former) == FORMER.to_pylist()
    assert set(former.load_table("clinic.released").refs()) == {"main"}


def test_what_somebody_wrote_to_a_branch_of_a_release_stays(former: Any) -> None:
    stored()
    table = former.load_table("clinic.released")
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, "theirs").commit()
    former.load_table("clinic.released").append(FORMER, branch="theirs")
    with pytest.raises(TargetError, match="somebody else wrote"):
        take_away(NAME)
    table = former.load_table("clinic.released")
    assert table.scan().use_ref("theirs").to_arrow().num_rows == 2
    assert content(former) == RELEASED.to_pylist()


def test_a_former_snapshot_still_reads_as_it_was(former: Any) -> None:
    """A column of another type is another column, though it has the same name."""
    number = former.load_table("clinic.released").current_snapshot().snapshot_id
    anon_dagster.anonymize(request_of(target={**TO}))
    first = former.load_table("clinic.released").current_snapshot().snapshot_id
    raw = {**POLICY, "attributes": {**POLICY["attributes"], "age": {"role": "non_sensitive"}}}
    anon_dagster.anonymize(request_of(policy=raw))
    table = former.load_table("clinic.released")
    assert {type(each["age"]) for each in content(former)} == {int}
    assert table.scan(snapshot_id=number).to_arrow().to_pylist() == FORMER.to_pylist()
    assert None not in table.scan(snapshot_id=first).to_arrow()["age"].to_pylist()


def test_columns_that_tell_records_apart_or_have_a_dot_are_replaced(lake: Any) -> None:
    fields = [types.NestedField(1, "k", types.StringType(), required=True)]
    fields += [types.NestedField(2, "a.b", types.StringType(), required=False)]
    columns = schema.Schema(*fields, identifier_field_ids=[1])
    before = pa.table({"k": ["former"], "a.b": ["former"]})
    table = lake.create_table("clinic.released", columns)
    table.append(before.cast(table.schema().as_arrow()))
    released = pa.table({"k": ["released"], "a.b": [1], "c.d": [2]})
    stored(released)
    assert content(lake) == released.to_pylist()
    take_away(NAME)
    assert content(lake) == before.to_pylist()
    assert lake.load_table("clinic.released").schema().identifier_field_ids == [1]


def test_no_metadata_has_values_of_a_release(former: Any) -> None:
    """It outlives the data files of a release that is withdrawn, and those of a job that died."""
    number = former.load_table("clinic.released").current_snapshot().snapshot_id
    stored()
    table = former.load_table("clinic.released")
    bounds = table.inspect.files().select(["lower_bounds", "upper_bounds"]).to_pylist()
    assert not any(value for each in bounds for value in each.values())
    assert table.inspect.files()["record_count"].to_pylist() == [1]
    assert table.scan(row_filter="x == 'released'").to_arrow().num_rows == 1
    assert table.scan(snapshot_id=number).to_arrow().to_pylist() == FORMER.to_pylist()


@pytest.mark.usefixtures("lake")
def test_every_type_comes_back_with_its_text() -> None:
    table = pa.table(
        {
            "k": pa.array([1, 2, None], pa.int8()),
            "n": pa.array([2**62, -1, None], pa.int64()),
            "f": pa.array([0.5, -0.0, None], pa.float32()),
            "b": [True, False, None],
            "t": pa.array(["a", "", None], pa.large_string()),
            "c": pa.array(["x", "y", None]).dictionary_encode(),
            "d": [dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
            "m": pa.array([0, 1, None], pa.timestamp("us")),
            "z": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
            "s": pa.array([0, 1, None], pa.timestamp("s")),
            "x": pa.array([Decimal("0.10"), Decimal("-9.99"), None], pa.decimal128(3, 2)),
            "u": pa.array([1, 2**64 - 1, None], pa.uint64()),
            "h": [dt.time(1, 2, 3), dt.time(23, 59), None],
        }
    )
    target = Target.model_validate(TO)
    with stage(target, table.schema, token=fresh_token()) as staged:
        staged.write(table)
        staged.seal()
        beside = read_table(staged.staged_source())
        staged.publish()
    stored = read_table(Source.model_validate(TO))
    assert stored.select(table.column_names).to_pylist() == beside.to_pylist()
    for name in set(table.column_names) - {"h", "u"}:
        assert stored[name].to_pylist() == table[name].to_pylist(), name
    assert stored["u"].to_pylist() == [1, 2**64 - 1, None]
    assert [str(each) for each in stored["h"].to_pylist()] == ["01:02:03", "23:59:00", "None"]


def test_a_table_of_another_engine_with_other_addresses_of_its_files(
    lake: Any, tmp_path: Path
) -> None:
    """Some write ``file:/lake`` with one slash."""
    place = tmp_path / "warehouse" / "of another"
    lake.create_table("clinic.released", FORMER.schema, location=f"file:{place}").append(FORMER)
    anon_dagster.anonymize(request_of())
    assert len(content(lake)) == 40
    assert len(read_table(Source.model_validate(TO))) == 40
    take_away(NAME)
    assert content(lake) == FORMER.to_pylist()
    assert len(list(place.rglob("*.parquet"))) == 1


# -- or not at all -----------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, TargetError])
@pytest.mark.parametrize("at", ["move", "commit"])
def test_whatever_fails_leaves_the_former_table_and_nothing_beside(
    lake: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    error: type[BaseException],
    *,
    there: bool,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error("Canary")

    if there:
        lake.create_table("clinic.released", FORMER.schema).append(FORMER)
    before = files(tmp_path)
    monkeypatch.setattr(iceberg_staging, at, fails)
    with pytest.raises((error, AnonError)):
        anon_dagster.anonymize(request_of())
    assert lake.table_exists("clinic.released") == there
    assert not there or content(lake) == FORMER.to_pylist()
    assert files(tmp_path) == before
    names = {path.name for path in (tmp_path / "warehouse" / "clinic").iterdir()}
    assert names == {"patients", *(["released"] if there else [])}


def test_a_release_that_breaks_a_promise_is_published_nowhere(
    former: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PromiseBrokenError("k")

    before = files(tmp_path)
    monkeypatch.setattr(publication, "verify_release", broken)
    with pytest.raises(PromiseBrokenError):
        anon_dagster.anonymize(request_of())
    assert content(former) == FORMER.to_pylist()
    assert files(tmp_path) == before


def test_a_commit_that_came_later_than_its_error_counts(
    former: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = iceberg_commits._require_alone  # noqa: SLF001 (the last step)

    def fails(*given: Any) -> None:
        alone(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(iceberg_commits, "_require_alone", fails)
    with pytest.raises(KeyboardInterrupt):
        anon_dagster.anonymize(request_of())
    assert len(content(former)) == 40


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_somebody_else_who_commits_meanwhile_is_not_overwritten(
    lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_empty: bool, late: bool
) -> None:
    """Before the commit is begun, and after the release was seen to be the next one."""
    table = lake.create_table("clinic.released", FORMER.schema)
    if not is_empty:
        table.append(FORMER)
    place, name = (iceberg_commits, "_begun") if late else (iceberg_staging, "commit")
    wanted, calls = getattr(place, name), []

    def be_overtaken(*given: Any) -> Any:
        made = wanted(*given) if late else None
        calls.append(name)
        if len(calls) == 1 + late:  # the first time it is only planned
            lake.load_table("clinic.released").append(FORMER)
        return made if late else wanted(*given)

    monkeypatch.setattr(place, name, be_overtaken)
    before = len(content(lake))
    with pytest.raises(TargetError, match="somebody else wrote"):
        anon_dagster.anonymize(request_of())
    assert content(lake) == FORMER.to_pylist() * (before + 1)
    assert files(tmp_path) == known_files(lake)


def test_a_table_that_somebody_else_makes_meanwhile_is_not_overwritten(
    lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = iceberg_commits.commit

    def be_overtaken(*given: Any) -> None:
        lake.create_table("clinic.released", FORMER.schema).append(FORMER)
        wanted(*given)

    monkeypatch.setattr(iceberg_staging, "commit", be_overtaken)
    with pytest.raises(TargetError, match="somebody else wrote"):
        anon_dagster.anonymize(request_of())
    assert content(lake) == FORMER.to_pylist()


def test_a_release_is_at_no_moment_added_to_what_somebody_else_wrote(
    former: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, found = iceberg_commits._begun, []  # noqa: SLF001 (the last step)

    def be_overtaken(*given: Any) -> Any:
        begun = wanted(*given)
        former.load_table("clinic.released").append(FORMER)
        return begun

    with stage(Target.model_validate(TO), FORMER.schema, token=fresh_token()) as staged:
        staged.write(RELEASED)
        staged.seal()
        monkeypatch.setattr(iceberg_commits, "_begun", be_overtaken)
        monkeypatch.setattr(iceberg_commits, "_require_alone", lambda *_: found.append("late"))
        with pytest.raises(TargetError, match="somebody else wrote"):
            staged.publish()
    assert found == []
    assert content(former) == FORMER.to_pylist() * 2


def test_another_release_that_came_since_is_not_taken_back(
    former: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = take_away

    def be_overtaken(*given: Any) -> int:
        stored(pa.table({"x": ["later"]}), job="job-2")
        return wanted(*given)

    stored()
    versions = publication.versions_of([NAME])
    monkeypatch.setattr(publication, "take_away", be_overtaken)
    with pytest.raises(TargetError, match="somebody else wrote"):
        publication.withdraw(NAME, [NAME], versions)
    assert content(former) == [{"x": "later"}]


def test_a_snapshot_whose_files_cannot_be_told_is_no_foreign_error(former: Any) -> None:
    stored()
    for each in Path(former.load_table("clinic.released").location()[7:]).rglob("snap-*.avro"):
        each.write_text("Canary")
    with pytest.raises(AnonError, match="damaged"):
        take_away(NAME)
    with pytest.raises(AnonError, match="damaged"):
        publication.versions_of([NAME])
    with pytest.raises(AnonError, match="damaged"):
        sweep(Target.model_validate(TO))


@pytest.mark.parametrize(("there", "step"), [(False, "_drop"), (True, "_set_back")])
def test_what_somebody_writes_while_a_release_is_withdrawn_stays(
    lake: Any, monkeypatch: pytest.MonkeyPatch, step: str, *, there: bool
) -> None:
    wanted = getattr(iceberg_commits, step)

    def be_overtaken(*given: Any) -> None:
        lake.load_table("clinic.released").append(FORMER)
        wanted(*given)

    if there:
        lake.create_table("clinic.released", FORMER.schema)
    stored()
    monkeypatch.setattr(iceberg_commits, step, be_overtaken)
    with pytest.raises(TargetError, match="somebody else wrote"):
        take_away(NAME)
    assert len(content(lake)) == 2


def test_what_dead_jobs_left_is_swept_and_all_else_stays(former: Any, tmp_path: Path) -> None:
    anon_dagster.anonymize(request_of())
    target, other = Target.model_validate(TO), Target.model_validate({**TO, "table": "clinic.new"})
    before = files(tmp_path)
    data = Path(former.load_table("clinic.released").location().removeprefix("file://"), "data")
    lake = catalog_at(NAME)
    assert lake is not None
    begun, mark = iceberg_commits.beginning_of_folder, lake.catalog.mark
    for token in ("dead", "alive"):
        beside = data.parent.with_name(f".released.{token}.part")
        for folder in (data / f"{begun(lake, token)}-0123abcd", beside):
            folder.mkdir()
            pq.write_table(FORMER, folder / "part-00000.parquet")
        folder = tmp_path / "warehouse" / "clinic" / f"new.of-{mark}-{token}" / "data"
        folder.mkdir(parents=True)
        pq.write_table(FORMER, folder / "part-00000.parquet")
    former.create_table("clinic.renamed", FORMER.schema, location=f"file://{folder.parent}x")
    assert len(sweep(target, alive={"alive"})) == 2
    assert len(sweep(other, alive={"alive"})) == 1
    left = files(tmp_path) - before
    assert len(left) == 3
    assert all("alive" in each for each in left)
    assert len(sweep(target)) == 2
    assert len(sweep(other)) == 1
    assert files(tmp_path) == before
    assert len(content(former)) == 40


def test_a_table_that_was_renamed_keeps_its_files_though_another_one_shares_its_folder(
    former: Any,
) -> None:
    stored()
    former.rename_table("clinic.released", "clinic.archive")
    former.create_table("clinic.released", FORMER.schema).append(FORMER)
    assert sweep(Target.model_validate(TO)) == ()
    assert content(former, "clinic.archive") == RELEASED.to_pylist()


@pytest.mark.parametrize("there", [False, True])
def test_tables_of_another_catalog_in_the_same_folder_are_not_swept(
    lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    file, warehouse = tmp_path / "catalog.db", tmp_path / "warehouse"
    other = sql.SqlCatalog("other", uri=f"sqlite:///{file}", warehouse=f"file://{warehouse}")
    other.create_namespace("clinic")
    for each in (lake, other) if there else ():
        each.create_table("clinic.released", FORMER.schema).append(FORMER)
    address = f"iceberg+sqlite:///{file}?catalog=other&warehouse={warehouse}"
    monkeypatch.setenv("ANON_CONNECTION_OTHER", address)
    stored()
    assert sweep(Target.model_validate({**TO, "connection": "other"})) == ()
    assert content(lake) == RELEASED.to_pylist()
    other.close()


@pytest.mark.parametrize("since", [False, True])
def test_a_job_that_died_before_it_told_is_taken_back_unless_somebody_wrote_since(
    former: Any, tmp_path: Path, *, since: bool
) -> None:
    job = JobFolder(tmp_path / "store", "job-1")
    job.create()
    job.save_request(Request.model_validate(request_of()))
    with stage(Target.model_validate(TO), FORMER.schema, token=job.job_id) as staged:
        staged.write(pa.table({"x": ["released"]}))
        checksum = publication.checksum_of(staged.seal())
        paths = staged.final_paths
        told = Announcement(paths, checksum, publication.versions_of(paths), staged.versions)
        announcement.announce(job, told)
        staged.publish()
    assert publication.checksum_of(paths) == checksum
    if since:
        former.load_table("clinic.released").overwrite(FORMER)
    assert announcement.withdraw(job) == (None if since else NAME)
    assert content(former) == FORMER.to_pylist()


@pytest.mark.slow
def test_a_job_of_a_deployment_releases_a_table_and_takes_it_back(
    former: Any, tmp_path: Path
) -> None:
    client = AnonClient(home=tmp_path / "home")
    job = client.anonymize(request_of())
    made = job.result(300.0)
    assert made.paths == (NAME,)
    assert len(content(former)) == 40
    assert job.status()["status"] == "completed"
    assert job.delete(target=True)["targets_kept"] == []
    assert content(former) == FORMER.to_pylist()
    assert files(tmp_path) == known_files(former)
    client.close()


@pytest.mark.slow
def test_a_catalog_may_lie_in_postgresql(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str
) -> None:
    warehouse = tmp_path / "warehouse"
    uri = server.replace("postgresql://", "postgresql+psycopg2://")
    catalog = sql.SqlCatalog("mine", uri=uri, warehouse=f"file://{warehouse}")
    try:
        catalog.create_namespace("clinic")
        catalog.create_table("clinic.patients", PEOPLE.schema).append(PEOPLE)
        told = f"iceberg+{server}?catalog=mine&warehouse={warehouse}"
        monkeypatch.setenv("ANON_CONNECTION_LAKE", told)
        for _ in range(2):
            anon_dagster.anonymize(request_of())
            assert len(content(catalog)) == 40
        take_away(NAME)
        assert len(content(catalog)) == 40
        take_away(NAME)
        assert not catalog.table_exists("clinic.released")
    finally:
        catalog.destroy_tables()
        catalog.close()


# -- refused in words ---------------------------------------------------------------------------


def test_one_snapshot_is_read_whatever_others_write_meanwhile(
    lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = publication.written

    def written(*given: Any, **named: Any) -> Any:
        lake.load_table("clinic.patients").append(PEOPLE)
        return wanted(*given, **named)

    monkeypatch.setattr(publication, "written", written)
    anon_dagster.anonymize(request_of())
    assert len(content(lake)) == 40
    assert len(content(lake, "clinic.patients")) == 80


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"source": {"table": "clinic.nobody", "connection": "lake"}}, "no such table"),
        ({"source": {"table": "patients", "connection": "lake"}}, "has a namespace"),
        ({"source": {"query": "SELECT 1", "connection": "lake"}}, "answers no queries"),
        ({"target": {**TO, "table": "clinic.patients"}}, "is also a source"),
        ({"target": {**TO, "table": "nowhere.t"}}, "no namespace nowhere"),
        ({"target": {**TO, "table": "clinic.parted"}}, "is partitioned"),
        ({"target": {**TO, "table": "clinic.sorted"}}, "order of records"),
        ({"target": {**TO, "connection": "nobody"}}, "ANON_CONNECTION_NOBODY"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(
    lake: Any, asked: dict[str, Any], said: str
) -> None:
    with lake.create_table("clinic.parted", FORMER.schema).update_spec() as change:
        change.add_identity("x")
    with lake.create_table("clinic.sorted", FORMER.schema).update_sort_order() as order:
        order.asc("x", transforms.IdentityTransform())
    with pytest.raises((RequestError, SourceError, TargetError), match=said):
        anon_dagster.anonymize(request_of(**asked))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("iceberg+sqlite:///gone/catalog.db?warehouse=/w", "is no file"),
        ("iceberg+sqlite:///{}", "warehouse="),
        ("iceberg+sqlite:///{}?warehouse=w", "whole path"),
        ("iceberg+sqlite:///{}?warehouse=/w%23w", "number sign"),
        ("iceberg+sqlite://{}?warehouse=/w", "three slashes"),
        ("iceberg+sqlite:///{}.txt?warehouse=/w", "damaged"),
        ("iceberg+postgresql://ada:Canary@127.0.0.1:9/lake?warehouse=/w", "does not answer"),
        ("iceberg+postgresql://ada:[Canary]@127.0.0.1/lake?warehouse=/w", "holds no address"),
        ("iceberg+mysql://ada:Canary@127.0.0.1/lake?warehouse=/w", "unknown kind"),
    ],
)
@pytest.mark.usefixtures("lake")
def test_a_catalog_that_cannot_be_used_is_told_without_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    (tmp_path / "catalog.db.txt").write_text("Canary " * 999)
    told = address.format(str(tmp_path / "catalog.db")[1:])
    monkeypatch.setenv("ANON_CONNECTION_LAKE", told)
    with pytest.raises(AnonError, match=said) as caught:
        anon_dagster.anonymize(request_of())
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["a b", "a%20b", "a+b@c", "ä"])
def test_folders_of_a_catalog_may_be_called_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder := tmp_path / name).mkdir()
    file, warehouse = folder / "catalog.db", folder / "warehouse"
    uri = engine.URL.create("sqlite", database=str(file)).render_as_string()
    catalog = sql.SqlCatalog("lake", uri=uri, warehouse=f"file://{warehouse}")
    catalog.create_namespace("clinic")
    address = f"iceberg+sqlite:///{quote(str(file))}?warehouse={quote(str(warehouse))}"
    monkeypatch.setenv("ANON_CONNECTION_LAKE", address)
    for job in ("job-1", "job-2"):
        stored(RELEASED, job)
        assert content(catalog) == RELEASED.to_pylist()
        assert read_table(Source.model_validate(TO)).to_pylist() == RELEASED.to_pylist()
    for _ in range(2):
        take_away(NAME)
    assert not catalog.table_exists("clinic.released")
    assert files(folder) == set()
    catalog.close()


def test_options_of_a_database_are_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "iceberg+postgresql://ada@127.0.0.1/lake?sslmode=verify-full&warehouse=/w"
    monkeypatch.setenv("ANON_CONNECTION_LAKE", address)
    found = catalog_at(NAME)
    assert found is not None
    assert found.catalog.opened.engine.url.query == {"sslmode": "verify-full"}


def test_nothing_but_the_address_says_where_a_catalog_is(
    former: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    for name in ("LAKE", "DEFAULT"):
        monkeypatch.setenv(f"PYICEBERG_CATALOG__{name}__URI", elsewhere)
        monkeypatch.setenv(f"PYICEBERG_CATALOG__{name}__WAREHOUSE", "s3://elsewhere")
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  lake:\n    uri: {elsewhere}\n")
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    anon_dagster.anonymize(request_of())
    assert len(content(former)) == 40
    assert not (tmp_path / "elsewhere.db").exists()


@pytest.mark.parametrize("how", ["variable", "file", "damaged"])
@pytest.mark.usefixtures("lake")
def test_settings_that_would_change_values_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    name = "downcast-ns-timestamp-to-us-on-write"
    if how == "variable":
        monkeypatch.setenv("PYICEBERG_DOWNCAST_NS_TIMESTAMP_TO_US_ON_WRITE", "true")
    else:
        monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
        text = f"{name}: true\n" if how == "file" else "{"
        (tmp_path / ".pyiceberg.yaml").write_text(text)
    with pytest.raises(SourceError, match="pyiceberg's own settings"):
        anon_dagster.anonymize(request_of())


def test_a_table_whose_files_lie_elsewhere_is_refused(lake: Any) -> None:
    metadata = lake.load_table("clinic.patients").metadata
    moved = metadata.model_copy(update={"location": "s3://elsewhere/patients"})
    path = lake.load_table("clinic.patients").metadata_location.replace("00001", "00009")
    Path(path.removeprefix("file://")).write_text(moved.model_dump_json())
    lake.register_table("clinic.away", path)
    with pytest.raises(SourceError, match="do not lie on this machine"):
        anon_dagster.anonymize(request_of(source={"table": "clinic.away", "connection": "lake"}))
