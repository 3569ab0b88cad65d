"""Persons with several records, and what promises say of them by definition, on sets of persons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.persons import Persons
from anon_dagster.core.population import Population
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    KAnonymity,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
    of_persons,
)
from anon_dagster.core.problem import Problem


def with_persons(problem: Problem, seed: int) -> Problem:
    """Give each record of a problem to one of few persons."""
    dice = np.random.default_rng(seed)
    counts = np.minimum(problem.counts, 4)
    rows = np.repeat(np.arange(len(counts)), counts)
    people = max(1, int(len(rows) * dice.choice([0.05, 0.3, 0.7, 1.5])))
    owners = dice.integers(0, people, len(rows))
    return replace(
        problem,
        counts=counts,
        most_suppressed=min(problem.most_suppressed, int(counts.sum())),
        models=tuple(map(of_persons, problem.models)),
        persons=Persons.of(rows, owners, len(counts)),
    )


def with_people(problem: Problem, seed: int) -> Problem:
    """Give each record of the population of a problem to one of few people."""
    population = problem.population
    assert population is not None, "the problem has one"
    dice = np.random.default_rng(seed)
    counts = np.minimum(population.counts, 4)
    rows = np.repeat(np.arange(len(counts)), counts)
    owners = dice.integers(0, max(1, int(len(rows) * dice.choice([0.1, 0.5, 1.5]))), len(rows))
    people = Population(population.codes, counts, Persons.of(rows, owners, len(counts)))
    models = tuple(
        replace(model, overlapping=True) if isinstance(model, DeltaPresence) else model
        for model in problem.models
    )
    return replace(problem, population=people, models=models)


def with_a_person_each(problem: Problem) -> Problem:
    """Give each record of a problem to another person."""
    counts = np.minimum(problem.counts, 4)
    rows = np.repeat(np.arange(len(counts)), counts)
    plain = replace(problem, counts=counts, most_suppressed=min(problem.most_suppressed, len(rows)))
    persons = Persons.of(rows, np.random.default_rng(0).permutation(len(rows)), len(counts))
    return replace(plain, models=tuple(map(of_persons, plain.models)), persons=persons)


@dataclass(frozen=True, slots=True)
class Described:
    """A class, or the whole table, as sets."""

    has: dict[int, frozenset[int]]  # of each person: her values

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> "Described":
        return cls({p: frozenset(v for q, v in pairs if q == p) for p, _ in pairs})

    @property
    def persons(self) -> int:
        return len(self.has)

    def having(self, value: int) -> int:
        return sum(value in values for values in self.has.values())

    def pairs(self) -> list[int]:
        """Return the value of every pair."""
        return [v for values in self.has.values() for v in values]

    def share(self, told: Callable[[frozenset[int]], bool]) -> Fraction:
        return Fraction(sum(map(told, self.has.values())), self.persons)

    def without(self, value: int) -> "Described":
        left = {p: values - {value} for p, values in self.has.items()}
        return Described({p: values for p, values in left.items() if values})


def holds_by_definition(model: PrivacyModel, of: Described, table: Described) -> bool:
    """Say what a plain model promises of persons."""
    said: dict[type, Callable[..., bool]] = {
        KAnonymity: lambda m: of.persons >= m.k,
        DistinctLDiversity: lambda m: _spread(m, of) and len(set(of.pairs())) >= m.l,
        EntropyLDiversity: lambda m: _spread(m, of) and entropy_of(of) >= log(m.l) - 1e-12,
        RecursiveLDiversity: lambda m: _spread(m, of) and _is_recursive(m, of),
        AlphaDeassociation: lambda m: _within_alpha(m, of),
        BetaLikeness: lambda m: all(q <= (1 + m.beta) * p for q, p in shares_of(of, table)),
        EnhancedBetaLikeness: lambda m: all(
            (q - p) / p <= min(float(m.beta), -log(p)) + 1e-12 for q, p in shares_of(of, table)
        ),
        DeltaDisclosure: lambda m: all(
            m.present_only if not q else 2.0 ** -float(m.delta) < q / p < 2.0 ** float(m.delta)
            for q, p in shares_of(of, table)
        ),
        EqualTCloseness: lambda m: farthest(of, table) <= m.t,
        OrderedTCloseness: lambda m: of_cuts(m, of, table) <= m.t,
        HierarchicalTCloseness: lambda m: (
            moved_along(of, table, m.hierarchy.codes, m.leaves) <= m.t
        ),
    }
    return bool(said[type(model)](model))


def _spread(
    model: DistinctLDiversity | EntropyLDiversity | RecursiveLDiversity, of: Described
) -> bool:
    """Tell whether nobody's value is had by more than all but l - 1."""
    has = [of.having(v) for v in set(of.pairs())]
    return bool(has) and bool(max(has) <= of.persons - (model.l - 1))


