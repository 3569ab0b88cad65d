"""Which values of a column the labels of a release may stand for, as anybody reads them.

Releases of other jobs, requests and tools are read: nothing is known of how their labels were made
but what they say themselves, and the rules that somebody names. A label that nobody can read in
full stands for any value: so nobody is taken for given away who is not.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label
from anon_dagster.core.local import Anything, Members, Span, read_label, read_period
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import (
    DateRule,
    FrequencyRule,
    HierarchyRule,
    MaskRule,
    OrderRule,
    TreeRule,
)
from anon_dagster.request.rules import DateLevel
from anon_dagster.storage.meaning import ordering_of

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_YEAR = re.compile(r"[0-9]{4}")
_NOWHERE = "\x00"  # label of the branch for values that a hierarchy lacks; no text of a table
_MOST = np.iinfo(np.int64).max


Read = Anything | Span | Members


def named_in(read: Read) -> Iterator[str]:
    """Give the values that a label names."""
    named = (read.low, read.high) if isinstance(read, Span) else getattr(read, "values", ())
    yield from (value for value in named if value is not None)


class Reach(Protocol):
    """Which values of people labels may stand for."""

    def covers(self, values: Ints) -> Flags:
        """Tell which labels may stand for values, (labels, values)."""
        ...


class ColumnOfPeople(Protocol):
    """What is known of a quasi-identifier of people."""

    @property
    def size(self) -> int:
        """How many different values they have."""
        ...

    def reach(self, labels: Sequence[Label]) -> Reach:
        """Return which of these labels may stand for."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ReachOfLabels(Discreet):
    """Which values of a column each label may stand for."""

    whole: Flags  # (labels,): any value
    low: Ints  # (labels,): the first place in the order of the values …
    high: Ints  # (labels,): … and the last one; before the first one, if there is none
    places: Ints  # (values,): of each value, -1 if it has none
    labels: Ints  # (pairs,): a label, and …
    values: Ints  # (pairs,): … a value that it stands for

    def covers(self, values: Ints) -> Flags:
        """Tell which labels may stand for values, (labels, values)."""
        places = self.places[values]
        covered: Flags = self.whole[:, None] | (
            (places >= 0) & (self.low[:, None] <= places) & (places <= self.high[:, None])
        )
        asked = np.full(len(self.places), -1, dtype=np.int64)
        distinct, at = np.unique(values, return_inverse=True)
        asked[distinct] = np.arange(len(distinct))
        named = np.zeros((len(self.whole), len(distinct)), dtype=np.bool_)
        there = asked[self.values] >= 0
        named[self.labels[there], asked[self.values[there]]] = True
        return covered | named[:, at.reshape(-1)]


@dataclass(frozen=True, slots=True, eq=False)
class Column(Discreet):
    """The values of a column, and what is known of how they are generalized."""

    values: tuple[Label, ...]
    ordering: Ordering
    rules: tuple[HierarchyRule, ...] = ()
    averaged: bool = False
    """Whether averages stand in the place of values: then every label stands for any value."""

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def reach(self, labels: Sequence[Label]) -> ReachOfLabels:
        """Return which values labels may stand for."""
        reads = [read_label(label) for label in labels]
        places, ranks = self._places(reads)
        whole = [
            self.averaged or isinstance(read, Anything) or label in self._rests
            for label, read in zip(labels, reads, strict=True)
        ]
        spans = [_span(read, ranks) for read in reads]
        low = [0 if span is None else span[0] for span in spans]
        high = [-1 if span is None else span[1] for span in spans]
        unread = [isinstance(r, Span) and s is None for r, s in zip(reads, spans, strict=True)]
        pairs = sorted({*self._named(reads), *self._generalized(labels)})
        numbers = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return ReachOfLabels(
            np.array(whole, dtype=np.bool_) | np.array(unread, dtype=np.bool_),
            np.array(low, dtype=np.int64),
            np.array(high, dtype=np.int64),
            places,
            *numbers.T,
        )

    @property
    def _rests(self) -> set[Label]:
        """The labels of values that have no other: which these were, no reader can tell."""
        rests = {rule.rest for rule in self.rules if isinstance(rule, FrequencyRule)}
        return (rests | {rule.other for rule in self.rules}) - {None}

    def _places(self, reads: Iterable[Read]) -> tuple[Ints, Mapping[str, int]]:
        """Return the places of values, (values,), and of all texts, in one order."""
        ranks = self._ranks({name for read in reads for name in named_in(read)})
        places = [-1 if value is None else ranks.get(value, -1) for value in self.values]
        return np.array(places, dtype=np.int64), ranks

    def _ranks(self, named: Collection[str]) -> Mapping[str, int]:
        """Return the place of each value, and of what labels name, where that has one."""
        own = [(n, value) for n, value in enumerate(self.values) if value is not None]
        for rule in self.rules:
            if isinstance(rule, OrderRule) and rule.order is not None:
                return dict(zip(rule.order, range(len(rule.order)), strict=True))
        if self.ordering.meaning is Meaning.category:  # nobody can tell the place of others
            return {value: int(self.ordering.ranks[n]) for n, value in own}
        texts = sorted({*named, *(value for _, value in own)})
        meaning = self.ordering.meaning
        known = None if meaning is Meaning.boolean else meaning
        found = ordering_of(pa.array(texts, pa.string()), meaning=known)
        return dict(zip(texts, found.ranks.tolist(), strict=True))

    def _named(self, reads: Sequence[Read]) -> Iterator[tuple[int, int]]:
        """Give the labels that name values, and these."""
        at = {value: n for n, value in enumerate(self.values)}
        for label, read in enumerate(reads):
            if isinstance(read, Members):
                yield from ((label, at[value]) for value in read.values if value in at)

    def _generalized(self, labels: Sequence[Label]) -> Iterator[tuple[int, int]]:
        """Give the labels that values have on some level of their hierarchies, and these."""
        at = {label: n for n, label in enumerate(labels) if label != SUPPRESSED}
        for hierarchy in self._hierarchies(at):
            leaves = hierarchy.locate(self.values)
            for row, nodes in zip(hierarchy.codes[1:-1], hierarchy.labels[1:-1], strict=True):
                asked = np.array([at.get(node, -1) for node in nodes], dtype=np.int64)[row[leaves]]
                held = np.flatnonzero(asked >= 0)
                yield from zip(asked[held].tolist(), held.tolist(), strict=True)

    def _hierarchies(self, labels: Iterable[Label]) -> Iterator[Hierarchy]:
        rules = [*self.rules]
        if self.ordering.meaning in {Meaning.date, Meaning.moment}:
            rules.append(DateRule(levels=get_args(DateLevel)))
        if any(label is not None and "*" in label for label in labels):
            rules += [MaskRule(side="right"), MaskRule(side="left")]
        ones = np.ones(len(self.values), dtype=np.int64)
        for rule in rules:
            branch = rule.other or _NOWHERE
            lacking = rule.model_copy(update={"other": branch})
            try:
                yield build_hierarchy(lacking, "", self.values, ones, ordering=self.ordering)
            except HierarchyError:  # it was made for other values
                continue


