"""How much less than local recoding any other release could lose: what is proven, and what is so.

Fifty small tables whose optimum integer programming knows; tables of kept or suppressed values; and
the bound of Adult, if it lies beside the project.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import recode_locally
from anon_dagster.core.local.bound import lower_bound
from anon_dagster.core.local.points import Points
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.planning.cell_suppression import with_fewest_stars
from benchmarks.local import ADULT
from tests.core.local.optimum import exact_optimum, small_table
from tests.known_tables import known_table

TABLES = 50
STARRED = ((60, 4, 3), (120, 4, 3), (100, 4, 5), (300, 4, 3))
"""Records, quasi-identifiers, k."""


def main() -> None:
    """Print a line per case."""
    print(f"  {_small_tables()}")
    for records, attributes, k in STARRED:
        print(f"  {_stars(records, attributes, k)}")
    for name, problem in _adult():
        points = Points.of(problem)
        begun = time.process_time()
        bound = lower_bound(points)
        print(f"  {name:24} none loses less than {bound:.5f} {time.process_time() - begun:6.2f} s")


def _small_tables() -> str:
    losses, optima, bounds = [], [], []
    for seed in range(TABLES):
        problem = small_table(seed)
        proof = recode_locally(problem).proof
        losses.append(proof.loss)
        bounds.append(proof.lower_bound)
        optima.append(exact_optimum(problem))
    reached = sum(loss <= least + 1e-9 for loss, least in zip(losses, optima, strict=True))
    loss, least, bound = (float(np.mean(each)) for each in (losses, optima, bounds))
    return (
        f"{TABLES} small tables: local recoding loses {loss:.4f}, the optimum {least:.4f} "
        f"({loss / least:.3f} times; reached {reached} times), proven {bound:.4f}"
    )


def _stars(records: int, attributes: int, k: int) -> str:
    problem = _starred(records, attributes, k)
    found = recode_locally(problem)
    begun = time.process_time()
    proof = with_fewest_stars(problem, found).proof
    seconds = time.process_time() - begun
    known = "the least" if proof.optimal else f"none below {proof.lower_bound:.4f}"
    return (
        f"stars, {len(problem.counts):4} tuples of {attributes}, k={k}: local recoding "
        f"{found.proof.loss:.4f}, integer programming {proof.loss:.4f}, {known} {seconds:6.2f} s"
    )


def _starred(records: int, attributes: int, k: int) -> Problem:
    """Invent a table whose values are kept or suppressed."""
    random = np.random.default_rng(1)
    values = np.minimum(random.geometric(0.45, (records, attributes)) - 1, 3)
    tuples, counts = np.unique(values, axis=0, return_counts=True)
    hierarchy = Hierarchy.from_labels([[str(value) for value in range(4)]])
    return Problem(
        codes=Codes.of(tuples.astype(np.int32)),
        sensitive=Codes.of(np.zeros((len(tuples), 0), dtype=np.int32)),
        counts=counts.astype(np.int64),
        hierarchies=(hierarchy,) * attributes,
        sensitive_sizes=(),
        weights=(1.0,) * attributes,
        lowest=(0,) * attributes,
        highest=(1,) * attributes,
        models=(KAnonymity(k),),
    )


def _adult() -> Iterator[tuple[str, Problem]]:
    if not ADULT.is_dir():
        return
    table = known_table("adult")
    names = sorted(table.paths)
    for k in (2, 5, 20, 50):
        problem = table.problem({"quasi_identifiers": names, "k": k, "suppression_limit": 0})
        yield f"Adult, k={k}, nodes", problem
        yield f"Adult, k={k}, ranges and sets", _with_ranges_and_sets(problem, names.index("age"))


def _with_ranges_and_sets(problem: Problem, age: int) -> Problem:
    years = np.array([int(str(label)) for label in problem.hierarchies[age].labels[0]])
    attributes = range(len(problem.hierarchies))
    orders = tuple(years if q == age else None for q in attributes)
    return replace(problem, orders=orders, sets=tuple(q != age for q in attributes))


if __name__ == "__main__":
    main()
