"""t-closeness: how far the values of each class are from those of a table.

Quantity are shares and quantiles here, instead of the cross-multiplied counts of the search.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.contents import Contents
from anon_dagster.core.audit.quantity import Quantity
from anon_dagster.core.hierarchy import Hierarchy


def equal_distances(held: Contents, reference: NDArray[np.int64]) -> Quantity:
    """Measure with the equal ground distance: half the sum of the differences of the shares [1]_.

    Parameters
    ----------
    held
        What each class holds.
    reference
        (values,): counts of each value in the table compared with.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and
       l-diversity", ICDE 2007, section 5.2.
    """
    whole = reference.tolist()

    def exact(index: int) -> Fraction:
        return _variation(held.of(index), whole)

    return Quantity(_variations(held, reference), exact)


def hierarchical_distances(
    held: Contents,
    reference: NDArray[np.int64],
    *,
    hierarchy: Hierarchy,
    leaves: NDArray[np.integer],
) -> Quantity:
    """Measure along a hierarchy [1]_: the mean of the equal distances at each level below ``*``.

    Every edge of the tree carries what its subtree has too much or too little; with all leaves
    equally deep and the leaves under a node of height h at h / H from each other, it costs
    1 / 2H. Summed over the edges of one level that is the equal distance there, over H.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`.
    hierarchy
        The tree of the attribute.
    leaves
        (values,): leaf of each value.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.2 (hierarchical distance).
    """
    nodes_and_sizes = [
        (nodes[leaves], len(labels))
        for nodes, labels in zip(hierarchy.codes[:-1], hierarchy.labels[:-1], strict=True)
    ]
    levels = [
        (held.recode(nodes), _grouped(reference, nodes, size)) for nodes, size in nodes_and_sizes
    ]
    wholes = [r.tolist() for _, r in levels]

    def exact(index: int) -> Fraction:
        steps = [_variation(h.of(index), r) for (h, _), r in zip(levels, wholes, strict=True)]
        return sum(steps, Fraction(0)) / len(steps)

    return Quantity(np.mean([_variations(h, r) for h, r in levels], axis=0), exact)


def ordered_distances(
    held: Contents,
    reference: NDArray[np.int64],
    *,
    ranks: NDArray[np.integer],
    occurs: NDArray[np.bool_] | None = None,
) -> Quantity:
    """Measure along the order of the values, neighbours of m being 1 / (m - 1) apart [1]_.

    The records of a class and of the table, both in order, are matched by quantile: nothing moves
    less. With G the cumulated shares of the table and ``H(u)`` the integral of its quantiles, the
    entry of a class at position x between the quantiles a and b costs ``∫ |x - G⁻¹(u)| du`` there.

    Parameters
    ----------
    held, reference
        As for :func:`equal_distances`.
    ranks
        (values,): position of each value in the order.
    occurs
        (values,): which values are steps on the way; left out, those of the table and of classes.

    References
    ----------
    .. [1] N. Li et al., "t-closeness", ICDE 2007, section 5.1 (ordered distance).
    """
    if occurs is None:
        occurs = reference > 0
        occurs[held.values] = True
    ranks = np.searchsorted(np.sort(ranks[occurs]), ranks)
    steps = max(int(occurs.sum()) - 1, 1)
    ordered = held.recode(ranks)
    table = _grouped(reference, ranks, len(ranks))
    shares = table / max(int(table.sum()), 1)
    cumulated = np.concatenate([[0.0], shares.cumsum()])  # G: (values + 1,)
    integral = np.concatenate([[0.0], (shares * np.arange(len(shares)) / steps).cumsum()])
    running = ordered.counts.cumsum()
    before = (running - ordered.counts)[ordered.starts][ordered.classes]
    upper = (running - before) / ordered.sizes[ordered.classes]
    lower = (running - before - ordered.counts) / ordered.sizes[ordered.classes]
    position = ordered.values / steps
    turn = np.clip(cumulated[ordered.values + 1], lower, upper)
    h_lower, h_turn, h_upper = (np.interp(u, cumulated, integral) for u in (lower, turn, upper))
    cost = position * (2 * turn - lower - upper) + h_lower + h_upper - 2 * h_turn

    whole = table.tolist()

    def exact(index: int) -> Fraction:
        return _moved(ordered.of(index), whole) / steps

    return Quantity(ordered.totals(cost), exact)


def _grouped(
    reference: NDArray[np.int64], groups: NDArray[np.integer], size: int
) -> NDArray[np.int64]:
    """Add up the counts, (values,), of the values of each group, (size,)."""
    sums = np.zeros(size, dtype=reference.dtype)
    np.add.at(sums, groups, reference)
    return sums


def _variations(held: Contents, reference: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the total variation between each class and a table, (classes,)."""
    expected = (reference / max(int(reference.sum()), 1)).astype(np.float64)
    return held.totals(np.maximum(held.shares - expected[held.values], 0.0))


def _variation(counts: dict[int, int], reference: list[int]) -> Fraction:
    """Return the same for one class, without rounding."""
    n, total = sum(counts.values()), sum(reference)
    ahead = (c * total - reference[value] * n for value, c in counts.items())
    return Fraction(sum(a for a in ahead if a > 0), n * total)


def _moved(counts: dict[int, int], reference: list[int]) -> Fraction:
    """Return the earth mover's distance of one class in steps of the order, without rounding."""
    n, total = sum(counts.values()), sum(reference)
    carried = moved = 0
    for rank, r in enumerate(reference):
        carried += counts.get(rank, 0) * total - r * n
        moved += abs(carried)
    return Fraction(moved, n * total)
