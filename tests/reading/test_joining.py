"""What is joined in files is what is joined in memory."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.engine import EngineSettings, using
from anon_dagster.errors import TargetError
from anon_dagster.reading import joining, part, scanning
from anon_dagster.reading.counting import Count, count
from anon_dagster.storage.sources import open_frame
from tests.reading.slow_counting import slow_count

_ATTRIBUTES = ("age", "city", "ill")


def _frame(records: int) -> pd.DataFrame:
    dice = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": dice.integers(0, 50, records),
            "city": dice.choice(np.array(["Wien", "Graz", "Linz", None], dtype=object), records),
            "ill": dice.normal(0, 1, records).round(1),
            "id": [f"P{n % (records - 9)}" for n in range(records)],
            "note": dice.choice(["none", *map(str, range(300))], records),
        }
    )


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small table have many parts, and more values than are kept."""
    monkeypatch.setattr(scanning, "_PIECE", 50)
    monkeypatch.setattr("anon_dagster.storage.table_source.ROWS", 50)
    monkeypatch.setattr(joining, "_AT_ONCE", 0)
    monkeypatch.setattr(part, "MOST_VALUES", 100)
    monkeypatch.setattr("anon_dagster.core.runs._RANGE", 64)
    monkeypatch.setattr("anon_dagster.core.runs._STRETCH", 32)
    monkeypatch.setattr("anon_dagster.core.runs.MARKED", 8)
    monkeypatch.setattr("anon_dagster.storage.stored_runs.MARKED", 8)


def _counted(frame: pd.DataFrame, memory: int) -> Count:
    with using(EngineSettings(threads=1, memory=memory)):
        return count(open_frame(frame), _ATTRIBUTES, hidden=["id"])


def _table(codes: Codes, counts: NDArray[np.int64]) -> tuple[object, object]:
    return codes.array.tolist(), counts.tolist()


@pytest.mark.parametrize("memory", [1, 20_000, 100_000, 2**40])
def test_a_count_is_the_same_whatever_memory_there_is(memory: int) -> None:
    frame = _frame(2_000)
    expected = slow_count(open_frame(frame), _ATTRIBUTES)
    found = _counted(frame, memory)
    assert _table(found.table.codes, found.table.counts) == _table(
        expected.table.codes, expected.table.counts
    )
    for name in _ATTRIBUTES:
        assert found.columns[name].labels == expected.columns[name].labels
    plenty = _counted(frame, 2**40)
    for name in ("id", "note"):
        own, other = found.columns[name], plenty.columns[name]
        assert (own.distinct, own.missing) == (expected.columns[name].distinct, 0)
        assert own.labels == other.labels
        assert own.counts.tolist() == other.counts.tolist()
        assert own.many is not None
        assert other.many is not None
        assert (own.many.mode, own.many.records) == (other.many.mode, other.many.records)
        assert own.many.drawn.equals(other.many.drawn)


@pytest.mark.parametrize("memories", [(1, 1), (1, 2**40), (2**40, 1)])
def test_values_that_two_tables_share_are_found_in_files(memories: tuple[int, int]) -> None:
    first, second = _frame(900), _frame(600)
    one, other = (
        _counted(frame, memory) for frame, memory in zip((first, second), memories, strict=True)
    )
    expected = int(first["id"].isin(second["id"]).sum())
    assert one.columns["id"].records_shared_with(other.columns["id"]) == expected
    hashed = one.columns["id"].many
    assert hashed is not None
    assert hashed.hashed is not None
    texts = ["P3", "nobody", None, "P17"]
    assert hashed.hashed.among(pa.array(texts)).tolist() == [
        text in set(first["id"]) for text in texts
    ]


def test_a_table_without_attributes_goes_into_no_file() -> None:
    with using(EngineSettings(threads=1, memory=1)):
        found = count(open_frame(_frame(300)), ())
    assert found.records == 300


def test_no_room_for_files_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("anon_dagster.storage.scratch.os.pwrite", full)
    with pytest.raises(TargetError, match=r"No space left on device; let TMPDIR name") as caught:
        _counted(_frame(500), 1)
    assert caught.value.__cause__ is None
