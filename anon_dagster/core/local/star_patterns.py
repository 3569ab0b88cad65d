"""Cell suppression as an integer program: which values of each tuple become ``*``.

Where every quasi-identifier is kept or suppressed, the label of a class is a *pattern*, the
attributes that are ``*``, and the values of the others. Each tuple chooses a pattern, or is
suppressed; those with the same pattern and the same values of the others are a class, which is
empty or keeps every promise. So a variable for each choice, and one for each class, are all [1]_.

Proofs: ``docs/proofs/cell-suppression.md``.

References
----------
.. [1] A. Meyerson, R. Williams, "On the complexity of optimal k-anonymity", PODS 2004 (the
   problem: the fewest ``*``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, gcd, lcm

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.labels import joined_by_label, label_classes
from anon_dagster.core.local.points import Points, by_class
from anon_dagster.core.local.readings import outcome_of
from anon_dagster.core.objectives import CERTAINTY
from anon_dagster.core.privacy import DistinctLDiversity, KAnonymity
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import BY_INTEGER_PROGRAM, Proof, Solution

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_COSTS = 10**6
"""What all records may cost together for a solver to tell whole costs apart: its tolerances are
10⁻⁶ of a variable."""
_SLACK = 0.01  # of a bound, far above the tolerances


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Spend least: ``costs @ x``, where ``low <= A x <= high`` and ``0 <= x <= 1``."""

    costs: Floats  # (variables,)
    integral: NDArray[np.bool_]  # (variables,): those that are 0 or 1; the others lie between
    rows: Ints  # (entries,): of A
    columns: Ints  # (entries,)
    entries: Floats  # (entries,)
    low: Floats  # (constraints,)
    high: Floats  # (constraints,)


