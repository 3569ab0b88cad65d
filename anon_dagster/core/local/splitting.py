"""Top-down: split cells for as long as every part keeps every promise.

Multidimensional partitioning [1]_ along the trees. A node is split into those of its children that
keep the promises and a rest of all others, which stays at the node [2]_; ordered values are cut in
two. All cells are split at once, round by round, each along its best attribute.

References
----------
.. [1] K. LeFevre, D. J. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity",
   ICDE 2006, section 3.
.. [2] B. C. M. Fung, K. Wang, P. S. Yu, "Top-down specialization for information and privacy
   preservation", ICDE 2005, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import Axis, NodeAxis, SetAxis, numbered, segments
from anon_dagster.core.local.judge import Judge


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The tuples of the cells that may still be split."""

    tuples: NDArray[np.int64]  # (rows,): positions in the table
    cells: NDArray[np.int64]  # (rows,): from 0, ascending
    counts: NDArray[np.int64]  # (rows,): records

    def take(self, order: NDArray[np.int64]) -> "_Rows":
        return _Rows(self.tuples[order], self.cells[order], self.counts[order])


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """The values of one attribute in each cell, in the order of their places."""

    rows: _Rows  # sorted by cell, then place
    order: NDArray[np.int64]  # (rows,): where each row stood before
    starts: NDArray[np.int64]  # (entries,): first row of each
    cells: NDArray[np.int64]  # (entries,)
    places: NDArray[np.int64]  # (entries,)
    counts: NDArray[np.int64]  # (entries,): records
    first: NDArray[np.int64]  # (cells,): first entry of each
    last: NDArray[np.int64]  # (cells,): last entry of each

    @classmethod
    def of(cls, rows: _Rows, places: NDArray[np.int64], size: int) -> "_Entries":
        keys = rows.cells * size + places
        order = np.argsort(keys, kind="stable")
        starts = segments(keys[order])
        rows = rows.take(order)
        cells, at = rows.cells[starts], places[order[starts]]
        first = segments(cells)
        last = np.append(first[1:], len(cells)) - 1
        counts = np.add.reduceat(rows.counts, starts)
        return cls(rows, order, starts, cells, at, counts, first, last)


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    """How well each cell can be split along one attribute."""

    scores: NDArray[np.float64]  # (cells,): 0 if not at all
    branches: NDArray[np.int64]  # (rows,): the part of its cell that each row would go to


