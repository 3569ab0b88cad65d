"""Who is alone, held against plain counting; and keys that are drawn whole."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.residual import KeySample

ROWS = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=0, max_size=60)
CHOSEN = [(), (0,), (1,), (0, 1)]


def keys(rows: list[tuple[int, ...]], column: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    # Every column has keys of its own, as every column of a table has.
    return np.array([row[column] * 10 + column for row in rows], dtype=np.uint64)


@given(rows=ROWS, k=st.integers(1, 5), cut=st.integers(0, 60))
def test_alone_and_few_are_those_that_counting_finds(
    rows: list[tuple[int, ...]], k: int, cut: int
) -> None:
    sample = KeySample(CHOSEN, rows=len(rows), most=100)
    for part in (rows[:cut], rows[cut:]):
        sample.add(keys(part, 2), [keys(part, 0), keys(part, 1)])
    for chosen, told in zip(CHOSEN, sample.crowdings(k), strict=True):
        sizes = Counter(tuple(row[c] for c in (2, *chosen)) for row in rows)
        assert told.counted == len(rows)
        assert told.alone == sum(size == 1 for size in sizes.values())
        assert told.few == sum(size for size in sizes.values() if size < k)


def test_a_sample_of_keys_tells_the_share_that_all_of_them_do() -> None:
    dice = np.random.default_rng(0)
    rows = 200_000
    labels = dice.integers(0, 20, rows).astype(np.uint64)
    column = dice.integers(0, 10_000, rows).astype(np.uint64) + np.uint64(10**6)
    whole, some = (KeySample([(0,)], rows=rows, most=most) for most in (rows, rows // 10))
    for sample in (whole, some):
        sample.add(labels, [column])
    assert whole.is_whole
    assert not some.is_whole
    exact, drawn = whole.crowdings(5)[0], some.crowdings(5)[0]
    assert drawn.counted == pytest.approx(rows / 10, rel=0.1)
    assert drawn.share_alone == pytest.approx(exact.share_alone, abs=0.02)
    assert drawn.share_few == pytest.approx(exact.share_few, abs=0.02)


def test_the_order_of_the_columns_plays_no_part() -> None:
    dice = np.random.default_rng(1)
    labels = dice.integers(0, 5, 300).astype(np.uint64)
    columns = [dice.integers(0, 50, 300).astype(np.uint64) + np.uint64(100 * n) for n in (1, 2)]
    told = []
    for order in (columns, columns[::-1]):
        sample = KeySample([(0, 1)], rows=300, most=300)
        sample.add(labels, order)
        told.append(sample.crowdings(3))
    assert told[0] == told[1]


def test_joining_more_columns_leaves_nobody_less_alone() -> None:
    dice = np.random.default_rng(2)
    labels = dice.integers(0, 10, 500).astype(np.uint64)
    columns = [dice.integers(0, 9, 500).astype(np.uint64) + np.uint64(100 * n) for n in (1, 2, 3)]
    sample = KeySample([(), (0,), (0, 1), (0, 1, 2)], rows=500, most=500)
    sample.add(labels, columns)
    told = sample.crowdings(4)
    assert [t.alone for t in told] == sorted(t.alone for t in told)
    assert [t.few for t in told] == sorted(t.few for t in told)
