"""Aggregates against plain definitions; MDAV against its bounds and brute force."""

import statistics
from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.core import microaggregation as ma
from anon_dagster.errors import RequestError, UnreachableError

Points = list[list[float]]

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


def squared_error(points: Points, counts: list[int], members: list[int]) -> float:
    means = average(points, counts, members)
    return sum(counts[m] * apart(points[m], means) for m in members)


def average(points: Points, counts: list[int], members: list[int]) -> list[float]:
    weight, dimensions = sum(counts[m] for m in members), range(len(points[0]))
    return [sum(points[m][d] * counts[m] for m in members) / weight for d in dimensions]


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def textbook(points: Points, counts: list[int], k: int) -> list[list[int]]:
    """Group points that are all different as MDAV is written down, with weights.

    Algorithm 3 of the paper of 2005: pairs of groups while there are 3 k records; then one while
    there are 2 k; those that remain are the last group, or too few, and then join the others.
    """
    left: list[int] = list(range(len(points)))
    groups: list[list[int]] = []

    def records() -> int:
        return sum(counts[m] for m in left)

    def take(seed: int) -> None:
        near = sorted(left, key=lambda m: (m != seed, apart(points[m], points[seed])))
        taken: list[int] = []
        while sum(counts[m] for m in taken) < k:
            taken.append(near[len(taken)])
        groups.append(taken)
        left[:] = [m for m in left if m not in taken]

    def farthest_from(place: Sequence[float]) -> int:
        return max(left, key=lambda m: apart(points[m], place))

    while records() >= 3 * k:
        seed = farthest_from(average(points, counts, left))
        take(seed)
        if records() >= k:
            take(farthest_from(points[seed]))
    while records() >= 2 * k:
        take(farthest_from(average(points, counts, left)))
    if records() >= k:
        groups.append(list(left))
        left.clear()
    for m in left:
        min(groups, key=lambda group: raised(points, counts, group, m)).append(m)
    return groups


def raised(points: Points, counts: list[int], group: list[int], member: int) -> float:
    after = squared_error(points, counts, [*group, member])
    return after - squared_error(points, counts, group)


def as_partition(groups: Sequence[Sequence[int]]) -> set[frozenset[int]]:
    return {frozenset(map(int, group)) for group in groups}


def found_by_mdav(points: Points, counts: list[int], k: int) -> set[frozenset[int]]:
    ids = ma.mdav(np.array(points), np.array(counts), k=k)
    return as_partition([np.flatnonzero(ids == g).tolist() for g in range(ids.max() + 1)])


@pytest.mark.parametrize("k", [2, 3, 5])
def test_mdav_of_records_is_that_of_the_paper_to_the_last_of_them(k: int) -> None:
    for records in range(k, 7 * k):
        points = sorted(np.random.default_rng(records).normal(size=(records, 2)).tolist())
        ones = [1] * records
        assert found_by_mdav(points, ones, k) == as_partition(textbook(points, ones, k)), records


@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_mdav_of_points_that_weigh_differently_is_that_of_the_paper(k: int) -> None:
    for seed in range(60):
        dice = np.random.default_rng(seed)
        size = int(dice.integers(1, 25))
        points = sorted(dice.normal(size=(size, 1 + seed % 2)).tolist())
        counts = dice.integers(1, 1 + int(dice.choice([2, k, 2 * k])), size).tolist()
        if sum(counts) >= k:
            found = found_by_mdav(points, counts, k)
            assert found == as_partition(textbook(points, counts, k)), seed


def by_record(values: NDArray[np.float64], k: int) -> float:
    """Return the squared error of MDAV that may divide equal records."""
    left, cost = values, 0.0

    def take(seed: NDArray[np.float64]) -> None:
        nonlocal left, cost
        order = np.argsort(((left - seed) ** 2).sum(axis=1), kind="stable")
        group, left = left[order[:k]], left[order[k:]]
        cost += float(((group - group.mean(axis=0)) ** 2).sum())

    while len(left) >= 2 * k:
        pairs = len(left) >= 3 * k
        seed = left[((left - left.mean(axis=0)) ** 2).sum(axis=1).argmax()]
        take(seed)
        if pairs:
            take(left[((left - seed) ** 2).sum(axis=1).argmax()])
    return cost + float(((left - left.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize("k", [2, 3, 5, 10])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_equal_records_cost_no_more_than_if_they_could_be_divided(k: int, dimensions: int) -> None:
    shares = []
    for seed in range(20):
        dice = np.random.default_rng(seed)
        widest, records = int(dice.integers(5, 80)), int(dice.integers(100, 300))
        drawn = dice.integers(0, widest, (records, dimensions)).astype(np.float64)
        if seed % 2:
            drawn = np.floor(np.abs(dice.normal(0, widest / 3, (records, dimensions))))
        points, counts = np.unique(drawn, axis=0, return_counts=True)
        groups = [list(g) for g in found_by_mdav(points.tolist(), counts.tolist(), k)]
        assert min(int(counts[g].sum()) for g in groups) >= k
        cost = sum(squared_error(points.tolist(), counts.tolist(), g) for g in groups)
        divided = by_record(drawn, k)
        shares.append(cost / divided if divided else 1 + cost)
    # Where there are hardly more points than groups, the best groups of undivided points cost up to
    # 1.41 times as much.
    assert np.mean(shares) < 1.05
    assert np.median(shares) < 1.02
    assert max(shares) < 1.5


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(1, 3)), min_size=5),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_plays_no_part(
    rows: list[tuple[int, int, int]], random: Random
) -> None:
    def parts(these: list[tuple[int, int, int]]) -> set[frozenset[tuple[int, int]]]:
        points = np.array([row[:2] for row in these], dtype=np.float64)
        ids = ma.mdav(points, np.array([row[2] for row in these]), k=5)
        together: dict[int, set[tuple[int, int]]] = {}
        for group, row in zip(ids.tolist(), these, strict=True):
            together.setdefault(group, set()).add(row[:2])
        return set(map(frozenset, together.values()))

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert parts(rows) == parts(shuffled)


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