def split(
    judge: Judge,
    axes: Sequence[Axis],
    columns: Sequence[NDArray[np.int64]],
    cells: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Split cells until no part would keep every promise.

    Parameters
    ----------
    columns
        Per quasi-identifier the place of each tuple's value, (tuples,).
    cells
        (tuples,): the cells to start from, each keeping every promise; -1 is suppressed.

    Returns
    -------
    (tuples,)
        Cells, numbered in no particular order; -1 where ``cells`` says so.
    """
    final = np.full(len(cells), -1, dtype=np.int64)
    tuples = np.flatnonzero(cells >= 0)
    rows = _regrouped(judge, tuples, cells[tuples])
    done = 0
    while len(rows.tuples):
        part, ended = _round(judge, axes, columns, rows)
        over = ended[rows.cells]
        names = done + ended.cumsum() - 1
        final[rows.tuples[over]] = names[rows.cells[over]]
        done += int(ended.sum())
        rows = _regrouped(judge, rows.tuples[~over], part[~over])
    return final


def _regrouped(judge: Judge, tuples: NDArray[np.int64], cells: NDArray[np.int64]) -> _Rows:
    order = np.argsort(cells, kind="stable")
    tuples, cells = tuples[order], cells[order]
    starts = segments(cells)
    return _Rows(tuples, numbered(starts, len(cells)), judge.problem.counts[tuples])


def _round(
    judge: Judge, axes: Sequence[Axis], columns: Sequence[NDArray[np.int64]], rows: _Rows
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the part that each row goes to, (rows,), and which cells are not split, (cells,)."""
    count = int(rows.cells[-1]) + 1
    best = np.zeros(count)
    part = np.zeros(len(rows.tuples), dtype=np.int64)
    for axis, column in zip(axes, columns, strict=True):
        entries = _Entries.of(rows, column[rows.tuples], axis.leaves)
        if len(entries.starts) == count:
            continue
        offer = (
            _offer_children(judge, axis, entries)
            if isinstance(axis, NodeAxis)
            else _offer_cut(judge, axis, entries)
        )
        better = offer.scores > best
        best[better] = offer.scores[better]
        chosen = better[rows.cells]
        part[chosen] = offer.branches[chosen]
    widest = int(part.max()) + 1
    return rows.cells * widest + part, best == 0


def _score(gain: NDArray[np.float64], information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh what a split gains against what it uses up of the bits that a cell can be told by."""
    return np.where(gain > 0, gain / np.sqrt(np.maximum(information, 1e-9)), 0.0)


def _bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    safe = np.maximum(counts, 1).astype(np.float64)
    return safe * np.log2(safe)


# -- trees ---------------------------------------------------------------------------------


def _offer_children(judge: Judge, axis: NodeAxis, entries: _Entries) -> _Offer:
    low, high = entries.places[entries.first], entries.places[entries.last]
    level = axis.level(low, high)
    below = np.maximum(level - 1, axis.lowest)
    nodes = axis.nodes[below[entries.cells], entries.places]
    starts = segments(entries.cells * axis.leaves + nodes)
    cells = entries.cells[starts]
    counts = np.add.reduceat(entries.counts, starts)
    child_of_row = numbered(entries.starts[starts], len(entries.rows.tuples))
    keeps = judge.holds(entries.rows.tuples, child_of_row, counts)
    keeps, rest_holds = _settle_rest(judge, entries, child_of_row, cells, counts, keeps)
    ends = np.append(starts[1:], len(entries.places)) - 1
    lows, highs = entries.places[starts], entries.places[ends]
    # A rest becomes one part of its cell, placed where its first child stands.
    part = np.where(keeps, np.arange(len(starts)), -1)
    first_rest = np.full(len(low), -1, dtype=np.int64)
    at = np.flatnonzero(~keeps)[::-1]
    first_rest[cells[at]] = at
    part[at] = first_rest[cells[at]]
    sizes = np.zeros(len(starts), dtype=np.int64)
    np.add.at(sizes, part, counts)
    np.minimum.at(lows, part, lows.copy())
    np.maximum.at(highs, part, highs.copy())
    real = sizes > 0
    whole = np.add.reduceat(entries.counts, entries.first)
    after = np.bincount(
        cells[real], weights=axis.extent(lows[real], highs[real]) * sizes[real], minlength=len(low)
    )
    spent = np.bincount(cells[real], weights=_bits(sizes[real]), minlength=len(low))
    gain = (axis.extent(low, high) * whole - after) * axis.unit
    parts = np.bincount(cells[real], minlength=len(low))
    gain[(parts < 2) | ~rest_holds] = 0.0  # noqa: PLR2004 (one part is no split)
    branches = np.empty(len(child_of_row), dtype=np.int64)
    branches[entries.order] = (part - segments(cells)[cells])[child_of_row]
    return _Offer(_score(gain, (_bits(whole) - spent) / whole), branches)


def _settle_rest(
    judge: Judge,
    entries: _Entries,
    child_of_row: NDArray[np.int64],
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    keeps: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give a rest that breaks a promise the smallest of the other children; once is enough."""
    for attempt in range(2):
        holds = np.ones(len(entries.first), dtype=np.bool_)
        in_rest = ~keeps[child_of_row]
        owners = entries.rows.cells[in_rest]
        starts = segments(owners)
        if not len(starts):
            return keeps, holds
        sizes = np.add.reduceat(entries.rows.counts[in_rest], starts)
        dense = numbered(starts, len(owners))
        holds[owners[starts]] = judge.holds(entries.rows.tuples[in_rest], dense, sizes)
        if attempt or holds.all():
            return keeps, holds
        order = np.lexsort((counts, ~keeps, cells))
        smallest = order[segments(cells[order])]
        keeps = keeps.copy()
        keeps[smallest[~holds]] = False
    raise AssertionError


# -- ordered values ------------------------------------------------------------------------


def _offer_cut(judge: Judge, axis: Axis, entries: _Entries) -> _Offer:
    gain, left, whole = _gains(axis, entries)
    inner = np.ones(len(gain), dtype=np.bool_)
    inner[entries.last] = False
    right = whole - left
    useful = inner & (gain > 0) & (np.minimum(left, right) >= judge.smallest)
    score = np.where(useful, _score(gain, (_bits(whole) - _bits(left) - _bits(right)) / whole), 0.0)
    balance = np.where(useful, np.minimum(left, right), 0)
    scores = np.zeros(len(entries.first))
    row_entry = numbered(entries.starts, len(entries.order))
    cut = entries.last.copy()
    for preference in (score, balance.astype(np.float64)):
        chosen = _first_best(preference, entries)
        open_cells = (scores == 0) & (score[chosen] > 0)
        if not open_cells.any():
            break
        side = (row_entry > chosen[entries.rows.cells]).astype(np.int64)
        inside = open_cells[entries.rows.cells]
        keys = (entries.rows.cells * 2 + side)[inside]
        starts = segments(keys)
        sizes = np.add.reduceat(entries.rows.counts[inside], starts)
        verdict = judge.holds(
            entries.rows.tuples[inside], numbered(starts, len(keys)), sizes
        ).reshape(-1, 2)
        won = np.flatnonzero(open_cells)[verdict.all(axis=1)]
        scores[won] = score[chosen[won]]
        cut[won] = chosen[won]
    branches = np.empty(len(entries.order), dtype=np.int64)
    branches[entries.order] = row_entry > cut[entries.rows.cells]
    return _Offer(scores, branches)


def _gains(
    axis: Axis, entries: _Entries
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return per entry what a cut after it gains, the records up to it and those of its cell."""
    running = entries.counts.cumsum()
    base = (running - entries.counts)[entries.first]
    left = running - base[entries.cells]
    whole = left[entries.last][entries.cells]
    first, last = entries.first[entries.cells], entries.last[entries.cells]
    here = np.arange(len(entries.places))
    after = np.minimum(here + 1, last)
    if isinstance(axis, SetAxis):
        widths = last - first, here - first, last - after
    else:
        at = entries.places
        widths = tuple(
            axis.extent(at[low], at[high])
            for low, high in ((first, last), (first, here), (after, last))
        )
    gain = widths[0] * whole - widths[1] * left - widths[2] * (whole - left)
    return gain * axis.unit, left, whole


def _first_best(preference: NDArray[np.float64], entries: _Entries) -> NDArray[np.int64]:
    most = np.maximum.reduceat(preference, entries.first)
    hits = np.flatnonzero(preference == most[entries.cells])
    return hits[segments(entries.cells[hits])]
