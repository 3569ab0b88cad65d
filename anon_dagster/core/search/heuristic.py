"""The search of lattices that are too large to enumerate.

Proofs: ``docs/proofs/search.md``.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from anon_dagster.core.lattice import Lattice, Levels
from anon_dagster.core.objectives import TIE, AttributeWise
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.budget import Budget, Meter
from anon_dagster.core.search.candidate import Evaluator
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.exploration import Exploration, Incumbents
from anon_dagster.core.search.solution_of import solution_of
from anon_dagster.core.search.unreachable import not_found, unreachable
from anon_dagster.core.solution import Proof, Solution
from anon_dagster.core.steps import OnStep

_NEIGHBOURHOOD = 30_000
"""Candidates of a part of the lattice that is searched exactly."""
_GROUP = 1_000_000
"""Candidates of a group of quasi-identifiers whose least loss is found for the bound: with fewer,
more groups share the conflicts between them, and the bound is lower."""
_STEPS_OF_GROUP = 20
"""Steps below which the exploration of a group bounds next to nothing: where there are fewer for
each, some groups have as many, and the others none."""
_PATIENCE = 4
"""How often every quasi-identifier is set free in vain before the search starts anew."""
_STARTS = 3
"""How often the search starts from the most general candidate."""


def search_heuristically(
    problem: Problem, budget: Budget, *, on_progress: OnStep | None = None
) -> Solution:
    """Find a good candidate, and how much better another might be.

    Large neighbourhood search [1]_: some quasi-identifiers are set free and the others kept at the
    best levels found; that part of the lattice is searched exactly; then others are set free.

    References
    ----------
    .. [1] P. Shaw, "Using constraint programming and local search methods to solve vehicle routing
       problems", CP 1998, section 2.
    """
    meter = Meter(budget, on_progress)
    evaluator, incumbents = Evaluator(Compact(problem)), Incumbents()
    lattice = evaluator.compact.lattice
    bound = lower_bound(problem, Meter(budget.part(2), None))
    dice = np.random.default_rng(budget.seed)
    for _ in range(_STARTS if bound < np.inf else 0):
        if incumbents.best > bound + TIE:
            incumbents.merge(_climb(evaluator, lattice, meter, dice))
    levels = incumbents.winner
    if levels is None and bound == np.inf:
        raise unreachable(Evaluator(evaluator.compact, relaxed=True), lattice, Incumbents(), meter)
    if levels is None:
        raise not_found(evaluator, lattice, incumbents, meter)
    loss = incumbents.losses[levels]
    proof = Proof(
        optimal=loss <= bound + TIE,
        loss=loss,
        lower_bound=min(bound, loss),
        candidates=Lattice.of(problem).candidates,
        evaluated=meter.evaluated,
        method="heuristic",
    )
    return solution_of(problem, levels, proof)


def _climb(
    evaluator: Evaluator, lattice: Lattice, meter: Meter, dice: np.random.Generator
) -> Incumbents:
    """Improve the most general candidate until no neighbourhood has a better one."""
    incumbents, idle = Incumbents(), 0
    movable = [q for q, size in enumerate(lattice.shape) if size > 1]
    Exploration(evaluator, lattice.within(lattice.highest, lattice.highest), incumbents).run(meter)
    while idle < _PATIENCE * len(movable) and not meter.spent:
        before, center = incumbents.best, incumbents.winner or lattice.highest
        order = dice.permutation(movable).tolist()
        reach = None if dice.random() < 0.5 else 1
        part = neighbourhood(lattice, center, order, reach=reach)
        Exploration(evaluator, part, incumbents).run(meter)
        idle = 0 if incumbents.best < before - TIE else idle + sum(s > 1 for s in part.shape)
    return incumbents


def neighbourhood(
    lattice: Lattice, center: Levels, order: Sequence[int], *, reach: int | None
) -> Lattice:
    """Return the candidates around one that differ in the first quasi-identifiers of an order.

    Parameters
    ----------
    reach
        How many levels they may be apart; any number if left out.
    """
    lowest, highest, candidates = list(center), list(center), 1
    for q in order:
        choices = lattice.choices[q]
        if reach is not None:
            at = choices.index(center[q])
            choices = choices[max(at - reach, 0) : at + reach + 1]
        if candidates * len(choices) > _NEIGHBOURHOOD:
            break
        candidates *= len(choices)
        lowest[q], highest[q] = choices[0], choices[-1]
    return lattice.within(lowest, highest)


def lower_bound(problem: Problem, meter: Meter) -> float:
    """Return a loss that no candidate stays below; infinite if none is feasible.

    A record that is suppressed for some of its quasi-identifiers is suppressed for all of them. So
    what a group of quasi-identifiers loses at least, when no other is considered, it loses in
    every candidate; and the losses of separate groups add up. Of an objective that does not look
    at quasi-identifiers one by one, the bound of the most specific candidate is that of all.
    """
    objective, people = problem.objective, problem.population
    if not isinstance(objective, AttributeWise):
        evaluator = Evaluator(Compact(problem), relaxed=True)
        if evaluator.evaluate(problem.highest).suppressed > evaluator.limit:
            return np.inf
        lowest = Lattice.between(problem.lowest, problem.lowest)
        return float(Exploration(evaluator, lowest, Incumbents()).bounds.bound[0])
    weights, aggregate = objective.metric.weights(problem.weighted_table), objective.aggregate
    losses, shares = [], []
    groups = _groups(problem)
    for explored, group in enumerate(reversed(groups)):  # small ones first: they leave more
        sharing = min(len(groups) - explored, meter.remaining_steps // _STEPS_OF_GROUP)
        part = replace(
            problem,
            codes=problem.codes.select(group),
            hierarchies=tuple(problem.hierarchies[q] for q in group),
            weights=tuple(problem.weights[q] for q in group),
            lowest=tuple(problem.lowest[q] for q in group),
            highest=tuple(problem.highest[q] for q in group),
            population=None
            if people is None
            else replace(people, codes=people.codes.select(group)),
        )
        evaluator = Evaluator(Compact(part), relaxed=True)
        exploration = Exploration(evaluator, evaluator.compact.lattice, Incumbents())
        if not meter.spent:
            exploration.run(meter.share(max(sharing, 1)))
        losses.append(exploration.lower_bound())
        shares.append(aggregate.weight([weights[q] for q in group]))
    return aggregate.of(losses, shares) if np.isfinite(losses).all() else np.inf


def _groups(problem: Problem) -> list[list[int]]:
    """Divide the quasi-identifiers, those that weigh most together, into lattices of a size.

    Each joins the first group that has room: as few groups as may be, the later ones light.
    """
    shape = Compact(problem).lattice.shape
    groups: list[list[int]] = []
    for q in sorted(range(len(shape)), key=lambda q: (-problem.weights[q], q)):
        room = (g for g in groups if prod(shape[p] for p in g) * shape[q] <= _GROUP)
        group = next(room, None)
        if group is None:
            groups.append([q])
        else:
            group.append(q)
    return groups
