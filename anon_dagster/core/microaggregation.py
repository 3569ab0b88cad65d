"""Microaggregation: values replaced by what their groups have in common.

A group is an equivalence class, or comes from :func:`mdav`. Rows are records, or distinct tuples
that stand for ``counts`` records each; a group of -1 (suppressed) is left out everywhere. Sums are
taken in the order of the values, so that no result depends on the order of the rows.

A missing value is NaN among numbers and -1 among codes. It is left out of a group's aggregate; a
group without any value has none itself.

Proofs: ``docs/proofs/microaggregation.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.persons import ByOwner, OwnersByRow, Persons
from anon_dagster.errors import RequestError, UnreachableError

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
NOBODY: ByOwner[Persons] = ByOwner()
"""Nobody is told apart: each record is of another owner."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which group each row is in, and how many records it stands for."""

    groups: NDArray[np.int64]  # (rows,): from 0; -1 is in none
    counts: NDArray[np.int64]  # (rows,): records, each at least 1
    size: int
    """How many groups there are."""


# -- numbers -------------------------------------------------------------------------------


def means(values: Numbers, grouping: Grouping) -> Numbers:
    """Return the mean of each group, (groups,)."""
    rows = _sorted(values, ~np.isnan(values), grouping)
    weights = grouping.counts[rows]
    return _ratio(_sums(values[rows] * weights, rows, grouping), _sums(weights, rows, grouping))


def geometric_means(values: Numbers, grouping: Grouping) -> Numbers:
    """Return the geometric mean of each group, (groups,); of a group with a 0 it is 0.

    Raises
    ------
    RequestError
        If a value is negative.
    """
    negative = int(grouping.counts[values < 0].sum())
    if negative:
        raise RequestError(
            f"a geometric mean needs values of at least 0, and {negative} records have less; "
            "use the mean or the median"
        )
    with np.errstate(divide="ignore"):
        return np.exp(means(np.log(values), grouping))


def medians(values: Numbers, grouping: Grouping) -> Numbers:
    """Return the median of each group, (groups,): the mean of the middle two where they differ."""
    rows = _sorted(values, ~np.isnan(values), grouping)
    lower, upper = _middle(rows, grouping)
    of_groups = np.full(grouping.size, np.nan)
    present = lower >= 0
    low, high = values[lower[present]], values[upper[present]]
    of_groups[present] = low + (high - low) / 2
    return of_groups


# -- ordered and nominal values, as codes --------------------------------------------------


def middle_codes(codes: Codes, grouping: Grouping) -> Codes:
    """Return the median of each group of ordered values, (groups,): the lower of the middle two.

    Codes are in the order of the values.
    """
    rows = _sorted(codes, codes >= 0, grouping)
    lower, _ = _middle(rows, grouping)
    return np.where(lower >= 0, codes[lower], -1)


def modes(codes: Codes, grouping: Grouping) -> Codes:
    """Return the most frequent value of each group, (groups,): the smallest code of several."""
    of_groups = np.full(grouping.size, -1, dtype=np.int64)
    owners, values, totals = _distinct(codes, grouping)
    order = np.lexsort((values, -totals, owners))
    first = order[_starts(owners)] if len(owners) else order
    of_groups[owners[first]] = values[first]
    return of_groups


def ranges(codes: Codes, grouping: Grouping) -> tuple[Codes, Codes]:
    """Return the least and the greatest value of each group of ordered values, (groups,) each."""
    owners, values, _ = _distinct(codes, grouping)
    low = np.full(grouping.size, -1, dtype=np.int64)
    high = low.copy()
    if len(owners):
        starts = _starts(owners)
        low[owners[starts]] = values[starts]
        high[owners[starts]] = values[np.append(starts[1:], len(owners)) - 1]
    return low, high


def sets(codes: Codes, grouping: Grouping) -> list[NDArray[np.int64]]:
    """Return the values of each group, ascending."""
    owners, values, _ = _distinct(codes, grouping)
    bounds = np.searchsorted(owners, np.arange(1, grouping.size))
    return np.split(values, bounds) if grouping.size else []


