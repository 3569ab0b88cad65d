"""Objectives that look at what each record could have been, or at the levels alone.

Proofs: ``docs/proofs/objectives.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.objectives.objective import Floats, Floor, Objective
from anon_dagster.core.objectives.outcome import Outcome, WeightedTable


@dataclass(frozen=True, slots=True)
class Ambiguity(Objective):
    """How many tuples a record could have been: the mean of Π leaves covered [1]_.

    A suppressed record could have been any of the domain. The loss is the logarithm of the mean per
    that of the domain, which puts candidates in the same order: 0 (nothing lost) to 1. Importance
    plays no part, nor does a cost of suppression.

    References
    ----------
    .. [1] M. E. Nergiz, C. Clifton, "Thoughts on k-anonymization", Data & Knowledge Engineering
       63(3), 2007, section 3.
    """

    def loss(self, outcome: Outcome) -> float:
        """See the base class."""
        table = outcome.table
        if not table.records or not table.domain:
            return 0.0
        sizes = np.append(outcome.sizes, outcome.suppressed).astype(np.float64)
        bits = np.append(outcome.volume(), table.domain)
        bits, sizes = bits[sizes > 0], sizes[sizes > 0]
        most = bits.max()
        mean = float((sizes * np.exp2(bits - most)).sum()) / table.records
        return max(float(np.log2(mean) + most) / table.domain, 0.0)

    def penalties(self, table: WeightedTable, q: int) -> Sequence[NDArray[np.floating]]:
        """See the base class: logarithms add up."""
        return [np.log2(np.maximum(covered, 1)) for covered in table.hierarchies[q].covered]

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class: the logarithm of a mean is at least the mean of the logarithms."""
        return [_floor(table, self._logs(table))]

    def raised(self, table: WeightedTable, doomed: int, lost: Sequence[Floats]) -> Floor:
        """See the base class."""
        logs = self._logs(table)
        added = [
            logs[q] + (doomed * np.log2(max(h.leaves, 1)) - lost[q])
            for q, h in enumerate(table.hierarchies)
        ]
        return _floor(table, added)

    def _logs(self, table: WeightedTable) -> list[Floats]:
        """Return Σ over records of the logarithm: (quasi-identifiers,) of (levels,)."""
        return [
            np.array([float(p @ h) for p, h in zip(self.penalties(table, q), held, strict=True)])
            for q, held in enumerate(table.held)
        ]

    def unsuppressed(self, outcome: Outcome) -> float:
        """See the base class: a larger cell covers more, and the domain covers all."""
        return self.loss(outcome)

    def __str__(self) -> str:
        return "ambiguity"


def _floor(table: WeightedTable, logs: Sequence[Floats]) -> Floor:
    """Return the bound by the mean logarithm, per that of the domain."""
    whole = table.domain * table.records
    return Floor([sums / whole if whole else np.zeros(len(sums)) for sums in logs])


@dataclass(frozen=True, slots=True)
class Height(Objective):
    """The sum of the levels [1]_, as a share of the most that it can be: 0 to 1.

    Importance plays no part, nor does suppression.

    References
    ----------
    .. [1] P. Samarati, "Protecting respondents' identities in microdata release", IEEE Transactions
       on Knowledge and Data Engineering 13(6), 2001, definition 8.
    """

    needs_levels = True

    def loss(self, outcome: Outcome) -> float:
        """See the base class."""
        assert outcome.levels is not None, "local recoding has no levels"
        return sum(outcome.levels) / _top(outcome.table)

    def floors(self, table: WeightedTable) -> Sequence[Floor]:
        """See the base class: it is known."""
        top = _top(table)
        return [Floor([np.arange(h.levels, dtype=np.float64) / top for h in table.hierarchies])]

    def __str__(self) -> str:
        return "height"


def _top(table: WeightedTable) -> int:
    return sum(h.levels - 1 for h in table.hierarchies) or 1
