"""Labels tell an outcome that their values do not where ranges overlap, and nowhere else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from anon_dagster.core.residual import Labelled, Telling, a_slice, outcome_told
from anon_dagster.core.residual.pattern import _MOST_TUPLES

RECORDS = 4_000
UNDONE = 0.1
Ints = NDArray[np.int64]


def told(age: Ints, labels: Ints, outcome: Ints, heights: list[float]) -> Telling | None:
    of_age = Labelled(age, labels, np.arange(age.max() + 1.0), np.array(heights))
    return outcome_told([of_age], outcome, np.ones(len(age), dtype=np.int64), undone=UNDONE)


def drawn(seed: int) -> tuple[np.random.Generator, Ints, Ints]:
    dice = np.random.default_rng(seed)
    return dice, dice.integers(0, 100, RECORDS), dice.integers(0, 2, RECORDS)


@pytest.mark.parametrize("seed", range(5))
def test_classes_that_follow_the_values_tell_nothing_more(seed: int) -> None:
    _, age, coin = drawn(seed)
    natural = (age > 60).astype(np.int64)
    heights = [0.1] * 20
    assert told(age, age // 5, coin, heights) is None
    assert told(age, age // 5, natural, heights) is None


def test_classes_that_are_cut_by_the_outcome_tell_it() -> None:
    _, age, coin = drawn(1)
    # One outcome in fives, the other in tens: the ranges overlap, the labels do not.
    labels = np.where(coin == 1, age // 5, 20 + age // 10)
    found = told(age, labels, coin, [0.1] * 20 + [0.3] * 10)
    assert found is not None
    assert found.share == 1.0
    assert found.baseline == pytest.approx(0.5, abs=0.1)


def test_how_far_records_are_generalized_may_tell_alone() -> None:
    dice, age, coin = drawn(2)
    # Too few records for every label to be learnt; but the wide ones are of one outcome.
    age = np.arange(RECORDS)
    narrow = age // 2
    labels = np.where(coin == 1, narrow, RECORDS + age // 3)
    heights = [0.1] * RECORDS + [0.5] * RECORDS
    found = told(age, labels, coin, heights)
    assert found is not None
    assert found.share > 0.95
    assert told(age, dice.permutation(labels), coin, heights) is None


def test_a_weight_is_as_many_records() -> None:
    dice, age, coin = drawn(3)
    labels = np.where(coin == 1, age // 5, 20 + age // 10)
    times = dice.integers(1, 4, RECORDS)
    numbers, heights = np.arange(100.0), np.array([0.1] * 20 + [0.3] * 10)
    once = outcome_told([Labelled(age, labels, numbers, heights)], coin, times, undone=UNDONE)
    repeated = np.repeat(np.arange(RECORDS), times)
    often = outcome_told(
        [Labelled(age[repeated], labels[repeated], numbers, heights)],
        coin[repeated],
        np.ones(len(repeated), dtype=np.int64),
        undone=UNDONE,
    )
    assert once == often


def test_of_a_large_table_a_stretch_is_looked_at_in_which_ranges_still_overlap() -> None:
    dice = np.random.default_rng(4)
    records = 2 * _MOST_TUPLES
    town, coin = dice.integers(0, 10_000, records), dice.integers(0, 2, records)
    labels = np.where(coin == 1, town // 5, 2_000 + town // 10)
    attribute = Labelled(town, labels, np.arange(10_000.0), np.full(3_000, 0.5))
    rows = a_slice([attribute])
    assert len(rows) == _MOST_TUPLES
    assert np.ptp(town[rows]) < 6_000
    some = outcome_told(
        [attribute.take(rows)], coin[rows], np.ones(len(rows), dtype=np.int64), undone=UNDONE
    )
    assert some is not None
    assert some.share > 0.95


@pytest.mark.parametrize("records", [0, 1, 5])
def test_few_records_tell_nothing(records: int) -> None:
    ages = np.arange(records)
    attribute = Labelled(ages, ages, ages.astype(np.float64), np.zeros(records))
    ones = np.ones(records, dtype=np.int64)
    assert outcome_told([attribute], ages % 2, ones, undone=UNDONE) is None
    assert outcome_told([], ages % 2, ones, undone=UNDONE) is None
