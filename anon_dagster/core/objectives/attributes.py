"""Objectives that look at each quasi-identifier for itself.

Proofs: ``docs/proofs/objectives.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import integers
from anon_dagster.core.objectives.aggregates import Aggregate, ArithmeticMean
from anon_dagster.core.objectives.objective import Floats, Floor, Objective
from anon_dagster.core.objectives.outcome import Outcome, WeightedTable


class Metric(Protocol):
    """What one quasi-identifier loses: a sum over records, in a unit of its own."""

    @property
    def costs_suppression(self) -> bool:
        """Whether what a suppressed record counts can be chosen."""

    @property
    def needs_levels(self) -> bool:
        """Whether it is defined for full-domain generalization alone."""

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """Return what a record loses that reads a node: (levels,) of (nodes,)."""

    def lost(self, outcome: Outcome, q: int) -> float:
        """Return what all records lose that are not suppressed."""

    def suppressed(self, table: WeightedTable, q: int) -> float:
        """Return what a suppressed record loses."""

    def offset(self, table: WeightedTable, q: int) -> float:
        """Return what the source itself counts, of all records together."""

    def whole(self, table: WeightedTable, q: int) -> float:
        """Return what all records can lose together."""

    def weights(self, table: WeightedTable) -> Sequence[float]:
        """Return what each quasi-identifier weighs."""


@dataclass(frozen=True, slots=True)
class CertaintyPenalty:
    """(Leaves covered - 1) / (leaves - 1), the normalized certainty penalty [1]_, 0 to 1.

    References
    ----------
    .. [1] J. Xu, W. Wang, J. Pei, X. Wang, B. Shi, A. Fu, "Utility-based anonymization using
       local recoding", KDD 2006, section 2.
    """

    costs_suppression = True
    needs_levels = False

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """See :class:`Metric`."""
        return [(covered - 1).astype(np.float64) for covered in table.hierarchies[q].covered]

    def lost(self, outcome: Outcome, q: int) -> int:
        """See :class:`Metric`."""
        table = outcome.table
        extra = integers(outcome.covered(q) - 1, table.hierarchies[q].leaves * table.records)
        return int((extra * outcome.sizes).sum())

    def suppressed(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        return table.hierarchies[q].leaves - 1

    def offset(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        del table, q
        return 0

    def whole(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        return table.records * (table.hierarchies[q].leaves - 1)

    def weights(self, table: WeightedTable) -> Sequence[float]:
        """See :class:`Metric`."""
        return table.weights

    def __str__(self) -> str:
        return "normalized certainty penalty"


@dataclass(frozen=True, slots=True)
class Precision:
    """Level / (levels - 1): 1 minus the precision of the attribute [1]_, 0 to 1.

    References
    ----------
    .. [1] L. Sweeney, "Achieving k-anonymity privacy protection using generalization and
       suppression", Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002,
       definition 7.
    """

    costs_suppression = True
    needs_levels = True

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """See :class:`Metric`."""
        levels = enumerate(table.hierarchies[q].labels)
        return [np.full(len(labels), float(level)) for level, labels in levels]

    def lost(self, outcome: Outcome, q: int) -> int:
        """See :class:`Metric`."""
        assert outcome.levels is not None, "local recoding has no levels"
        return outcome.levels[q] * int(outcome.sizes.sum())

    def suppressed(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        return table.hierarchies[q].levels - 1

    def offset(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        del table, q
        return 0

    def whole(self, table: WeightedTable, q: int) -> int:
        """See :class:`Metric`."""
        return table.records * (table.hierarchies[q].levels - 1)

    def weights(self, table: WeightedTable) -> Sequence[float]:
        """See :class:`Metric`."""
        return table.weights

    def __str__(self) -> str:
        return "loss of precision"


@dataclass(frozen=True, slots=True)
class NonUniformEntropy:
    """Bits that a value v loses within its label B: -log₂ Pr(v | B), by the source's counts.

    Definition 4.3 of [1]_, after [2]_: a generalization that hides a rare value among frequent
    ones loses more than one that hides a frequent value among rare ones. Of an attribute the mean
    over records, divided by log₂ of its leaves: 0 to 1. The attributes are weighted by their
    importance times that logarithm, so that their arithmetic mean is the sum of their bits.

    References
    ----------
    .. [1] A. Gionis, T. Tassa, "k-Anonymization with minimal loss of information", IEEE
       Transactions on Knowledge and Data Engineering 21(2), 2009.
    .. [2] A. G. de Waal, L. C. R. J. Willenborg, "Information loss through global recoding and
       local suppression", Netherlands Official Statistics 14, 1999.
    """

    costs_suppression = False
    needs_levels = False

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """See :class:`Metric`."""
        return [_logs(held) for held in table.held[q]]

    def lost(self, outcome: Outcome, q: int) -> float:
        """See :class:`Metric`."""
        return float((_logs(outcome.held(q)) * outcome.sizes).sum())

    def suppressed(self, table: WeightedTable, q: int) -> float:
        """See :class:`Metric`."""
        del q
        return log2(max(table.records, 1))

    def offset(self, table: WeightedTable, q: int) -> float:
        """See :class:`Metric`."""
        return table.leaf_logs[q]

    def whole(self, table: WeightedTable, q: int) -> float:
        """See :class:`Metric`."""
        return table.records * _bits(table, q)

    def weights(self, table: WeightedTable) -> Sequence[float]:
        """See :class:`Metric`."""
        return [w * _bits(table, q) for q, w in enumerate(table.weights)]

    def __str__(self) -> str:
        return "non-uniform entropy"


def _bits(table: WeightedTable, q: int) -> float:
    return log2(max(table.hierarchies[q].leaves, 1))


def _logs(counts: NDArray[np.int64]) -> Floats:
    return np.log2(np.maximum(counts, 1).astype(np.float64))


@dataclass(frozen=True, slots=True)
class AttributeWise(Objective):
    """What the quasi-identifiers lose, each for itself, aggregated.

    A suppressed record loses as much as a fully generalized one, times the cost of suppression.
    """

    metric: Metric = CertaintyPenalty()
    aggregate: Aggregate = ArithmeticMean()  # noqa: RUF009 (a frozen value)

    @property
    def costs_suppression(self) -> bool:  # type: ignore[override]
        """See the base class."""
        return self.metric.costs_suppression

    @property
    def needs_levels(self) -> bool:  # type: ignore[override]
        """See the base class."""
        return self.metric.needs_levels

    def loss(self, outcome: Outcome) -> float:
        """See the base class; 0 (nothing lost) to 1 where a suppressed record costs 1."""
        every = range(len(outcome.table.hierarchies))
        lost = [self.metric.lost(outcome, q) for q in every]
        return self.combined(outcome.table, lost, outcome.suppressed)

    def combined(self, table: WeightedTable, lost: Sequence[float], suppressed: int) -> float:
        """Aggregate what each quasi-identifier loses; the one place that fixes the order.

        Parameters
        ----------
        lost
            Per quasi-identifier the sum over records that are not suppressed; whole numbers
            where the metric counts, which are divided exactly.
        suppressed
            How many records are.
        """
        metric, cost = self.metric, table.suppression_cost
        shares = []
        for q, lost_of_kept in enumerate(lost):
            most = metric.suppressed(table, q)
            total = lost_of_kept * cost.denominator + suppressed * most * cost.numerator
            whole = metric.whole(table, q) * cost.denominator
            offset = metric.offset(table, q) * cost.denominator
            shares.append(max((total - offset) / whole, 0.0) if whole else 0.0)
        return self.aggregate.of(shares, metric.weights(table))

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """See the base class."""
        return self.metric.penalties(table, q)

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class: the loss without suppression, less what that may save."""
        bounds = [self._least(table, q) for q in range(len(table.hierarchies))]
        return [self._floor(table, bounds)]

    def raised(self, table: WeightedTable, doomed: int, lost: Sequence[Floats]) -> Floor:
        """See the base class."""
        bounds = []
        for q, lost_unless_suppressed in enumerate(lost):
            whole = self.metric.whole(table, q)
            most = float(table.suppression_cost) * self.metric.suppressed(table, q)
            added = (doomed * most - lost_unless_suppressed) / whole if whole else 0.0
            bounds.append(self._least(table, q) + added)
        return self._floor(table, bounds)

    def _floor(self, table: WeightedTable, bounds: Sequence[Floats]) -> Floor:
        least = [np.maximum(bound, 0.0) for bound in bounds]
        return self.aggregate.floor(least, self.metric.weights(table))

    def _least(self, table: WeightedTable, q: int) -> Floats:
        """Return what the attribute loses at least at each level, (levels,)."""
        metric, whole = self.metric, self.metric.whole(table, q)
        most = float(table.suppression_cost) * metric.suppressed(table, q)
        suppressed = min(table.most_suppressed, table.records)
        least = []
        for penalty, held in zip(metric.penalties(table, q), table.held[q], strict=True):
            saved = suppressed * max(float(penalty[held > 0].max(initial=0.0)) - most, 0.0)
            least.append(float(penalty @ held) - metric.offset(table, q) - saved)
        return np.array(least) / whole if whole else np.zeros(len(least))

    def __str__(self) -> str:
        return f"{self.aggregate} of the {self.metric}"


CERTAINTY = AttributeWise()
"""The objective unless another one is asked for."""
