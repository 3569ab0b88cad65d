"""A release becomes the next version of a Delta table whole, or the table stays as it was."""

import hashlib
import shutil
import threading
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

import anon_dagster
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
from anon_dagster.releasing.publication import Withdrawal, checksum_of, versions_of, withdraw
from anon_dagster.releasing.workspace import Announcement
from anon_dagster.request import Request, Source, Target
from anon_dagster.request.arrivals import Arrivals
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.lakehouse import commits, staging
from anon_dagster.storage.lakehouse.staging import StagedDelta
from anon_dagster.storage.lakehouse.tables import made_at
from anon_dagster.storage.moving import remove
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.targets import StagedTarget, check_target, stage, sweep, take_away
from anon_dagster.storage.values import text_array

deltalake = pytest.importorskip("deltalake")

POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "city": {"role": "quasi_identifier"},
        "cost": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
}
FORMER = pa.table({"x": ["former"]})
OTHER = pa.table({"x": ["of somebody else"]})
SMALL = pa.table({"n": [1, 2, 3]})


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "released"


@pytest.fixture
def former(lake: Path) -> Path:
    lake.parent.mkdir()
    deltalake.write_deltalake(str(lake), FORMER)
    return lake


@pytest.fixture
def people(tmp_path: Path) -> Path:
    lines = [f"Smith{n},{20 + n % 4},{('Rome', 'Oslo')[n % 2]},{n}" for n in range(40)]
    (tmp_path / "in.csv").write_text("\n".join(["name,age,city,cost", *lines]) + "\n")
    return tmp_path / "in.csv"


def to(lake: Path, **options: Any) -> dict[str, Any]:
    return {"path": str(lake), "format": "delta", **options}


