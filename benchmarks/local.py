"""What local recoding loses and how long it takes, beside the global optimum of the same table.

Adult, if it lies beside the project, with nodes and with ranges and sets, under each privacy
model; and invented tables of other shapes, up to a million records of which nearly all differ.
"""

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import Cells, Effort, recode_locally
from anon_dagster.core.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    EqualTCloseness,
    KAnonymity,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from tests.known_tables import known_table

ADULT = Path(os.environ.get("ANON_SHARED", Path(__file__).parents[2] / "shared")) / "data/adult"
GUARDED: dict[str, PrivacyModel] = {
    "distinct 3-diversity": DistinctLDiversity(0, 3),
    "entropy 3-diversity": EntropyLDiversity(0, Fraction(3)),
    "recursive (3,3)-diversity": RecursiveLDiversity(0, Fraction(3), 3),
    "0.4-closeness": EqualTCloseness(0, Fraction("0.4")),
    "0.2-closeness": EqualTCloseness(0, Fraction("0.2")),
}


def main() -> None:
    """Print a line per case."""
    print("local recoding: loss 0 to 1, granularity 1 - loss, CPU seconds; global: exact optimum")
    for name, problem, optimum in cases():
        start = search(problem) if optimum else None
        begun = time.process_time()
        solution = recode_locally(problem)
        seconds = time.process_time() - begun
        beside = f"{start.proof.loss:.4f}" if start else "     -"
        print(
            f"  {name:38} {len(problem.counts):>9,} tuples {int(solution.classes.max()) + 1:>8,} "
            f"classes, loss {solution.proof.loss:.4f} (global {beside}), "
            f"granularity {1 - solution.proof.loss:.4f} {seconds:7.2f} s"
        )
    print(f"  {_lookup()}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:,.0f} MiB")


def cases() -> Iterator[tuple[str, Problem, bool]]:
    """Yield each case with its name and whether its global optimum is printed."""
    if ADULT.is_dir():
        yield from _adult()
    yield "skewed, 20,000 x 6", invented(20_000, (4, 3, 5, 2, 3, 4), skew=1, related=0.3), True
    even = (6, 3, 4, 4, 2, 3, 4, 3)
    yield "even, 100,937 x 8", invented(100_937, even, skew=0, related=0), False
    yield (
        "related, 20,000 x 7",
        invented(20_000, (3, 6, 2, 3, 3, 4, 3), skew=0.5, related=0.8),
        True,
    )
    large = (6, 3, 3, 4, 5, 3, 2, 2, 2)
    yield "even, 1,193,504 x 9", invented(1_193_504, large, skew=0, related=0), False


def _adult() -> Iterator[tuple[str, Problem, bool]]:
    table = known_table("adult")
    names = sorted(table.paths)
    for k in (2, 5, 20):
        case = {"quasi_identifiers": names, "k": k, "suppression_limit": 0}
        problem = table.problem(case)
        yield f"Adult, k={k}, nodes", problem, True
        yield f"Adult, k={k}, ranges and sets", _unbound(problem, names.index("age")), False
    rest = [name for name in names if name != "occupation"]
    guarded = {"quasi_identifiers": rest, "k": 5, "suppression_limit": 0}
    problem = table.problem(guarded | {"sensitive": "occupation", "model": "distinct l=3"})
    for name, model in GUARDED.items():
        yield f"Adult, k=5, {name}", replace(problem, models=(KAnonymity(5), model)), True


def _unbound(problem: Problem, age: int) -> Problem:
    """Allow ranges of ages, and sets of values everywhere else."""
    attributes = range(len(problem.hierarchies))
    years = np.array([int(str(label)) for label in problem.hierarchies[age].labels[0]])
    return replace(
        problem,
        orders=tuple(years if q == age else None for q in attributes),
        sets=tuple(q != age for q in attributes),
    )


def invented(records: int, levels: tuple[int, ...], *, skew: float, related: float) -> Problem:
    """Invent a table with trees of so many levels, each node with two to six children.

    Parameters
    ----------
    skew
        Exponent of the frequencies of the values; 0: all are equally frequent.
    related
        Share of the values that follow from a hidden type of the record.
    """
    random = np.random.default_rng(len(levels))
    kind = random.integers(0, 10, records)
    hierarchies, columns = [], []
    for q, height in enumerate(levels):
        children = 2 + (q * 3 + height) % 5
        hierarchy = _tree(children, height)
        frequency = random.permutation(1 / np.arange(1, hierarchy.leaves + 1) ** skew)
        values = random.choice(hierarchy.leaves, records, p=frequency / frequency.sum())
        centre = random.integers(0, hierarchy.leaves, 10)[kind]
        related_values = (
            centre + random.integers(0, 1 + hierarchy.leaves // 8, records)
        ) % hierarchy.leaves
        columns.append(np.where(random.random(records) < related, related_values, values))
        hierarchies.append(hierarchy)
    codes = np.stack(columns, axis=1).astype(np.int32)
    ones = np.ones(records, dtype=np.int64)
    table = FrequencyTable.of(codes, ones, [h.leaves for h in hierarchies])
    return Problem(
        codes=table.codes,
        sensitive=Codes.of(np.zeros((len(table), 0), dtype=np.int32)),
        counts=table.counts,
        hierarchies=tuple(hierarchies),
        sensitive_sizes=(),
        weights=(1.0,) * len(levels),
        lowest=(0,) * len(levels),
        highest=tuple(height - 1 for height in levels),
        models=(KAnonymity(5),),
    )


def _tree(children: int, levels: int) -> Hierarchy:
    leaves = children ** (levels - 1)
    rows = [
        [f"{level}.{leaf // children**level}" for leaf in range(leaves)]
        for level in range(levels - 1)
    ]
    return Hierarchy.from_labels(rows)


def _lookup() -> str:
    problem = invented(20_000, (4, 3, 5, 2, 3, 4), skew=1, related=0.3)
    cells = Cells.of(problem, recode_locally(problem, effort=Effort(rounds=1)))
    random = np.random.default_rng(0)
    columns = [random.integers(0, h.leaves, 100_000) for h in problem.hierarchies]
    rows = np.stack(columns, axis=1).astype(np.int32)
    begun = time.process_time()
    assigned = cells.assign(rows, problem.hierarchies)
    seconds = time.process_time() - begun
    return (
        f"{len(rows):,} new records placed in {len(cells.codes):,} cells: {seconds:.2f} s, "
        f"{np.mean(assigned >= 0):.0%} are covered"
    )


if __name__ == "__main__":
    main()
