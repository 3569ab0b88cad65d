"""The exact search agrees with the plain search of the whole lattice."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import DistinctLDiversity, KAnonymity, PrivacyModel
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import Budget, search
from anon_dagster.errors import UnreachableError
from tests.core.search.examples import MODELS, brute_force, random_problem
from tests.known_tables import KNOWN, known_case

SEEDS = 50


@pytest.mark.parametrize("models", MODELS.values(), ids=MODELS)
def test_the_search_agrees_with_brute_force(models: tuple[PrivacyModel, ...]) -> None:
    for seed in range(SEEDS):
        problem = random_problem(seed, models)
        answer = brute_force(problem)
        if answer.levels is None:
            with pytest.raises(UnreachableError) as caught:
                search(problem)
            suppressed = f"suppress {answer.fewest:,} of {problem.records:,} record"
            assert answer.broken or suppressed in str(caught.value), seed
            assert answer.broken == ("break a promise" in str(caught.value)), seed
        else:
            solution = search(problem)
            proof = solution.proof
            assert solution.levels == answer.levels, seed
            assert proof.loss == evaluate(problem, answer.levels).loss, seed
            assert proof.lower_bound == pytest.approx(answer.loss, abs=1e-12), seed
            assert proof.optimal
            assert proof.evaluated <= proof.candidates


@pytest.mark.parametrize(
    "thresholds",
    [
        {"tables._LARGE": 2, "tables._STEP": 2},
        {"classes._DENSE": 1, "classes._SPARSE": 0},
        {"classes._DENSE": 1, "classes._SPARSE": 0, "tables._LARGE": 2, "tables._STEP": 1},
        {"packs._PACKED": 1, "exploration._PER_CHOICE": 2},
    ],
    ids=["tables are rolled up", "keys are sorted", "both", "several at a time"],
)
def test_what_only_large_tables_do_agrees_with_brute_force(
    thresholds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in thresholds.items():
        monkeypatch.setattr(f"anon_dagster.core.search.{name}", value)
    for seed, models in product(range(SEEDS, SEEDS + 6), MODELS.values()):
        problem = random_problem(seed, models)
        answer = brute_force(problem)
        if answer.levels is not None:
            assert search(problem).levels == answer.levels, (seed, models)


def numbers(values: int) -> Hierarchy:
    """Return a hierarchy of numbers, in pairs, in eights, and all."""
    rows = [[f"{i // width}/{width}" for i in range(values)] for width in (1, 2, 8)]
    return Hierarchy.from_labels(rows)


def problem_of(codes: list[list[int]], counts: list[int], **options: object) -> Problem:
    columns = len(codes[0]) if codes else 2
    hierarchies = tuple(numbers(32) for _ in range(columns))
    problem = Problem(
        codes=Codes.of(np.array(codes, dtype=np.int32).reshape(-1, columns)),
        sensitive=Codes.of(np.zeros((len(codes), 0), dtype=np.int32)),
        counts=np.array(counts, dtype=np.int64),
        hierarchies=hierarchies,
        sensitive_sizes=(),
        weights=(1.0,) * columns,
        lowest=(0,) * columns,
        highest=tuple(h.levels - 1 for h in hierarchies),
        models=(KAnonymity(2),),
    )
    return replace(problem, **options)  # type: ignore[arg-type]


HARD = {
    "no record": problem_of([], []),
    "one record": problem_of([[0]], [1], most_suppressed=1),
    "a record less than k": problem_of([[3, 4]], [4], models=(KAnonymity(5),)),
    "k records": problem_of([[3, 4], [7, 9]], [4, 1], models=(KAnonymity(5),)),
    "all equal": problem_of([[5, 6]], [100]),
    "all distinct": problem_of([[i, 31 - i] for i in range(32)], [1] * 32, most_suppressed=3),
    "one column": problem_of([[i] for i in range(0, 32, 3)], [1] * 11, most_suppressed=2),
    "huge counts": problem_of(
        [[i, i // 5] for i in range(32)], [2**40 + i for i in range(31)] + [1], most_suppressed=1
    ),
    "counts beyond a float": problem_of(
        [[i, 0] for i in range(9)], [2**50 + 1] * 8 + [1], most_suppressed=2**50
    ),
    "every record may be suppressed": problem_of(
        [[i, i] for i in range(20)], [1] * 20, most_suppressed=20
    ),
}


@pytest.mark.parametrize("problem", HARD.values(), ids=HARD)
def test_hard_tables_are_searched_like_any_other(problem: Problem) -> None:
    answer = brute_force(problem)
    if answer.levels is None:
        with pytest.raises(UnreachableError):
            search(problem)
    else:
        assert search(problem).levels == answer.levels


def test_a_table_without_quasi_identifiers_has_one_candidate() -> None:
    problem = replace(
        random_problem(1, (DistinctLDiversity(0, 2),)),
        codes=Codes.of(np.zeros((2, 0), dtype=np.int32)),
        sensitive=Codes.of(np.array([[0, 0], [1, 0]], dtype=np.int32)),
        counts=np.array([3, 4]),
        hierarchies=(),
        weights=(),
        lowest=(),
        highest=(),
    )
    assert search(problem).levels == ()


def test_keys_that_pass_64_bits_are_told_apart() -> None:
    dice = np.random.default_rng(5)
    wide = Hierarchy.from_labels([range(3000), np.arange(3000) // 60])  # type: ignore[list-item]
    codes = dice.integers(0, 3000, (3000, 7)).astype(np.int32)
    codes = np.concatenate([codes, codes[:300]])
    problem = problem_of(
        codes.tolist(), [1] * len(codes),
        hierarchies=(wide,) * 7, highest=(1, 0, 0, 0, 0, 0, 1), most_suppressed=2700,
    )  # fmt: skip
    assert search(problem).levels == (0,) * 7


def test_progress_is_told_and_may_stop_the_search() -> None:
    calls: list[tuple[int, int]] = []

    def stop(evaluated: int, remaining: int) -> None:
        calls.append((evaluated, remaining))
        if evaluated == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(problem_of([[i, 31 - i] for i in range(32)], [1] * 32), on_progress=stop)
    assert [evaluated for evaluated, _ in calls] == [1, 2, 3]


def test_a_search_that_is_stopped_tells_what_it_does_not_know() -> None:
    problem = problem_of([[i, i * i % 32, i // 3] for i in range(32)], [1] * 32, most_suppressed=9)
    best = brute_force(problem)
    for steps in range(1, 12):
        try:
            proof = search(problem, budget=Budget(steps=steps)).proof
        except UnreachableError as error:
            assert "candidates evaluated" in str(error)  # noqa: PT017 (it is found or it is not)
            continue
        assert proof.lower_bound <= best.loss <= proof.loss
        assert proof.evaluated <= steps or proof.optimal


@pytest.mark.parametrize(("name", "case"), KNOWN)
def test_the_known_answers_are_reached(name: str, case: int) -> None:
    table, known = known_case(name, case)
    solution = search(table.problem(known))
    assert solution.levels == tuple(known["levels"])
    assert solution.proof.optimal
    assert solution.proof.loss == pytest.approx(known["infoLoss"], abs=1e-12)
    assert solution.proof.candidates == known["lattice"]
