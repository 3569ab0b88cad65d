"""Fifty small tables whose optimum integer programming knows: what is lost, and what is proven."""

from dataclasses import replace

import numpy as np
import pytest

from anon_dagster.core.codes import Codes
from anon_dagster.core.local import recode_locally
from tests.core.local.optimum import exact_optimum, small_table
from tests.core.local.partitions import least_partition


@pytest.mark.parametrize("seed", range(8))
def test_integer_programming_finds_the_least_of_all_partitions(seed: int) -> None:
    problem = small_table(seed + 4)
    first = np.arange(7)
    few = replace(
        problem,
        codes=Codes.of(problem.codes.array[first]),
        sensitive=problem.sensitive.take(first),
        counts=problem.counts[first],
    )
    assert exact_optimum(few) == pytest.approx(least_partition(few), abs=1e-9)


@pytest.mark.slow
def test_of_fifty_tables_the_optimum_lies_between_the_bound_and_the_loss() -> None:
    optimal = 0
    for seed in range(50):
        problem = small_table(seed)
        proof = recode_locally(problem).proof
        optimum = exact_optimum(problem)
        assert proof.lower_bound <= optimum + 1e-9, seed
        assert optimum <= proof.loss + 1e-9, seed
        assert not proof.optimal or proof.loss == pytest.approx(optimum), seed
        optimal += proof.loss <= optimum + 1e-9
    assert optimal >= 10
