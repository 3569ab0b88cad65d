"""Tables for benchmarks: Adult where it can be had, and generated ones of any shape."""

import json
import os
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import KAnonymity
from anon_dagster.core.problem import Problem

LEAVES = {2: 3, 3: 12, 4: 30, 5: 60, 6: 100}
"""About how many values an attribute of so many levels has."""


def adult_folder() -> Path | None:
    """Return where the Adult table lies: beside the project, or where ANON_SHARED says."""
    project = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("ANON_SHARED", project.parent / "shared")) / "data" / "adult"
    return folder if folder.is_dir() else None


def known_answers(folder: Path) -> list[dict[str, Any]]:
    """Return the cases of the Adult table whose optimum is known."""
    cases: list[dict[str, Any]] = json.loads((folder / "known_answers.json").read_text())["cases"]
    return cases


def independent(records: int, levels: Sequence[int], *, suppressed: float) -> Problem:
    """Return a table of nearly independent columns: almost every tuple is distinct."""
    dice = np.random.default_rng(1)
    trees = [tree(LEAVES[count] + q, count) for q, count in enumerate(levels)]
    columns = [_skewed(dice, t.leaves, records, 2.0) for t in trees]
    linked = dice.random(records) < 0.2
    columns[1] = np.where(linked, columns[0] % trees[1].leaves, columns[1])
    return problem_of(columns, trees, suppressed=suppressed)


def postal(records: int, *, suppressed: float) -> Problem:
    """Return a table with 13,000 postal codes of very different size."""
    dice = np.random.default_rng(2)
    trees = [tree(13_000, 6), tree(100, 5), tree(80, 5), tree(60, 5), tree(50, 5)]
    trees += [tree(25, 4), tree(9, 3)]
    columns = [_skewed(dice, t.leaves, records, 0.5) for t in trees]
    return problem_of(columns, trees, suppressed=suppressed)


def repeated(records: int, attributes: int) -> Problem:
    """Return a table of which two in five levels divide the records as a lower one does."""
    rows = [np.arange(64), np.arange(64) // 8, np.zeros(64), np.zeros(64)]
    labels = [[f"{n}:{v}" for v in row] for n, row in enumerate(rows)]
    trees = [Hierarchy.from_labels([*labels, ["*"] * 64])] * attributes
    dice = np.random.default_rng(4)
    columns = [dice.integers(0, 64, records) for _ in trees]
    return problem_of(columns, trees, suppressed=0.0)


def correlated(seed: int, *, candidates: float, records: int = 2_000) -> Problem:
    """Return a table with something in common between its columns, and at least a lattice."""
    dice = np.random.default_rng(seed)
    levels: list[int] = []
    while prod(levels) < candidates:
        levels.append(int(dice.integers(2, 6)))
    trees = [tree(LEAVES[count] + q, count) for q, count in enumerate(levels)]
    common = dice.integers(0, 6, records)
    columns = [
        np.where(
            dice.random(records) < dice.random(),
            common * t.leaves // 6,
            dice.integers(0, t.leaves, records),
        )
        for t in trees
    ]
    weights = tuple(dice.choice([0.3, 0.5, 1.0, 1.0], len(levels)).tolist())
    limit, k = float(dice.choice([0, 0.01, 0.05, 0.2])), int(dice.choice([2, 5, 10]))
    return problem_of(columns, trees, suppressed=limit, k=k, weights=weights)


def tree(leaves: int, levels: int) -> Hierarchy:
    """Return a balanced hierarchy."""
    fan = max(2, round(leaves ** (1 / max(levels - 1, 1))))
    rows = [np.arange(leaves) // fan**level for level in range(levels - 1)]
    return Hierarchy.from_labels([[f"{n}:{v}" for v in row] for n, row in enumerate(rows)])


def problem_of(
    columns: Sequence[NDArray[Any]],
    trees: Sequence[Hierarchy],
    *,
    suppressed: float,
    k: int = 5,
    weights: tuple[float, ...] | None = None,
) -> Problem:
    """Return the problem of k-anonymizing a table within a suppression limit."""
    records = len(columns[0])
    codes = np.stack(columns, axis=1).astype(np.int32)
    ones = np.ones(records, dtype=np.int64)
    table = FrequencyTable.of(codes, ones, [t.leaves for t in trees])
    return Problem(
        codes=table.codes,
        sensitive=Codes.of(np.zeros((len(table), 0), dtype=np.int32)),
        counts=table.counts,
        hierarchies=tuple(trees),
        sensitive_sizes=(),
        weights=weights or (1.0,) * len(trees),
        lowest=(0,) * len(trees),
        highest=tuple(t.levels - 1 for t in trees),
        models=(KAnonymity(k),),
        most_suppressed=int(suppressed * records),
    )


def _skewed(
    dice: np.random.Generator, values: int, records: int, evenness: float
) -> NDArray[np.int64]:
    shares = dice.dirichlet(np.full(values, evenness))
    return dice.choice(values, records, p=shares)


def sample(problem: Problem, most_tuples: int) -> Iterator[tuple[int, ...]]:
    """Draw candidates for plain evaluation, until so many tuples are grouped."""
    dice = np.random.default_rng(3)
    for _ in range(max(most_tuples // max(len(problem.counts), 1), 10)):
        yield tuple(
            int(dice.integers(low, high + 1))
            for low, high in zip(problem.lowest, problem.highest, strict=True)
        )