def entropy_of(of: Described) -> float:
    counts = [of.having(v) for v in set(of.pairs())]
    pairs = sum(counts)
    return -sum(c / pairs * log(c / pairs) for c in counts)


def _is_recursive(model: RecursiveLDiversity, of: Described) -> bool:
    counts = sorted((of.having(v) for v in set(of.pairs())), reverse=True)
    return bool(counts[0] < model.c * sum(counts[model.l - 1 :]))


def _within_alpha(model: AlphaDeassociation, of: Described) -> bool:
    guarded = set(of.pairs()) if model.values is None else model.values
    return all(Fraction(of.having(v), of.persons) <= model.alpha for v in guarded)


def shares_of(of: Described, table: Described) -> list[tuple[Fraction, Fraction]]:
    """Return the share of persons who have a value, here and there, of each value."""
    return [
        (Fraction(of.having(v), of.persons), Fraction(table.having(v), table.persons))
        for v in sorted(set(table.pairs()))
    ]


def farthest(of: Described, table: Described) -> Fraction:
    """Return the larger of the distance of pairs and the difference of shares of persons."""
    inside, outside = of.pairs(), table.pairs()
    pairs = [
        Fraction(inside.count(v), len(inside)) - Fraction(outside.count(v), len(outside))
        for v in set(outside)
    ]
    distance = sum((max(a, Fraction(0)) for a in pairs), Fraction(0))
    return max(distance, *(abs(q - p) for q, p in shares_of(of, table)))


def of_cuts(model: OrderedTCloseness, of: Described, table: Described) -> Fraction:
    """Return the mean over cuts of how far shares are apart, of who is below, or above."""
    rank = dict(enumerate(model.ranks.tolist()))
    order = sorted(rank[v] for v in set(table.pairs()))
    low = high = Fraction(0)
    for cut, above in pairwise(order):

        def up_to(has: frozenset[int], cut: int = cut) -> bool:
            return bool(min(rank[v] for v in has) <= cut)

        def from_there(has: frozenset[int], above: int = above) -> bool:
            return bool(max(rank[v] for v in has) >= above)

        low += abs(of.share(up_to) - table.share(up_to))
        high += abs(of.share(from_there) - table.share(from_there))
    return max(low, high) / max(len(order) - 1, 1)


def moved_along(
    of: Described, table: Described, codes: NDArray[np.int32], leaves: NDArray[np.int32]
) -> Fraction:
    """Return the earth mover's distance of persons' weights along a hierarchy."""
    height, moved = len(codes) - 1, Fraction(0)

    def surplus(level: int) -> dict[int, Fraction]:
        sums: dict[int, Fraction] = {}
        for side, sign in ((of, 1), (table, -1)):
            for has in side.has.values():
                for v in has:
                    node = int(codes[level][leaves[v]])
                    share = Fraction(sign, len(has) * side.persons)
                    sums[node] = sums.get(node, Fraction(0)) + share
        return sums

    for level in range(1, height + 1):
        parent = {int(codes[level - 1][leaf]): int(codes[level][leaf]) for leaf in leaves}
        below = surplus(level - 1)
        for node in set(parent.values()):
            parts = [s for child, s in below.items() if parent[child] == node]
            positive = sum((s for s in parts if s > 0), Fraction(0))
            negative = -sum((s for s in parts if s < 0), Fraction(0))
            moved += min(positive, negative) * Fraction(level, height)
    return moved
