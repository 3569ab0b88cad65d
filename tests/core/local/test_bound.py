"""The lower bound of local recoding: held against every partition, and against every label."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import recode_locally
from anon_dagster.core.local.axis import Axis, RangeAxis, SetAxis
from anon_dagster.core.local.bound import lower_bound
from anon_dagster.core.local.class_judge import ClassJudge
from anon_dagster.core.local.least_extents import least_extents
from anon_dagster.core.local.least_labels import least_losses
from anon_dagster.core.local.points import Points
from anon_dagster.core.objectives import (
    AttributeWise,
    CertaintyPenalty,
    Discernibility,
    GeometricMean,
    Maximum,
)
from anon_dagster.core.persons import Persons
from anon_dagster.core.problem import Problem
from tests.core.local.examples import KINDS, MODELS, random_problem
from tests.core.local.partitions import label_loss, least_partition

# -- how far a label reaches -----------------------------------------------------------------


def narrowest(axis: Axis, rows: list[tuple[int, int, int]], at: int, needed: int) -> int:
    """Try every range or set of values that holds one of them and enough weight of its group."""
    group, own, _ = rows[at]
    mates = [(value, weight) for of, value, weight in rows if of == group]
    values = sorted({value for value, _ in mates})
    best = axis.leaves
    for size in range(1, len(values) + 1):
        for chosen in combinations(values, size):
            low, high = min(chosen), max(chosen)
            inside = set(chosen) if isinstance(axis, SetAxis) else set(range(low, high + 1))
            extent = len(chosen) - 1 if isinstance(axis, SetAxis) else high - low
            if own in inside and sum(w for value, w in mates if value in inside) >= needed:
                best = min(best, extent)
    return best


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_least_extents_are_those_of_the_narrowest_label_that_holds_enough(
    data: st.DataObject,
) -> None:
    row = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(1, 3))
    rows = data.draw(st.lists(row, min_size=1, max_size=9))
    groups, positions, weights = (np.array(column) for column in zip(*rows, strict=True))
    present, groups = np.unique(groups, return_inverse=True)
    rows = list(zip(groups.tolist(), positions.tolist(), weights.tolist(), strict=True))
    most = min(int(weights[groups == of].sum()) for of in range(len(present)))
    needed = data.draw(st.integers(1, most))
    hierarchy = Hierarchy.from_labels([[str(leaf) for leaf in range(7)]])
    kind = data.draw(st.sampled_from([RangeAxis, SetAxis]))
    axis = kind(hierarchy, np.arange(7), 1.0)
    extents = least_extents(axis, positions, groups, weights, needed)
    assert extents.tolist() == [narrowest(axis, rows, at, needed) for at in range(len(rows))]


# -- the cheapest label ----------------------------------------------------------------------


def cheapest_nodes(problem: Problem, judge: ClassJudge) -> list[float]:
    """Return for each tuple the least loss over all levels at which its class keeps promises."""
    least = [1.0] * len(problem.counts)
    ranges = [
        range(low, high + 1) for low, high in zip(problem.lowest, problem.highest, strict=True)
    ]
    for levels in product(*ranges):
        nodes = [
            [
                int(h.codes[level][leaf])
                for h, level, leaf in zip(problem.hierarchies, levels, row, strict=True)
            ]
            for row in problem.codes.array.tolist()
        ]
        for at, own in enumerate(nodes):
            mates = np.array([other for other, node in enumerate(nodes) if node == own])
            sizes = np.array([problem.counts[mates].sum()])
            if judge.holds(mates, np.zeros(len(mates), dtype=np.int64), sizes)[0]:
                loss = sum(
                    weight * (int(h.covered[level][node]) - 1) / (h.leaves - 1)
                    for weight, h, level, node in zip(
                        problem.weights, problem.hierarchies, levels, own, strict=True
                    )
                )
                least[at] = min(least[at], loss / sum(problem.weights))
    return least


def relaxed(problem: Problem) -> Problem:
    weaker = tuple(m.relaxation for m in problem.models if m.relaxation is not None)
    return replace(problem, models=weaker)


@pytest.mark.parametrize("models", MODELS)
@pytest.mark.parametrize("levels", [((0, 0, 0), (3, 2, 1)), ((1, 0, 0), (2, 1, 1))])
def test_of_nodes_it_is_the_cheapest_that_could_be_a_class(
    models: str, levels: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    problem = replace(random_problem(4, models=models), lowest=levels[0], highest=levels[1])
    judge = ClassJudge.of(relaxed(problem))
    found = least_losses(Points.of(problem))
    assert found == pytest.approx(cheapest_nodes(problem, judge), abs=1e-12)


@pytest.mark.parametrize("kind", ["ranges", "sets", "mixed"])
def test_of_ranges_and_sets_no_label_of_enough_records_costs_less(kind: str) -> None:
    for seed in range(8):
        problem = random_problem(seed, kind=kind, rows=10)
        losses = least_losses(Points.of(problem))
        every = range(len(problem.counts))
        for size in range(1, len(problem.counts) + 1):
            for chosen in combinations(every, size):
                if problem.counts[list(chosen)].sum() >= 3:
                    assert losses[list(chosen)].max() <= label_loss(problem, chosen) + 1e-12


def test_of_a_pair_of_records_it_is_what_they_lose_together() -> None:
    problem = random_problem(0, kind="mixed", rows=2)
    problem = replace(problem, models=MODELS["distinct"][:1])
    assert len(problem.counts) == 2
    loss = label_loss(problem, (0, 1))
    assert least_losses(Points.of(problem)) == pytest.approx([loss, loss], abs=1e-12)


def test_with_less_work_it_is_lower_and_still_a_bound() -> None:
    for kind in KINDS:
        points = Points.of(random_problem(1, kind=kind, rows=200))
        works = (1, 300, 2_000, 10_000_000)
        found = [least_losses(points, work=work) for work in works]
        for one, other in pairwise(found):
            assert (one <= found[-1] + 1e-12).all()
            assert one.sum() <= other.sum() + 1e-12
        assert found[0].sum() < found[-1].sum()


# -- the bound -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("models", MODELS)
def test_no_partition_loses_less(kind: str, models: str) -> None:
    for seed in range(4):
        problem = random_problem(seed, models=models, kind=kind, rows=7)
        least = least_partition(problem)
        assert lower_bound(Points.of(problem)) <= (least or 1.0) + 1e-12, seed


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_no_partition_loses_less_whatever_is_suppressed(data: st.DataObject) -> None:
    problem = random_problem(
        data.draw(st.integers(0, 10_000)),
        models=data.draw(st.sampled_from(["k", "distinct", "alpha"])),
        kind=data.draw(st.sampled_from(KINDS)),
        rows=data.draw(st.integers(1, 6)),
    )
    problem = replace(
        problem,
        most_suppressed=data.draw(st.integers(0, 3)),
        suppression_cost=Fraction(data.draw(st.sampled_from(["0", "1/3", "1", "2"]))),
        weights=data.draw(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2, st.just(2.0))),
        highest=data.draw(st.sampled_from([(3, 2, 1), (2, 2, 1), (3, 1, 0)])),
    )
    least = least_partition(problem)
    bound = lower_bound(Points.of(problem))
    assert least is None or bound <= least + 1e-12


@pytest.mark.parametrize("aggregate", [GeometricMean(), Maximum()])
def test_no_partition_loses_less_of_another_aggregate(
    aggregate: GeometricMean | Maximum,
) -> None:
    for seed in range(6):
        problem = replace(
            random_problem(seed, kind=KINDS[seed % 4], rows=6),
            objective=AttributeWise(CertaintyPenalty(), aggregate),
        )
        least = least_partition(problem)
        bound = lower_bound(Points.of(problem))
        assert 0 < bound <= (least or 1.0) + 1e-12, seed


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same_to_the_last_bit_in_whatever_order_the_tuples_stand(kind: str) -> None:
    problem = replace(random_problem(5, kind=kind, rows=300), most_suppressed=9)
    problem = replace(problem, suppression_cost=Fraction(1, 9))
    bound = lower_bound(Points.of(problem))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(problem.counts))
        shuffled = replace(
            problem,
            codes=problem.codes.take(order),
            sensitive=problem.sensitive.take(order),
            counts=problem.counts[order],
        )
        assert lower_bound(Points.of(shuffled)) == bound


def test_of_objectives_without_a_bound_it_is_0() -> None:
    problem = replace(random_problem(0), objective=Discernibility())
    assert lower_bound(Points.of(problem)) == 0.0
    assert recode_locally(problem).proof.lower_bound == 0.0


def test_people_count_once_in_the_bound() -> None:
    problem = random_problem(3, rows=40)
    rows = np.repeat(np.arange(len(problem.counts)), problem.counts)
    apart, pairs = (
        replace(problem, persons=Persons.of(rows, owners, len(problem.counts)))
        for owners in (np.arange(len(rows)), np.arange(len(rows)) // 2)
    )
    bound = lower_bound(Points.of(problem))
    assert lower_bound(Points.of(apart)) == pytest.approx(bound)
    assert lower_bound(Points.of(pairs)) > bound
