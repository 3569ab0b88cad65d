"""Which groups of tuples are near each other, and which of them go together.

Groups are sorted along trees drawn at random: those next to each other agree in the attributes
that a tree happens to ask first. What a pair would lose together is then computed, not guessed.
"""

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, NodeAxis
from anon_dagster.core.local.points import Points

Ints = NDArray[np.int64]


def neighbouring_pairs(
    points: Points,
    tuples: Ints,
    starts: Ints,
    *,
    generator: np.random.Generator,
    trees: int,
    window: int,
) -> tuple[Ints, Ints]:
    """Return pairs of groups of one region that are near each other, (pairs,) each.

    A pair may come several times.

    Parameters
    ----------
    tuples, starts
        (members,): by group; (groups,): where each group starts.
    trees
        Along how many trees groups are sorted, each group by one of its tuples drawn at random;
        fewer where these would have more places than there are groups.
    window
        How many of the next groups along a tree are near.
    """
    lengths = np.diff(np.append(starts, len(tuples)))
    regions = points.regions.ids[tuples[starts]]
    one, two = [], []
    for _ in range(min(trees, max(len(starts) // window, 1))):
        drawn = starts + (generator.random(len(starts)) * lengths).astype(np.int64)
        order = _sorted_along_random_tree(points, tuples[drawn], generator)
        for step in range(1, min(window, len(order) - 1) + 1):
            one.append(order[:-step])
            two.append(order[step:])
    if not one:
        return starts[:0], starts[:0]
    first, second = np.concatenate(one), np.concatenate(two)
    same = regions[first] == regions[second]
    return first[same], second[same]


def mutually_cheapest(
    one: Ints, two: Ints, price: NDArray[np.float64], groups: int, *, passes: int = 1
) -> Ints:
    """Pair groups that are cheapest for each other; return the union of each, (groups,).

    Unions are numbered from 0 without a gap, in the order of their first groups.

    Parameters
    ----------
    one, two, price
        (pairs,): the groups that may be joined, and what each pair costs.
    passes
        How often those left over are paired.
    """
    order = np.argsort(price, kind="stable")
    one, two = one[order], two[order]
    mate = np.full(groups, -1, dtype=np.int64)
    for _ in range(passes):
        if not len(one):
            break
        won = first_claims(one, two, groups)
        mate[one[won]], mate[two[won]] = two[won], one[won]
        free = (mate[one] < 0) & (mate[two] < 0)
        one, two = one[free], two[free]
    alone = np.arange(groups)
    leader = np.where(mate < 0, alone, np.minimum(alone, mate))
    return np.unique(leader, return_inverse=True)[1].reshape(-1).astype(np.int64)


def first_claims(one: Ints, two: Ints, groups: int) -> NDArray[np.bool_]:
    """Tell for each pair, (pairs,), whether no pair before it has one of its two groups."""
    rank = np.arange(len(one))
    first = np.full(groups, len(one), dtype=np.int64)
    np.minimum.at(first, one, rank)
    np.minimum.at(first, two, rank)
    claims: NDArray[np.bool_] = (first[one] == rank) & (first[two] == rank)
    return claims


def _sorted_along_random_tree(
    points: Points, tuples: Ints, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Sort tuples along a tree that tells regions apart, then one level after another."""
    levels = [
        iter(_coarse_to_fine(axis, column[tuples]))
        for axis, column in zip(points.axes, points.columns, strict=True)
    ]
    turns = np.repeat(np.arange(len(points.axes)), [_steps(axis) for axis in points.axes])
    keys = [points.regions.ids[tuples], *(next(levels[q]) for q in generator.permutation(turns))]
    return np.lexsort(keys[::-1])


def _steps(axis: Axis) -> int:
    """Return in how many steps the positions of an axis are told apart."""
    if isinstance(axis, NodeAxis):
        return axis.hierarchy.levels - 1
    return -(-_bits(axis) // 2)


def _coarse_to_fine(axis: Axis, positions: Ints) -> list[Ints]:
    """Return what tells the positions apart, step by step, each (positions,)."""
    if isinstance(axis, NodeAxis):
        return [row[positions] for row in axis.nodes[-2::-1]]
    return [positions >> shift for shift in range(_bits(axis) - 1, -1, -2)]


def _bits(axis: Axis) -> int:
    return max(axis.leaves - 1, 1).bit_length()
