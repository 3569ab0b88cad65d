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
from itertools import product

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


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Lose least: ``costs @ x``, where ``low <= A x <= high`` and ``0 <= x <= 1``."""

    costs: Floats  # (variables,)
    integral: NDArray[np.bool_]  # (variables,): those that are 0 or 1; the others lie between
    rows: Ints  # (entries,): of A
    columns: Ints  # (entries,)
    entries: Floats  # (entries,)
    low: Floats  # (constraints,)
    high: Floats  # (constraints,)


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """The choices that tuples have: a pattern each, and the class that it puts them into."""

    tuples: Ints  # (choices,)
    classes: Ints  # (choices,): from 0; -1 is suppression
    costs: Floats  # (choices,): lost by all records of the tuple


@dataclass(frozen=True, slots=True, eq=False)
class StarPatterns:
    """Cell suppression of a problem."""

    points: Points
    choices: _Choices

    @classmethod
    def of(cls, problem: Problem, *, most: int) -> "StarPatterns | None":
        """Return the choices of each tuple; ``None`` if there are more, or more is asked than fits.

        What fits: every quasi-identifier is kept or suppressed, and the promises are k-anonymity
        and distinct l-diversity, of records.
        """
        if len(problem.counts) * 2 ** sum(_may_vary(problem)) > most or not problem.records:
            return None
        if not (_only_stars(problem) and _only_linear(problem)):
            return None
        points = Points.of(problem)
        return cls(points, _choices(points))

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

    def solution(self, values: Floats, bound: float, *, optimal: bool) -> Solution | None:
        """Return what an answer to the program means; ``None`` if that is no release.

        Parameters
        ----------
        values
            (variables,)
        bound
            What the costs of every solution of the program are at least.
        optimal
            Whether none costs less than this one.
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
        proof = Proof(
            optimal=optimal,
            loss=loss,
            lower_bound=min(bound / problem.records, loss),
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


def _choices(points: Points) -> _Choices:
    """List the choices of each tuple that all tuples together could make a class of."""
    problem = points.problem
    costs = np.array([axis.unit * (axis.leaves - 1) for axis in points.axes])
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
        lost = float(costs @ np.array(levels, dtype=np.float64))
        found.append((tuples, groups.ids[tuples] + classes, _spent(points, tuples, lost)))
        classes += len(groups)
    if problem.most_suppressed:
        every = np.arange(len(points.counts))
        lost = float(costs.sum()) * float(problem.suppression_cost)
        found.append((every, np.full(len(every), -1), _spent(points, every, lost)))
    return _Choices(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _spent(points: Points, tuples: Ints, lost: float) -> Floats:
    """Return what the records of each tuple lose together, if each of them loses so much."""
    return points.counts[tuples].astype(np.float64) * lost


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