def _sorted(
    values: NDArray[np.generic], present: NDArray[np.bool_], grouping: Grouping
) -> NDArray[np.int64]:
    """Return the rows that have a value and a group, by group and value."""
    rows = np.flatnonzero(present & (grouping.groups >= 0))
    return rows[np.lexsort((grouping.counts[rows], values[rows], grouping.groups[rows]))]


def _sums(amounts: NDArray[np.generic], rows: Codes, grouping: Grouping) -> Numbers:
    sums = np.bincount(grouping.groups[rows], weights=amounts, minlength=grouping.size)
    return sums.astype(np.float64)


def _ratio(over: Numbers, under: Numbers) -> Numbers:
    with np.errstate(invalid="ignore"):
        return np.where(under > 0, over / under, np.nan)


def _middle(rows: Codes, grouping: Grouping) -> tuple[Codes, Codes]:
    """Return the row of the lower and the upper middle record of each group, or -1."""
    middle = np.full((2, grouping.size), -1, dtype=np.int64)
    if not len(rows):
        return middle[0], middle[1]
    owners = grouping.groups[rows]
    starts = _starts(owners)
    running = grouping.counts[rows].cumsum()
    before = (running - grouping.counts[rows])[starts]
    records = running[np.append(starts[1:], len(rows)) - 1] - before
    for side, rank in enumerate(((records - 1) // 2, records // 2)):
        middle[side, owners[starts]] = rows[np.searchsorted(running, before + rank, side="right")]
    return middle[0], middle[1]


def _distinct(codes: Codes, grouping: Grouping) -> tuple[Codes, Codes, Codes]:
    """Return the group, the value and the records of each value in each group, ascending."""
    rows = np.flatnonzero((codes >= 0) & (grouping.groups >= 0))
    width = int(codes.max(initial=0)) + 1
    keys, entry = np.unique(grouping.groups[rows] * width + codes[rows], return_inverse=True)
    totals = np.zeros(len(keys), dtype=np.int64)
    np.add.at(totals, entry, grouping.counts[rows])
    return keys // width, keys % width, totals


def _starts(owners: Codes) -> Codes:
    return np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))


# -- groups of a fixed size ----------------------------------------------------------------


def standardized(points: Numbers, counts: NDArray[np.int64]) -> Numbers:
    """Scale dimensions to mean 0 and variance 1, so that none outweighs the others.

    A missing value is put at the mean, in a dimension of its own one away from all others.

    Parameters
    ----------
    points
        (rows, dimensions)
    counts
        (rows,): records.
    """
    one = Grouping(np.zeros(len(points), dtype=np.int64), counts, 1)
    columns = []
    for column in points.T:
        missing = np.isnan(column)
        centred = np.where(missing, 0.0, column - means(column, one)[0])
        deviation = float(np.sqrt(means(np.where(missing, np.nan, centred**2), one)[0]))
        columns.append(centred / deviation if deviation > 0 else np.zeros_like(centred))
        if missing.any():
            columns.append(missing.astype(np.float64))
    return np.stack(columns, axis=1) if columns else np.zeros((len(points), 0))


