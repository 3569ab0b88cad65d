"""The ways in which local recoding makes classes, and what improves them."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from anon_dagster.core.local import Effort, recode_locally
from anon_dagster.core.local.axis import numbered
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.group_labels import GroupLabels
from anon_dagster.core.local.joining import join_neighbours
from anon_dagster.core.local.moving import move
from anon_dagster.core.local.peeling import SHARE, peel
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.regrouping import regroup, renumbered
from anon_dagster.core.local.repeeling import Repeeling
from anon_dagster.core.local.splitting import split
from anon_dagster.core.privacy import EqualTCloseness, KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.errors import UnreachableError
from tests.core.local.examples import KINDS, MODELS, random_problem


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def all_hold(points: Points, cells: np.ndarray) -> bool:
    tuples, starts = by_class(cells)
    sizes = np.add.reduceat(points.counts[tuples], starts)
    return bool(points.judge.holds(tuples, numbered(starts, len(tuples)), sizes).all())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("models", MODELS)
def test_classes_keep_every_promise_from_each_start_and_after_each_round(
    models: str, kind: str
) -> None:
    for seed in range(2):
        problem = replace(random_problem(seed, models=models, kind=kind, rows=150))
        points = Points.of(problem)
        joined = join_neighbours(points, points.regions.ids, generator())
        assert joined is not None
        starts = (joined, peel(points, points.regions.ids)[0], split(points, points.regions.ids))
        for start in map(renumbered, starts):
            assert (start >= 0).all()
            assert all_hold(points, start)
            loss, cells = class_losses(points, start).sum(), start
            for step in (regroup, move, move):
                cells = step(points, cells, generator=generator(seed))
                assert all_hold(points, cells)
                assert class_losses(points, cells).sum() <= loss + 1e-9
                loss = class_losses(points, cells).sum()


@pytest.mark.parametrize("highest", [(3, 2, 1), (2, 1, 1)])
def test_the_starts_keep_to_the_nodes_of_the_highest_levels(highest: tuple[int, ...]) -> None:
    for seed in range(4):
        problem = replace(random_problem(seed, rows=600), highest=highest, models=(KAnonymity(2),))
        points = Points.of(problem)
        sizes = np.bincount(points.regions.ids, problem.counts)
        base = np.where(sizes[points.regions.ids] >= 2, points.regions.ids, -1)
        joined = join_neighbours(points, base, generator())
        for cells in (joined, peel(points, base)[0]):
            assert cells is not None
            assert ((cells < 0) == (base < 0)).all()
            pairs = set(zip(cells.tolist(), points.regions.ids.tolist(), strict=True))
            kept = [of for of, _ in pairs if of >= 0]
            assert len(kept) == len(set(kept))


def peeled_by_hand(problem: Problem, k: int) -> float:
    """Return the loss of peeling k-anonymous groups off, candidate by candidate."""
    ranges = [range(high + 1) for high in problem.highest]
    rest = list(range(len(problem.counts)))
    read = [
        [
            [(level, int(row[leaf])) for leaf in problem.codes[:, q]]
            for level, row in enumerate(h.codes)
        ]
        for q, h in enumerate(problem.hierarchies)
    ]

    def loss_of(levels: tuple[int, ...], tuples: list[int]) -> float:
        total = 0.0
        for q, (hierarchy, level) in enumerate(zip(problem.hierarchies, levels, strict=True)):
            covered = hierarchy.covered[level][hierarchy.codes[level][problem.codes[:, q][tuples]]]
            share = (covered - 1) / (hierarchy.leaves - 1) * problem.weights[q]
            total += float(share @ problem.counts[tuples])
        return total

    lost = 0.0
    for levels in sorted(
        product(*ranges), key=lambda levels: loss_of(levels, [*range(len(problem.counts))])
    ):
        groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for at in rest:
            groups.setdefault(
                tuple(read[q][level][at] for q, level in enumerate(levels)), []
            ).append(at)
        kept = [at for group in groups.values() if problem.counts[group].sum() >= k for at in group]
        left = int(problem.counts[rest].sum())
        if rest and problem.counts[kept].sum() >= min(max(SHARE * problem.records, k), left):
            lost += loss_of(levels, kept)
            rest = [at for at in rest if at not in set(kept)]
    assert not rest or problem.counts[rest].sum() < k
    return lost / problem.records / sum(problem.weights) if not rest else np.inf


def test_peeling_fixes_what_plain_code_fixes() -> None:
    compared = 0
    for seed in range(40):
        problem = replace(random_problem(seed, rows=40), models=(KAnonymity(3),))
        points = Points.of(problem)
        expected = peeled_by_hand(problem, 3)
        if np.isfinite(expected):
            compared += 1
            cells = renumbered(peel(points, points.regions.ids)[0])
            # a class reads as its members do, which may be less than its candidate says
            assert class_losses(points, cells).sum() / problem.records <= expected + 1e-9
    assert compared > 3


def test_what_no_candidate_keeps_joins_classes_until_the_promises_are_kept() -> None:
    for seed in range(6):
        models = (KAnonymity(2), EqualTCloseness(0, Fraction(1, 10)))
        problem = replace(random_problem(seed, rows=200), models=models)
        points = Points.of(problem)
        cells = renumbered(peel(points, points.regions.ids)[0])
        assert (cells >= 0).all()
        assert all_hold(points, cells)


@pytest.mark.parametrize("kind", KINDS)
def test_the_increase_is_what_the_loss_rises_by_if_two_groups_are_joined(kind: str) -> None:
    problem = random_problem(5, kind=kind, rows=80)
    points = Points.of(problem)
    cells = renumbered(np.arange(len(problem.counts)) // 3)
    tuples, starts = by_class(cells)
    labels = GroupLabels.of(points, tuples, starts)
    losses = class_losses(points, cells)
    assert labels.own() * labels.sizes == pytest.approx(losses)
    one, two = np.arange(len(starts) - 1), np.arange(1, len(starts))
    increases = labels.increase(one, two, losses)
    for first, second, increase in zip(one, two, increases, strict=True):
        joined = renumbered(np.where(cells == second, first, cells))
        assert class_losses(points, joined).sum() - losses.sum() == pytest.approx(increase)


def loss_at(problem: Problem, limit: int) -> float:
    try:
        return recode_locally(replace(problem, most_suppressed=limit)).proof.loss
    except UnreachableError:
        return np.inf


@pytest.mark.parametrize("models", ["k", "distinct", "equal", "recursive"])
@pytest.mark.parametrize("cost", [Fraction(1), Fraction(1, 4)])
def test_a_higher_suppression_limit_never_loses_more(models: str, cost: Fraction) -> None:
    for seed in range(2):
        problem = replace(random_problem(seed, models=models, rows=80), suppression_cost=cost)
        problem = replace(problem, highest=(3, 2, 1) if seed else (2, 1, 1))
        losses = [loss_at(problem, limit) for limit in (0, 1, 3, 8, 30)]
        assert all(more <= less + 1e-12 for less, more in pairwise(losses)), (
            seed,
            losses,
        )


def test_more_rounds_never_lose_more_and_the_proof_says_how_many_there_were() -> None:
    problem = random_problem(4, rows=500, kind="mixed")
    proofs = [recode_locally(problem, effort=Effort(rounds=rounds)).proof for rounds in range(6)]
    losses = [proof.loss for proof in proofs]
    assert losses == sorted(losses, reverse=True)
    assert [proof.rounds <= at for at, proof in enumerate(proofs)] == [True] * 6
    assert proofs[0].rounds == 0


def test_the_clock_ends_the_rounds_where_seconds_are_asked() -> None:
    problem = random_problem(4, rows=500, kind="sets")
    least = recode_locally(problem, effort=Effort(rounds=0)).proof
    proof = recode_locally(problem, effort=Effort(seconds=1e-9)).proof
    assert proof.rounds == 0
    assert proof.loss == least.loss


@pytest.mark.parametrize("models", ["distinct", "equal", "ordered", "hierarchical", "recursive"])
def test_peeling_blocks_anew_keeps_every_promise_and_never_loses_more(models: str) -> None:
    gained = 0
    for seed in range(3):
        problem = random_problem(seed, models=models, rows=150)
        points = Points.of(problem)
        peeled, levels = peel(points, points.regions.ids)
        cells = renumbered(peeled) // 3  # unions keep what their classes do
        cells[cells == 0] = -1  # what is suppressed stays so
        cells = renumbered(cells)
        assert all_hold(points, cells)
        again = Repeeling.of(points, levels)
        for rounds in (1, 2, 3):
            better = again.improve(
                cells, rounds=rounds, is_over=lambda: False, generator=generator(seed)
            )
            assert ((better < 0) == (cells < 0)).all()
            assert not (better >= 0).any() or all_hold(points, better)
            before, after = (class_losses(points, of).sum() for of in (cells, better))
            assert after <= before + 1e-9
            gained += after < before - 1e-9
            cells = better
    assert gained
