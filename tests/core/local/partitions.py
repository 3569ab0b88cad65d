"""The least loss over every partition of a small table, by plain code."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, combinations

import numpy as np

from anon_dagster.core.objectives import AttributeWise
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.problem import Problem

Part = tuple[int, ...]


def partitions(members: Sequence[int]) -> Iterator[list[Part]]:
    """Yield every way to put tuples into classes."""
    if not members:
        yield []
        return
    for rest in partitions(members[1:]):
        yield [(members[0],), *rest]
        for at, part in enumerate(rest):
            yield [*rest[:at], (members[0], *part), *rest[at + 1 :]]


def label_losses(problem: Problem, part: Part) -> list[float]:
    """Return what the tightest label of a class loses of each attribute, 0 to 1."""
    losses = []
    for q, hierarchy in enumerate(problem.hierarchies):
        leaves = sorted({int(problem.codes[at, q]) for at in part})
        ranks = problem.orders[q] if problem.orders else None
        if ranks is not None:
            extra = int(max(ranks[leaves]) - min(ranks[leaves]))
        elif problem.sets and problem.sets[q]:
            extra = len(leaves) - 1
        else:
            levels = range(problem.lowest[q], hierarchy.levels)
            nodes = [{int(hierarchy.codes[level][leaf]) for leaf in leaves} for level in levels]
            level, (node,) = next(
                (at, of) for at, of in zip(levels, nodes, strict=True) if len(of) == 1
            )
            extra = int(hierarchy.covered[level][node]) - 1
        losses.append(extra / max(hierarchy.leaves - 1, 1))
    return losses


def label_loss(problem: Problem, part: Part) -> float:
    """Return what each record of a class loses, by the weighted mean of the attributes."""
    losses = zip(problem.weights, label_losses(problem, part), strict=True)
    return sum(weight * loss for weight, loss in losses) / sum(problem.weights)


def is_class(problem: Problem, part: Part) -> bool:
    """Tell whether tuples keep every promise as a class, and may be one at the highest levels."""
    for q, (hierarchy, highest) in enumerate(
        zip(problem.hierarchies, problem.highest, strict=True)
    ):
        if len({int(hierarchy.codes[highest][problem.codes[at, q]]) for at in part}) > 1:
            return False
    counts = problem.counts[list(part)]
    values, places = np.unique(problem.sensitive[:, 0][list(part)], return_inverse=True)
    whole = np.bincount(problem.sensitive[:, 0], problem.counts, problem.sensitive_sizes[0])
    held = np.bincount(places.reshape(-1), counts).astype(np.int64)
    zeros = np.zeros(len(values), dtype=np.int64)
    histogram = Histogram(zeros, values.astype(np.int32), held, whole.astype(np.int64))
    described = EquivalenceClasses(np.array([counts.sum()]), (histogram,))
    return all(bool(model.holds(described)[0]) for model in problem.models)


def least_partition(problem: Problem) -> float | None:
    """Return the least loss over all partitions and all that may be suppressed, if there is one."""
    assert isinstance(problem.objective, AttributeWise)
    aggregate = problem.objective.aggregate
    cost = float(problem.suppression_cost)

    @cache
    def losses_of(part: Part) -> tuple[float, ...] | None:
        if not is_class(problem, part):
            return None
        records = int(problem.counts[list(part)].sum())
        return tuple(loss * records for loss in label_losses(problem, part))

    least = None
    every = range(len(problem.counts))
    for gone in chain.from_iterable(combinations(every, size) for size in range(len(every) + 1)):
        suppressed = int(problem.counts[list(gone)].sum())
        if suppressed > problem.most_suppressed:
            continue
        for parts in partitions([at for at in every if at not in gone]):
            found = [losses_of(part) for part in parts]
            if any(losses is None for losses in found):
                continue
            kept = [sum(column) for column in zip(*filter(None, found), strict=True)]
            lost = kept or [0.0] * len(problem.hierarchies)
            shares = [
                (each + suppressed * cost * (h.leaves > 1)) / problem.records
                for each, h in zip(lost, problem.hierarchies, strict=True)
            ]
            loss = aggregate.of(shares, problem.weights)
            least = loss if least is None else min(least, loss)
    return least
