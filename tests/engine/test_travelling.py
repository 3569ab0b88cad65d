"""Where parts are read and written changes no byte, and what travels is plain data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import anon_dagster
from anon_dagster.engine import EngineSettings, keeping, using
from anon_dagster.progress import Progress
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.scanning import Piece, Scan, first_places, scan
from anon_dagster.releasing import recoder
from anon_dagster.request import Source
from anon_dagster.storage import csv_ranges
from anon_dagster.storage.sources import OpenSource, open_source
from tests.engine.people import PARTS, POLICIES, RECORDS, SEVERAL, asked, digests, people, stored
from tests.engine.travelling import TravellingEngine
from tests.reading.slow_counting import slow_count


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> TravellingEngine:
    monkeypatch.setenv("ANON_KEY_PEOPLE", "a key that is long enough")
    monkeypatch.setattr(recoder, "BLOCK", 400)
    monkeypatch.setattr("anon_dagster.reading.sampled.token_bytes", lambda size: b"d" * size)
    return TravellingEngine(1, 2**30)


@pytest.mark.parametrize("policy", [*POLICIES, "private"])
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("parquet", SEVERAL),
        pytest.param("csv", SEVERAL, marks=pytest.mark.slow),
        pytest.param("parquet", {}, marks=pytest.mark.slow),
        pytest.param("csv", {"compression": "gzip"}, marks=pytest.mark.slow),
    ],
)
def test_a_release_has_the_same_bytes(
    engine: TravellingEngine, tmp_path: Path, policy: str, kind: str, more: dict[str, Any]
) -> None:
    source, target = stored(tmp_path / "source", kind), tmp_path / "release"
    request = asked(source, target, kind, policy, **more)
    with using(EngineSettings(threads=1)):
        here = anon_dagster.anonymize(request)
    expected = digests(target)
    with keeping(engine):
        there = anon_dagster.anonymize(request)
    assert digests(target) == expected
    assert there.residual == here.residual
    assert {"count", "write", "verify"} <= set(engine.kinds)
    assert ("file" in engine.kinds) == ("single_file" in more and policy != "private")
    assert not engine.called_off
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "source"]


def test_a_part_of_which_nothing_is_released_changes_no_byte(
    engine: TravellingEngine, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "release.csv"
    source.mkdir()
    for part, ages in enumerate(([20, 30] * 30, [71, 72], [20, 30] * 20)):
        lines = "".join(f"{age},{part}{number % 7}\n" for number, age in enumerate(ages))
        (source / f"{part}.csv").write_text(f"age,note\n{lines}", encoding="utf-8")
    policy = {
        "attributes": {"age": {"role": "quasi_identifier"}, "note": {"role": "non_sensitive"}},
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.05,
        "residual": {"repeated": "ignore"},  # it is released twice, to be compared
    }
    request = {"policy": policy, "target": {"path": str(target)}}
    request["source"] = {"path": str(source), "format": "csv"}
    with using(EngineSettings(threads=1)):
        anon_dagster.anonymize(request)
    expected = target.read_bytes()
    with keeping(engine):
        result = anon_dagster.anonymize(request)
    assert result.decision.suppressed == 2
    assert target.read_bytes() == expected


@pytest.mark.parametrize("phase", ["count", "write", "verify"])
def test_what_is_not_wanted_any_more_is_called_off_at_once(
    engine: TravellingEngine, tmp_path: Path, phase: str
) -> None:
    class StoppedError(Exception):
        pass

    def on_progress(progress: Progress) -> None:
        if progress.phase == phase and progress.done:
            raise StoppedError

    source, target = stored(tmp_path / "source", "parquet"), tmp_path / "release"
    with keeping(engine), pytest.raises(StoppedError):
        anon_dagster.anonymize(
            asked(source, target, "parquet", "global", **SEVERAL), on_progress=on_progress
        )
    assert engine.called_off == [phase]
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def what_stands_there(piece: Piece) -> tuple[int, list[int]]:
    return piece.first, piece.table["visits"].to_pylist()


class Watcher:
    """Sees where each piece stands."""

    needs_places = True
    look = staticmethod(what_stands_there)

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[int]]] = []

    def add(self, seen: tuple[int, list[int]]) -> None:
        self.seen.append(seen)


def nothing(_: Piece) -> None:
    """Do nothing."""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_who_looks_on_sees_the_same_pieces_at_the_same_places(
    engine: TravellingEngine, tmp_path: Path, kind: str
) -> None:
    source = open_source(Source(path=str(stored(tmp_path / "source", kind))))
    found = []
    for used in (using(EngineSettings(threads=2)), keeping(engine)):
        watcher = Watcher()
        with used:
            assert list(scan(source, nothing, Scan("look", onlooker=watcher))) == [None] * PARTS
        found.append(watcher.seen)
    assert found[0] == found[1]
    assert [first for first, _ in found[0]] == list(range(0, RECORDS, RECORDS // PARTS))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_places_are_known_of_parquet_and_counted_of_csv(
    engine: TravellingEngine, tmp_path: Path, kind: str
) -> None:
    source = open_source(Source(path=str(stored(tmp_path / "source", kind))))
    with keeping(engine):
        assert first_places(source) == list(range(0, RECORDS + 1, RECORDS // PARTS))
    assert engine.kinds == (["places"] if kind == "csv" else [])


@pytest.mark.parametrize("policy", ["global", "sample"])
def test_places_are_not_counted_again_of_what_was_read_before(
    engine: TravellingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setattr("anon_dagster.residual.examination.MOST_RECORDS", 100)
    monkeypatch.setattr("anon_dagster.residual.examination._FEWEST_RECORDS", 100)
    source, target = stored(tmp_path / "source", "csv"), tmp_path / "release"
    request = asked(source, target, "csv", policy)
    with using(EngineSettings(threads=1)):
        here = anon_dagster.anonymize(request)
    with keeping(engine):
        there = anon_dagster.anonymize(request)
    assert there.residual == here.residual
    assert engine.kinds.count("places") == (policy == "sample"), "a sample is drawn by place"


def test_columns_of_many_values_are_hinted_to_those_who_count(
    engine: TravellingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.reading.part.MOST_VALUES", 300)
    source = open_source(Source(path=str(stored(tmp_path / "source", "csv"))))
    found = []
    for used in (using(EngineSettings(threads=1)), keeping(engine)):
        with used:
            found.append(count(source, ("age",)))
    for name, column in found[0].columns.items():
        assert column.values.equals(found[1].columns[name].values)
        assert np.array_equal(column.counts, found[1].columns[name].counts)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("at_once", [0, 2**26])
@pytest.mark.parametrize("most", [20, pytest.param(2**20, marks=pytest.mark.slow)])
def test_a_part_in_many_pieces_is_joined_before_it_travels(
    engine: TravellingEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    at_once: int,
    most: int,
) -> None:
    monkeypatch.setattr("anon_dagster.reading.part.MOST_VALUES", most)
    monkeypatch.setattr("anon_dagster.reading.scanning._PIECE", 50)
    monkeypatch.setattr("anon_dagster.reading.scanning._AT_ONCE", at_once)
    monkeypatch.setattr("anon_dagster.storage.csv_reading._BLOCK", 4_000)
    monkeypatch.setattr("anon_dagster.storage.parquet_source.ROWS", 50)
    source = open_source(Source(path=str(stored(tmp_path / "source", kind))))
    with keeping(engine):
        found = count(source, ATTRIBUTES, hidden=["person"])
    require_same(found, source, most)


ATTRIBUTES = ("age", "town", "illness")


def require_same(found: Count, source: OpenSource, most: int) -> None:
    """Require what the slow way counts, but the values of which there are too many to keep."""
    expected = slow_count(source, ATTRIBUTES)
    assert np.array_equal(found.table.codes.array, expected.table.codes.array)
    assert np.array_equal(found.table.counts, expected.table.counts)
    for name, column in expected.columns.items():
        own = found.columns[name]
        assert (own.distinct, own.missing) == (column.distinct, column.missing), name
        if name in ATTRIBUTES or (name != "person" and column.distinct <= most):
            assert own.values.equals(column.values), name
            assert np.array_equal(own.counts, column.counts), name
        elif name != "person":
            assert own.many is not None, name


def test_ranges_of_a_csv_file_are_counted_and_recoded_apart(
    engine: TravellingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_ranges, "LENGTH", 10_000)
    source, target = tmp_path / "people.csv", tmp_path / "release.csv"
    people().assign(note='said "no",\nthen left').to_csv(source, index=False)
    request = asked(source, target, "csv", "some records")
    with using(EngineSettings(threads=1)):
        anon_dagster.anonymize(request)
        expected = digests(target)
        assert len(open_source(Source(path=str(source))).parts) == 1
    with keeping(engine):
        anon_dagster.anonymize(request)
        assert len(open_source(Source(path=str(source))).parts) > 10
    assert digests(target) == expected
    assert {"cut", "places", "count", "write"} <= set(engine.kinds)
