"""How long it takes to measure every promise on a million counted records.

Beside it pycanon, if it is installed, on as few records as it can do in some seconds.
"""

import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy
from anon_dagster.storage.values import Kinds
from anon_dagster.verification import verify

RECORDS = 1_000_000
ILLNESSES = 50
QUASI_IDENTIFIERS = [f"q{q}" for q in range(8)]
TABLES = {
    "generalized, some 1,000 classes": (4, 4, 4, 4, 4, 1, 1, 1),
    "some 100,000 classes": (10, 10, 10, 10, 10, 1, 1, 1),
    "nearly every record a class": (20, 10, 20, 10, 10, 12, 10, 5),
}
POLICY = Policy.model_validate(
    {
        "attributes": {name: {"role": "quasi_identifier"} for name in QUASI_IDENTIFIERS}
        | {"illness": {"role": "sensitive", "hierarchy": {"type": "order", "sizes": [5, 5]}}},
        "privacy": {
            "k_anonymity": {"k": 5},
            "l_diversity": [
                {"attribute": "illness", "l": 3},
                {"attribute": "illness", "l": 3, "variant": "entropy"},
                {"attribute": "illness", "l": 3, "c": 3, "variant": "recursive"},
            ],
            "t_closeness": [
                {"attribute": "illness", "t": 0.2, "distance": distance}
                for distance in ("equal", "ordered", "hierarchical")
            ],
        },
    }
)


def main() -> None:
    """Print the seconds of CPU for each table."""
    print(f"verification: every promise of a policy on {RECORDS:,} records x 9, once counted")
    for name, sizes in TABLES.items():
        codes = _codes(sizes, RECORDS)
        release = _counted(codes, (*sizes, ILLNESSES))
        seconds, result = _timed(verify, release, POLICY)
        classes = result.classes.classes
        print(
            f"  {name:34} {classes:>9,} classes {seconds:7.2f} s, {len(result.promises)} promises"
        )
    for name, seconds in _pycanon():
        print(f"  pycanon, {name:25} {seconds:27.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:,.0f} MiB")


def _codes(sizes: tuple[int, ...], records: int) -> "np.ndarray[Any, np.dtype[np.int32]]":
    random = np.random.default_rng(1)
    columns = [random.integers(0, size, records) for size in (*sizes, ILLNESSES)]
    return np.stack(columns, axis=1).astype(np.int32)


def _counted(codes: "np.ndarray[Any, np.dtype[np.int32]]", sizes: tuple[int, ...]) -> Count:
    table = FrequencyTable.of(codes, np.ones(len(codes), dtype=np.int64), sizes)
    names = (*QUASI_IDENTIFIERS, "illness")
    columns = {}
    for position, (name, size) in enumerate(zip(names, sizes, strict=True)):
        values = pa.array([f"v{value:02}" for value in range(size)])
        counts = np.bincount(codes[:, position], minlength=size).astype(np.int64)
        columns[name] = ColumnCount(values, counts, Kinds.of(values), size, 0)
    return Count(columns, names, table)


def _timed(function: Callable[..., Any], *arguments: object) -> tuple[float, Any]:
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def _pycanon() -> Iterator[tuple[str, float]]:
    try:
        from pycanon import anonymity
    except ImportError:
        return
    records = RECORDS // 100
    sizes = next(iter(TABLES.values()))
    frame = pd.DataFrame(_codes(sizes, records), columns=[*QUASI_IDENTIFIERS, "illness"])
    frame = frame.astype(str)
    guarded = (frame, QUASI_IDENTIFIERS, ["illness"])
    for measure in ("l_diversity", "entropy_l_diversity", "t_closeness"):
        seconds, _ = _timed(getattr(anonymity, measure), *guarded)
        yield f"{measure} of {records:,}", seconds


if __name__ == "__main__":
    main()
