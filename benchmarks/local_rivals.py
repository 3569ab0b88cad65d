"""Local recoding by others' methods and by plain measures, to hold ours against."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.problem import Problem
from anon_dagster.core.search import search
from anon_dagster.errors import UnreachableError


def plain_loss(problem: Problem, classes: NDArray[np.int64]) -> float:
    """Return what classes lose, 0 to 1, measured record by record with none of the recoding's code.

    A class reads, in each attribute, as the lowest node that covers its values, as the range
    between its ends, or as the set of its values; ``*`` where it is suppressed.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for at, of in enumerate(classes.tolist()):
        members[of].append(at)
    loss = 0.0
    for of, tuples in members.items():
        records = int(problem.counts[tuples].sum())
        for q, weight in enumerate(problem.weights):
            leaves = problem.hierarchies[q].leaves
            held = np.unique(problem.codes[:, q][tuples])
            covered = leaves if of < 0 else _covered(problem, q, held)
            loss += weight * records * (covered - 1) / max(leaves - 1, 1)
    return loss / problem.records / sum(problem.weights)


def _covered(problem: Problem, q: int, held: NDArray[np.int32]) -> int:
    """Return how many leaves the label of some leaves, (held,), covers."""
    ranks = problem.orders[q] if problem.orders else None
    if ranks is not None:
        between = (ranks >= ranks[held].min()) & (ranks <= ranks[held].max())
        return int(between.sum())
    if problem.sets and problem.sets[q]:
        return len(held)
    for codes, covered in zip(
        problem.hierarchies[q].codes, problem.hierarchies[q].covered, strict=True
    ):
        if len(np.unique(codes[held])) == 1:
            return int(covered[codes[held[0]]])
    raise AssertionError("a hierarchy ends in one node")


def iterated_search(problem: Problem) -> float:
    """Return what the optimum of full-domain generalization loses, taken again and again.

    What the optimum keeps is fixed; what it suppresses is a table of its own, as far as it goes.
    """
    rest = np.arange(len(problem.counts))
    classes = np.full(len(rest), -1, dtype=np.int64)
    while len(rest):
        table = replace(
            problem,
            codes=problem.codes.take(rest),
            sensitive=problem.sensitive.take(rest),
            counts=problem.counts[rest],
            most_suppressed=int(problem.counts[rest].sum()) - 1,
        )
        with suppress(UnreachableError):
            found = search(table).classes
            kept = found >= 0
            if kept.any():
                classes[rest[kept]] = classes.max() + 1 + found[kept]
                rest = rest[~kept]
                continue
        break
    return plain_loss(problem, classes)
