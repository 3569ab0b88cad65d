"""Start from candidates of full-domain generalization, one after another.

Candidates come in the order of their own loss. What the first keeps is fixed at its levels; the
next goes on with the rest, as if that were the table [1]_. So every record gets about the least
levels at which enough others read alike.

Proofs: ``docs/proofs/local-recoding.md``.

References
----------
.. [1] F. Prasser, J. Eicher, H. Spengler, R. Bild, K. A. Kuhn, "Flexible data anonymization using
   ARX: current status and challenges ahead", Software: Practice and Experience 50(7), 2020.
"""

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import numbered, segments
from anon_dagster.core.local.points import Points

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SHARE = 0.001
"""A candidate fixes what it keeps if that is such a share of all records; less is left to others."""
WORK, MOST_CANDIDATES = 400_000_000, 20_000
"""Candidates times tuples, and candidates: where there are more, attributes with the most levels
skip some."""
BUCKETS = 2**15
"""Into so many buckets tuples are hashed, which shows most candidates to keep too little."""
LEFT = 0.9
"""The rest is copied together once it has shrunk to this share."""


def peel(points: Points, coarsest: Ints) -> Ints:
    """Return classes, (tuples,), that keep every promise; -1 stays suppressed.

    Parameters
    ----------
    coarsest
        (tuples,): the classes of the highest allowed levels, or -1.
    """
    problem = points.problem
    rest = _Rest.of(points, np.flatnonzero(coarsest >= 0))
    cells = np.full(len(coarsest), -1, dtype=np.int64)
    fixed = 0
    for levels in _by_own_loss(points, _levels(points)):
        if not rest.records:
            break
        least = min(max(SHARE * problem.records, points.judge.smallest), rest.records)
        if rest.at_most(levels) < least:
            continue
        tuples, classes = rest.keeping(points, levels)
        if points.counts[tuples].sum() < least:
            continue
        cells[tuples] = fixed + classes
        fixed += int(classes.max()) + 1
        rest = rest.without(tuples)
    return _with_the_left(points, cells, coarsest)


def _levels(points: Points) -> Ints:
    """Return the candidates, (candidates, quasi-identifiers), fewer where these are too many."""
    problem = points.problem
    choices = [
        list(range(low, high + 1))
        for low, high in zip(problem.lowest, problem.highest, strict=True)
    ]
    tuples = max(len(points.counts), 1)
    most = max(min(WORK // tuples, MOST_CANDIDATES, 500 + 10 * tuples), 1)
    while prod(map(len, choices)) > most and max(map(len, choices)) > 1:
        longest = max(range(len(choices)), key=lambda q: len(choices[q]))
        choices[longest] = choices[longest][::-2][::-1]  # the highest level stays
    return np.array(list(product(*choices)), dtype=np.int64).reshape(-1, len(choices))


def _by_own_loss(points: Points, levels: Ints) -> Ints:
    """Sort candidates by what they lose if nothing is suppressed."""
    problem = points.problem
    loss = np.zeros(len(levels))
    for q, (hierarchy, axis) in enumerate(zip(problem.hierarchies, points.axes, strict=True)):
        leaves = problem.codes[:, q]
        rows = zip(hierarchy.covered, hierarchy.codes, strict=True)
        lost = [float((covered - 1)[codes[leaves]] @ problem.counts) for covered, codes in rows]
        loss += np.array(lost)[levels[:, q]] * axis.unit
    return levels[np.argsort(loss, kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """The tuples that are in no class yet."""

    tuples: Ints  # (rows,)
    counts: Ints  # (rows,): records, 0 for those that are in a class since the last copy
    records: int
    hashes: tuple[NDArray[np.uint32], ...]  # (quasi-identifiers,) of (levels, rows)
    smallest: int

    @classmethod
    def of(cls, points: Points, tuples: Ints) -> "_Rest":
        """Hash the node of each tuple at each level."""
        problem, generator = points.problem, np.random.Generator(np.random.PCG64(0))
        hashes = []
        for q, hierarchy in enumerate(problem.hierarchies):
            nodes = hierarchy.codes[:, problem.codes[tuples, q]]
            drawn = generator.integers(0, 2**32, hierarchy.codes.shape, dtype=np.uint32)
            hashes.append(np.take_along_axis(drawn, nodes.astype(np.int64), axis=1))
        counts = points.counts[tuples]
        return cls(tuples, counts, int(counts.sum()), tuple(hashes), points.judge.smallest)

    def at_most(self, levels: Ints) -> int:
        """Return more records than a candidate keeps, or as many.

        Tuples that read alike share a bucket; a bucket of fewer records than a class needs has
        none.
        """
        hashed = np.zeros(len(self.tuples), dtype=np.uint32)
        for rows, level in zip(self.hashes, levels.tolist(), strict=True):
            hashed += rows[level]
        buckets = (hashed >> np.uint32(17)).astype(np.int64)
        sizes = np.bincount(buckets, self.counts, BUCKETS)
        return int(sizes[sizes >= self.smallest].sum())

    def keeping(self, points: Points, levels: Ints) -> tuple[Ints, Ints]:
        """Return the tuples that a candidate keeps, and the class of each, (kept,)."""
        problem = points.problem
        rows = self.tuples[self.counts > 0]
        hierarchies = problem.hierarchies
        nodes = [
            hierarchy.codes[level][problem.codes[rows, q]]
            for q, (hierarchy, level) in enumerate(zip(hierarchies, levels.tolist(), strict=True))
        ]
        groups = group(nodes, [hierarchy.leaves for hierarchy in hierarchies], len(rows))
        order = np.argsort(groups.ids, kind="stable")
        sizes = groups.sums(points.counts[rows])
        holds = points.judge.holds(rows[order], groups.ids[order], sizes)
        kept = holds[groups.ids]
        return rows[kept], (holds.cumsum() - 1)[groups.ids[kept]]

    def without(self, gone: Ints) -> "_Rest":
        """Return what is left if some tuples, (gone,), are in a class."""
        stays = (self.counts > 0) & ~np.isin(self.tuples, gone, assume_unique=True)
        counts = np.where(stays, self.counts, 0)
        records = int(counts.sum())
        if stays.sum() > LEFT * len(stays):
            return _Rest(self.tuples, counts, records, self.hashes, self.smallest)
        hashes = tuple(rows[:, stays] for rows in self.hashes)
        return _Rest(self.tuples[stays], counts[stays], records, hashes, self.smallest)


def _with_the_left(points: Points, cells: Ints, coarsest: Ints) -> Ints:
    """Put the tuples that no candidate kept into the class fixed last in their region.

    If that breaks a promise, or there is none, the whole region is one class.
    """
    left = np.flatnonzero((cells < 0) & (coarsest >= 0))
    if not len(left):
        return cells
    regions = points.regions.ids
    last = np.full(len(points.regions), -1, dtype=np.int64)
    np.maximum.at(last, regions, cells)
    cells = cells.copy()
    cells[left] = last[regions[left]]
    order = np.flatnonzero(np.isin(regions, regions[left]) & (cells == last[regions]))
    order = order[np.argsort(regions[order], kind="stable")]
    starts = segments(regions[order])
    sizes = np.add.reduceat(points.counts[order], starts)
    holds = points.judge.holds(order, numbered(starts, len(order)), sizes)
    whole = regions[order[starts]]
    whole = whole[~holds | (last[whole] < 0)]
    torn = np.isin(regions, whole)
    cells[torn] = cells.max(initial=-1) + 1 + regions[torn]
    return cells
