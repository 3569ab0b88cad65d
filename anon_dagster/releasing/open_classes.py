"""Classes that later records open: labels at the levels of a solution that its source did not have.

Full-domain generalization fixes a level for each quasi-identifier, so a class is open to whatever
labels values have there. A class of a local recoding is what the values of its source were joined
to: labels are as narrow as these allow, and a value between two of them has no label that the
solution knows. So only the classes of full-domain generalization are open.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.keys import group
from anon_dagster.core.problem import Problem
from anon_dagster.releasing.stored_solution import StoredSolution
from anon_dagster.request import OrderRule, QuasiIdentifier


def has_open_classes(stored: StoredSolution) -> bool:
    """Tell whether a solution says how any values read; an average is that of its first records."""
    attributes = stored.policy.quasi_identifiers.values()
    return stored.levels is not None and all(a.aggregate is None for a in attributes)


def with_open_classes(
    stored: StoredSolution,
    problem: Problem,
    leaves: NDArray[np.int32],
    classes: NDArray[np.int64],
) -> tuple[StoredSolution, NDArray[np.int64]]:
    """Return a solution with the classes that records open, and the class of each tuple.

    Parameters
    ----------
    leaves
        (tuples, quasi-identifiers): -1 for a value that its hierarchy lacks.
    classes
        (tuples,): the released class of each, or -1.
    """
    assert stored.levels is not None, "only levels leave classes open"
    attributes = tuple(stored.policy.quasi_identifiers.values())
    nodes = np.stack(
        [
            _nodes(attribute, hierarchy, level, leaves[:, q], stored.cells.labels[q])
            for q, (attribute, hierarchy, level) in enumerate(
                zip(attributes, problem.hierarchies, stored.levels, strict=True)
            )
        ],
        axis=1,
    )
    tuples = np.flatnonzero((classes < 0) & (nodes >= 0).all(axis=1))
    sizes = [len(h.labels[at]) for h, at in zip(problem.hierarchies, stored.levels, strict=True)]
    opened = group(list(nodes[tuples].T), sizes, len(tuples))
    assigned = classes.copy()
    assigned[tuples] = stored.classes + opened.ids
    return _extended(stored, problem, nodes[tuples[opened.first]]), assigned


def _nodes(
    attribute: QuasiIdentifier,
    hierarchy: Hierarchy,
    level: int,
    leaves: NDArray[np.int32],
    released: tuple[Label, ...],
) -> NDArray[np.int32]:
    """Return the node of each leaf, (tuples,), at a level; -1 where the rule does not tell it.

    Groups of neighbours are those of the first values: others have no group but a released one.
    """
    nodes = np.where(leaves < 0, np.int32(-1), hierarchy.codes[level][leaves])
    rule = attribute.hierarchy
    if level and isinstance(rule, OrderRule) and rule.order is None:
        known = {*released, SUPPRESSED}
        told = np.array([label in known for label in hierarchy.labels[level]], dtype=np.bool_)
        nodes = np.where(told[nodes], nodes, np.int32(-1))  # -1 stays -1, whatever the last is
    return nodes


def _extended(stored: StoredSolution, problem: Problem, nodes: NDArray[np.int32]) -> StoredSolution:
    """Add classes to a solution, (classes, quasi-identifiers) of nodes at its levels."""
    assert stored.levels is not None, "only levels leave classes open"
    labels, levels, codes = [], [], []
    for q, (hierarchy, level) in enumerate(zip(problem.hierarchies, stored.levels, strict=True)):
        known = {label: n for n, label in enumerate(stored.cells.labels[q])}
        read = [hierarchy.labels[level][node] for node in nodes[:, q].tolist()]
        for label in read:
            known.setdefault(label, len(known))
        labels.append(tuple(known))
        levels.append((level,) * len(known))
        codes.append([known[label] for label in read])
    added = np.array(codes, dtype=np.int32).T.reshape(len(nodes), len(labels))
    whole = np.concatenate([stored.codes, added])
    cells = replace(
        stored.cells,
        labels=tuple(labels),
        levels=tuple(levels),
        codes=whole,
        order=np.append(stored.cells.order, np.arange(len(nodes)) + stored.classes),
    )
    return replace(stored, released=tuple(labels), codes=whole, cells=cells)
