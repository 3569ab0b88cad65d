"""Objectives that look at the equivalence classes.

Proofs: ``docs/proofs/objectives.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log2

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import integers
from anon_dagster.core.objectives.objective import Floats, Floor, Objective
from anon_dagster.core.objectives.outcome import Outcome, WeightedTable


@dataclass(frozen=True, slots=True)
class Discernibility(Objective):
    """Σ |class|² + suppressed · records [1]_, as a share of records²: above 0, at most 1.

    The chance that two records, drawn at random, read the same. A suppressed record reads like
    any other, times the cost of suppression. Importance plays no part.

    References
    ----------
    .. [1] R. Bayardo, R. Agrawal, "Data privacy through optimal k-anonymization", ICDE 2005,
       section 2.
    """

    costs_suppression = True

    def loss(self, outcome: Outcome) -> float:
        """See the base class."""
        table, cost = outcome.table, outcome.table.suppression_cost
        if not table.records:
            return 0.0
        penalty = cost.numerator * table.records * outcome.suppressed
        total = _squares(outcome.sizes, table.records) * cost.denominator + penalty
        return total / (table.records**2 * cost.denominator)

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class.

        Σ p² is at least 2 to the power of minus the entropy (Jensen's inequality), which never
        exceeds the sum of the attributes' entropies.
        """
        slack = self.slack(table)
        terms = [-entropies for entropies in _entropies(table)]
        return [Floor(terms, lambda joined: np.exp2(joined) * bool(table.records) - slack)]

    def unsuppressed(self, outcome: Outcome) -> float:
        """See the base class: joining classes adds to their squares."""
        records = outcome.table.records
        return _squares(outcome.sizes, records) / records**2 if records else 0.0

    def surcharge(self, table: WeightedTable, doomed: NDArray[np.int64]) -> float:
        """See the base class: what falls apart has smaller squares, and costs the same."""
        cost, records = table.suppression_cost, table.records
        added = cost * records * int(doomed.sum()) - _squares(doomed, records)
        return float(added / records**2) if records else 0.0

    def slack(self, table: WeightedTable) -> float:
        """See the base class: a suppressed class is no larger than the limit."""
        most = min(table.most_suppressed, table.records)
        saved = most * max(most - table.suppression_cost * table.records, Fraction(0))
        return float(saved / table.records**2) if table.records else 0.0

    def __str__(self) -> str:
        return "discernibility"


@dataclass(frozen=True, slots=True)
class AverageClassSize(Objective):
    """Records / classes, the suppressed ones being a class [1]_.

    The loss is 1 - classes / distinct tuples of the source, which puts candidates in the same
    order: 0 (no class has been joined with another) to below 1. Importance plays no part, nor does
    a cost of suppression.

    References
    ----------
    .. [1] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity",
       ICDE 2006, section 5.
    """

    def loss(self, outcome: Outcome) -> float:
        """See the base class."""
        classes, tuples = len(outcome.sizes), len(outcome.table.tuples)
        return 1.0 - (classes + (outcome.suppressed > 0)) / tuples if tuples else 0.0

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class: there are no more classes than combinations of nodes."""
        tuples = max(len(table.tuples), 1)
        terms = [
            np.log2(np.array([max(int(np.count_nonzero(held)), 1) for held in levels]))
            for levels in table.held
        ]
        most = log2(tuples) + 1
        return [Floor(terms, lambda joined: 1.0 - np.exp2(np.minimum(joined, most)) / tuples)]

    def unsuppressed(self, outcome: Outcome) -> float:
        """See the base class: suppressed classes become one at most."""
        return self.loss(outcome)

    def __str__(self) -> str:
        return "average class size"


@dataclass(frozen=True, slots=True)
class KullbackLeibler(Objective):
    """How far the source is from what a reader of the release takes it for [1]_ [2]_.

    The Kullback-Leibler divergence Σ p log₂(p / p'): p is the share of a tuple of
    quasi-identifiers in the source, p' the share that it has if each class is spread evenly over
    the tuples that it covers, and the suppressed records over all tuples of the domain. The loss is
    the divergence per bit of the domain, log₂ of the number of its tuples: 0 (nothing lost) to
    about 1. Importance plays no part, nor does a cost of suppression. Where labels of local
    recoding overlap, a record is looked for in its own class alone.

    References
    ----------
    .. [1] D. Kifer, J. Gehrke, "Injecting utility into anonymized datasets", SIGMOD 2006,
       section 3.
    .. [2] A. Machanavajjhala, J. Gehrke, D. Kifer, M. Venkitasubramaniam, "l-diversity: privacy
       beyond k-anonymity", ICDE 2006, section 6.
    """

    def loss(self, outcome: Outcome) -> float:
        """See the base class."""
        domain = outcome.table.domain
        return max(self.divergence(outcome) / domain, 0.0) if domain else 0.0

    def divergence(self, outcome: Outcome) -> float:
        """Return the divergence in bits."""
        table = outcome.table
        if not table.records:
            return 0.0
        sizes = outcome.sizes.astype(np.float64)
        spread = np.log2(sizes) - outcome.volume()
        told = 0.0
        if outcome.suppressed:
            rest = log2(outcome.suppressed) - table.domain
            spread = np.logaddexp2(spread, rest)
            told = outcome.suppressed * rest
        told += float((sizes * spread).sum())
        return max((table.tuple_logs - told) / table.records, 0.0)

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class.

        The divergence is Σ mean log₂ covered - H(tuple | class), without suppression. The
        conditional entropy exceeds neither the sum of the attributes' nor the tuples' own.
        """
        if not table.domain:
            return [Floor([np.zeros(h.levels) for h in table.hierarchies])]
        volumes = [
            _mean_logs(h.covered, held, table.records)
            for h, held in zip(table.hierarchies, table.held, strict=True)
        ]
        whole = [entropies[0] - entropies for entropies in _entropies(table)]
        alone = [v - h for v, h in zip(volumes, whole, strict=True)]
        all_of_it = table.entropy(table.tuples)
        return [
            Floor(alone, lambda joined: joined / table.domain),
            Floor(volumes, lambda joined: (joined - all_of_it) / table.domain),
        ]

    def unsuppressed(self, outcome: Outcome) -> float:
        """See the base class.

        Whatever is spread evenly over cells diverges by as much within them, and further between
        them; larger cells tell less (data processing inequality).
        """
        return self.loss(outcome)

    def __str__(self) -> str:
        return "Kullback-Leibler divergence"


def _squares(sizes: NDArray[np.int64], records: int) -> int:
    whole = integers(sizes, records**2)
    return int((whole * whole).sum())


def _entropies(table: WeightedTable) -> list[Floats]:
    """Return the entropy of each attribute in bits: (quasi-identifiers,) of (levels,)."""
    return [np.array([table.entropy(held) for held in levels]) for levels in table.held]


def _mean_logs(
    covered: Sequence[NDArray[np.int64]], held: Sequence[NDArray[np.int64]], records: int
) -> Floats:
    """Return the mean over records of log₂ of the leaves covered at each level, (levels,)."""
    logs = [float(np.log2(np.maximum(c, 1)) @ h) for c, h in zip(covered, held, strict=True)]
    return np.array(logs) / max(records, 1)
