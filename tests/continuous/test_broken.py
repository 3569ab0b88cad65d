"""What broke continuous release once: steps in the way of others, copies, what no audit saw."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_dagster.continuous import Kind, Ledger, Stream, append_file, audit, erase
from anon_dagster.errors import JobError
from tests.continuous.streams import append_frame, people, stream_at

SETTLED: dict[str, Any] = {"judge_at": 6, "new_solution": {"waiting": None, "drift": None}}


def _begun(folder: Path, **options: Any) -> Stream:
    stream = stream_at(folder, **{**SETTLED, **options})
    append_frame(stream, folder, "first", people(np.random.default_rng(1), 0, 150))
    return stream


@pytest.mark.parametrize("kind", ["reordered", "decimals", "spaces"])
def test_people_who_are_written_otherwise_are_sent_again(tmp_path: Path, kind: str) -> None:
    frame = people(np.random.default_rng(1), 0, 150)
    again = {
        "reordered": frame[frame.columns[::-1]],
        "decimals": frame.astype({"age": float}),
        "spaces": frame.assign(zip=" " + frame["zip"].astype(str)),
    }
    stream = _begun(tmp_path, policy={"person": None}, people_return="never")
    line = append_frame(stream, tmp_path, "again", again[kind])
    assert line.kind is Kind.SET_ASIDE
    assert "150 records of 150 read as earlier ones do" in line.reason


def test_an_erasure_that_cannot_be_done_stops_no_later_file(tmp_path: Path) -> None:
    stream = _begun(tmp_path)
    delta = Path(stream.ledger.deltas()[0].target)
    delta.rename(delta.with_suffix(".moved"))
    with pytest.raises(JobError, match="put it back"):
        erase(stream, pa.table({"id": list(range(150))}))
    assert stream.ledger.intent() is None
    line = append_frame(stream, tmp_path, "later", people(np.random.default_rng(2), 1000, 60))
    assert line.kind is Kind.FILE
    assert line.released


def test_a_file_of_other_types_sets_no_later_file_aside_when_nobody_waits(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, **SETTLED)
    frame = people(np.random.default_rng(1), 0, 150).assign(age=40, zip=100)
    files = {
        "first": frame,
        "odd": frame.assign(id=frame["id"] + 1000, age=True),
        "later": frame.assign(id=frame["id"] + 2000),
    }
    kinds = []
    for name, each in files.items():
        path = tmp_path / "in" / f"{name}.parquet"
        each.to_parquet(path)
        kinds.append(append_file(stream, str(path)).kind)
        assert not stream.last.waiting
    assert kinds == [Kind.FILE, Kind.SET_ASIDE, Kind.FILE]


def test_deltas_of_another_format_are_audited_and_erased_from_as_before(tmp_path: Path) -> None:
    _begun(tmp_path)
    stream = stream_at(tmp_path, **SETTLED, target={"path": f"{tmp_path}/out/{{delta}}.csv"})
    append_frame(stream, tmp_path, "later", people(np.random.default_rng(2), 1000, 150))
    assert [Path(d.target).suffix for d in stream.ledger.deltas()] == [".parquet", ".csv"]
    assert audit(stream).holds
    told = erase(stream, pa.table({"id": [3, 40, 1003]}))
    assert told.deltas == 2
    assert audit(stream).holds
    pq.read_table(stream.ledger.deltas()[0].target)


class Killed(BaseException):
    """Ends a step before it is committed."""


def _killed(step: Callable[[], object]) -> None:
    def kill(*_args: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "commit", kill)
        with pytest.raises(Killed):
            step()


def test_an_audit_finishes_an_erasure_that_was_killed(tmp_path: Path) -> None:
    stream = _begun(tmp_path)
    _killed(lambda: erase(stream, pa.table({"id": [3, 40, 77]})))
    assert audit(stream).holds
    assert stream.ledger.last().kind is Kind.ERASURE


def test_an_audit_vouches_for_no_delta_whose_step_cannot_be_finished(tmp_path: Path) -> None:
    stream = _begun(tmp_path)
    later = people(np.random.default_rng(5), 1000, 150)
    _killed(lambda: append_frame(stream, tmp_path, "later", later))
    changed = stream_at(tmp_path, policy={"privacy": {"k_anonymity": {"k": 40}}})
    with pytest.raises(JobError, match="the request or its private folder was changed"):
        append_frame(changed, tmp_path, "last", people(np.random.default_rng(6), 2000, 60))
    assert not audit(changed).claims[0].holds
    assert audit(stream).holds


def _told(query: str) -> Callable[[Stream], None]:
    def tamper(stream: Stream) -> None:
        with sqlite3.connect(stream.ledger.path) as file:
            file.execute(query)
        file.close()

    return tamper


def _nobody_waits(stream: Stream) -> None:
    path = stream.files.path / f"waiting.{stream.last.number}.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def _waiting_removed(stream: Stream) -> None:
    (stream.files.path / f"waiting.{stream.last.number}.parquet").unlink()


def _other_people(stream: Stream) -> None:
    rows = stream.files.load_arrays("rows.1.1.npz")
    invented = {**rows, "persons": np.arange(len(rows["persons"]), dtype=np.int64) + 1}
    stream.files.save_arrays("rows.1.1.npz", invented)


_ACCOUNTED, _ONE_DELTA = (
    "every record that was read is accounted for",
    "every person is in one delta",
)
_TAMPERED: dict[str, tuple[Callable[[Stream], None], str]] = {
    "delta forgotten": (_told("DELETE FROM deltas WHERE number = 1"), _ACCOUNTED),
    "delta without a place": (_told("UPDATE deltas SET target = ''"), _ACCOUNTED),
    "released called expired": (
        _told("UPDATE lines SET released = released - 5, expired = expired + 5"),
        _ACCOUNTED,
    ),
    "nobody waits": (_nobody_waits, _ACCOUNTED),
    "waiting removed": (_waiting_removed, _ACCOUNTED),
    "people forgotten": (_told("DELETE FROM people"), _ONE_DELTA),
    "people expired": (_told("UPDATE people SET fate = 'expired'"), _ONE_DELTA),
    "other people": (_other_people, _ONE_DELTA),
}


@pytest.fixture(scope="module")
def tampered(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """A stream of one delta and some who wait; whoever changes it puts it back."""
    folder = tmp_path_factory.mktemp("tampered")
    stream = stream_at(folder, **SETTLED)
    rare = people(np.random.default_rng(2), 1000, 5).assign(age=130, zip=999, sex="x")
    first = people(np.random.default_rng(1), 0, 150)
    append_frame(stream, folder, "first", first)
    append_frame(stream, folder, "rare", rare)
    assert stream.last.waiting == 5
    assert audit(stream).holds
    return stream


@pytest.mark.parametrize(("tamper", "claim"), _TAMPERED.values(), ids=_TAMPERED)
def test_an_audit_measures_what_the_ledger_says(
    tampered: Stream, tamper: Callable[[Stream], None], claim: str
) -> None:
    kept = {path: path.read_bytes() for path in tampered.files.path.iterdir() if path.is_file()}
    tamper(tampered)
    try:
        found = audit(tampered)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
            path.chmod(0o600)
    assert [each.name for each in found.claims if not each.holds] == [claim]
