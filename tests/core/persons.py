"""Persons with several records, and what promises say of them by definition, on sets of persons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
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


def with_a_person_each(problem: Problem) -> Problem:
    """Give each record of a problem to another person."""
    counts = np.minimum(problem.counts, 4)
    rows = np.repeat(np.arange(len(counts)), counts)
    plain = replace(
        problem, counts=counts, most_suppressed=min(problem.most_suppressed, len(rows))
    )
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
    values = sorted(set(table.pairs()))
    n, whole = of.persons, table.persons
    match model:
        case KAnonymity(k=k):
            return n >= k
        case DistinctLDiversity(l=l) | EntropyLDiversity(l=l) | RecursiveLDiversity(l=l):
            counts = sorted((of.having(v) for v in set(of.pairs())), reverse=True)
            if not counts or any(count > n - (l - 1) for count in counts):
                return False
            match model:
                case EntropyLDiversity():
                    pairs = sum(counts)
                    entropy = -sum(c / pairs * log(c / pairs) for c in counts)
                    return entropy >= log(l) - 1e-12
                case RecursiveLDiversity(c=c):
                    return counts[0] < c * sum(counts[l - 1 :])
                case _:
                    return len(counts) >= l
        case AlphaDeassociation(alpha=alpha, values=guarded):
            told = values if guarded is None else guarded
            return all(Fraction(of.having(v), n) <= alpha for v in told)
        case BetaLikeness(beta=beta):
            return all(
                Fraction(of.having(v), n) <= (1 + beta) * Fraction(table.having(v), whole)
                for v in values
            )
        case EnhancedBetaLikeness(beta=beta):
            shares = [(of.having(v) / n, table.having(v) / whole) for v in values]
            return all((q - p) / p <= min(beta, -log(p)) + 1e-12 for q, p in shares)
        case DeltaDisclosure(delta=delta, present_only=only):
            shares = [(of.having(v) / n, table.having(v) / whole) for v in values]
            return all(
                only if not q else 2.0 ** -float(delta) < q / p < 2.0 ** float(delta)
                for q, p in shares
            )
        case EqualTCloseness(t=t):
            inside, outside = of.pairs(), table.pairs()
            apart = [
                Fraction(inside.count(v), len(inside)) - Fraction(outside.count(v), len(outside))
                for v in values
            ]
            differing = [
                abs(Fraction(of.having(v), n) - Fraction(table.having(v), whole)) for v in values
            ]
            return sum(max(a, Fraction(0)) for a in apart) <= t and max(differing) <= t
        case OrderedTCloseness(t=t, ranks=ranks):
            rank = dict(enumerate(ranks.tolist()))
            order = sorted(values, key=rank.__getitem__)
            low = high = Fraction(0)
            for cut, above in pairwise(order):

                def up_to(has: frozenset[int], cut: int = cut) -> bool:
                    return min(rank[v] for v in has) <= rank[cut]

                def from_there(has: frozenset[int], above: int = above) -> bool:
                    return max(rank[v] for v in has) >= rank[above]

                low += abs(of.share(up_to) - table.share(up_to))
                high += abs(of.share(from_there) - table.share(from_there))
            return max(low, high) <= t * max(len(order) - 1, 1)
        case HierarchicalTCloseness(t=t, hierarchy=hierarchy, leaves=leaves):
            return _moved(of, table, hierarchy.codes, leaves) <= t
        case _:
            raise AssertionError(model)


def _moved(
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