def mdav(
    points: Numbers,
    counts: NDArray[np.int64],
    *,
    k: int,
    owners: ByOwner[Persons] = NOBODY,
    households: int = 1,
) -> NDArray[np.int64]:
    """Group near points, at least ``k`` records in each: maximum distance to average vector [1]_.

    Of records that are all different no group has more than ``2 k - 1``. Equal points share a
    group, whatever rows they come from, and a group takes the nearest points until it has ``k``
    records: many that are equal are a group by themselves, or with the few beside them. What is
    left over where they weigh differently, fewer than ``k`` records, joins the groups that it
    costs least. Of points equally far the smallest is taken, so that the order of the rows plays
    no part.

    Parameters
    ----------
    points
        (rows, dimensions), without missing values: see :func:`standardized`.
    counts
        (rows,): records, each at least 1.
    owners
        Who has which row, where a group needs ``k`` different persons in place of records, or
        households besides. It takes the nearest points until it has them; what is left over has
        fewer.
    households
        How many different ones a group needs, where these count.

    Returns
    -------
    (rows,)
        Groups, from 0 without a gap.

    Raises
    ------
    UnreachableError
        If there are fewer than ``k`` records, or persons, or too few households.

    References
    ----------
    .. [1] J. Domingo-Ferrer, J. M. Mateo-Sanz, "Practical data-oriented microaggregation for
       statistical disclosure control", IEEE TKDE 14(1), 2002; in the form of J. Domingo-Ferrer,
       V. Torra, "Ordinal, continuous and heterogeneous k-anonymity through microaggregation",
       Data Mining and Knowledge Discovery 11, 2005, algorithm 3.
    """
    _require_a_group(counts, k, owners, households)
    order = np.lexsort(points.T[::-1]) if points.shape[1] else np.arange(len(points))
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (points[order[1:]] != points[order[:-1]]).any(axis=1)
    of_row = np.empty(len(order), dtype=np.int64)
    of_row[order] = fresh.cumsum() - 1
    weights = np.add.reduceat(counts[order], np.flatnonzero(fresh))
    different = int(fresh.sum())
    crowds = owners.map(lambda owner: _Crowd(owner.rolled_up(of_row, different)))
    needs = [_Need(_Records(weights) if crowds.persons is None else crowds.persons, k)]
    if crowds.households is not None:
        needs.append(_Need(crowds.households, households))
    return _grouped(points[order[fresh]], weights, needs)[of_row]


def _require_a_group(
    counts: NDArray[np.int64], k: int, owners: ByOwner[Persons], households: int
) -> None:
    """Refuse rows that do not make a single group."""
    needs = [("records", int(counts.sum()), k)]
    if owners.persons is not None:
        needs = [("persons", owners.persons.total, k)]
    if owners.households is not None:
        needs.append(("households", owners.households.total, households))
    for which, there, needed in needs:
        if there < needed:
            raise UnreachableError(f"{there} {which} cannot form a group of {needed}")


