"""A solution that is decided by hand is that of all that was read, and nobody who waits is lost."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.continuous import Kind, Stream, audit, erase, reopen, standing
from anon_dagster.errors import HierarchyError, JobError
from tests.continuous.streams import ATTRIBUTES, append_frame, people, stream_at

NEVER = {"waiting": None, "drift": None}


def begun(folder: Path) -> Stream:
    """Return a stream of two days, the second of them in places where nobody was before."""
    stream, draw = stream_at(folder, new_solution=NEVER), np.random.default_rng(3)
    append_frame(stream, folder, "first", people(draw, 0, 150))
    moved = people(draw, 1_000, 80)
    append_frame(stream, folder, "second", moved.assign(zip=moved["zip"] + 500))
    return stream


def waiting(stream: Stream) -> pd.DataFrame:
    return stream.files.load_frame(f"waiting.{stream.last.number}.parquet")


def records_of(stream: Stream, version: int) -> int:
    """Return how many records a solution was decided from."""
    records: int = stream.files.load_document(f"judged.{version}.json")["records"]
    return records


def test_who_waits_goes_on_waiting_under_the_new_solution(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    before, last = waiting(stream), stream.last
    assert len(before)
    line = reopen(stream)
    assert line is not None
    assert (line.kind, line.version, line.next_version) == (Kind.REOPENED, 1, 2)
    assert line.waiting == last.waiting
    assert (line.waiting_people, line.oldest) == (last.waiting_people, last.oldest)
    pd.testing.assert_frame_equal(waiting(stream), before)
    after = append_frame(stream, tmp_path, "third", people(np.random.default_rng(4), 5_000, 60))
    assert after.version == 2
    assert audit(stream).holds, str(audit(stream))


def test_it_is_that_of_what_was_read_under_the_one_before_and_comes_once(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    assert reopen(stream) is not None
    assert records_of(stream, 2) == 150 + 80
    steps = stream.ledger.lines()
    assert reopen(stream) is None, "no file was read since"
    assert stream.ledger.lines() == steps


def test_an_erased_person_is_in_no_solution_that_follows(tmp_path: Path) -> None:
    stream = begun(tmp_path)
    erase(stream, pa.table({"id": [3, 1_007]}))
    assert reopen(stream) is not None
    assert records_of(stream, 2) == 150 + 80 - 2


def test_a_step_that_was_interrupted_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = begun(tmp_path)
    before, steps = waiting(stream), stream.ledger.lines()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(stream.ledger), "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            reopen(stream)
    assert stream.ledger.lines() == steps
    pd.testing.assert_frame_equal(waiting(stream), before)
    line = reopen(stream)
    assert line is not None
    assert line.next_version == 2


def test_without_a_solution_there_is_none_that_could_follow(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    with pytest.raises(JobError, match="patients has no solution yet"):
        reopen(stream)
    append_frame(stream, tmp_path, "few", people(np.random.default_rng(1), 0, 2))
    with pytest.raises(JobError, match="has no solution yet"):
        reopen(stream)
    assert standing(stream).waiting == 2


def test_where_the_policy_was_changed_the_next_file_decides_anyhow(tmp_path: Path) -> None:
    begun(tmp_path)
    changed = {"privacy": {"k_anonymity": {"k": 4}}}
    stream = stream_at(tmp_path, policy=changed, new_solution=NEVER)
    with pytest.raises(JobError, match="another solution is decided anyhow"):
        reopen(stream)


TREE = {"role": "quasi_identifier", "hierarchy": {"type": "tree", "nodes": {"any": ["f", "m"]}}}


@pytest.mark.parametrize(
    ("column", "newest"), [("age", 2), ("sex", 1)], ids=["a text among numbers", "an unknown leaf"]
)
def test_a_value_that_a_hierarchy_lacks_sets_no_later_file_aside(
    tmp_path: Path, column: str, newest: int
) -> None:
    attributes, limits = {**ATTRIBUTES, "sex": TREE}, {"waiting": 0.05, "drift": 0.1}
    stream = stream_at(tmp_path, policy={"attributes": attributes}, new_solution=limits)
    draw = np.random.default_rng(1)
    append_frame(stream, tmp_path, "first", people(draw, 0, 150))
    odd = people(draw, 1_000, 80).astype(object)
    odd.loc[0, column] = "Zeisig"
    append_frame(stream, tmp_path, "odd", odd)
    for day in range(2):
        moved = people(draw, 2_000 + 100 * day, 80)
        moved["zip"] += 500
        line = append_frame(stream, tmp_path, f"moved{day}", moved)
        assert line.kind is Kind.FILE, line.reason
    assert stream.last.next_version == newest
    if newest == 1:
        with pytest.raises(HierarchyError, match="sex: the hierarchy lacks 1 value"):
            reopen(stream)
