"""Who is erased is gone, and what goes with them points at nobody."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.continuous import Stream, audit, erase
from anon_dagster.continuous.erasing import _hashes
from anon_dagster.errors import RequestError
from tests.continuous.streams import (
    QUASI_IDENTIFIERS,
    append_frame,
    breaks,
    deltas_of,
    people,
    stream_at,
)

KEPT = {"new_solution": {"waiting": None, "drift": None}}


def _stream(folder: Path, *frames: pd.DataFrame, **arrivals: object) -> Stream:
    stream = stream_at(folder, judge_at=9, **KEPT, **arrivals)  # type: ignore[arg-type]
    for number, frame in enumerate(frames):
        append_frame(stream, folder, f"day{number}", frame)
    return stream


def _hash(stream: Stream, key: int) -> int:
    """Return the keyed hash of a person."""
    return int(_hashes(stream, pa.table({"id": [key]}))[0])


def _gone(one: dict[int, pd.DataFrame], other: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Return the records that deltas had and have no more, by whose they are."""
    left = pd.concat(other.values())["person"] if other else pd.Series(dtype=np.int64)
    whole = pd.concat([frame.assign(delta=number) for number, frame in one.items()])
    return whole[~whole["person"].isin(left)]


def test_the_difference_of_two_versions_of_a_delta_keeps_every_promise(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    stream = _stream(tmp_path, people(draw, 0, 200), people(draw, 500, 100))
    for _ in range(8):
        before = deltas_of(stream)
        keys = draw.choice(600, 3)
        told = erase(stream, pa.table({"id": keys}))
        after = deltas_of(stream)
        assert not breaks(_gone(before, after), k=3, l=2)
        assert not any(breaks(delta, k=3, l=2) for delta in after.values())
        assert told.records == sum(map(len, before.values())) - sum(map(len, after.values()))
        assert audit(stream).holds


def test_companions_do_not_depend_on_who_is_erased(tmp_path: Path) -> None:
    """Whoever of a block is erased, the same records go."""
    stream = _stream(tmp_path, people(np.random.default_rng(0), 0, 200))
    delta = deltas_of(stream)[1]
    assert delta.groupby(QUASI_IDENTIFIERS)["block"].nunique().max() > 1
    known = {key: _hash(stream, key) for key in range(200)}
    blocks = delta.groupby("person")["block"].first()
    chosen = next(key for key in known if known[key] in blocks.index)
    alike = set(blocks.index[blocks == blocks[known[chosen]]])
    erase(stream, pa.table({"id": [chosen]}))
    assert set(delta["person"]) - set(deltas_of(stream)[1]["person"]) == alike


def test_of_who_has_records_in_several_classes_the_classes_go_whole(tmp_path: Path) -> None:
    first = people(np.random.default_rng(0), 0, 300)
    again = first.head(20).assign(age=lambda frame: 99 - frame["age"])
    stream = _stream(tmp_path, pd.concat([first, again]))
    delta = deltas_of(stream)[1]
    whose = {_hash(stream, key): key for key in range(20)}
    own = delta[delta["person"].isin(whose)].drop_duplicates([*QUASI_IDENTIFIERS, "person"])
    several = own.groupby("person").filter(lambda rows: len(rows) > 1)
    chosen = several["person"].iloc[0]
    classes = set(map(tuple, own.loc[own["person"] == chosen, QUASI_IDENTIFIERS].to_numpy()))
    assert len(classes) > 1
    erase(stream, pa.table({"id": [whose[chosen]]}))
    left = deltas_of(stream)[1]
    assert not classes & set(map(tuple, left[QUASI_IDENTIFIERS].to_numpy()))
    assert len(left) == len(delta) - sum(
        tuple(labels) in classes for labels in delta[QUASI_IDENTIFIERS].to_numpy()
    )


def test_who_was_erased_never_returns_and_neither_do_companions(tmp_path: Path) -> None:
    frame = people(np.random.default_rng(0), 0, 200)
    stream = _stream(tmp_path, frame)
    told = erase(stream, pa.table({"id": [3]}))
    assert (told.asked, told.released, told.companions > 1) == (1, 1, True)
    line = append_frame(stream, tmp_path, "again", frame.assign(illness="z"))
    assert line.read == line.set_aside == 200


def test_who_waits_is_erased_without_companions(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    stream = _stream(tmp_path, people(draw, 0, 200), people(draw, 300, 5))
    waiting = stream.last.waiting
    assert waiting
    before = deltas_of(stream)
    keys = range(300, 305)
    told = erase(stream, pa.table({"id": list(keys)}))
    assert told.waiting + told.released == 5
    assert stream.last.waiting == waiting - told.waiting
    if not told.released:
        assert {n: len(d) for n, d in deltas_of(stream).items()} == {
            n: len(d) for n, d in before.items()
        }


def test_without_persons_nothing_can_be_erased_and_that_is_said(tmp_path: Path) -> None:
    stream = stream_at(tmp_path, policy={"person": None}, people_return="never")
    append_frame(stream, tmp_path, "first", people(np.random.default_rng(1), 0, 100))
    with pytest.raises(RequestError, match="names nobody"):
        erase(stream, pa.table({"id": [1]}))


def test_keys_without_the_column_that_names_a_person_are_refused(tmp_path: Path) -> None:
    stream = _stream(tmp_path, people(np.random.default_rng(1), 0, 100))
    with pytest.raises(RequestError, match="the keys lack the columns id"):
        erase(stream, pa.table({"name": ["Ada"]}))


def test_a_delta_of_which_nothing_is_left_goes_whole(tmp_path: Path) -> None:
    stream = _stream(tmp_path, people(np.random.default_rng(1), 0, 12))
    if not deltas_of(stream):
        append_frame(stream, tmp_path, "more", people(np.random.default_rng(2), 100, 60))
    keys = [*range(12), *range(100, 160)]
    erase(stream, pa.table({"id": keys}))
    assert not deltas_of(stream)
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix == ".parquet"]
    assert audit(stream).holds
