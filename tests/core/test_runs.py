"""Laws of packed runs, held against the plain grouping of rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.keys import group
from anon_dagster.core.runs import Packing, Run, merge


@given(st.integers(0, 5), st.integers(0, 40), st.integers(0, 10**6), st.sampled_from([3, 2**31]))
def test_a_run_has_the_tuples_of_the_rows_in_their_order(
    attributes: int, rows: int, seed: int, size: int
) -> None:
    random = np.random.default_rng(seed)
    codes = [random.integers(0, min(size, 4), rows, dtype=np.int32) for _ in range(attributes)]
    sizes = [size] * attributes
    counts = random.integers(1, 3, rows)
    run = Run.of(codes, sizes, counts)
    groups = group(codes, sizes, rows)
    assert run.counts.tolist() == groups.sums(counts).tolist()
    for column, expected in zip(run.columns, codes, strict=True):
        assert column.tolist() == expected[groups.first].tolist()
    cut = rows // 3
    halves = [
        Run.of([column[share] for column in codes], sizes, counts[share])
        for share in (slice(cut), slice(cut, None))
    ]
    merged = merge(halves)
    assert [word.tolist() for word in merged.words] == [word.tolist() for word in run.words]
    assert merged.counts.tolist() == run.counts.tolist()


def test_attributes_share_a_word_as_long_as_it_holds_them() -> None:
    assert Packing((2**31, 2**31, 2, 5, 1)).stretches == [(0, 2), (2, 5)]
    assert Packing(()).stretches == []


@given(st.lists(st.lists(st.integers(0, 50), max_size=300), min_size=1, max_size=4))
def test_runs_of_a_word_and_of_two_are_merged_alike_by_whoever_merges(
    parts: list[list[int]],
) -> None:
    def backwards(
        work: Callable[[tuple[slice, ...]], Any], ranges: Sequence[tuple[slice, ...]]
    ) -> list[Any]:
        return [work(each) for each in reversed(ranges)][::-1]

    for sizes in ((51, 2), (2**40, 2**40)):
        runs = [
            Run.of(
                [np.array(part, np.int64), np.array(part, np.int64) % 2],
                sizes,
                np.ones(len(part), np.int64),
            )
            for part in parts
        ]
        merged = merge(runs, backwards)
        counted = Counter(value for part in parts for value in part)
        assert merged.columns[0].tolist() == sorted(counted)
        assert merged.counts.tolist() == [counted[value] for value in sorted(counted)]
