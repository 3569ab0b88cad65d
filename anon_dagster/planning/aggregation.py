"""Microaggregated quasi-identifiers: numbers, dates and values replaced by those of their group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import microaggregation as micro
from anon_dagster.core.hierarchy import Label
from anon_dagster.core.local.text import write_members, write_range
from anon_dagster.core.microaggregation import Grouping
from anon_dagster.core.solution import Generalized, Solution
from anon_dagster.errors import RequestError
from anon_dagster.planning.models import value_ranks
from anon_dagster.reading.counting import Count
from anon_dagster.request import Aggregate
from anon_dagster.storage.values import TextKind

DIGITS = 10
"""Significant digits of an aggregated number."""
_NUMBERS = frozenset({TextKind.integer, TextKind.decimal})
_NEEDED = {
    "mean": _NUMBERS | {TextKind.date, TextKind.datetime},
    "geometric_mean": _NUMBERS,
}


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation:
    """The values of one attribute, and what a group of them is replaced by."""

    column: str
    aggregate: Aggregate
    kind: TextKind
    labels: tuple[Label, ...]  # (values,): in their order; a missing value anywhere
    numbers: NDArray[np.float64]  # (values,): NaN where there is none
    codes: NDArray[np.int64]  # (tuples,): value of each tuple
    decimal: str = "."

    @classmethod
    def of(
        cls, count: Count, column: str, aggregate: Aggregate, *, decimal: str = "."
    ) -> "Aggregation":
        """Prepare the aggregation of a column of the frequency table.

        Raises
        ------
        RequestError
            If the aggregate needs numbers or dates and there are others.
        """
        readers: dict[TextKind, Callable[[str], float]] = {
            TextKind.integer: _number,
            TextKind.decimal: partial(_number, decimal=decimal),
            TextKind.date: _day,
            TextKind.datetime: _moment,
        }
        kind, labels = count.columns[column].kinds.kind, count.columns[column].labels
        needed = _NEEDED.get(aggregate, frozenset(TextKind))
        if kind not in needed:
            names = " or ".join(sorted(needed_kind.value for needed_kind in needed))
            raise RequestError(
                f"{column}: {aggregate} is of {names} values, and these are {kind.value}; "
                "use median, mode, range or set"
            )
        ranks = value_ranks(labels, kind, decimal)
        ordered = [labels[code] for code in np.argsort(ranks)]
        read = readers.get(kind, _no_number)
        numbers = np.array([np.nan if label is None else read(label) for label in ordered])
        codes = ranks[count.table.codes[:, count.attributes.index(column)]]
        return cls(column, aggregate, kind, tuple(ordered), numbers, codes, decimal)

    def of_groups(self, grouping: Grouping) -> list[Label]:
        """Return what the values of each group are replaced by, (groups,)."""
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
        return [self._written(number) for number in self._averages(grouping)]

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
        if self.kind is TextKind.date:
            return date.fromordinal(round(number)).isoformat()
        if self.kind is TextKind.datetime:
            return _moment_text(number, self.labels)
        text = format(Decimal(f"{number:.{DIGITS}g}"), "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", self.decimal)


def _no_number(_: str) -> float:
    return float("nan")


def _number(label: str, decimal: str = ".") -> float:
    return float(label.replace(decimal, "."))


def _day(label: str) -> float:
    return float(date.fromisoformat(label).toordinal())


def _moment(label: str) -> float:
    moment = datetime.fromisoformat(label)
    return (moment - _epoch(moment)).total_seconds()


def _epoch(like: datetime) -> datetime:
    return datetime(1970, 1, 1, tzinfo=like.tzinfo)


def _moment_text(seconds: float, labels: tuple[Label, ...]) -> str:
    like = datetime.fromisoformat(next(label for label in labels if label is not None))
    return (_epoch(like) + timedelta(seconds=round(seconds))).isoformat()


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
    aggregations: Sequence[Aggregation], counts: NDArray[np.int64], *, k: int
) -> tuple[Grouping, list[list[Label]]]:
    """Group near tuples by MDAV, all attributes together, and aggregate each attribute.

    Returns
    -------
    The clusters, and per attribute what the values of each cluster are replaced by.
    """
    points = np.stack([aggregation.points for aggregation in aggregations], axis=1)
    ids = micro.mdav(micro.standardized(points, counts), counts, k=k)
    grouping = Grouping(ids, counts, int(ids.max(initial=-1)) + 1)
    return grouping, [aggregation.of_groups(grouping) for aggregation in aggregations]
