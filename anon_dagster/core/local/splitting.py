"""Top-down: split cells for as long as every part keeps every promise.

Multidimensional partitioning [1]_ along the trees. A node is split into those of its children that
keep the promises and a rest of all others, which stays at the node [2]_; ordered values are cut in
two. All cells are split at once, round by round, each along its best attribute.

Proofs: ``docs/proofs/local-recoding.md``.

References
----------
.. [1] K. LeFevre, D. J. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity",
   ICDE 2006, section 3.
.. [2] B. C. M. Fung, K. Wang, P. S. Yu, "Top-down specialization for information and privacy
   preservation", ICDE 2005, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.keys import stable_order
from anon_dagster.core.local.axis import Axis, NodeAxis, SetAxis, numbered, segments
from anon_dagster.core.local.class_judge import ClassJudge, Members
from anon_dagster.core.local.points import Points

EXPONENT = 0.5
"""How much bits count, see :func:`split`. A heuristic: every exponent leads to classes that keep
the promises."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The tuples of the cells that may still be split."""

    tuples: NDArray[np.int64]  # (rows,): positions in the table
    cells: NDArray[np.int64]  # (rows,): from 0, ascending
    counts: NDArray[np.int64]  # (rows,): records

    @classmethod
    def of(cls, points: Points, tuples: NDArray[np.int64], cells: NDArray[np.int64]) -> "_Rows":
        """Sort tuples by their cells, (as many,), and number these from 0."""
        order = stable_order(cells)
        tuples, cells = tuples[order], cells[order]
        return cls(tuples, numbered(segments(cells), len(cells)), points.counts[tuples])


@dataclass(frozen=True, eq=False)
class _Entries:
    """The values of one attribute in each cell, in the order of their positions.

    Rows stand in another order here, by cell and then position; the cells of both orders are equal.
    """

    rows: _Rows  # as they stood before
    order: NDArray[np.int64]  # (rows,): where each row stood before
    row_counts: NDArray[np.int64]  # (rows,): records
    starts: NDArray[np.int64]  # (entries,): first row of each
    cells: NDArray[np.int64]  # (entries,)
    positions: NDArray[np.int64]  # (entries,)
    counts: NDArray[np.int64]  # (entries,): records
    first: NDArray[np.int64]  # (cells,): first entry of each
    last: NDArray[np.int64]  # (cells,): last entry of each

    @classmethod
    def of(cls, rows: _Rows, positions: NDArray[np.int64], size: int) -> "_Entries":
        """Gather the values of one attribute, (rows,): positions below a size."""
        keys = rows.cells * size + positions
        order = stable_order(keys)
        starts = segments(keys[order])
        cells, at = rows.cells[starts], positions[order[starts]]
        first = segments(cells)
        last = np.append(first[1:], len(cells)) - 1
        row_counts = rows.counts[order]
        counts = np.add.reduceat(row_counts, starts)
        return cls(rows, order, row_counts, starts, cells, at, counts, first, last)

    @cached_property
    def tuples(self) -> NDArray[np.int64]:
        """The tuple of each row, (rows,); not every judge looks at them."""
        return self.rows.tuples[self.order]

    def hold(
        self,
        judge: ClassJudge,
        groups: NDArray[np.int64],
        sizes: NDArray[np.int64],
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.bool_]:
        """Tell which groups of rows keep every promise, (groups,); see :meth:`ClassJudge.holds`.

        Parameters
        ----------
        groups
            The group of each row, or of each of those ``among`` them.
        """
        if judge.by_size:
            return judge.holds(groups, groups, sizes)
        return judge.holds(self.tuples if among is None else self.tuples[among], groups, sizes)


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    """How well each cell can be split along one attribute."""

    scores: NDArray[np.float64]  # (cells,): 0 if not at all
    branches: NDArray[np.int64]  # (rows,): the part of its cell of each, in the entries' order