@dataclass(frozen=True, slots=True, eq=False)
class ColumnOfLabels(Discreet):
    """A column of people of whom nothing is known but how they are released.

    Labels have something in common if there is a value, among those that labels name, which each
    of them may stand for.
    """

    labels: tuple[Label, ...]
    points: Column

    @property
    def size(self) -> int:
        """How many different labels there are."""
        return len(self.labels)

    def reach(self, labels: Sequence[Label]) -> "Overlap":
        """Return which labels may stand for the same as those of the people."""
        points = np.arange(self.points.size)
        of_others, own = (
            self.points.reach(each).covers(points).astype(np.float32)
            for each in (labels, self.labels)
        )
        return Overlap(of_others @ own.T > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Overlap(Discreet):
    """Which labels have something in common."""

    common: Flags  # (labels, labels of people)

    def covers(self, values: Ints) -> Flags:
        """Tell which labels have something in common with those of people, (labels, people)."""
        return self.common[:, values]


def points_of(labels: Iterable[Label], rules: Sequence[HierarchyRule] = ()) -> Column:
    """Return values such that labels that have something in common stand for one of them."""
    labels = [*labels]
    dated = any(map(_is_dated, labels))
    points: set[Label] = {None}
    for label in labels:
        points.update(_points(label, dated=dated))
    for rule in rules:
        if isinstance(rule, TreeRule):
            points.update(rule.leaves)
        if isinstance(rule, OrderRule):
            points.update(rule.order or ())
    values = sorted(points, key=lambda value: (value is None, value or ""))
    ordering = ordering_of(pa.array(values, pa.string()))
    return Column(tuple(values), ordering, tuple(rules))


def _points(label: Label, *, dated: bool) -> Iterator[Label]:
    """Give values that a label stands for, and others do that overlap with it."""
    period = read_period(label) if dated and label is not None else None
    if period is not None:
        yield period[0].isoformat()
        return
    read = read_label(label)
    if isinstance(read, Span) and (read.low is None or not read.with_high):
        yield read.low or _below(str(read.high))
    elif isinstance(read, Members):
        yield from read.values
    else:
        yield from named_in(read)
    if label is not None and label != SUPPRESSED and "*" in label:
        yield label.replace("*", "0")  # some text that is masked so


def _is_dated(label: Label) -> bool:
    """Tell whether a label is a calendar period; a year by itself may be any number."""
    return label is not None and read_period(label) is not None and not _YEAR.fullmatch(label)


def _below(text: str) -> Label:
    """Return a number below another one, itself if it is none."""
    try:
        return str(Decimal(text) - 1)
    except InvalidOperation:
        return text


def _span(read: Read, ranks: Mapping[str, int]) -> tuple[int, int] | None:
    """Return the first and the last place that a label stands for; None if they are not told."""
    if isinstance(read, Span):
        low = 0 if read.low is None else ranks.get(read.low, -1)
        high = _MOST if read.high is None else ranks.get(read.high, -1)
        return None if min(low, high) < 0 else (low, high - (not read.with_high))
    values = [ranks.get(v, -1) for v in getattr(read, "values", ()) if v is not None]
    return (values[0], values[0]) if len(values) == 1 and values[0] >= 0 else None
