"""The heuristic search finds nearly every optimum, and its bound is never above one."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.lattice import Lattice
from anon_dagster.core.objectives import CERTAINTY, TIE, Height, Objective
from anon_dagster.core.privacy import EntropyLDiversity, KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search
from anon_dagster.core.search.budget import Meter
from anon_dagster.core.search.heuristic import lower_bound, search_heuristically
from anon_dagster.core.solution import Solution
from anon_dagster.errors import RequestError, UnreachableError
from tests.core.search.examples import MODELS, random_problem


@pytest.fixture(autouse=True)
def _small_neighbourhoods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the heuristic from searching the whole of a small lattice exactly."""
    monkeypatch.setattr("anon_dagster.core.search.heuristic._NEIGHBOURHOOD", 20)
    monkeypatch.setattr("anon_dagster.core.search.heuristic._GROUP", 20)


def outcome(solve: object) -> Solution | None:
    try:
        return solve()  # type: ignore[operator, no-any-return]
    except UnreachableError:
        return None


@pytest.mark.slow
def test_the_heuristic_finds_the_optimum_of_nineteen_in_twenty() -> None:
    found, cases = 0, 0
    for seed in range(100, 140):
        for models in islice(MODELS.values(), seed % 3, None, 3):
            problem = random_problem(seed, models)
            exact = outcome(lambda problem=problem: search(problem))
            guess = outcome(lambda problem=problem: search_heuristically(problem, Budget()))
            assert guess is None or exact is not None
            if exact is None:
                continue
            cases += 1
            if guess is not None:
                assert guess.proof.loss >= exact.proof.loss - TIE
                assert guess.proof.lower_bound <= exact.proof.loss + TIE
                assert not guess.proof.optimal or guess.levels == exact.levels
                found += guess.levels == exact.levels
    assert cases >= 100
    assert found >= 0.95 * cases


def test_the_lower_bound_is_below_every_optimum() -> None:
    for seed in range(200, 210):
        for models in MODELS.values():
            problem = random_problem(seed, models)
            bound = lower_bound(problem, Meter(None, None))
            hurried = lower_bound(problem, Meter(Budget(steps=1 + seed % 7), None))
            exact = outcome(lambda problem=problem: search(problem))
            assert exact is None or bound <= exact.proof.loss + TIE, (seed, models)
            assert hurried <= bound + TIE, (seed, models)


def wide_problem(attributes: int = 24) -> Problem:
    """Return a table whose lattice has more than 10^13 candidates."""
    dice = np.random.default_rng(11)
    rows = [np.arange(16), np.arange(16) // 2, np.arange(16) // 8]
    tree = Hierarchy.from_labels([[f"{level}.{v}" for v in row] for level, row in enumerate(rows)])
    common = dice.integers(0, 16, 400)
    codes = np.stack(
        [np.where(dice.random(400) < 0.6, common, dice.integers(0, 16, 400))
         for _ in range(attributes)],
        axis=1,
    )  # fmt: skip
    return Problem(
        codes=Codes.of(codes.astype(np.int32)),
        sensitive=Codes.of(np.zeros((400, 0), dtype=np.int32)),
        counts=np.ones(400, dtype=np.int64),
        hierarchies=(tree,) * attributes,
        sensitive_sizes=(),
        weights=(1.0,) * attributes,
        lowest=(0,) * attributes,
        highest=(3,) * attributes,
        models=(KAnonymity(3),),
        most_suppressed=20,
    )


def test_larger_groups_raise_the_bound_up_to_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, bounds = wide_problem(6), []
    for attributes in (1, 2, 6):
        monkeypatch.setattr("anon_dagster.core.search.heuristic._GROUP", 4**attributes)
        bounds.append(lower_bound(problem, Meter(None, None)))
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]
    assert bounds[-1] == pytest.approx(search(problem).proof.loss, abs=TIE)


def test_every_group_has_a_share_of_what_the_others_leave() -> None:
    meter = Meter(Budget(steps=60), None)
    assert 0 < lower_bound(wide_problem(), meter) <= lower_bound(wide_problem(), Meter(None, None))
    assert 12 <= meter.evaluated <= 60


def test_a_share_of_a_budget_is_one_of_what_is_left() -> None:
    whole = Meter(Budget(steps=10), None)
    shares = []
    for of in (3, 2, 1):
        share = whole.share(of)
        while not share.spent:
            share.count(0)
        shares.append(share.evaluated)
    assert shares == [3, 3, 4]
    assert whole.evaluated == 10
    assert whole.spent


def test_a_lattice_too_large_to_enumerate_is_searched_within_the_budget() -> None:
    problem, steps = wide_problem(), 300
    assert Lattice.of(problem).candidates > 10**13
    solution = search(problem, budget=Budget(steps=steps, seed=3))
    proof = solution.proof
    assert proof.method == "heuristic"
    assert 0 < proof.lower_bound <= proof.loss < 1
    assert proof.evaluated <= steps + 1
    assert solution.levels is not None
    evaluation = evaluate(problem, solution.levels)
    assert evaluation.feasible
    assert evaluation.loss == proof.loss


def test_the_same_seed_and_steps_give_the_same_solution() -> None:
    problem, budget = wide_problem(), Budget(steps=200, seed=8)
    first, second = (search(problem, budget=budget) for _ in range(2))
    assert first.levels == second.levels
    assert first.proof == second.proof


def test_time_may_run_out() -> None:
    solution = search(wide_problem(), budget=Budget(seconds=1e-9))
    assert solution.proof.lower_bound <= solution.proof.loss
    assert solution.proof.evaluated < 5


@pytest.mark.parametrize("objective", [CERTAINTY, Height()])
def test_an_unreachable_promise_is_refused_with_its_distance(objective: Objective) -> None:
    problem = replace(
        wide_problem(), models=(KAnonymity(401),), most_suppressed=10, objective=objective
    )
    with pytest.raises(UnreachableError, match=r"suppress 400 of 400 records \(100.00%\)"):
        search(problem)


def test_a_promise_that_one_value_breaks_is_refused() -> None:
    problem = replace(
        wide_problem(),
        sensitive=Codes.of(np.zeros((400, 1), dtype=np.int32)),
        sensitive_sizes=(3,),
        models=(KAnonymity(2), EntropyLDiversity(0, Fraction(3, 2))),
    )
    with pytest.raises(UnreachableError, match="suppress 400 of 400 records"):
        search(problem)


def test_what_was_not_found_is_not_called_unreachable() -> None:
    values = (np.arange(400, dtype=np.int32) < 201).astype(np.int32)
    problem = replace(
        wide_problem(),
        sensitive=Codes.of(values.reshape(-1, 1)),
        sensitive_sizes=(2,),
        models=(KAnonymity(2), EntropyLDiversity(0, Fraction(2))),
        most_suppressed=0,
    )
    message = "none of the .* candidates evaluated of 281,474,976,710,656"
    with pytest.raises(UnreachableError, match=message):
        search(problem, budget=Budget(steps=60))


def test_a_budget_is_more_than_nothing() -> None:
    with pytest.raises(RequestError):
        Budget(steps=0)
    with pytest.raises(RequestError):
        Budget(seconds=0)
