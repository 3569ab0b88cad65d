"""Microaggregated quasi-identifiers: numbers, dates and values replaced by those of their group."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import microaggregation as micro
from anon_dagster.core.hierarchy import Label
from anon_dagster.core.local.text import write_members, write_range
from anon_dagster.core.microaggregation import Grouping
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.core.persons import ByOwner, Persons
from anon_dagster.core.solution import Generalized, Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError, counted
from anon_dagster.reading.counting import Count
from anon_dagster.request import Aggregate

DIGITS = 10
"""Significant digits of an aggregated number."""
_NEEDED = {
    "mean": {Meaning.number, Meaning.date, Meaning.moment},
    "geometric_mean": {Meaning.number},
}
ALONG_THE_ORDER = frozenset({"mean", "geometric_mean", "median", "range"})
"""What follows the order of values."""
_EPOCH = date(1970, 1, 1).toordinal()
_ZONE = re.compile(r"[T ][0-9:.]+(?:Z|([+-][0-9]{2}):?([0-9]{2}))$")


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation(Discreet, shown=("column",)):
    """The values of one attribute, and what a group of them is replaced by."""

    column: str
    aggregate: Aggregate
    meaning: Meaning
    labels: tuple[Label, ...]  # (values,): in their order; odd values and a missing one last
    numbers: NDArray[np.float64]  # (values,): NaN where there is none
    codes: NDArray[np.int64]  # (tuples,): value of each tuple
    fewest: int = 2
    """Of fewer records that have a value nothing is published: it would be that of a person."""
    owners: ByOwner[Persons] = field(default_factory=ByOwner)
    """Whose the tuples are: where persons are counted, so many of these must have a value …"""
    fewest_households: int = 1
    """… and of so many households, where these are counted."""

    @classmethod
    def of(
        cls,
        count: Count,
        column: str,
        aggregate: Aggregate,
        *,
        fewest: int = 2,
        fewest_households: int = 1,
    ) -> "Aggregation":
        """Prepare the aggregation of a column of the frequency table.

        Parameters
        ----------
        fewest, fewest_households
            Of how many records, or persons, and of how many households a value is published.

        Raises
        ------
        RequestError
            If the aggregate needs numbers or dates, or an order, and there are other values.
        """
        values = count.columns[column]
        ordering, labels = values.ordering, values.labels
        _require_fit(column, aggregate, ordering)
        last = np.where(ordering.ranks < 0, len(labels), ordering.ranks)
        last[[label is None for label in labels]] = len(labels) + 1
        order = np.argsort(last, kind="stable")
        positions = np.empty(len(order), dtype=np.int64)
        positions[order] = np.arange(len(order))
        return cls(
            column,
            aggregate,
            ordering.meaning,
            tuple(labels[value] for value in order),
            ordering.numbers[order],
            positions[count.table.codes[:, count.attributes.index(column)]],
            fewest,
            owners_of(count),
            fewest_households,
        )

    def of_groups(self, grouping: Grouping) -> list[Label]:
        """Return what the values of each group are replaced by, (groups,).

        Nothing where fewer than :attr:`fewest` records, or persons, or fewer than
        :attr:`fewest_households` have a value.
        """
        enough = self._enough(grouping)
        replaced = self._of_any_groups(grouping)
        return [label if many else None for label, many in zip(replaced, enough, strict=True)]

    def _enough(self, grouping: Grouping) -> NDArray[np.bool_]:
        """Tell of which groups, (groups,), enough records, persons or households have a value."""
        missing = np.array([label is None for label in self.labels], dtype=np.bool_)
        has_value = (grouping.groups >= 0) & ~missing[self.codes]
        where = np.where(has_value, grouping.groups, grouping.size)
        present = self.owners.map(lambda owner: owner.count(where, grouping.size + 1)[:-1])
        if present.persons is not None:
            enough = present.persons >= self.fewest
        else:
            records = np.zeros(grouping.size + 1, dtype=np.int64)
            np.add.at(records, where, grouping.counts)
            enough = records[:-1] >= self.fewest
        if present.households is not None:
            enough &= present.households >= self.fewest_households
        return enough

    def _of_any_groups(self, grouping: Grouping) -> list[Label]:
        missing = np.array([label is None for label in self.labels], dtype=np.bool_)
        codes = np.where(missing[self.codes], -1, self.codes) if len(missing) else self.codes
        if self.aggregate == "range":
            return [self._range(*ends) for ends in zip(*micro.ranges(codes, grouping), strict=True)]
        if self.aggregate == "set":
            return [self._set(held) for held in micro.sets(codes, grouping)]
        if self.aggregate == "mode":
            return [self._label(code) for code in micro.modes(codes, grouping)]
        if self.aggregate == "median" and np.isnan(self.numbers).all():
            return [self._label(code) for code in micro.middle_codes(codes, grouping)]
        ends = zip(*micro.ranges(codes, grouping), strict=True)
        averages = zip(self._averages(grouping).tolist(), ends, strict=True)
        return [self._between(number, low, high) for number, (low, high) in averages]

    def _between(self, number: float, low: int, high: int) -> Label:
        """Write an average; where its rounding leaves the group's values, the nearest of these."""
        if np.isnan(number) or low == high:
            return None if np.isnan(number) else self._label(low)
        shown = self._rounded(number)
        if shown <= self.numbers[low] or shown >= self.numbers[high]:
            return self._label(low if shown <= self.numbers[low] else high)
        return self._written(number)

    def _rounded(self, number: float) -> float:
        """Return an average as it is written."""
        if self.meaning is Meaning.number:
            return float(f"{number:.{DIGITS}g}")
        start = _EPOCH if self.meaning is Meaning.date else 0
        return float(round(number + start) - start)

    def error(self, grouping: Grouping) -> float:
        """Return SSE / SST of the groups' averages, 0 (nothing lost) to 1; NaN without numbers.

        Of ranges, sets and modes it is the error of the means. See
        :func:`anon_dagster.core.microaggregation.error_share`.
        """
        inside = grouping.groups >= 0
        values = self.numbers[self.codes]
        if np.isnan(values).all():
            return float("nan")
        replaced = self._averages(grouping)[grouping.groups[inside]]
        return micro.error_share(values[inside], replaced, grouping.counts[inside])

    @property
    def points(self) -> NDArray[np.float64]:
        """The place of each tuple on a line, (tuples,): its number, or its rank among the values.

        NaN for a missing value.
        """
        missing = np.array([label is None for label in self.labels], dtype=np.bool_)
        line = self.numbers
        if np.isnan(line).all():
            line = np.where(missing, np.nan, np.arange(len(missing)))
        return line[self.codes]

    def _averages(self, grouping: Grouping) -> NDArray[np.float64]:
        values = self.numbers[self.codes]
        if self.aggregate == "geometric_mean":
            return micro.geometric_means(values, grouping)
        return (micro.medians if self.aggregate == "median" else micro.means)(values, grouping)

    def _label(self, code: int) -> Label:
        return None if code < 0 else self.labels[code]

    def _range(self, low: int, high: int) -> Label:
        ends = self._label(low), self._label(high)
        if ends[0] is None or ends[1] is None:
            return None
        return ends[0] if low == high else write_range(ends[0], ends[1])

    def _set(self, held: NDArray[np.int64]) -> Label:
        if len(held) == 0:
            return None
        return (
            self.labels[held[0]]
            if len(held) == 1
            else write_members([self.labels[code] for code in held])
        )

    def _written(self, number: float) -> Label:
        if np.isnan(number):
            return None
        if self.meaning is Meaning.date:
            return date.fromordinal(round(number + _EPOCH)).isoformat()
        if self.meaning is Meaning.moment:
            return _moment_text(number, self.labels)
        text = format(Decimal(f"{number:.{DIGITS}g}"), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text


def owners_of(count: Count) -> ByOwner[Persons]:
    """Return which persons, and households, have which tuple of a count, where these count."""
    held, tuples = ByOwner(count.persons, count.households), len(count.table)
    return held.map(lambda owner: Persons.of(owner.tuples, owner.owners, tuples))


def _require_fit(column: str, aggregate: Aggregate, ordering: Ordering) -> None:
    needed = _NEEDED.get(aggregate, set(Meaning))
    if ordering.meaning not in needed:
        names = " or ".join(sorted(f"{meaning.value}s" for meaning in needed))
        raise RequestError(
            f"{column}: {aggregate} is of {names}, and these are {ordering.meaning.value}s; "
            "use median, mode, range or set"
        )
    odd = int(ordering.odd.sum())
    if odd and aggregate in ALONG_THE_ORDER:
        raise RequestError(
            f"{column}: {aggregate} is of {ordering.meaning.value}s, and {counted(odd, 'value')} "
            f"of the column {'is' if odd == 1 else 'are'} none; name what stands for a missing "
            f"value in policy.attributes.{column}.missing, or use mode or set"
        )


def _moment_text(seconds: float, labels: tuple[Label, ...]) -> str:
    """Write a moment as the others are: without an offset, with theirs, or by UTC."""
    zones = {zone for label in labels if label and (zone := _ZONE.search(label))}
    offsets = {(zone[1] or "+00", zone[2] or "00") for zone in zones}
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(seconds))
    if not offsets:
        return moment.replace(tzinfo=None).isoformat()
    hours, minutes = offsets.pop() if len(offsets) == 1 else ("+00", "00")
    offset = timedelta(hours=int(hours), minutes=int(f"{hours[0]}{minutes}"))
    return moment.astimezone(timezone(offset)).isoformat()


