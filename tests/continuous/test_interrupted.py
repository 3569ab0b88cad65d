"""A step that is killed anywhere is finished by the next one, to the same bytes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from anon_dagster.continuous import Ledger, Line, Stream, append_file, audit, erase
from anon_dagster.continuous.appending import finish
from anon_dagster.continuous.stream import StateFiles
from anon_dagster.errors import JobError
from anon_dagster.storage.targets import StagedTarget
from tests.continuous.streams import append_frame, people, stream_at
from tests.parameters import slow_but


class Killed(BaseException):
    """Ends a process in the midst of its work: no handler of errors is meant to see it."""


class Killer:
    """Counts what reaches a disk, and kills before or after one of them."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, *, after: bool) -> None:
        self.seen, self._at, self._after = 0, at, after
        for owner, name in (
            (StateFiles, "write"),
            (Ledger, "intend"),
            (Ledger, "commit"),
            (StagedTarget, "publish"),
        ):
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            self.seen += 1
            if self.seen == self._at and not self._after:
                raise Killed
            done = effect(*args, **options)
            if self.seen == self._at and self._after:
                raise Killed
            return done

        return watched


def _prepared(folder: Path) -> Stream:
    """Return a stream with two files, of which some people wait."""
    stream = stream_at(folder, judge_at=6, new_solution={"waiting": 0.05, "drift": 0.2})
    append_frame(stream, folder, "first", people(np.random.default_rng(1), 0, 150))
    append_frame(stream, folder, "second", people(np.random.default_rng(2), 200, 60))
    people(np.random.default_rng(3), 300, 120).to_csv(folder / "in" / "third.csv", index=False)
    return stream


def _killed_at(work: str, stream: Stream, folder: Path, at: int, when: str) -> None:
    """Let a step be killed at what reaches a disk as the n-th."""
    with pytest.MonkeyPatch.context() as patch:
        Killer(patch, at, after=when == "after")
        WORK[work](stream, folder)


def _told(stream: Stream) -> list[Line]:
    return stream.ledger.lines()


def _released(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


WORK: dict[str, Callable[[Stream, Path], object]] = {
    "append": lambda stream, folder: append_file(stream, str(folder / "in" / "third.csv")),
    "erase": lambda stream, _: erase(stream, pa.table({"id": ["3", "77", "205", "9999"]})),
}


@pytest.mark.parametrize("when", slow_but({"before"}, ["before", "after"]))
@pytest.mark.parametrize("work", slow_but({"erase"}, WORK))
def test_whatever_a_step_is_killed_at_the_next_one_finishes_it(
    tmp_path: Path, work: str, when: str
) -> None:
    stream = _prepared(tmp_path)
    kept = tmp_path / "kept"
    shutil.copytree(stream.root, kept / ".anon")
    shutil.copytree(tmp_path / "out", kept / "out")

    def restored() -> None:
        for name, place in ((".anon", stream.root), ("out", tmp_path / "out")):
            shutil.rmtree(place)
            shutil.copytree(kept / name, place)

    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(patch, 0, after=False)
        WORK[work](stream, tmp_path)
    expected, deltas = _told(stream), _released(tmp_path)
    assert killer.seen > 4
    for at in range(1, killer.seen + 1):
        restored()
        before = _released(tmp_path)
        with pytest.raises(Killed):
            _killed_at(work, stream, tmp_path, at, when)
        names = set(_released(tmp_path))
        assert {n for n in names if not n.startswith(".")} <= {*before, *deltas}
        with stream.alone():
            finish(stream)
        if _told(stream) != expected:  # it was not begun yet
            assert _told(stream) == expected[:-1]
            assert _released(tmp_path) == before
            WORK[work](stream, tmp_path)
        assert _told(stream) == expected
        assert _released(tmp_path) == deltas
        assert audit(stream).holds


def test_a_file_that_is_gone_after_its_step_was_begun_is_released_all_the_same(
    tmp_path: Path,
) -> None:
    stream = _prepared(tmp_path)
    with pytest.raises(Killed):
        _killed_at("append", stream, tmp_path, 4, "after")
    (tmp_path / "in" / "third.csv").unlink()
    with stream.alone():
        line = finish(stream)
    assert line is not None
    assert line.read == 120
    assert stream.ledger.intent() is None


def test_a_delta_that_somebody_changed_is_not_written_over(tmp_path: Path) -> None:
    stream = _prepared(tmp_path)
    delta = tmp_path / "out" / "000001.parquet"
    delta.write_bytes(b"something else")
    assert not audit(stream).holds
    with pytest.raises(JobError, match="is not the delta that was released"):
        erase(stream, pa.table({"id": ["3"]}))
    assert delta.read_bytes() == b"something else"
