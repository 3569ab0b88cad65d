"""Streams of files whose people, values and times are drawn, and what is plain to see of deltas."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from anon_dagster.continuous import Line, Stream, append_file
from anon_dagster.request import parse_request

QUASI_IDENTIFIERS = ["age", "zip", "sex"]
ATTRIBUTES: dict[str, Any] = {
    "id": {"role": "direct_identifier"},
    "age": {
        "role": "quasi_identifier",
        "hierarchy": {"type": "interval", "widths": [5, 10, 20, 40]},
    },
    "zip": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
    "sex": {"role": "quasi_identifier"},
    "illness": {"role": "sensitive"},
}
ILLNESSES = list("abcdef")


def stream_at(folder: Path, *, policy: Mapping[str, Any] | None = None, **arrivals: Any) -> Stream:
    """Return a stream whose files, deltas and state lie in a folder."""
    told = {
        "attributes": ATTRIBUTES,
        "person": "id",
        "suppression_limit": 0.05,
        "privacy": {
            "k_anonymity": {"k": 3},
            "l_diversity": {"attribute": "illness", "l": 2},
        },
        **(policy or {}),
    }
    target = {"path": f"{folder}/out/{{delta}}.parquet"}
    document = {
        "source": {"path": f"{folder}/in/*.csv"},
        "arrivals": {"mode": "append", "target": target, **arrivals},
        "policy": {key: value for key, value in told.items() if value is not None},
    }
    (folder / "in").mkdir(exist_ok=True)
    return Stream("patients", parse_request(document), folder / ".anon")


def people(
    draw: Generator, first: int, number: int, *, illnesses: list[str] | None = None
) -> pd.DataFrame:
    """Draw people with one record each, numbered from the first on."""
    values = illnesses or ILLNESSES
    shares = np.arange(len(values), 0, -1) / np.arange(len(values) + 1).sum()
    return pd.DataFrame(
        {
            "id": np.arange(first, first + number),
            "age": draw.integers(20, 80, number),
            "zip": draw.integers(100, 104, number),
            "sex": draw.choice(["f", "m"], number),
            "illness": draw.choice(values, number, p=shares),
        }
    )


def append_frame(stream: Stream, folder: Path, name: str, frame: pd.DataFrame) -> Line:
    """Let a file arrive."""
    path = folder / "in" / f"{name}.csv"
    frame.to_csv(path, index=False)
    return append_file(stream, str(path))


@dataclass(frozen=True)
class Days:
    """Files of a stream, day by day: some people have records on several days or twice a day."""

    seed: int
    sizes: tuple[int, ...] = (200, 60, 60, 60)
    returning: float = 0.1
    frames: list[pd.DataFrame] = field(default_factory=list)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        draw = np.random.default_rng(self.seed)
        known = pd.DataFrame()
        for first, number in zip(accumulate((0, *self.sizes)), self.sizes, strict=False):
            fresh = people(draw, first, number)
            again = fresh.sample(frac=self.returning, random_state=int(draw.integers(2**31)))
            again = again.assign(illness=draw.choice(ILLNESSES, len(again)))
            frame = pd.concat([fresh, again])
            if len(known):
                back = known.sample(frac=self.returning / 2, random_state=int(draw.integers(2**31)))
                frame = pd.concat([frame, back])
            known = pd.concat([known, fresh])
            yield frame.sample(frac=1.0, random_state=int(draw.integers(2**31)))


def deltas_of(stream: Stream) -> dict[int, pd.DataFrame]:
    """Read the deltas as anybody would, each with whose its records are from the private folder."""
    found = {}
    for delta in stream.ledger.deltas():
        if delta.target:
            frame = pd.read_parquet(delta.target).astype(object)
            rows = stream.files.load_arrays(f"rows.{delta.number}.{delta.rows}.npz")
            found[delta.number] = frame.assign(
                person=rows["persons"], block=rows["blocks"], version=delta.version
            )
    return found


def breaks(table: pd.DataFrame, *, k: int, l: int) -> int:  # noqa: E741 (what the model goes by)
    """Count the classes with fewer than k people, or fewer than l values."""
    if not len(table):
        return 0
    classes = table.groupby(QUASI_IDENTIFIERS, dropna=False, sort=False)
    few = classes["person"].nunique() < k
    alike = classes["illness"].nunique(dropna=False) < l
    return int((few | alike).sum())