# -- within equivalence classes ------------------------------------------------------------


def within_classes(
    solution: Solution, aggregations: Mapping[int, Aggregation], counts: NDArray[np.int64]
) -> Solution:
    """Replace the values of aggregated quasi-identifiers by those of their equivalence classes.

    Parameters
    ----------
    aggregations
        By the position of the quasi-identifier, which the solution has at ``*`` everywhere.
    counts
        (tuples,)
    """
    if not aggregations:
        return solution
    size = max((len(generalized.codes) for generalized in solution.generalized), default=0)
    grouping = Grouping(solution.classes, counts, size)
    replaced = tuple(
        _aggregated(aggregations[q], grouping) if q in aggregations else generalized
        for q, generalized in enumerate(solution.generalized)
    )
    return replace(solution, generalized=replaced)


def _aggregated(aggregation: Aggregation, grouping: Grouping) -> Generalized:
    """Describe the aggregates; each stands for as many values as its class holds."""
    of_group = aggregation.of_groups(grouping)
    held = micro.sets(aggregation.codes, grouping)
    leaves = max(len(aggregation.labels), 1)
    covered = np.array([max(len(values), 1) for values in held], dtype=np.int64)
    return Generalized(
        np.arange(grouping.size, dtype=np.int32),
        tuple(of_group),
        covered,
        (covered - 1) / max(leaves - 1, 1),
        leaves,
    )


# -- by clusters ---------------------------------------------------------------------------


def by_clusters(
    aggregations: Sequence[Aggregation],
    counts: NDArray[np.int64],
    *,
    k: int,
    owners: ByOwner[Persons] = micro.NOBODY,
    households: int = 1,
) -> tuple[Grouping, list[list[Label]]]:
    """Group near tuples by MDAV, all attributes together, and aggregate each attribute.

    Parameters
    ----------
    k, owners, households
        See :func:`anon_dagster.core.microaggregation.mdav`.

    Returns
    -------
    The clusters, and per attribute what the values of each cluster are replaced by.
    """
    points = np.stack([aggregation.points for aggregation in aggregations], axis=1)
    scaled = micro.standardized(points, counts)
    ids = micro.mdav(scaled, counts, k=k, owners=owners, households=households)
    grouping = Grouping(ids, counts, int(ids.max(initial=-1)) + 1)
    return grouping, [aggregation.of_groups(grouping) for aggregation in aggregations]
