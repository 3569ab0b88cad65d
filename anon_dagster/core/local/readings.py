"""A release as objectives and statistics see it: what the label of each class stands for."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.core.local.cells import mask, without_nodes
from anon_dagster.core.objectives import Recoding
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Generalized


def outcome_of(
    problem: Problem,
    classes: NDArray[np.int64],
    generalized: Sequence[Generalized],
    levels: tuple[int, ...] | None = None,
) -> Recoding:
    """Describe a release.

    Parameters
    ----------
    classes
        (tuples,): class of each tuple, from 0 without a gap; -1 is suppressed.
    """
    kept = classes >= 0
    sizes = np.zeros(int(classes.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(sizes, classes[kept], problem.counts[kept])
    return Recoding(
        problem.weighted_table,
        sizes,
        int(problem.counts[~kept].sum()),
        partial(_covered, generalized, len(sizes)),
        partial(_held, problem, classes, generalized, levels),
        levels,
    )


def _covered(generalized: Sequence[Generalized], classes: int, q: int) -> NDArray[np.int64]:
    """Return the leaves that the label of each class covers, (classes,)."""
    column = generalized[q]
    return column.covered.take(column.codes[:classes])


def _held(
    problem: Problem,
    classes: NDArray[np.int64],
    generalized: Sequence[Generalized],
    levels: tuple[int, ...] | None,
    q: int,
) -> NDArray[np.int64]:
    """Return the records of the table whose value the label of each class covers, (classes,)."""
    column, hierarchy = generalized[q], problem.hierarchies[q]
    level = None if levels is None else levels[q]
    records = problem.weighted_table.held[q]
    if level is not None and column.labels == hierarchy.labels[level]:
        return records[level].take(column.codes)
    if level is None and without_nodes(problem, q):
        ranks = problem.orders[q] if problem.orders else None
        labels = [int(mask(label, hierarchy, ranks) @ records[0]) for label in column.labels]
        return np.array(labels, dtype=np.int64).take(column.codes)
    held = _of_nodes(hierarchy, column, records).take(column.codes)
    unknown = held < 0
    if unknown.any():
        held[unknown] = _of_members(problem.codes[:, q], classes, records[0], len(held))[unknown]
    return held


def _of_nodes(
    hierarchy: Hierarchy, column: Generalized, records: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return the records of each label's node, (labels,); -1 where it is none (an aggregate)."""
    held = np.full(len(column.labels), -1, dtype=np.int64)
    nodes: dict[int, dict[Label, int]] = {}
    for code in np.unique(column.codes).tolist():
        level = round(float(column.heights[code]) * (hierarchy.levels - 1))
        if level not in nodes:
            nodes[level] = {label: node for node, label in enumerate(hierarchy.labels[level])}
        node = nodes[level].get(column.labels[code], -1)
        if node >= 0 and hierarchy.covered[level][node] == column.covered[code]:
            held[code] = records[level][node]
    return held


def _of_members(
    leaves: NDArray[np.int32],
    classes: NDArray[np.int64],
    records: NDArray[np.int64],
    size: int,
) -> NDArray[np.int64]:
    """Return the records that have one of the values that each class holds, (classes,)."""
    kept = classes >= 0
    pairs = distinct(classes[kept] * len(records) + leaves[kept])
    held = np.zeros(size, dtype=np.int64)
    np.add.at(held, pairs // len(records), records[pairs % len(records)])
    return held
