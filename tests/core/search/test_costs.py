"""Whatever is to be lost least: the search agrees with the plain search of the whole lattice."""

from itertools import islice, product

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.lattice import Lattice
from anon_dagster.core.objectives import TIE, Objective
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search, search_best
from anon_dagster.core.search.bounds import _ROUNDING
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.candidate import Evaluator
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.heuristic import lower_bound, search_heuristically
from anon_dagster.core.solution import Solution
from anon_dagster.errors import UnreachableError
from tests.core.search.examples import (
    MODELS,
    MOSTLY_TRIED,
    OBJECTIVES,
    brute_force,
    random_problem,
    with_objective,
)
from tests.core.search.test_exploration import ranked
from tests.parameters import slow_but

every_objective = pytest.mark.parametrize(
    "objective", slow_but(MOSTLY_TRIED, OBJECTIVES, OBJECTIVES.values())
)


def problems(objective: Objective, seeds: range) -> list[Problem]:
    """Return a third of the models for each seed."""
    return [
        with_objective(random_problem(seed, models), objective)
        for seed in seeds
        for models in islice(MODELS.values(), seed % 3, None, 3)
    ]


def outcome(solve: object) -> Solution | None:
    try:
        return solve()  # type: ignore[operator, no-any-return]
    except UnreachableError:
        return None


@pytest.mark.parametrize(
    "seeds",
    [range(3000, 3006), pytest.param(range(3006, 3060), marks=pytest.mark.slow)],
    ids=["some", "many"],
)
@every_objective
def test_the_optimum_is_that_of_brute_force(objective: Objective, seeds: range) -> None:
    for problem in problems(objective, seeds):
        answer = brute_force(problem)
        solution = outcome(lambda problem=problem: search(problem))
        assert (solution.levels if solution else None) == answer.levels
        if solution:
            assert solution.levels is not None
            assert solution.proof.optimal
            assert solution.proof.loss == evaluate(problem, solution.levels).loss
            assert solution.proof.lower_bound == pytest.approx(answer.loss, abs=TIE)


@every_objective
def test_the_best_candidates_are_those_of_brute_force(objective: Objective) -> None:
    for problem in problems(objective, range(3100, 3103)):
        expected = ranked(problem)
        for wanted in (2, 5, len(expected) + 3):
            try:
                found = [solution.levels for solution in search_best(problem, wanted)]
            except UnreachableError:
                found = []
            assert found == expected[:wanted]


@every_objective
def test_tables_that_are_rolled_up_agree_with_brute_force(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"classes._DENSE": 1, "classes._SPARSE": 0, "tables._LARGE": 2, "tables._STEP": 1}
    for name, value in sizes.items():
        monkeypatch.setattr(f"anon_dagster.core.search.{name}", value)
    for problem in problems(objective, range(3200, 3203)):
        answer = brute_force(problem)
        solution = outcome(lambda problem=problem: search(problem))
        assert (solution.levels if solution else None) == answer.levels


@every_objective
def test_the_heuristic_finds_most_optima_and_no_loss_is_below_its_bound(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.core.search.heuristic._NEIGHBOURHOOD", 20)
    monkeypatch.setattr("anon_dagster.core.search.heuristic._GROUP", 20)
    found = cases = 0
    for problem in problems(objective, range(3300, 3306)):
        exact = outcome(lambda problem=problem: search(problem))
        guess = outcome(lambda problem=problem: search_heuristically(problem, Budget()))
        assert guess is None or exact is not None
        if exact is None:
            continue
        assert lower_bound(problem, Meter(None, None)) <= exact.proof.loss + TIE
        cases += 1
        if guess is not None:
            assert guess.proof.loss >= exact.proof.loss - TIE
            assert guess.proof.lower_bound <= exact.proof.loss + TIE
            assert not guess.proof.optimal or guess.levels == exact.levels
            found += abs(guess.proof.loss - exact.proof.loss) <= TIE
    assert cases >= 20
    assert found >= 0.9 * cases


@every_objective
def test_no_bound_is_above_a_loss_whatever_was_learned_at_any_candidate(
    objective: Objective,
) -> None:
    for problem in problems(objective, range(3400, 3412)):
        lattice = Lattice.of(problem)
        if lattice.candidates > 60:
            continue
        every = [lattice.levels(index) for index in range(lattice.candidates)]
        evaluated = [evaluate(problem, levels) for levels in every]
        losses = np.array(
            [e.loss if e.suppressed <= problem.most_suppressed else np.inf for e in evaluated]
        )
        evaluator = Evaluator(Compact(problem))
        for levels in every:
            verdict, bounds = evaluator.evaluate(levels), evaluator.costs.bounds(lattice)
            evaluator.costs.learn(bounds, verdict.classes, verdict.doomed)
            assert (bounds.bound <= losses + 1e-13).all()


@every_objective
def test_generalizing_further_never_loses_less_if_nothing_is_suppressed(
    objective: Objective,
) -> None:
    for seed in range(3500, 3510):
        problem = with_objective(random_problem(seed, ()), objective)
        ranges = (range(a, b + 1) for a, b in zip(problem.lowest, problem.highest, strict=True))
        losses = {levels: evaluate(problem, levels).loss for levels in product(*ranges)}
        for levels, loss in losses.items():
            assert 0 <= loss <= 1 + 1e-12
            for q in range(len(levels)):
                above = losses.get((*levels[:q], levels[q] + 1, *levels[q + 1 :]), np.inf)
                assert loss <= above + 1e-13


def large_problem(objective: Objective) -> Problem:
    """Return a table of some 180,000 classes, of values that are frequent and rare."""
    dice = np.random.default_rng(0)
    drawn = [dice.zipf(1.2, 250_000) % 1000, dice.integers(0, 300, 250_000)]
    drawn.append(dice.integers(0, 50, 250_000))
    rows, counts = np.unique(np.stack(drawn, axis=1), axis=0, return_counts=True)
    hierarchies = []
    for leaves, widths in ((1000, [7, 91]), (300, [5, 50]), (50, [3])):
        levels = [[f"{width}:{leaf // width}" for leaf in range(leaves)] for width in [1, *widths]]
        hierarchies.append(Hierarchy.from_labels([*levels, ["*"] * leaves]))
    return Problem(
        codes=Codes.of(rows.astype(np.int32)),
        sensitive=Codes.of(np.zeros((len(rows), 1), dtype=np.int32)),
        counts=counts,
        hierarchies=tuple(hierarchies),
        sensitive_sizes=(1,),
        weights=(1.0, 0.3, 0.7),
        lowest=(0, 0, 0),
        highest=tuple(hierarchy.levels - 1 for hierarchy in hierarchies),
        models=(KAnonymity(2),),
        most_suppressed=len(drawn[0]),
        objective=objective,
    )


@pytest.mark.slow
@every_objective
def test_bounds_of_large_tables_are_off_by_less_than_their_room(objective: Objective) -> None:
    """Sums over so many classes are rounded most; that they stay in the room is not proven."""
    problem = large_problem(objective)
    evaluator, lattice = Evaluator(Compact(problem)), Lattice.of(problem)
    bounds, losses = evaluator.costs.bounds(lattice), np.zeros(lattice.candidates)
    for index in range(lattice.candidates):
        verdict = evaluator.evaluate(lattice.levels(index))
        losses[index] = verdict.loss
        evaluator.costs.learn(bounds, verdict.classes, verdict.doomed)
    reached = np.isfinite(losses)
    assert reached.sum() > 30
    assert (bounds.bound[reached] - losses[reached]).max() < _ROUNDING / 10