class _Members(Protocol):
    """Who is behind points: records, persons or households."""

    def among(self, points: Codes) -> int:
        """Count those behind some points."""

    def needed(self, points: Codes, k: int) -> int | None:
        """Return of how many points, from the first on, there are ``k``; None if all have fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    counts: NDArray[np.int64]  # (points,)

    def among(self, points: Codes) -> int:
        return int(self.counts[points].sum())

    def needed(self, points: Codes, k: int) -> int | None:
        running = self.counts[points].cumsum()
        place = int(np.searchsorted(running, k))
        return place + 1 if place < len(points) else None


class _Crowd:
    def __init__(self, persons: Persons) -> None:
        self._behind = OwnersByRow.of(*persons.listed(), len(persons.alone))

    def among(self, points: Codes) -> int:
        return len(distinct(self._behind.of_rows(points)[1]))

    def needed(self, points: Codes, k: int) -> int | None:
        places, owners = self._behind.of_rows(points)
        _, first = np.unique(owners, return_index=True)
        arrivals = np.sort(places[first])
        return None if len(arrivals) < k else int(arrivals[k - 1]) + 1


@dataclass(frozen=True, slots=True, eq=False)
class _Need:
    """How many of whom a group needs."""

    crowd: _Members
    k: int


def _groups_in(needs: Sequence[_Need], points: Codes) -> int:
    """Return how many groups those behind some points suffice for, as far as numbers tell."""
    return min(need.crowd.among(points) // need.k for need in needs)


def _needed(needs: Sequence[_Need], points: Codes) -> int | None:
    """Return how many points, from the first on, a group takes; None if all are too few."""
    places = [need.crowd.needed(points, need.k) for need in needs]
    enough = [place for place in places if place is not None]
    return max(enough) if len(enough) == len(places) else None


def _grouped(
    points: Numbers, counts: NDArray[np.int64], needs: Sequence[_Need]
) -> NDArray[np.int64]:
    """Return the group of each of some different points, (points,), each as large as needed."""
    groups = np.full(len(points), -1, dtype=np.int64)
    number, left = 0, np.arange(len(points))
    while there := _groups_in(needs, left):
        if there == 1:
            members = left
        else:
            members = _nearest(points, left, _farthest(points, counts, left), needs)
        first = members[0]
        groups[members] = number
        number += 1
        left = left[groups[left] < 0]
        if there > 2 and _groups_in(needs, left):
            opposite = int(_distances(points[left], points[first]).argmax())
            members = _nearest(points, left, opposite, needs)
            groups[members] = number
            number += 1
            left = left[groups[left] < 0]
    _join_cheapest(points, counts, groups, left)
    return groups


def _distances(points: Numbers, point: Numbers) -> Numbers:
    apart = points - point
    squared: Numbers = np.einsum("rd,rd->r", apart, apart)
    return squared


def _farthest(points: Numbers, counts: NDArray[np.int64], left: Codes) -> int:
    """Return which of the rows left is farthest from their average."""
    average = (points[left] * counts[left, None]).sum(axis=0) / counts[left].sum()
    return int(_distances(points[left], average).argmax())


def _nearest(points: Numbers, left: Codes, seed: int, needs: Sequence[_Need]) -> Codes:
    """Return the seed, a place among those left, and its nearest points, until they suffice."""
    distances = _distances(points[left], points[left[seed]])
    distances[seed] = -1.0
    few = min(max(need.k for need in needs), len(left))
    while True:  # a few more points, where several are of one person
        bound = np.partition(distances, few - 1)[few - 1]
        nearest = np.flatnonzero(distances <= bound)
        nearest = left[nearest[np.argsort(distances[nearest], kind="stable")]]
        needed = _needed(needs, nearest)
        if needed is not None:
            return nearest[:needed]
        few = min(2 * few, len(left))


def _join_cheapest(
    points: Numbers, counts: NDArray[np.int64], groups: NDArray[np.int64], left: Codes
) -> None:
    """Put each point that is left over into the group whose squared error it raises least."""
    if not len(left):
        return
    inside = groups >= 0
    size = int(groups.max()) + 1
    weights = np.bincount(groups[inside], weights=counts[inside], minlength=size)
    sums = np.zeros((size, points.shape[1]))
    np.add.at(sums, groups[inside], points[inside] * counts[inside, None])
    for point in left:
        count = counts[point]
        share = weights * count / (weights + count)
        apart = _distances(sums / weights[:, None], points[point])
        groups[point] = into = int((apart * share).argmin())
        weights[into] += count
        sums[into] += points[point] * count


# -- what it costs -------------------------------------------------------------------------


def error_share(values: Numbers, replaced: Numbers, counts: NDArray[np.int64]) -> float:
    """Return SSE / SST: squared error of the replaced values over that of one mean for all.

    From 0 (nothing lost) to 1 (one group) for group means; 0 if all values are equal. Rows where
    either is missing are left out.

    Parameters
    ----------
    values, replaced
        (rows,) or (rows, dimensions), dimensions adding up; standardize them if they differ in
        scale.
    counts
        (rows,): records.
    """
    before = values.reshape(len(values), -1)
    after = replaced.reshape(len(values), -1)
    complete = ~(np.isnan(before) | np.isnan(after)).any(axis=1)
    before, after, weights = before[complete], after[complete], counts[complete]
    if not len(before):
        return 0.0
    total = float(weights @ _distances(before, weights @ before / weights.sum()))
    if total <= 0:
        return 0.0
    apart = before - after
    return float(weights @ np.einsum("rd,rd->r", apart, apart)) / total