@dataclass(frozen=True, slots=True, eq=False)
class _Costs:
    """What one record costs the program, in a unit of its own."""

    of_stars: Floats  # (attributes,): of a ``*``
    of_suppression: float
    unit: float
    """What a cost of 1 is as a loss."""
    are_whole: bool
    """Whether all are whole numbers, and so few that no two sums of them are taken for equal."""

    @classmethod
    def of(cls, problem: Problem) -> "_Costs":
        """Write what is lost in the largest unit that leaves no fraction."""
        weights = [Fraction(str(float(weight))) for weight in problem.weights]
        stars = [
            weight * (h.leaves > 1) for weight, h in zip(weights, problem.hierarchies, strict=True)
        ]
        losses = [*stars, sum(stars) * problem.suppression_cost]
        parts = lcm(*(loss.denominator for loss in losses))
        whole = [int(loss * parts) for loss in losses]
        step = gcd(*whole) or 1
        importance = sum(weights) or 1
        if max(sum(whole[:-1]), whole[-1], step) * problem.records <= _COSTS * step:
            *of_stars, of_suppression = (float(cost // step) for cost in whole)
            unit = float(Fraction(step, parts) / importance)
            return cls(np.array(of_stars), of_suppression, unit, are_whole=True)
        *of_stars, of_suppression = (float(loss / importance) for loss in losses)
        return cls(np.array(of_stars), of_suppression, 1.0, are_whole=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """The choices that tuples have: a pattern each, and the class that it puts them into."""

    tuples: Ints  # (choices,)
    classes: Ints  # (choices,): from 0; -1 is suppression
    costs: Floats  # (choices,): of all records of the tuple


@dataclass(frozen=True, slots=True, eq=False)
class StarPatterns:
    """Cell suppression of a problem."""

    points: Points
    choices: _Choices
    costs: _Costs

    @classmethod
    def of(cls, problem: Problem, *, most: int) -> "StarPatterns | None":
        """Return the choices of each tuple; ``None`` if there are more, or more is asked than fits.

        What fits: every quasi-identifier is kept or suppressed, and the promises are k-anonymity
        and distinct l-diversity, of records.
        """
        if len(problem.counts) * 2 ** sum(_may_vary(problem)) > most:
            return None
        if not 0 < problem.records <= _COSTS:
            return None
        if not (_only_stars(problem) and _only_linear(problem)):
            return None
        points, costs = Points.of(problem), _Costs.of(problem)
        return cls(points, _choices(points, costs), costs)

    def program(self) -> Program:
        """Return the integer program: the choices are its first variables."""
        constraints = _Constraints(len(self.choices.tuples))
        counts, choices = self.points.counts, self.choices
        _each_once(constraints, choices, len(counts))
        problem = self.points.problem
        limit = min(problem.most_suppressed, problem.records - 1)  # of no record is no release
        gone = np.flatnonzero(choices.classes < 0)
        constraints.add([(gone, counts[choices.tuples[gone]])], 0, limit)
        order = np.argsort(choices.classes, kind="stable")
        order = order[choices.classes[order] >= 0]
        starts = np.flatnonzero(np.diff(choices.classes[order], prepend=-1))
        for members in np.split(order, starts[1:]) if len(order) else []:
            self._require(constraints, members)
        return constraints.program(choices.costs)

    def _require(self, constraints: "_Constraints", members: Ints) -> None:
        """Let a class be empty or keep every promise; its choices are given."""
        tuples = self.choices.tuples[members]
        (used,) = constraints.new(1, integral=True)
        for member in members:
            constraints.add([([member], [1]), ([used], [-1])], -np.inf, 0)
        for model in self.points.problem.models:
            if isinstance(model, KAnonymity):
                records = (members, self.points.counts[tuples])
                constraints.add([records, ([used], [-model.k])], 0, np.inf)
            elif isinstance(model, DistinctLDiversity):
                values = self.points.problem.sensitive.columns[model.sensitive][tuples]
                distinct = np.unique(values)
                held = constraints.new(len(distinct), integral=False)
                for one, value in zip(held, distinct, strict=True):
                    having = members[values == value]
                    constraints.add([([one], [1]), (having, np.full(len(having), -1))], -np.inf, 0)
                constraints.add([(held, np.ones(len(held))), ([used], [-model.l])], 0, np.inf)

    def solution(self, values: Floats, bound: float) -> Solution | None:
        """Return what an answer to the program means; ``None`` if that is no release.

        Nothing is proven by sums that the solver could take for equal.

        Parameters
        ----------
        values
            (variables,)
        bound
            What the costs of every solution of the program are at least, for the solver.
        """
        taken = np.flatnonzero(values[: len(self.choices.tuples)] > 0.5)
        tuples = len(self.points.counts)
        if not np.array_equal(np.sort(self.choices.tuples[taken]), np.arange(tuples)):
            return None
        cells = np.full(tuples, -1, dtype=np.int64)
        chosen = self.choices.classes[taken]
        kept = chosen >= 0
        cells[self.choices.tuples[taken[kept]]] = np.unique(chosen[kept], return_inverse=True)[1]
        cells, generalized = joined_by_label(cells, label_classes(self.points, cells))
        members, _ = by_class(cells)
        sizes = np.bincount(cells[members], self.points.counts[members]).astype(np.int64)
        gone = int(self.points.counts[cells < 0].sum())
        if gone > self.points.problem.most_suppressed:
            return None
        if len(members) and not self.points.judge.holds(members, cells[members], sizes).all():
            return None
        problem = self.points.problem
        loss = problem.objective.loss(outcome_of(problem, cells, generalized))
        least = max(ceil(bound - _SLACK), 0) if self.costs.are_whole else 0
        spent = float(self.choices.costs[taken].sum())
        proof = Proof(
            optimal=self.costs.are_whole and spent <= least,
            loss=loss,
            lower_bound=min(least * self.costs.unit / problem.records, loss),
            candidates=len(self.choices.tuples),
            evaluated=len(self.choices.tuples),
            method=BY_INTEGER_PROGRAM,
        )
        return Solution(cells, generalized, proof)


def _only_stars(problem: Problem) -> bool:
    """Tell whether every quasi-identifier is kept or suppressed, and nothing else."""
    others = any(problem.sets) or any(order is not None for order in problem.orders)
    return not others and all(hierarchy.levels == 2 for hierarchy in problem.hierarchies)


def _only_linear(problem: Problem) -> bool:
    """Tell whether all that is asked can be said by sums over records."""
    others = (
        problem.table_models or problem.companions or problem.trajectories or problem.population
    )
    owned = problem.persons is not None or problem.households is not None
    kept = problem.keeps_suppressed and problem.most_suppressed > 0
    linear = all(isinstance(model, KAnonymity | DistinctLDiversity) for model in problem.models)
    return linear and problem.objective == CERTAINTY and not (others or owned or kept)


def _may_vary(problem: Problem) -> list[bool]:
    return [low < high for low, high in zip(problem.lowest, problem.highest, strict=True)]


def _choices(points: Points, costs: _Costs) -> _Choices:
    """List the choices of each tuple that all tuples together could make a class of."""
    problem = points.problem
    options = [
        range(low, high + 1) for low, high in zip(problem.lowest, problem.highest, strict=True)
    ]
    found: list[tuple[Ints, Ints, Floats]] = []
    classes = 0
    for levels in product(*options):
        columns = [
            column * (1 - level) for column, level in zip(points.columns, levels, strict=True)
        ]
        groups = group(columns, [axis.leaves for axis in points.axes], len(points.counts))
        order = np.argsort(groups.ids, kind="stable")
        holds = points.judge.holds(order, groups.ids[order], groups.sums(points.counts))
        tuples = np.flatnonzero(holds[groups.ids])
        cost = float(costs.of_stars @ np.array(levels, dtype=np.float64))
        found.append((tuples, groups.ids[tuples] + classes, _spent(points, tuples, cost)))
        classes += len(groups)
    if problem.most_suppressed:
        every = np.arange(len(points.counts))
        spent = _spent(points, every, costs.of_suppression)
        found.append((every, np.full(len(every), -1), spent))
    return _Choices(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _spent(points: Points, tuples: Ints, cost: float) -> Floats:
    """Return what the records of each tuple cost together, if each of them costs so much."""
    return points.counts[tuples].astype(np.float64) * cost


def _each_once(constraints: "_Constraints", choices: _Choices, tuples: int) -> None:
    order = np.argsort(choices.tuples, kind="stable")
    ends = np.searchsorted(choices.tuples[order], np.arange(1, tuples))
    for own in np.split(order, ends):
        constraints.add([(own, np.ones(len(own)))], 1, 1)


class _Constraints:
    """The constraints of a program, one after the other, and the variables that they bring."""

    def __init__(self, choices: int) -> None:
        self.integral = [np.ones(choices, dtype=np.bool_)]
        self.variables = choices
        self.parts: list[tuple[Ints, Ints, Floats]] = []
        self.limits: list[tuple[float, float]] = []

    def new(self, number: int, *, integral: bool) -> Ints:
        """Return so many new variables."""
        self.integral.append(np.full(number, integral))
        self.variables += number
        return np.arange(self.variables - number, self.variables)

    def add(
        self,
        terms: Sequence[tuple[Sequence[int] | Ints, Sequence[float] | NDArray[np.generic]]],
        low: float,
        high: float,
    ) -> None:
        """Hold the sum of some terms, variables and their factors, between two limits."""
        for variables, factors in terms:
            row = np.full(len(variables), len(self.limits))
            self.parts.append((row, np.asarray(variables), np.asarray(factors, dtype=np.float64)))
        self.limits.append((low, high))

    def program(self, costs: Floats) -> Program:
        """Return the program; what is no choice costs nothing."""
        rows, columns, entries = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        low, high = np.array(self.limits, dtype=np.float64).T
        every = np.zeros(self.variables)
        every[: len(costs)] = costs
        return Program(every, np.concatenate(self.integral), rows, columns, entries, low, high)
