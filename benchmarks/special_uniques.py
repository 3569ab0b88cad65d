"""How long it takes to find every minimal sample unique, beside looking at every combination.

Brute force groups all records by every combination with pandas, and has not yet told which of the
unique ones are minimal.
"""

import time
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.risk.special_uniques import special_uniques
from benchmarks._tables import adult_folder, known_answers
from tests.known_tables import known_table

LARGEST = (2, 3, 5, 9)


def main() -> None:
    """Print the seconds of CPU of both, and their ratio."""
    table = _table()
    attributes = table.codes.shape[1]
    frame = pd.DataFrame(table.codes.array).loc[np.repeat(np.arange(len(table)), table.counts)]
    print(f"special uniques: {table.records:,} records x {attributes}")
    for largest in LARGEST:
        seconds, uniques = _timed(table, largest)
        tried = [
            chosen
            for size in range(1, largest + 1)
            for chosen in combinations(range(attributes), size)
        ]
        start = time.process_time()
        for chosen in tried:
            frame.groupby(list(chosen)).size()
        brute = time.process_time() - start
        print(
            f"  up to {largest} of {attributes}: {int(uniques.sum()):>7,} found {seconds:6.2f} s; "
            f"{len(tried):>4} combinations {brute:6.2f} s: {brute / seconds:4.1f} times as long"
        )


def _timed(table: FrequencyTable, largest: int) -> tuple[float, NDArray[np.int64]]:
    start = time.process_time()
    uniques = special_uniques(table, largest=largest)
    return time.process_time() - start, uniques.msus


def _table() -> FrequencyTable:
    folder = adult_folder()
    if folder is not None:
        problem = known_table("adult").problem(known_answers(folder)[0])
        codes, counts = problem.codes.array, problem.counts
    else:
        dice = np.random.default_rng(1)
        sizes = (2, 70, 5, 7, 16, 40, 7, 14, 2)
        draws = [(dice.random(30_000) ** 2 * size).astype(np.int32) for size in sizes]
        codes, counts = np.stack(draws, axis=1), np.ones(30_000, dtype=np.int64)
    return FrequencyTable.of(codes, counts, (codes.max(axis=0) + 1).tolist())


if __name__ == "__main__":
    main()