def request_of(people: Path, target: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    return {"source": {"path": str(people)}, "target": target, "policy": POLICY, **changed}


def content(lake: Path, version: int | None = None) -> pa.Table:
    return pa.table(deltalake.DeltaTable(str(lake), version=version).to_pyarrow_table())


def version(lake: Path) -> int:
    return int(deltalake.DeltaTable(str(lake)).version())


def tree(folder: Path) -> dict[str, str]:
    """Return the checksums of all files in a folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def staged_at(lake: Path, table: pa.Table = SMALL, token: str = "job-1") -> StagedTarget:  # noqa: S107
    staged = stage(Target.model_validate(to(lake)), table.schema, token=token)
    staged.write(table)
    staged.seal()
    return staged


# -- what is released -------------------------------------------------------------------------


def test_a_release_to_delta_is_the_release_to_parquet(people: Path, lake: Path) -> None:
    beside = {"path": str(people.parent / "out.parquet")}
    of_parquet = anon_dagster.anonymize(request_of(people, beside))
    of_delta = anon_dagster.anonymize(request_of(people, to(lake)))
    assert of_delta.release.checksum == of_parquet.release.checksum
    assert of_delta.release.verification == of_parquet.release.verification
    assert of_delta.risk.equals(of_parquet.risk)
    assert of_delta.utility.equals(of_parquet.utility)
    assert content(lake).equals(pq.read_table(beside["path"]).cast(content(lake).schema))
    assert read_table(of_delta.release.source).equals(read_table(of_parquet.release.source))
    assert anon_dagster.verify(POLICY, Source.model_validate(to(lake))).holds
    assert len(anon_dagster.risk_per_record(of_delta).release) == 40
    assert [each.name for each in lake.parent.iterdir()] == [lake.name]


def test_each_release_is_a_version_and_the_former_ones_stay_readable(
    people: Path, former: Path
) -> None:
    anon_dagster.anonymize(request_of(people, to(former)))
    anon_dagster.anonymize(request_of(people, to(former)))
    assert version(former) == 2
    assert content(former).num_rows == 40
    assert content(former, 0).equals(FORMER)
    assert content(former, 1).equals(content(former, 2))


def test_a_release_is_compared_with_the_former_one_in_the_table(people: Path, lake: Path) -> None:
    policy = {**POLICY, "residual": {"repeated": "warn"}}
    first = anon_dagster.anonymize(request_of(people, to(lake), policy=policy))
    second = anon_dagster.anonymize(request_of(people, to(lake), policy=policy))
    assert (first.release.residual.former, second.release.residual.former) == (0, 1)


def test_a_table_has_so_many_records_in_each_file(people: Path, lake: Path) -> None:
    target = to(lake, single_file=False, rows_per_file=15, compression="snappy")
    result = anon_dagster.anonymize(request_of(people, target))
    files = sorted(lake.glob("*.parquet"))
    assert [pq.read_metadata(file).num_rows for file in files] == [15, 15, 10]
    assert pq.read_metadata(files[0]).row_group(0).column(0).compression == "SNAPPY"
    assert result.release.checksum == checksum_of(map(str, files))
    assert content(lake).num_rows == 40
    evidence = result.evidence(share=True)
    for named in (Source.model_validate(to(lake)), f"delta://{lake}"):
        found = anon_dagster.check_evidence(evidence, named)
        assert "checksum of the release: holds" in str(found)
        assert "figures and facts: holds" in str(found)


TYPES = pa.table(
    {
        "tiny": pa.array([1, None, 3], pa.int8()),
        "byte": pa.array([1, None, 255], pa.uint8()),
        "whole": pa.array([1, 2, 2**62], pa.int64()),
        "large": pa.array([1, 2, 2**64 - 1], pa.uint64()),
        "real": pa.array([0.1, None, 1e300]),
        "single": pa.array([0.1, None, 2.5], pa.float32()),
        "exact": pa.array([Decimal("1.50"), Decimal("20.00"), None], pa.decimal128(10, 2)),
        "wide": pa.array([Decimal(10) ** 50, None, Decimal(1)], pa.decimal256(60, 0)),
        "truth": pa.array([True, False, None]),
        "day": pa.array([date(1980, 5, 6), None, date(2024, 2, 29)]),
        "hour": pa.array([time(1, 2, 3), None, time(23, 59)]),
        "moment": pa.array([1_704_164_645_000_000, None, None], pa.timestamp("us")),
        "fine": pa.array([1_704_164_645_000_000_000, None, None], pa.timestamp("ns")),
        "instant": pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 3, pa.timestamp("ms", "UTC")),
        "local": pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 3, pa.timestamp("us", "Asia/Tokyo")),
        "text": ["a,\"b'", None, "ü\n"],
        "long": pa.array(["a", None, ""], pa.large_string()),
        "kind": pa.array(["x", "y", None]).dictionary_encode(),
        'odd "name" %s': ["1", "2", "3"],
        "none": pa.nulls(3, pa.string()),
    }
)


def test_every_type_comes_back_with_the_text_that_it_had(lake: Path) -> None:
    staged_at(lake, TYPES).publish()
    stored = read_table(Source.model_validate(to(lake)))
    assert stored.column_names == TYPES.column_names
    for name in TYPES.column_names:
        own = text_array(TYPES[name].combine_chunks()).to_pylist()
        assert text_array(stored[name].combine_chunks()).to_pylist() == own, name
    for name in ("tiny", "whole", "real", "single", "exact", "truth", "day", "moment", "text"):
        assert stored.schema.field(name).type == TYPES.schema.field(name).type


def test_moments_that_are_finer_than_delta_has_them_are_refused_without_their_values(
    lake: Path,
) -> None:
    fine = pa.table({"when": pa.array([1_704_164_645_000_000_001], pa.timestamp("ns"))})
    with pytest.raises(TargetError, match="column when has values") as refused:
        staged_at(lake, fine)
    assert "1704164645" not in str(refused.value)


# -- whole or not at all ----------------------------------------------------------------------


class StoppedError(Exception):
    """What stops a job in a test."""


STEPS: list[tuple[Any, str]] = [
    (StagedDelta, "write"),
    (StagedDelta, "seal"),
    (publication, "_count_staged"),
    (publication, "verify_release"),
    (publication, "checksum_of"),
    (StagedDelta, "publish"),
    (staging, "move"),
    (staging, "commit"),
    (staging, "create"),
    (commits, "_additions"),
]


@pytest.mark.parametrize("is_new", ["", "new"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[1])
def test_whatever_stops_a_job_the_former_version_stays(
    people: Path, former: Path, step: tuple[Any, str], is_new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (step[1] == "create") is not bool(is_new) and step[1] in {"create", "move", "commit"}:
        pytest.skip("not a step of it")
    if is_new:
        shutil.rmtree(former)
    before = tree(former.parent)

    def stop(*_: Any, **__: Any) -> Any:
        raise StoppedError

    monkeypatch.setattr(*step, stop)
    with pytest.raises((StoppedError, TargetError)):
        anon_dagster.anonymize(request_of(people, to(former)))
    assert tree(former.parent) == before
    assert former.exists() is not bool(is_new)


def test_a_spoilt_data_file_is_found_and_nothing_is_published(
    people: Path, former: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(self: StagedDelta) -> tuple[str, ...]:
        names = seal(self)
        table = pq.read_table(names[0])
        place = table.column_names.index("city")
        cities = ["Nowhere", *table["city"].to_pylist()[1:]]
        pq.write_table(table.set_column(place, "city", pa.array(cities)), names[0])
        return names

    seal = StagedDelta.seal
    monkeypatch.setattr(StagedDelta, "seal", spoilt)
    before = tree(former.parent)
    with pytest.raises(PromiseBrokenError):
        anon_dagster.anonymize(request_of(people, to(former)))
    assert tree(former.parent) == before


def test_what_somebody_else_commits_meanwhile_is_not_replaced(former: Path) -> None:
    with staged_at(former) as staged:
        deltalake.write_deltalake(str(former), OTHER, mode="append")
        before = tree(former)
        with pytest.raises(TargetError, match="somebody else wrote to"):
            staged.publish()
        assert tree(former) == before
    assert [each.name for each in former.parent.iterdir()] == [former.name]


def test_what_somebody_else_commits_at_the_last_moment_is_not_replaced(
    former: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any) -> None:
        deltalake.write_deltalake(str(former), OTHER, mode="append")
        commit(*args)

    commit = commits.commit
    monkeypatch.setattr(staging, "commit", late)
    with staged_at(former) as staged, pytest.raises(TargetError, match="somebody else wrote to"):
        staged.publish()
    assert sorted(content(former)["x"].to_pylist()) == ["former", "of somebody else"]
    assert not list(former.glob("*.of-*"))


def test_a_table_that_somebody_else_makes_meanwhile_is_not_replaced(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any) -> None:
        create(*args)
        deltalake.write_deltalake(str(lake), OTHER)

    create = commits.create
    monkeypatch.setattr(staging, "create", late)
    with staged_at(lake) as staged, pytest.raises(TargetError):
        staged.publish()
    assert content(lake).equals(OTHER)


def test_a_reader_sees_one_version_or_the_other_whole(former: Path) -> None:
    table = pa.table({"x": ["new"] * 1_000})
    seen, done = set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            found = content(former)["x"].to_pylist()
            seen.add((len(found), *set(found)))

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for n in range(5):
            with staged_at(former, table, token=f"job-{n}") as staged:
                staged.publish()
    finally:
        done.set()
        reader.join()
    assert seen <= {(1, "former"), (1_000, "new")}
    assert (content(former).num_rows, content(former)["x"][0].as_py()) == (1_000, "new")


# -- what killed jobs left --------------------------------------------------------------------


@pytest.mark.parametrize("is_new", ["", "new"])
def test_what_a_killed_job_left_is_swept(
    former: Path, is_new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_new:
        shutil.rmtree(former)
    before = tree(former.parent)
    dead = fresh_token()
    world, process, start, last = dead.removeprefix("lib-").split("-")
    token = f"lib-{world}-{process}-{int(start) + 1}-{last}"
    staged = staged_at(former, token=token)
    with monkeypatch.context() as patched:
        patched.setattr(staging, "remove_quietly", lambda _: None)  # it is dead
        patched.setattr(staging, "commit" if not is_new else "create", _killed)
        with pytest.raises(KeyboardInterrupt):
            staged.publish()
    assert tree(former.parent) != before
    target = Target.model_validate(to(former))
    assert sweep(target, alive={token}) == ()
    assert sweep(target)
    assert tree(former.parent) == before
    assert sweep(target) == ()


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_what_a_version_has_is_not_swept(former: Path) -> None:
    staged = staged_at(former)
    staged.publish()
    (former.parent / ".released.job-1.part").mkdir()  # it died before it removed that
    deltalake.write_deltalake(str(former), FORMER, mode="overwrite", schema_mode="overwrite")
    sweep(Target.model_validate(to(former)))
    assert content(former, 1).equals(SMALL)
    assert [each.name for each in former.parent.iterdir()] == [former.name]


# -- withdrawing ------------------------------------------------------------------------------


def withdrawn(lake: Path, table: pa.Table = SMALL) -> bool:
    with staged_at(lake, table) as staged:
        staged.publish()
    address = f"delta://{lake}"
    versions = versions_of([address])
    assert list(map(list, versions)) == list(map(list, staged.versions))
    return withdraw(address, [address], versions) is Withdrawal.WHOLE


def test_what_is_withdrawn_is_not_there_by_time_travel_either(former: Path) -> None:
    assert withdrawn(former)
    assert version(former) == 2
    assert content(former).equals(FORMER)
    assert not list(former.glob("*.of-*"))


def test_a_table_that_was_not_there_is_gone_when_it_is_withdrawn(lake: Path) -> None:
    assert withdrawn(lake)
    assert not list(lake.parent.iterdir())


def test_a_former_version_that_is_gone_is_not_brought_back(former: Path) -> None:
    with staged_at(former) as staged:
        staged.publish()
    for name in deltalake.DeltaTable(str(former), version=0).file_uris():
        Path(name).unlink()
    address = f"delta://{former}"
    with pytest.raises(TargetError, match="files of version 0 are gone"):
        withdraw(address, [address], versions_of([address]))
    assert content(former).equals(SMALL)


def test_what_somebody_else_committed_since_is_not_withdrawn(former: Path) -> None:
    with staged_at(former) as staged:
        staged.publish()
    address = f"delta://{former}"
    versions = versions_of([address])
    deltalake.DeltaTable(str(former)).alter.set_table_description("of somebody else")
    assert not withdraw(address, [address], versions)
    with pytest.raises(TargetError, match="somebody else wrote"):
        take_away(address, versions[0])  # at the last moment
    with pytest.raises(TargetError, match="somebody else wrote"):
        remove(address)
    assert version(former) == 2
    assert content(former).equals(SMALL)


@pytest.mark.parametrize("since", ["", "since"])
def test_a_job_that_died_before_it_told_is_taken_back_unless_somebody_wrote_since(
    people: Path, former: Path, tmp_path: Path, since: str
) -> None:
    job = JobFolder(tmp_path / "store", "job-1")
    job.create()
    job.save_request(Request.model_validate(request_of(people, to(former))))
    with staged_at(former) as staged:
        paths = staged.final_paths
        checksum = checksum_of(staged.staged_source().path)
        told = Announcement(paths, checksum, versions_of(paths), staged.versions)
        announcement.announce(job, told)
        staged.publish()
    if since:
        deltalake.DeltaTable(str(former)).alter.set_table_description("of somebody else")
    assert announcement.withdraw(job) == (None if since else f"delta://{former}")
    assert content(former).equals(SMALL if since else FORMER)


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"hold": True}, "hold goes with files"),
        ({"format": "iceberg"}, "name a table and the connection of its catalog"),
        ({"path": "s3://bucket/lake"}, "on this machine only"),
    ],
)
def test_what_does_not_go_is_refused_when_the_request_is_read(
    people: Path, lake: Path, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(RequestError, match=why):
        anon_dagster.anonymize(request_of(people, to(lake, **options)))


def test_files_that_arrive_are_released_to_files(lake: Path) -> None:
    inbox = {"path": str(lake.parent / "in"), "format": "csv"}
    target = to(lake / "{file}")
    with pytest.raises(ValidationError, match="to files: name csv or parquet"):
        Arrivals.model_validate({"source": inbox, "target": target})


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"partition_by": ["x"]}, "is partitioned by x"),
        ({"configuration": {"delta.appendOnly": "true"}}, "appendOnly"),
        ({"configuration": {"delta.enableDeletionVectors": "true"}}, "deletionVectors"),
        ({"configuration": {"delta.enableChangeDataFeed": "true"}}, "writer version 4"),
    ],
)
def test_a_table_that_asks_for_more_than_files_is_refused(
    people: Path, lake: Path, options: dict[str, Any], why: str
) -> None:
    table = pa.table({"x": ["former"], "y": [1]})
    deltalake.write_deltalake(str(lake), table, **options)
    with pytest.raises(TargetError, match=why):
        anon_dagster.anonymize(request_of(people, to(lake)))


def test_a_table_with_constraints_is_refused(former: Path) -> None:
    deltalake.DeltaTable(str(former)).alter.add_constraint({"short": "x < 'z'"})
    with pytest.raises(TargetError, match="features that are not kept"):
        check_target(Target.model_validate(to(former)), ())


def test_moments_that_a_table_does_not_know_are_refused_before_they_are_written(
    former: Path,
) -> None:
    moments = pa.table({"when": pa.array([1], pa.timestamp("us"))})
    with pytest.raises(TargetError, match="timestampNtz, which when needs"):
        staged_at(former, moments)
    deltalake.DeltaTable(str(former)).alter.add_feature(
        deltalake.TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True
    )
    staged_at(former, moments).publish()
    assert content(former).equals(moments)


def test_columns_that_differ_in_case_alone_are_refused(lake: Path) -> None:
    with pytest.raises(TargetError, match="the columns a, A are the same"):
        staged_at(lake, pa.table({"a": [1], "A": [2]}))


def test_a_table_is_not_its_own_source(former: Path) -> None:
    with pytest.raises(TargetError, match="is also a source"):
        check_target(Target.model_validate(to(former)), [str(former)])


def test_a_folder_of_other_files_and_a_link_are_not_replaced(tmp_path: Path, former: Path) -> None:
    (tmp_path / "link").symlink_to(former)
    for path, why in ((tmp_path, "is no Delta table"), (tmp_path / "link", "is a link")):
        with pytest.raises(TargetError, match=why):
            check_target(Target.model_validate(to(path)), ())
    (tmp_path / "file").write_text("x")
    with pytest.raises(TargetError, match="is a file"):
        check_target(Target.model_validate(to(tmp_path / "file")), ())


def test_a_damaged_log_is_told_without_what_is_in_it(former: Path) -> None:
    next((former / "_delta_log").glob("*.json")).write_text('{"secret": "Smith"')
    with pytest.raises(AnonError) as failed:
        check_target(Target.model_validate(to(former)), ())
    assert "Smith" not in str(failed.value)


def test_a_source_without_records_leaves_the_former_version(tmp_path: Path, former: Path) -> None:
    (tmp_path / "in.csv").write_text("name,age,city,cost\n")
    with pytest.raises(SourceError):
        anon_dagster.anonymize(request_of(tmp_path / "in.csv", to(former)))
    assert content(former).equals(FORMER)


def test_a_release_is_as_old_as_the_version_that_it_is(former: Path) -> None:
    assert made_at(str(former)) is None  # it is of somebody else
    with staged_at(former) as staged:
        staged.publish()
    assert made_at(str(former)) is not None
