"""Aggregates against plain definitions; MDAV against its bounds and brute force."""

import statistics
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core import microaggregation as ma
from anon_dagster.errors import RequestError, UnreachableError

records = st.lists(
    st.tuples(
        st.integers(0, 3) | st.just(-1),  # group
        st.integers(1, 4),  # records
        st.integers(0, 6) | st.none(),  # value
    ),
    min_size=1,
    max_size=25,
)


def grouping_of(rows: list[tuple[int, int, int | None]]) -> ma.Grouping:
    groups = np.array([g for g, _, _ in rows], dtype=np.int64)
    return ma.Grouping(groups, np.array([c for _, c, _ in rows], dtype=np.int64), 4)


def expanded(rows: list[tuple[int, int, int | None]], group: int) -> list[int]:
    return sorted(v for g, c, v in rows if g == group and v is not None for _ in range(c))


@given(records)
def test_aggregates_are_those_of_the_expanded_records(
    rows: list[tuple[int, int, int | None]],
) -> None:
    grouping = grouping_of(rows)
    numbers = np.array([np.nan if v is None else float(v) for _, _, v in rows])
    codes = np.array([-1 if v is None else v for _, _, v in rows], dtype=np.int64)
    found_sets = ma.sets(codes, grouping)
    low, high = ma.ranges(codes, grouping)
    for group in range(4):
        values = expanded(rows, group)
        assert found_sets[group].tolist() == sorted(set(values))
        if not values:
            assert np.isnan(ma.means(numbers, grouping)[group])
            assert np.isnan(ma.geometric_means(numbers, grouping)[group])
            assert np.isnan(ma.medians(numbers, grouping)[group])
            assert ma.modes(codes, grouping)[group] == -1
            assert ma.middle_codes(codes, grouping)[group] == -1
            assert (low[group], high[group]) == (-1, -1)
            continue
        product = np.prod([float(v) for v in values]) ** (1 / len(values))
        counted = Counter(values)
        assert ma.means(numbers, grouping)[group] == pytest.approx(statistics.fmean(values))
        assert ma.geometric_means(numbers, grouping)[group] == pytest.approx(product)
        assert ma.medians(numbers, grouping)[group] == statistics.median(values)
        assert ma.middle_codes(codes, grouping)[group] == statistics.median_low(values)
        most = max(counted.values())
        assert ma.modes(codes, grouping)[group] == min(v for v in counted if counted[v] == most)
        assert (low[group], high[group]) == (min(values), max(values))


@given(records, st.randoms(use_true_random=False))
def test_no_aggregate_depends_on_the_order_of_the_rows(
    rows: list[tuple[int, int, int | None]], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    def all_of(these: list[tuple[int, int, int | None]]) -> list[list[float]]:
        numbers = np.array([np.nan if v is None else v / 7 for _, _, v in these])
        codes = np.array([-1 if v is None else v for _, _, v in these], dtype=np.int64)
        grouping = grouping_of(these)
        return [
            np.nan_to_num(each).tolist()
            for each in (
                ma.means(numbers, grouping),
                ma.geometric_means(numbers, grouping),
                ma.medians(numbers, grouping),
                ma.modes(codes, grouping),
            )
        ]

    assert all_of(rows) == all_of(shuffled)


def test_a_geometric_mean_of_negative_values_is_refused_without_naming_them() -> None:
    one = ma.Grouping(np.zeros(2, dtype=np.int64), np.array([3, 1]), 1)
    with pytest.raises(RequestError, match="3 records have less") as error:
        ma.geometric_means(np.array([-77.5, 4.0]), one)
    assert "77" not in str(error.value)


@pytest.mark.parametrize("k", [2, 3, 5, 7])
@pytest.mark.parametrize("rows", [7, 20, 61])
def test_mdav_of_records_makes_groups_of_k_to_2k_minus_1(k: int, rows: int) -> None:
    points = np.random.default_rng(rows).normal(size=(rows, 3))
    groups = ma.mdav(points, np.ones(rows, dtype=np.int64), k=k)
    sizes = np.bincount(groups)
    assert sizes.min() >= k
    assert sizes.max() <= max(2 * k - 1, k)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=3, max_size=20),
    st.integers(2, 5),
)
def test_mdav_of_tuples_never_makes_a_group_below_k(rows: list[tuple[int, int]], k: int) -> None:
    points = np.array([[float(v)] for v, _ in rows])
    counts = np.array([c for _, c in rows])
    if counts.sum() < k:
        with pytest.raises(UnreachableError):
            ma.mdav(points, counts, k=k)
        return
    groups = ma.mdav(points, counts, k=k)
    sizes = np.bincount(groups, weights=counts)
    assert sizes.min() >= k
    assert len(groups) == len(rows)


def best_partition(values: list[float], k: int) -> float:
    """Return the least SSE of sorted values in runs of at least k: optimal in one dimension."""
    best = [0.0] + [np.inf] * len(values)
    for end in range(k, len(values) + 1):
        for start in range(end - k + 1):
            run = np.array(values[start:end])
            best[end] = min(best[end], best[start] + float(((run - run.mean()) ** 2).sum()))
    return best[-1]


@pytest.mark.parametrize("seed", range(20))
def test_mdav_loses_no_less_than_the_optimum_and_no_more_than_a_single_group(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = np.sort(generator.integers(0, 50, 12).astype(np.float64))
    ones = np.ones(12, dtype=np.int64)
    groups = ma.mdav(values[:, None], ones, k=3)
    grouping = ma.Grouping(groups, ones, int(groups.max()) + 1)
    share = ma.error_share(values, ma.means(values, grouping)[groups], ones)
    whole = float(((values - values.mean()) ** 2).sum())
    assert best_partition(values.tolist(), 3) / whole - 1e-9 <= share <= 1


def test_mdav_finds_groups_that_stand_apart() -> None:
    centres = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]])
    points = np.repeat(centres, 5, axis=0) + np.tile(np.arange(5.0), 4)[:, None] / 10
    groups = ma.mdav(points, np.ones(20, dtype=np.int64), k=5)
    assert [len(set(groups[at : at + 5])) for at in range(0, 20, 5)] == [1, 1, 1, 1]
    assert len(set(groups)) == 4


def test_standardizing_puts_a_missing_value_at_the_mean_and_apart() -> None:
    points = np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 5.0]])
    scaled = ma.standardized(points, np.array([1, 1, 1]))
    assert scaled.shape == (3, 3)
    assert scaled[:, 0].mean() == pytest.approx(0)
    assert (scaled[:, 0] ** 2).mean() == pytest.approx(1)
    assert scaled[:, 1].tolist() == [0, 0, 0]
    assert scaled[:, 2].tolist() == [0, 1, 0]


def test_error_share_is_none_for_the_values_themselves_and_all_for_one_mean() -> None:
    values = np.array([1.0, 2.0, 6.0])
    counts = np.array([2, 1, 1])
    assert ma.error_share(values, values, counts) == 0
    assert ma.error_share(values, np.full(3, 2.5), counts) == pytest.approx(1)
    assert ma.error_share(np.ones(3), np.ones(3), counts) == 0
