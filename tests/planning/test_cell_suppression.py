"""The fewest stars: held against every partition, and through the whole chain."""

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import anonymize
from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import StarPatterns, recode_locally
from anon_dagster.core.privacy import DistinctLDiversity, EntropyLDiversity, KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, LOCAL
from anon_dagster.planning.cell_suppression import CHOICES, with_fewest_stars
from anon_dagster.planning.integer_program import solve
from tests.core.local.partitions import least_partition


def starred(seed: int, rows: int, *, attributes: int = 3, k: int = 2, distinct: int = 1) -> Problem:
    """Draw a table whose values are kept or suppressed."""
    random = np.random.default_rng(seed)
    columns = [np.minimum(random.geometric(0.45, rows) - 1, 3) for _ in range(attributes)]
    columns.append(random.integers(0, 3, rows))
    tuples, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    values = Hierarchy.from_labels([[str(value) for value in range(4)]])
    return Problem(
        codes=Codes.of(tuples[:, :-1].astype(np.int32)),
        sensitive=Codes.of(tuples[:, -1:].astype(np.int32)),
        counts=counts.astype(np.int64),
        hierarchies=(values,) * attributes,
        sensitive_sizes=(3,),
        weights=(1.0,) * attributes,
        lowest=(0,) * attributes,
        highest=(1,) * attributes,
        models=(KAnonymity(k), DistinctLDiversity(0, distinct)),
    )


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_it_is_the_least_of_all_partitions_and_is_proven_so(data: st.DataObject) -> None:
    problem = starred(
        data.draw(st.integers(0, 10_000)),
        data.draw(st.integers(4, 7)),
        k=data.draw(st.integers(2, 3)),
        distinct=data.draw(st.integers(1, 2)),
    )
    problem = replace(
        problem,
        weights=data.draw(st.sampled_from([(1.0, 1.0, 1.0), (0.5, 1.0, 2.0), (0.0, 1.0, 0.3)])),
        highest=data.draw(st.sampled_from([(1, 1, 1), (1, 0, 1)])),
        lowest=data.draw(st.sampled_from([(0, 0, 0), (0, 0, 1)])),
        most_suppressed=data.draw(st.integers(0, 2)),
        suppression_cost=data.draw(st.sampled_from([Fraction(1), Fraction(1, 2)])),
    )
    least = least_partition(problem)
    patterns = StarPatterns.of(problem, most=CHOICES)
    assert patterns is not None
    answer = solve(patterns.program())
    if least is None:
        assert answer is None
        return
    assert answer is not None
    solution = patterns.solution(answer.values, answer.bound)
    assert solution is not None
    assert solution.proof.optimal
    assert solution.proof.loss == pytest.approx(least, abs=1e-12)
    assert solution.proof.lower_bound == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("seed", [7, 16])
def test_nothing_is_proven_by_costs_that_the_solver_takes_for_equal(seed: int) -> None:
    problem = replace(
        starred(seed, 7),
        weights=(1.0, 1e-7, 2e-7),
        most_suppressed=6,
        suppression_cost=Fraction(1, 10**8),
    )
    least = least_partition(replace(problem, most_suppressed=problem.records - 1))
    assert least is not None
    best = with_fewest_stars(problem, recode_locally(problem))
    assert best.proof.lower_bound <= least + 1e-12
    assert not best.proof.optimal or best.proof.loss == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_no_more_is_lost_than_by_local_recoding_and_never_less_than_the_bound(seed: int) -> None:
    problem = starred(seed, 30, k=3)
    found = recode_locally(problem)
    best = with_fewest_stars(problem, found)
    assert best.proof.optimal
    assert best.proof.method == BY_INTEGER_PROGRAM
    assert found.proof.lower_bound - 1e-6 <= best.proof.loss <= found.proof.loss + 1e-12
    sizes = np.bincount(best.classes, problem.counts)
    assert sizes.min() >= 3
    again = with_fewest_stars(problem, found)
    assert again.classes.tolist() == best.classes.tolist()


def test_what_does_not_fit_is_left_to_local_recoding() -> None:
    problem = starred(0, 30)
    found = recode_locally(problem)
    height = Hierarchy.from_labels([list("0123"), ["low"] * 2 + ["high"] * 2])
    for other in (
        replace(problem, models=(EntropyLDiversity(0, Fraction(2)),)),
        replace(problem, hierarchies=(height, *problem.hierarchies[1:])),
        replace(problem, keeps_suppressed=True, most_suppressed=1),
        replace(problem, sets=(True, False, False)),
        replace(problem, counts=problem.counts * 10**6),
    ):
        assert StarPatterns.of(other, most=CHOICES) is None
        assert with_fewest_stars(other, found) is found
    assert StarPatterns.of(problem, most=len(problem.counts) * 8 - 1) is None


def test_a_release_of_no_record_is_not_the_optimum_though_it_costs_least() -> None:
    problem = starred(2, 6, k=2)
    problem = replace(problem, most_suppressed=problem.records, suppression_cost=Fraction(0))
    best = with_fewest_stars(problem, recode_locally(problem))
    assert best.proof.optimal
    assert (best.classes >= 0).any()
    alone = replace(problem, models=(KAnonymity(problem.records + 1),))
    patterns = StarPatterns.of(alone, most=CHOICES)
    assert patterns is not None
    assert solve(patterns.program()) is None


def test_without_the_extra_local_recoding_tells_the_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    problem = starred(1, 30, k=3)
    found = recode_locally(problem)
    assert with_fewest_stars(problem, found) is found
    assert found.proof.method == LOCAL
    assert 0 < found.proof.lower_bound < found.proof.loss


def test_the_fewest_stars_are_asked_for_by_local_recoding_of_suppress_hierarchies() -> None:
    frame = pd.DataFrame(
        {"job": list("aabbccdd"), "town": list("xyxyxyzz"), "illness": list("pqrspqrs")}
    )
    star = {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}}
    policy = {
        "attributes": {"job": star, "town": star, "illness": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 2}},
        "recoding": "local",
    }
    result = anonymize({"policy": policy}, frame=frame)
    proof = result.decision.solution.proof
    assert proof.optimal
    assert proof.method == BY_INTEGER_PROGRAM
    assert result.df is not None
    released = result.df[["job", "town"]]
    assert int((released == "*").sum().sum()) == 6  # two towns of each of three jobs
    assert "no better one exists that treats equal records alike" in result.report()