def split(
    points: Points,
    cells: NDArray[np.int64],
    *,
    exponent: float = EXPONENT,
    on_share: Callable[[float], None] = lambda _: None,
) -> NDArray[np.int64]:
    """Split cells until no part would keep every promise.

    Parameters
    ----------
    cells
        (tuples,): the cells to start from, each keeping every promise; -1 is suppressed.
    exponent
        How much the bits count that a split spends: not at all (0) or as its gain does (1).
    on_share
        Told how much of the tuples are in cells that will not be split any more, 0 to 1.

    Returns
    -------
    (tuples,)
        Cells, numbered in no particular order; -1 where ``cells`` says so.
    """
    final = np.full(len(cells), -1, dtype=np.int64)
    tuples = np.flatnonzero(cells >= 0)
    rows = _Rows.of(points, tuples, cells[tuples])
    done = 0
    while len(rows.tuples):
        on_share(1 - len(rows.tuples) / len(tuples))
        part, ended = _round(points, rows, exponent)
        over = ended[rows.cells]
        names = done + ended.cumsum() - 1
        final[rows.tuples[over]] = names[rows.cells[over]]
        done += int(ended.sum())
        rows = _Rows.of(points, rows.tuples[~over], part[~over])
    return final


def _round(
    points: Points, rows: _Rows, exponent: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the part that each row goes to, (rows,), and which cells are not split, (cells,)."""
    count = int(rows.cells[-1]) + 1
    best = np.zeros(count)
    part = np.zeros(len(rows.tuples), dtype=np.int64)
    for axis, column in zip(points.axes, points.columns, strict=True):
        entries = _Entries.of(rows, column[rows.tuples], axis.leaves)
        if len(entries.starts) == count:
            continue
        offer = (
            _offer_children(points.judge, axis, entries, exponent)
            if isinstance(axis, NodeAxis)
            else _offer_cut(points.judge, axis, entries, exponent)
        )
        better = offer.scores > best
        best[better] = offer.scores[better]
        chosen = np.flatnonzero(better[rows.cells])
        part[entries.order[chosen]] = offer.branches[chosen]
    widest = int(part.max()) + 1
    return rows.cells * widest + part, best == 0


def _score(
    gain: NDArray[np.float64], bits: NDArray[np.float64], exponent: float
) -> NDArray[np.float64]:
    """Weigh what a split gains against the bits it spends of those that tell a cell's records.

    A cell is split until its parts are about as small as allowed, so that bits are what its
    attributes compete for.
    """
    scored: NDArray[np.float64] = np.where(gain > 0, gain / np.maximum(bits, 1e-9) ** exponent, 0.0)
    return scored


def _bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ``c log₂ c`` of each count."""
    safe = np.maximum(counts, 1).astype(np.float64)
    return safe * np.log2(safe)


# -- trees ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Children:
    """The children of each cell's node that hold records, in the order of their positions."""

    cells: NDArray[np.int64]  # (children,)
    counts: NDArray[np.int64]  # (children,): records
    lows: NDArray[np.int64]  # (children,): first position
    highs: NDArray[np.int64]  # (children,): last position
    of_row: NDArray[np.int64]  # (rows,): child of each row, in the order of the entries

    @classmethod
    def of(cls, axis: NodeAxis, entries: _Entries) -> "_Children":
        """Find the children of the lowest node that covers each cell's values."""
        level = axis.level(entries.positions[entries.first], entries.positions[entries.last])
        below = np.maximum(level - 1, axis.lowest)
        nodes = axis.nodes[below[entries.cells], entries.positions]
        starts = segments(entries.cells * axis.leaves + nodes)
        ends = np.append(starts[1:], len(nodes)) - 1
        return cls(
            entries.cells[starts],
            np.add.reduceat(entries.counts, starts),
            entries.positions[starts],
            entries.positions[ends],
            numbered(entries.starts[starts], len(entries.order)),
        )


def _offer_children(
    judge: ClassJudge, axis: NodeAxis, entries: _Entries, exponent: float
) -> _Offer:
    """Offer to split each cell's node into its children and a rest.

    Every child that keeps the promises by itself is a part. All others are one part together, the
    rest, which goes on reading as the node that covers it; no cell whose rest breaks a promise, or
    that would stay in one piece, is split.

    A part is named after one of its children (``part``, (children,)); sums and extents of the parts
    stand at that child, and ``real`` are the children with a part, (parts,). What a split gains is
    by how much the loss of the cell's records falls, (cells,).
    """
    children = _Children.of(axis, entries)
    keeps = entries.hold(judge, children.of_row, children.counts)
    keeps, rest_holds = _settle_rest(judge, entries, children, keeps)
    part = _parts(children, keeps)
    sizes = np.zeros(len(part), dtype=np.int64)
    np.add.at(sizes, part, children.counts)
    lows, highs = children.lows.copy(), children.highs.copy()
    np.minimum.at(lows, part, children.lows)
    np.maximum.at(highs, part, children.highs)
    real = np.flatnonzero(sizes)
    cells, sizes = children.cells[real], sizes[real]
    first = segments(cells)
    whole = np.add.reduceat(sizes, first)
    extent = axis.extent(entries.positions[entries.first], entries.positions[entries.last])
    after = np.add.reduceat(axis.extent(lows[real], highs[real]) * sizes, first)
    gain = ((extent * whole - after) * axis.unit).astype(np.float64)
    gain[~rest_holds | (np.diff(np.append(first, len(cells))) == 1)] = 0.0
    bits = (_bits(whole) - np.add.reduceat(_bits(sizes), first)) / whole
    branches = (part - segments(children.cells)[children.cells])[children.of_row]
    return _Offer(_score(gain, bits, exponent), branches)


def _settle_rest(
    judge: ClassJudge, entries: _Entries, children: _Children, keeps: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give a rest that breaks a promise the smallest of the other children, once.

    Returns
    -------
    keeps, holds
        (children,): whether each is a part of its own; (cells,): whether the rest of each keeps
        every promise, or there is none.
    """
    holds = _rest_holds(judge, entries, children, keeps)
    if holds.all():
        return keeps, holds
    order = np.lexsort((children.counts, ~keeps, children.cells))
    smallest = order[segments(children.cells[order])]
    keeps = keeps.copy()
    keeps[smallest[~holds]] = False
    return keeps, _rest_holds(judge, entries, children, keeps)


def _rest_holds(
    judge: ClassJudge, entries: _Entries, children: _Children, keeps: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell for each cell, (cells,), whether its rest keeps every promise, or there is none.

    Parameters
    ----------
    keeps
        (children,): which are parts of their own; the others are the rest.
    """
    holds = np.ones(len(entries.first), dtype=np.bool_)
    rest = np.flatnonzero(~keeps[children.of_row])
    if len(rest):
        owners = entries.rows.cells[rest]
        starts = segments(owners)
        sizes = np.add.reduceat(entries.row_counts[rest], starts)
        groups = numbered(starts, len(rest))
        holds[owners[starts]] = entries.hold(judge, groups, sizes, rest)
    return holds


def _parts(children: _Children, keeps: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each child the child that its part is named after: itself, or the first rest."""
    part = np.arange(len(keeps))
    rest = np.flatnonzero(~keeps)
    starts = segments(children.cells[rest])
    part[rest] = rest[starts][numbered(starts, len(rest))]
    return part


# -- ordered values ------------------------------------------------------------------------


def _offer_cut(judge: ClassJudge, axis: Axis, entries: _Entries, exponent: float) -> _Offer:
    """Offer the best cut of each cell or, if a side of it breaks a promise, the most even one."""
    gain, left, whole = _gains(axis, entries)
    right = whole - left
    least = np.minimum(left, right)
    if judge.members.persons is not None:
        least = np.minimum(*_owners_beside(judge.members.persons, entries))
    useful = np.asarray((gain > 0) & (least >= judge.smallest))
    if judge.members.households is not None:
        fewer = np.minimum(*_owners_beside(judge.members.households, entries))
        useful &= fewer >= judge.fewest_households
    useful[entries.last] = False
    bits = (_bits(whole) - _bits(left) - _bits(right)) / whole
    score = np.where(useful, _score(gain, bits, exponent), 0.0)
    evenness = np.where(useful, least, 0).astype(np.float64)
    scores = np.zeros(len(entries.first))
    cut = entries.last.copy()
    for preference in (score, evenness):
        chosen = _first_best(preference, entries)
        tried = np.flatnonzero((scores == 0) & (score[chosen] > 0))
        if not len(tried):
            break
        won = tried[_both_sides_hold(judge, entries, chosen, tried)]
        scores[won] = score[chosen[won]]
        cut[won] = chosen[won]
    return _Offer(scores, _beyond(entries, cut).astype(np.int64))


def _owners_beside(
    members: Members, entries: _Entries
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the owners of a cell up to each entry, and of those beyond it, (entries,) each.

    Up to an entry there are as many as owners who occur for the first time there, beyond it as
    many as occur for the last time there.
    """
    places, owners = members.of_tuples(entries.tuples)
    of_rows = numbered(entries.starts, len(entries.order))
    where, cells = of_rows[places], entries.rows.cells[places]
    order = np.lexsort((where, owners, cells))
    where, cells, owners = where[order], cells[order], owners[order]
    fresh = np.ones(len(order) + 1, dtype=np.bool_)
    fresh[1:-1] = (cells[1:] != cells[:-1]) | (owners[1:] != owners[:-1])
    size = len(entries.starts)
    alone = np.bincount(of_rows, members.alone[entries.tuples], size).astype(np.int64)
    first = alone + np.bincount(where[fresh[:-1]], minlength=size)
    last = alone + np.bincount(where[fresh[1:]], minlength=size)
    return _running(entries, first), _whole(entries, last) - _running(entries, last)


def _running(entries: _Entries, amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add up amounts, (entries,), from the first entry of each cell on."""
    running = amounts.cumsum()
    return running - (running - amounts)[entries.first][entries.cells]


def _whole(entries: _Entries, amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each entry, (entries,), the sum of the amounts of its cell."""
    return _running(entries, amounts)[entries.last][entries.cells]


def _beyond(entries: _Entries, cut: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each row whether it stands beyond the entry at which its cell is cut."""
    return numbered(entries.starts, len(entries.order)) > cut[entries.rows.cells]


def _both_sides_hold(
    judge: ClassJudge, entries: _Entries, cut: NDArray[np.int64], tried: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell for each tried cell, (tried,), whether both sides of its cut keep every promise."""
    among = np.zeros(len(entries.first), dtype=np.bool_)
    among[tried] = True
    rows = np.flatnonzero(among[entries.rows.cells])
    sides = (entries.rows.cells * 2 + _beyond(entries, cut))[rows]
    starts = segments(sides)
    sizes = np.add.reduceat(entries.row_counts[rows], starts)
    verdict = entries.hold(judge, numbered(starts, len(rows)), sizes, rows)
    return verdict[0::2] & verdict[1::2]


def _gains(
    axis: Axis, entries: _Entries
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return per entry what a cut after it gains, the records up to it and those of its cell."""
    running = entries.counts.cumsum()
    base = (running - entries.counts)[entries.first]
    left = running - base[entries.cells]
    whole = left[entries.last][entries.cells]
    first, last = entries.first[entries.cells], entries.last[entries.cells]
    here = np.arange(len(entries.positions))
    after = np.minimum(here + 1, last)
    if isinstance(axis, SetAxis):
        before, up_to, beyond = last - first, here - first, last - after
    else:
        at = entries.positions
        before = axis.extent(at[first], at[last])
        up_to, beyond = axis.extent(at[first], at[here]), axis.extent(at[after], at[last])
    gain = before * whole - up_to * left - beyond * (whole - left)
    return gain * axis.unit, left, whole


def _first_best(preference: NDArray[np.float64], entries: _Entries) -> NDArray[np.int64]:
    """Return the first entry of each cell, (cells,), that is preferred most, (entries,)."""
    most = np.maximum.reduceat(preference, entries.first)
    hits = np.flatnonzero(preference == most[entries.cells])
    return hits[segments(entries.cells[hits])]
