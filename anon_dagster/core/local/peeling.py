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
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import group
from anon_dagster.core.local.axis import segments
from anon_dagster.core.local.points import Points

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SHARE = Fraction(1, 1000)
"""A candidate fixes what it keeps if that is such a share of all records, or all that is left."""
WORK, MOST_CANDIDATES = 400_000_000, 20_000
"""Candidates times tuples, and candidates: where there are more, attributes with the most levels
skip some."""
BUCKETS = 2**15
"""Into so many buckets tuples are hashed, which shows most candidates to keep too little."""
LEFT = 0.9
"""The rest is copied together once it has shrunk to this share."""


def peel(points: Points, coarsest: Ints, *, share: Fraction = SHARE) -> tuple[Ints, Ints]:
    """Return classes that keep every promise, and the candidates that fixed them.

    Returns
    -------
    cells, levels
        (tuples,): -1 stays suppressed; (candidates, quasi-identifiers).

    Parameters
    ----------
    coarsest
        (tuples,): the classes of the highest allowed levels, or -1.
    share
        A candidate fixes what it keeps if that is such a share of all records.
    """
    problem = points.problem
    rest = _Rest.of(points, np.flatnonzero(coarsest >= 0))
    cells = np.full(len(coarsest), -1, dtype=np.int64)
    fixed, used = 0, []
    for levels in _by_own_loss(points, _levels(points)):
        if not rest.records:
            break
        least = min(max(share * problem.records, points.judge.smallest), rest.records)
        among = rest.crowded(levels)
        if rest.counts[among].sum() < least:
            continue
        tuples, classes = rest.keeping(points, levels, among)
        if points.counts[tuples].sum() < least:
            continue
        cells[tuples] = fixed + classes
        fixed += int(classes.max()) + 1
        rest = rest.without(tuples)
        used.append(levels)
    fixing = np.array(used, dtype=np.int64).reshape(len(used), len(points.axes))
    return _with_the_left(points, cells, coarsest), fixing


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

    def crowded(self, levels: Ints) -> Ints:
        """Return which rows a candidate may keep, (some,), ascending.

        Tuples that read alike share a bucket; a bucket of fewer records than a class needs has
        none.
        """
        hashed = np.zeros(len(self.tuples), dtype=np.uint32)
        for rows, level in zip(self.hashes, levels.tolist(), strict=True):
            hashed += rows[level]
        buckets = (hashed >> np.uint32(17)).astype(np.int64)
        sizes = np.bincount(buckets, self.counts, BUCKETS)
        return np.flatnonzero((sizes >= self.smallest)[buckets] & (self.counts > 0))

    def keeping(self, points: Points, levels: Ints, among: Ints) -> tuple[Ints, Ints]:
        """Return the tuples that a candidate keeps, and the class of each, (kept,).

        Parameters
        ----------
        among
            (some,): the rows that it may keep.
        """
        problem = points.problem
        rows = self.tuples[among]
        hierarchies = problem.hierarchies
        nodes = [
            hierarchy.codes[level][problem.codes[rows, q]]
            for q, (hierarchy, level) in enumerate(zip(hierarchies, levels.tolist(), strict=True))
        ]
        groups = group(
            nodes,
            [len(h.labels[level]) for h, level in zip(hierarchies, levels.tolist(), strict=True)],
            len(rows),
        )
        holds = points.judge.holds(rows, groups.ids, groups.sums(points.counts[rows]))
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
    """Join the tuples that no candidate kept, region by region, with classes of the same region.

    Under relative models those that are left may differ from the table together, too.
    """
    cells = cells.copy()
    regions = points.regions.ids
    left = np.flatnonzero((cells < 0) & (coarsest >= 0))
    fixed = int(cells.max(initial=-1)) + 1
    for number, region in enumerate(np.unique(regions[left]).tolist()):
        members = np.flatnonzero(regions == region)
        cells[_joined(points, members, cells[members])] = fixed + number
    return cells


def _joined(points: Points, members: Ints, cells: Ints) -> Ints:
    """Return tuples that keep every promise together: those in no class, and some classes.

    The classes fixed last are taken, for they lose most anyway, until the promises are kept; then
    those that are not needed are given back, the ones fixed first before the others.

    Parameters
    ----------
    members, cells
        (members,): the tuples of a region, and the class of each, or -1.
    """
    order = np.argsort(-np.where(cells < 0, len(points.counts), cells), kind="stable")
    members, cells = members[order], cells[order]
    taken = np.zeros(len(members), dtype=np.bool_)
    classes = np.split(np.arange(len(members)), segments(cells)[1:])
    needed = 0
    while needed < len(classes) and (not needed or not _holds(points, members[taken])):
        taken[classes[needed]] = True
        needed += 1
    for of_class in reversed(classes[1 : needed - 1]):
        taken[of_class] = False
        if not _holds(points, members[taken]):
            taken[of_class] = True
    return members[taken]


def _holds(points: Points, tuples: Ints) -> bool:
    """Tell whether tuples keep every promise as one class."""
    sizes = np.array([points.counts[tuples].sum()])
    return bool(points.judge.holds(tuples, np.zeros(len(tuples), dtype=np.int64), sizes)[0])
