"""The source counted at the labels of its release, so that both can stand in one picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.discreet import Discreet
from anon_dagster.planning.decision import Decision


@dataclass(frozen=True, slots=True, eq=False)
class AtLabels(Discreet, shown=("untold",)):
    """How one quasi-identifier of the source reads at the labels of the release."""

    codes: NDArray[np.int64]  # (tuples,): a label each, -1 where nobody can tell it
    labels: tuple[Label, ...]  # (labels,)
    records: NDArray[np.int64]  # (labels,): of the source
    released: NDArray[np.int64]  # (labels,): of these, the ones that are not suppressed
    untold: int
    """Suppressed records of which nobody can say which label they would have."""


def at_labels(decision: Decision, q: int) -> AtLabels:
    """Count the source at the labels that a quasi-identifier has in the release.

    A released record has the label that it is released with. A suppressed one would have that of
    its level; where labels differ from class to class, or are aggregates, nobody can tell.

    Parameters
    ----------
    q
        The position of the quasi-identifier.
    """
    solution, problem = decision.solution, decision.plan.problem
    generalized, hierarchy = solution.generalized[q], problem.hierarchies[q]
    numbers: dict[Label, int] = {}
    merged = [numbers.setdefault(label, len(numbers)) for label in generalized.labels]
    codes = np.full(len(problem.counts), -1, dtype=np.int64)
    kept = solution.classes >= 0
    in_class = np.array(merged, dtype=np.int64)[generalized.codes]
    codes[kept] = in_class[solution.classes[kept]]
    if solution.levels is not None and q not in decision.plan.aggregations:
        level = solution.levels[q]
        nodes = [numbers.setdefault(label, len(numbers)) for label in hierarchy.labels[level]]
        of_leaves = np.array(nodes, dtype=np.int64)[hierarchy.codes[level]]
        codes[~kept] = of_leaves[problem.codes[~kept, q]]
    told = codes >= 0
    return AtLabels(
        codes,
        tuple(numbers),
        _sums(codes[told], problem.counts[told], len(numbers)),
        _sums(codes[kept], problem.counts[kept], len(numbers)),
        int(problem.counts[~told].sum()),
    )


def _sums(codes: NDArray[np.int64], counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    totals = np.zeros(size, dtype=np.int64)
    np.add.at(totals, codes, counts)
    return totals
