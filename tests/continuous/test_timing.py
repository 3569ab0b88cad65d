"""Whoever sees every delta, and knows who came when, learns of nobody's value by the time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.continuous import Fate, Stream
from anon_dagster.reading.persons import PERSON, with_persons
from anon_dagster.storage.table_source import TableSource
from tests.continuous.streams import (
    ILLNESSES,
    QUASI_IDENTIFIERS,
    append_frame,
    deltas_of,
    people,
    stream_at,
)
from tests.parameters import slow_but

YES_NO = ["yes", "no"]
SETTLED: dict[str, Any] = {"judge_at": 6, "new_solution": {"waiting": None, "drift": None}}


def hashes_of(stream: Stream, persons: "pd.Series[int]") -> list[int]:
    source = with_persons(
        TableSource.of(pa.table({"id": persons.to_numpy()})), stream.policy, stream.key
    )
    batches = [batch for part in source.parts for batch in source.batches(part)]
    return [hashed for batch in batches for hashed in batch.column(PERSON).to_pylist()]


def released(folder: Path, frames: list[pd.DataFrame]) -> tuple[Stream, pd.DataFrame]:
    """Let files arrive; return also in which step who was judged, and what became of each."""
    folder.mkdir()
    stream = stream_at(folder, **SETTLED)
    for day, frame in enumerate(frames):
        append_frame(stream, folder, f"day{day}", frame)
    everybody = pd.concat(frames)["id"]
    hashes = hashes_of(stream, everybody)
    known = stream.ledger.known(np.array(hashes))
    told = [known.get(hashed, (0, Fate.READ)) for hashed in hashes]
    return stream, pd.DataFrame(
        {
            "id": everybody.to_numpy(),
            "hash": hashes,
            "step": [step for step, _ in told],
            "fate": [fate.value for _, fate in told],
        }
    )


def days(seed: int, illnesses: list[str]) -> list[pd.DataFrame]:
    draw = np.random.default_rng(seed)
    first = people(draw, 0, 150, illnesses=illnesses)
    return [first, *(people(draw, 1000 * day, 30, illnesses=illnesses) for day in range(1, 5))]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_when_people_are_judged_is_told_by_no_value(tmp_path: Path, seed: int) -> None:
    """The same people with any other values are judged in the same steps, person by person."""
    frames = days(seed, ILLNESSES)
    others = np.random.default_rng(seed + 100)
    alike = [f.assign(illness="a") for f in frames[1:]]
    drawn = [f.assign(illness=others.choice(YES_NO, len(f))) for f in frames[1:]]
    _, told = released(tmp_path / "drawn", frames)
    for name, later in (("alike", alike), ("yes or no", drawn)):
        _, other = released(tmp_path / name, [frames[0], *later])
        assert other[["id", "step"]].equals(told[["id", "step"]])
    assert told["step"].nunique() > 3


@pytest.mark.parametrize("seed", slow_but({"0"}, "012345", range(6)))
def test_whoever_sees_every_delta_and_when_each_came_is_certain_of_nobody(
    tmp_path: Path, seed: int
) -> None:
    """Let people of one class of a delta change their values: all deltas stay as they were.

    So whatever an observer concludes of somebody from all of the deltas, and from who came when, is
    as true of everybody else in the class.
    """
    frames = days(seed, YES_NO)
    stream, told = released(tmp_path / "one", frames)
    before = deltas_of(stream)
    people_of = pd.concat([frame.assign(day=day) for day, frame in enumerate(frames)])
    people_of = people_of.reset_index(drop=True).assign(person=told["hash"])
    rows = pd.concat([delta.assign(delta=number) for number, delta in before.items()])
    classes = rows.set_index("person")[[*QUASI_IDENTIFIERS, "delta"]].add_prefix("class_")
    later = people_of[people_of["day"] > 0].join(classes, on="person", how="inner")
    dice = np.random.default_rng(seed)
    swapped = later.groupby([*classes.columns], dropna=False)["illness"].transform(
        lambda values: dice.permutation(values.to_numpy())
    )
    assert (swapped != later["illness"]).sum() > 5
    values = people_of.set_index("id")["illness"]
    values.loc[later["id"]] = swapped.to_numpy()
    changed = [frame.assign(illness=values.loc[frame["id"]].to_numpy()) for frame in frames]
    after = deltas_of(released(tmp_path / "other", changed)[0])
    assert {n: shown(delta) for n, delta in before.items()} == {
        n: shown(delta) for n, delta in after.items()
    }


def shown(delta: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return what a delta shows, in an order of its own."""
    return sorted(map(tuple, delta[[*QUASI_IDENTIFIERS, "illness"]].to_numpy()))
