"""Deltas keep every promise by themselves and together, whatever comes and whenever it stops."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.continuous import Kind, Stream, append_file, audit, erase
from anon_dagster.errors import RequestError
from tests.continuous.streams import (
    ATTRIBUTES,
    Days,
    append_frame,
    breaks,
    deltas_of,
    people,
    stream_at,
)
from tests.parameters import slow_but


def _require_sums(stream: Stream) -> None:
    lines = stream.ledger.lines()
    fates = ("released", "set_aside", "expired", "withdrawn", "erased")
    told = sum(getattr(line, name) for line in lines for name in fates)
    assert sum(line.read for line in lines) == told + lines[-1].waiting


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("seed", slow_but({"0"}, "012345", range(6)))
def test_every_delta_and_every_union_and_difference_keeps_every_promise(
    tmp_path: Path, seed: int, recoding: str
) -> None:
    stream = stream_at(tmp_path, policy={"recoding": recoding}, wait_at_most="30d")
    draw = np.random.default_rng(seed)
    for day, frame in enumerate(Days(seed)):
        line = append_frame(stream, tmp_path, f"day{day}", frame)
        assert line.kind is Kind.FILE
        _require_sums(stream)
        deltas = deltas_of(stream)
        for delta in deltas.values():
            assert not breaks(delta, k=3, l=2)
            for _, block in delta.groupby("block"):
                assert not breaks(block, k=3, l=2)
        for _ in range(20):
            chosen = [d for d in deltas.values() if draw.random() < 0.5]
            for version in {d["version"].iloc[0] for d in chosen}:
                own = [d for d in chosen if d["version"].iloc[0] == version]
                assert not breaks(pd.concat(own), k=3, l=2)
    assert sum(map(len, deltas.values())) > 300


def test_a_person_is_in_one_delta_only_with_all_of_their_records(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    read: list[pd.DataFrame] = []
    for day, frame in enumerate(Days(3)):
        append_frame(stream, tmp_path, f"day{day}", frame)
        read.append(frame)
    deltas = deltas_of(stream)
    whole = pd.concat([d.assign(delta=n) for n, d in deltas.items()])
    assert whole.groupby("person")["delta"].nunique().max() == 1
    assert stream.last.waiting + len(whole) + sum(
        line.set_aside + line.expired for line in stream.ledger.lines()
    ) == sum(map(len, read))


def test_when_a_class_is_judged_does_not_depend_on_its_values(tmp_path: Path) -> None:
    """The same people with other illnesses are judged in the same steps."""
    judged = []
    for name, illness in (("one", list("ab")), ("two", list("xyz"))):
        folder = tmp_path / name
        folder.mkdir()
        first = people(np.random.default_rng(1), 0, 150)
        stream = stream_at(folder, judge_at=9, new_solution={"waiting": None, "drift": None})
        append_frame(stream, folder, "first", first)
        draw = np.random.default_rng(2)
        for day in range(4):
            frame = people(draw, 1000 * (day + 1), 40)
            values = np.random.default_rng(day).choice(illness, len(frame))
            append_frame(stream, folder, f"day{day}", frame.assign(illness=values))
        judged.append(
            [(line.released + line.expired, line.waiting) for line in stream.ledger.lines()]
        )
    assert judged[0] == judged[1]


def test_a_class_that_breaks_a_promise_when_it_is_judged_is_never_released(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, judge_at=6, new_solution={"waiting": None, "drift": None})
    append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 150))
    alike = people(np.random.default_rng(2), 1000, 6).assign(age=30, zip=100, sex="f", illness="a")
    line = append_frame(stream, tmp_path, "alike", alike)
    assert (line.released, line.expired, line.waiting) == (0, 6, 0)
    again = append_frame(stream, tmp_path, "again", alike.assign(illness="b"))
    assert (again.read, again.set_aside, again.waiting) == (6, 6, 0)


def test_who_waits_too_long_is_suppressed_and_told(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, wait_at_most="2d", judge_at=50)
    for name, days_ago, first in (("a", 3, 0), ("b", 0.5, 10)):
        path = tmp_path / "in" / f"{name}.csv"
        people(np.random.default_rng(first), first, 5).to_csv(path, index=False)
        when = time.time() - days_ago * 86_400
        os.utime(path, (when, when))
        line = append_file(stream, str(path))
    assert (line.expired, line.waiting) == (5, 5)
    assert line.oldest == pytest.approx(when)


def test_a_file_of_the_future_lets_nobody_wait_too_long(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, wait_at_most="2d", judge_at=50)
    append_frame(stream, tmp_path, "a", people(np.random.default_rng(1), 0, 5))
    path = tmp_path / "in" / "b.csv"
    people(np.random.default_rng(2), 10, 5).to_csv(path, index=False)
    os.utime(path, (time.time() + 9e7,) * 2)
    assert append_file(stream, str(path)).waiting == 10


def test_without_persons_each_record_is_one_and_a_file_sent_again_is_set_aside(
    tmp_path: Path,
) -> None:
    stream = stream_at(tmp_path, policy={"person": None}, people_return="never")
    frame = people(np.random.default_rng(1), 0, 150)
    first = append_frame(stream, tmp_path, "first", frame)
    again = append_frame(stream, tmp_path, "again", frame.sample(frac=1.0, random_state=1))
    assert first.released
    assert again.kind is Kind.SET_ASIDE
    assert "150 records of 150 read as earlier ones do" in again.reason
    _require_sums(stream)


@pytest.mark.parametrize("what", ["content", "path", "column", "person"])
def test_a_file_that_plays_no_part_is_set_aside_for_a_reason(tmp_path: Path, what: str) -> None:
    stream = stream_at(tmp_path, returning="set_aside")
    frame = people(np.random.default_rng(1), 0, 120)
    append_frame(stream, tmp_path, "first", frame)
    name, sent, why = {
        "content": ("second", frame, "the same content was read before"),
        "path": ("first", frame.head(50), "the file was replaced after it was read"),
        "column": ("third", frame.assign(extra=1), "does not name column 6 of the source"),
        "person": ("fourth", frame.head(60), "records of 60 are of people who were released"),
    }[what]
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    line = append_frame(stream, tmp_path, name, sent)
    assert line.kind is Kind.SET_ASIDE
    assert why in line.reason
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_an_unknown_value_waits_for_a_solution_that_knows_it(tmp_path: Path) -> None:
    tree = {"type": "tree", "nodes": {"north": ["100", "101"], "south": ["102", "103"]}}
    attributes = {**ATTRIBUTES, "zip": {"role": "quasi_identifier", "hierarchy": tree}}
    stream = stream_at(tmp_path, policy={"attributes": attributes})
    append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 150))
    line = append_frame(
        stream, tmp_path, "later", people(np.random.default_rng(2), 500, 30).assign(zip=999)
    )
    assert (line.kind, line.released, line.expired) == (Kind.FILE, 0, 0)
    assert line.waiting >= 30


@pytest.mark.parametrize("person", ["id", None])
def test_whoever_sees_all_deltas_as_one_is_promised_the_union_at_any_time(
    tmp_path: Path, person: str | None
) -> None:
    never = {} if person else {"people_return": "never"}
    stream = stream_at(tmp_path, policy={"person": person}, observer="union", **never)
    for day, size in enumerate((150, 30, 30, 30)):
        frame = people(np.random.default_rng(day), 1000 * day, size)
        line = append_frame(stream, tmp_path, f"day{day}", frame)
        _require_sums(stream)
        whole = pd.concat([pd.read_parquet(d.target) for d in stream.ledger.deltas()])
        assert not breaks(whole.assign(person=range(len(whole))), k=3, l=2)
    assert line.waiting < 20
    assert audit(stream).holds
    if person:
        with pytest.raises(RequestError, match="1 of the people were released"):
            erase(stream, pa.table({"id": ["3"]}))


def test_a_stricter_policy_starts_a_solution_of_its_own(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 200))
    privacy = {"k_anonymity": {"k": 20}, "l_diversity": {"attribute": "illness", "l": 3}}
    stricter = stream_at(tmp_path, policy={"privacy": privacy})
    line = append_frame(stricter, tmp_path, "next", people(np.random.default_rng(2), 500, 200))
    assert (line.version, line.released > 0) == (2, True)
    deltas = deltas_of(stricter)
    assert not breaks(deltas[line.number], k=20, l=3)
    assert audit(stricter).holds


def test_people_are_told_by_the_same_attributes_for_ever(tmp_path: Path) -> None:
    stream = stream_at(tmp_path)
    append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 100))
    other = stream_at(tmp_path, policy={"person": None}, people_return="never")
    with pytest.raises(RequestError, match="nobody would be known again"):
        append_frame(other, tmp_path, "next", people(np.random.default_rng(2), 500, 20))
