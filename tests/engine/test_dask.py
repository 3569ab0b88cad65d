"""A job on a cluster gives what one machine gives, to the byte, and tells the cluster nothing."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anon_dagster
from anon_dagster.engine import EngineSettings, keeping, opened, using
from anon_dagster.engine.dask import DaskEngine
from anon_dagster.errors import (
    ClusterError,
    ClusterUnavailableError,
    SourceError,
    TargetError,
)
from anon_dagster.progress import Progress
from anon_dagster.reading.counting import count
from anon_dagster.reading.part import PartCount, count_part, join_to_send
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.releasing import recoder
from anon_dagster.request import Source
from anon_dagster.storage.frames import read_table
from anon_dagster.storage.sources import open_source
from tests.engine.people import (
    CANARY,
    PARTS,
    PLAIN,
    POLICIES,
    RECORDS,
    SEVERAL,
    VISITS,
    asked,
    digests,
    people,
    stored,
    visits,
)
from tests.engine.test_travelling import ATTRIBUTES, require_same
from tests.reading.slow_counting import slow_count

pytestmark = pytest.mark.slow
HERE = EngineSettings(threads=1)
KEY = "a key of workers and of the client"


@pytest.fixture(scope="module")
def engine() -> Iterator[DaskEngine]:
    """A scheduler in this process, and two workers in their own."""
    os.environ["ANON_KEY_PEOPLE"] = KEY  # workers have the environment of whoever starts them
    try:
        with opened(EngineSettings(type="dask", workers=2)) as found:
            assert isinstance(found, DaskEngine)
            yield found
    finally:
        del os.environ["ANON_KEY_PEOPLE"]


@pytest.mark.parametrize(
    ("policy", "kind", "more"),
    [
        *((policy, "parquet", SEVERAL) for policy in POLICIES),
        *((policy, "csv", {}) for policy in ("global", "local", "some records")),
    ],
)
def test_a_release_has_the_bytes_that_one_machine_gives(
    engine: DaskEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    kind: str,
    more: dict[str, Any],
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", 400)
    source = stored(tmp_path / "source", kind)
    results, target = {}, tmp_path / "release"
    for name, used in (("here", HERE), ("cluster", None)):
        with keeping(engine) if used is None else using(used):
            result = anon_dagster.anonymize(asked(source, target, kind, policy, **more))
        results[name] = result, digests(target)
    (here, bytes_here), (there, bytes_there) = results["here"], results["cluster"]
    assert bytes_there == bytes_here
    assert there.release.checksum == here.release.checksum
    assert there.residual == here.residual
    assert there.risk.equals(here.risk)
    assert there.utility.equals(here.utility)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "source"]


def test_a_query_is_read_once_and_worked_on_as_on_one_machine(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers read the copy of its records; a table is written by the process of the job."""
    with closing(sqlite3.connect(tmp_path / "people.db")) as database:
        people().to_sql("people", database, index=False)
    monkeypatch.setenv("ANON_CONNECTION_CLINIC", f"sqlite://{tmp_path / 'people.db'}")
    source = {"query": "SELECT * FROM people", "connection": "clinic"}
    table = {"table": "released", "connection": "clinic"}
    request = asked(tmp_path, tmp_path / "release", "parquet", "global")
    found, stored_here = [], []
    for used in (using(HERE), keeping(engine)):
        with used:
            result = anon_dagster.anonymize({**request, "source": source})
            found.append((result.risk, result.release.count.records, digests(tmp_path / "release")))
            anon_dagster.anonymize({**request, "source": source, "target": table})
        stored_here.append(read_table(Source.model_validate(table)))
    (risk, *here), (risk_there, *there) = found
    assert here == there
    assert risk.equals(risk_there)
    assert stored_here[0].equals(stored_here[1])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["people.db", "release"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("unnamed", ["together", "own"])
def test_dates_are_shifted_and_ages_derived_on_workers_as_on_one_machine(
    engine: DaskEngine, tmp_path: Path, kind: str, unnamed: str
) -> None:
    source, target = tmp_path / "source", tmp_path / "release"
    source.mkdir()
    table = visits()
    for number, part in enumerate(np.array_split(np.arange(len(table)), PARTS)):
        rows, path = table.iloc[part], source / f"part{number}.{kind}"
        rows.to_csv(path, index=False) if kind == "csv" else rows.to_parquet(path)
    request = {
        "source": {"path": str(source), "format": kind},
        "target": {"path": str(target), "format": kind},
        "policy": VISITS | {"without_person": unnamed, "residual": {"repeated": "ignore"}},
    }
    found = []
    for used in (keeping(engine), using(HERE)):
        with used:
            result = anon_dagster.anonymize(request)
        found.append((digests(target), result.decision.counted.shift, result.residual))
    assert found[0] == found[1]
    assert found[0][1] is not None
    assert found[0][1].dropped > 0


def test_workers_need_the_key_that_shifts_dates(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits().to_csv(tmp_path / "visits.csv", index=False)
    monkeypatch.setenv("ANON_KEY_PEOPLE", "another key than that of the workers")
    request = {
        "source": {"path": str(tmp_path / "visits.csv")},
        "policy": VISITS | {"without_person": "together"},
    }
    with keeping(engine), pytest.raises(ClusterError, match="shifted dates are made by the worker"):
        anon_dagster.anonymize(request)


@pytest.mark.parametrize(("kind", "more"), [("csv", SEVERAL), ("parquet", {})])
def test_one_file_or_several_have_the_same_bytes_in_both_formats(
    engine: DaskEngine, tmp_path: Path, kind: str, more: dict[str, Any]
) -> None:
    source, target = stored(tmp_path / "source", kind), tmp_path / "release"
    with using(HERE):
        anon_dagster.anonymize(asked(source, target, kind, "global", **more))
    expected = digests(target)
    with keeping(engine):
        anon_dagster.anonymize(asked(source, target, kind, "global", **more))
    assert digests(target) == expected


def test_what_is_decided_on_a_cluster_is_what_one_machine_decides(
    engine: DaskEngine, tmp_path: Path
) -> None:
    source, target = stored(tmp_path / "source", "csv"), tmp_path / "release.csv"
    request = asked(source, target, "csv", "global")
    later = stored(tmp_path / "later", "csv")
    found = []
    for used in (keeping(engine), using(HERE)):
        with used:
            result = anon_dagster.anonymize(request)
            verified = anon_dagster.verify(request["policy"], str(target))
            applied = anon_dagster.apply(
                result.document(),
                source={"path": str(later), "format": "csv"},
                target={"path": str(tmp_path / "applied.csv")},
            )
            compared = anon_dagster.measure(request, measurement={"k": [3, 9]})
        found.append((digests(tmp_path / "applied.csv"), verified, compared, applied.residual))
    assert found[0][:2] == found[1][:2]
    assert found[0][2].equals(found[1][2])
    assert found[0][3] == found[1][3]


def test_a_differentially_private_release_is_the_same_for_the_same_draw(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.reading.sampled.token_bytes", lambda size: b"d" * size)
    source, target = stored(tmp_path / "source", "csv"), tmp_path / "release.csv"
    request = asked(source, target, "csv", "private")
    found = []
    for used in (keeping(engine), using(HERE)):
        with used:
            anon_dagster.anonymize(request)
        found.append(digests(target))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_count_is_the_slow_one(engine: DaskEngine, tmp_path: Path, kind: str) -> None:
    source = open_source(Source(path=str(stored(tmp_path / "source", kind))))
    attributes = ("age", "town", "illness")
    expected = slow_count(source, attributes)
    with keeping(engine):
        found = count(source, attributes)
    assert (found.table.codes.array == expected.table.codes.array).all()
    assert (found.table.counts == expected.table.counts).all()
    for name, column in expected.columns.items():
        assert found.columns[name].values.equals(column.values), name
        assert (found.columns[name].counts == column.counts).all(), name


@pytest.mark.parametrize("most", [0, 2**24])
def test_a_count_that_workers_join_is_the_slow_one(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("anon_dagster.engine.tree._JOINED", 2)
    monkeypatch.setattr("anon_dagster.engine.tree._MOST_BYTES", most)
    source = open_source(Source(path=str(stored(tmp_path / "source", "parquet"))))
    with keeping(engine):
        found = count(source, ATTRIBUTES)
        few = len(list(scan(source, count_of_piece, Scan("count"), join=join_to_send)))
    require_same(found, source, 2**20)
    assert few == (2 if most else PARTS), "six parts are three pairs, two of which are joined"


def count_of_piece(piece: Piece) -> PartCount:
    return count_part(piece.table, ATTRIBUTES)


@pytest.mark.parametrize("parts", range(1, PARTS + 1))
def test_a_worker_that_dies_amid_a_tree_costs_a_retry(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr("anon_dagster.engine.tree._JOINED", 2)
    source = open_source(Source(path=str(stored(tmp_path / "source", "parquet"))))
    told: list[int] = []

    def on_rows(records: int) -> None:
        told.extend([records] if records else [])
        if records and len(told) == parts:
            os.kill(engine.everywhere(process_of_worker)[0], signal.SIGKILL)

    with keeping(engine):
        found = count(source, ATTRIBUTES, reading=Scan("count", on_rows))
    require_same(found, source, 2**20)
    assert told == [RECORDS // PARTS] * PARTS, "each part is told once, as it is counted"
    engine.client.wait_for_workers(2, timeout=60)


# -- what goes wrong -----------------------------------------------------------------------


def process_of_worker() -> int:
    return os.getpid()


@contextmanager
def worker_killed_in(engine: DaskEngine, phase: str) -> Iterator[Any]:
    """End a worker for good when a phase has begun."""
    killed: list[int] = []

    def on_progress(progress: Progress) -> None:
        if progress.phase == phase and not killed:
            killed.append(engine.everywhere(process_of_worker)[0])
            os.kill(killed[0], signal.SIGKILL)

    yield on_progress
    assert killed, f"the phase {phase} never began"


@pytest.mark.parametrize("phase", ["count", "write", "verify"])
def test_a_worker_that_dies_costs_a_retry(engine: DaskEngine, tmp_path: Path, phase: str) -> None:
    source, target = stored(tmp_path / "source", "parquet"), tmp_path / "release"
    request = asked(source, target, "parquet", "global", **SEVERAL)
    with using(HERE):
        anon_dagster.anonymize(request)
    expected = digests(target)
    with keeping(engine), worker_killed_in(engine, phase) as on_progress:
        anon_dagster.anonymize(request, on_progress=on_progress)
    assert digests(target) == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "source"]
    engine.client.wait_for_workers(2, timeout=60)


class StoppedError(Exception):
    """Somebody had enough."""


@pytest.mark.parametrize("phase", ["count", "write", "verify"])
def test_a_job_that_is_aborted_leaves_nothing(
    engine: DaskEngine, tmp_path: Path, phase: str
) -> None:
    source, target = stored(tmp_path / "source", "parquet"), tmp_path / "release"

    def on_progress(progress: Progress) -> None:
        if progress.phase == phase:
            raise StoppedError

    with keeping(engine), pytest.raises(StoppedError):
        anon_dagster.anonymize(
            asked(source, target, "parquet", "global", **SEVERAL), on_progress=on_progress
        )
    assert [p.name for p in tmp_path.iterdir()] == ["source"]
    assert not any(engine.client.processing().values())


def sleep_until_called_off(seconds: int) -> str:
    from anon_dagster.engine import checkpoint

    last = time.monotonic() + seconds
    while time.monotonic() < last:
        checkpoint()
        time.sleep(0.01)
    return "slept"


def test_work_that_is_called_off_stops_in_the_middle(engine: DaskEngine) -> None:
    asked_to_go_on = 0

    def on_wait() -> None:
        nonlocal asked_to_go_on
        asked_to_go_on += 1
        raise StoppedError

    began = time.monotonic()
    with pytest.raises(StoppedError):
        list(engine.send(sleep_until_called_off, [600] * 20, kind="sleep", on_wait=on_wait))
    assert time.monotonic() - began < 300
    assert asked_to_go_on == 1


def test_a_part_that_fails_twice_ends_the_job_with_its_number(
    engine: DaskEngine, tmp_path: Path
) -> None:
    source = stored(tmp_path / "source", "parquet")
    opened_source = open_source(Source(path=str(source)))
    damaged = source / f"part{PARTS - 1}.parquet"
    damaged.write_bytes(damaged.read_bytes()[:100] + b"\0" * 5_000)
    with keeping(engine), pytest.raises(SourceError, match=f"^part {PARTS}: cannot read"):
        count(opened_source, ("age",))


def fail_by_a_cell(cell: str) -> None:
    raise ValueError(cell)


def test_the_error_of_a_library_is_told_by_its_kind_alone(engine: DaskEngine) -> None:
    with pytest.raises(SourceError) as raised:
        list(engine.send(fail_by_a_cell, [CANARY], kind="count"))
    assert str(raised.value).startswith("part 1 failed 2 times on the cluster (ValueError)")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def end_process(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_part_that_ends_its_worker_twice_ends_the_job(engine: DaskEngine) -> None:
    with pytest.raises(SourceError, match=r"part 1 failed .* more memory"):
        list(engine.send(end_process, [0], kind="count"))
    engine.client.wait_for_workers(2, timeout=60)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anon_dagster.engine.cluster._ANSWER", 1)
    with (
        pytest.raises(ClusterUnavailableError, match=r"tcp://127.0.0.1:9 did not answer"),
        using({"type": "dask", "address": "tcp://127.0.0.1:9"}),
    ):
        pass


def test_an_engine_may_be_reached_by_the_address_of_its_scheduler(engine: DaskEngine) -> None:
    address = str(engine.client.scheduler_info()["address"])
    with using({"type": "dask", "address": address}) as other:
        assert other.shown["workers"] == 2
        assert len(set(other.everywhere(process_of_worker))) == 2
    assert len(engine.everywhere(process_of_worker)) == 2, "it is not closed with who used it"


@pytest.mark.parametrize("package", ["pyarrow", "python", "anon-dagster"])
def test_workers_with_other_versions_are_refused(
    engine: DaskEngine, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    from anon_dagster.engine import cluster

    told: Any = engine.client.get_versions(packages=["pyarrow", "anon-dagster"])
    told["client"]["packages"][package] = "0.9.1"
    monkeypatch.setattr(type(engine.client), "get_versions", lambda *_, **__: told)
    with pytest.raises(ClusterError, match=rf"{package} 0.9.* here, .* in 3"):
        cluster.require_same_versions(engine.client)


def test_workers_with_other_code_of_the_same_version_are_refused(
    engine: DaskEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anon_dagster.engine import cluster

    def here() -> str:
        return "other"

    monkeypatch.setattr(type(engine.client), "run_on_scheduler", lambda *_: "other")
    monkeypatch.setattr(type(engine.client), "run", lambda *_: {"one": "theirs", "two": "other"})
    monkeypatch.setattr(cluster, "digest_of_code", here)
    with pytest.raises(ClusterError, match="anon-dagster has other code in 1"):
        cluster.require_same_versions(engine.client)


def test_a_target_that_workers_do_not_see_is_told_before_the_work(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stored(tmp_path / "source", "csv"), tmp_path / "release.csv"
    monkeypatch.setattr(
        "anon_dagster.storage.sharing.put", lambda path, _: Path(path).write_bytes(b"another")
    )
    with keeping(engine), pytest.raises(TargetError, match=r"do not see .*release.csv"):
        anon_dagster.anonymize(asked(source, target, "csv", "global"))
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_a_source_that_workers_do_not_see_is_told_before_the_work(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stored(tmp_path / "source", "csv"), tmp_path / "release.csv"
    monkeypatch.setattr(DaskEngine, "everywhere", lambda *_: [("0" * 64,)])
    with keeping(engine), pytest.raises(SourceError, match=r"do not see .*part0.csv"):
        anon_dagster.anonymize(asked(source, target, "csv", "global"))


def test_workers_without_the_key_of_pseudonyms_are_refused(
    engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_KEY_PEOPLE", "another key than that of the workers")
    request = asked(
        stored(tmp_path / "source", "csv"), tmp_path / "release.csv", "csv", "pseudonyms"
    )
    with keeping(engine), pytest.raises(ClusterError, match="set ANON_KEY_PEOPLE"):
        anon_dagster.anonymize(request)


def test_records_that_are_handed_over_stay_in_this_process(engine: DaskEngine) -> None:
    request = {"policy": PLAIN}
    with using(HERE):
        expected = anon_dagster.anonymize(request, frame=people()).df
    with keeping(engine):
        found = anon_dagster.anonymize(request, frame=people()).df
    assert expected is not None
    assert found is not None
    assert expected.equals(found)


# -- what is told --------------------------------------------------------------------------


def test_nothing_of_the_data_is_told_to_the_cluster(
    engine: DaskEngine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = stored(tmp_path / "source", "parquet"), tmp_path / "release"
    pages: list[str] = []

    def on_progress(progress: Progress) -> None:
        if progress.phase in {"count", "write", "verify"}:
            pages.extend(pages_of(engine))

    with keeping(engine):
        anon_dagster.anonymize(
            asked(source, target, "parquet", "pseudonyms", **SEVERAL), on_progress=on_progress
        )
        with pytest.raises(SourceError):
            list(engine.send(fail_by_a_cell, [CANARY], kind="count"))
    cluster: Any = engine.client.cluster
    scheduler = cluster.scheduler
    told = [
        *pages,
        *pages_of(engine),
        *map(repr, engine.client.get_scheduler_logs()),
        *(line for lines in engine.client.get_worker_logs().values() for _, line in lines),
        *map(repr, scheduler.get_events().items()),
        *map(repr, scheduler.transition_log),
        *map(repr, scheduler.tasks.values()),
        *map(repr, engine.client.story(*scheduler.tasks)),
        *capfd.readouterr(),
    ]
    assert len(told) > 20
    for line in told:
        assert CANARY not in line
        assert KEY not in line


def pages_of(engine: DaskEngine) -> list[str]:
    """Read what the scheduler shows to whoever asks."""
    import httpx

    root = engine.client.dashboard_link.rpartition("/")[0]
    names = ["info/main/workers.html", "metrics", "json/counts.json", "json/identity.json"]
    return [httpx.get(f"{root}/{name}").text for name in names]
