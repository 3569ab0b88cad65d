"""How far a release has come adds up, and who waits or is expired counts as lost."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from anon_dagster.continuous import Kind, Stream, append_file, erase, standing
from tests.continuous.streams import Days, append_frame, deltas_of, people, stream_at


def waiting(stream: Stream) -> list[int]:
    """Return whose the waiting records are."""
    table = stream.files.load_table(f"waiting.{stream.last.number}.parquet")
    return sorted(map(int, set(table["id"].to_pylist())))


def test_it_is_what_the_deltas_and_the_ledger_tell(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, wait_at_most="30d")
    for day, frame in enumerate(Days(5)):
        line = append_frame(stream, tmp_path, f"day{day}", frame)
        now, deltas = standing(stream), deltas_of(stream)
        assert now == standing(stream, step=line.number)
        assert (now.deltas, now.released) == (len(deltas), sum(map(len, deltas.values())))
        assert (now.waiting, now.oldest) == (line.waiting, line.oldest)
        assert now.waiting_people == len(waiting(stream))
        steps = [each for each in stream.ledger.lines() if each.number in deltas]
        lost = sum(each.loss * len(deltas[each.number]) for each in steps)
        whole = now.released + now.waiting + now.expired
        assert now.loss == pytest.approx((lost + now.waiting + now.expired) / whole)
        assert 0 < now.loss < 1
    erase(stream, pa.table({"id": [3, waiting(stream)[0]]}))
    left = standing(stream)
    assert left.released == sum(map(len, deltas_of(stream).values())) < now.released
    assert left.waiting_people == len(waiting(stream)) == now.waiting_people - 1


def test_before_anything_came_nobody_waits(tmp_path: Path) -> None:
    now = standing(stream_at(tmp_path))
    assert (now.released, now.waiting, now.loss) == (0, 0, 0.0)
    assert now.who_waits == "nobody waits"


def test_where_nobody_is_named_records_alone_are_told(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, policy={"person": None}, people_return="never")
    append_frame(stream, tmp_path, "few", people(np.random.default_rng(1), 0, 2))
    assert standing(stream).waiting_people == 0
    assert standing(stream).who_waits.startswith("2 records wait for others, the oldest since 20")


def test_a_file_that_was_read_as_it_is_now_is_not_read_again(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    line = append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 120))
    assert append_file(stream, line.file) == line
    assert [each.kind for each in stream.ledger.lines()] == [Kind.FILE]
