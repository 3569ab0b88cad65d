"""Columns made of two dates before anything else is done with a table: an age, a length of stay.

So the date of birth can go, and the age at each visit be generalized as any other number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.errors import SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.request import DeriveRule, Policy
from anon_dagster.storage.dates import days_of
from anon_dagster.storage.opened import OpenSource, Part
from anon_dagster.storage.wrapped import WrappedSource

_Ints = NDArray[np.int64]
_WEEK = 7
_YEAR = 12  # months
_STRANGERS = 2  # one in so many values that are no dates are no few odd ones


@dataclass(frozen=True, slots=True, eq=False)
class WithDerived(WrappedSource):
    """A source with columns that are made of its dates."""

    rules: Mapping[str, DeriveRule]
    """By the names of the columns."""
    as_text: bool = False
    """Whether the numbers are written as text, as every column of a CSV file is."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order; derived ones come last."""
        return (*self.source.columns, *self.rules)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        schema = self.source.schema
        for name in self.rules:
            schema = schema.append(pa.field(name, pa.string() if self.as_text else pa.int64()))
        return schema

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        schema = self.schema
        for batch in self.source.batches(part):
            made = [self._derived(batch, rule) for rule in self.rules.values()]
            yield pa.RecordBatch.from_arrays([*batch.columns, *made], schema=schema)

    def _derived(self, batch: pa.RecordBatch, rule: DeriveRule) -> pa.Array:
        begin, begins = days_of(batch.column(rule.begin), rule.from_format)
        end, ends = days_of(batch.column(rule.at), rule.at_format)
        between = pa.array(completed(begin, end, rule.unit), mask=~(begins & ends))
        return between.cast(pa.string()) if self.as_text else between


def completed(begin: _Ints, end: _Ints, unit: str) -> _Ints:
    """Return how many units of time are completed between two days, (records,) each.

    A year or month is completed on the same day of the month, or on the first day of the next one
    where that month is too short: who is born on 29 February is a year older on 1 March. Before its
    beginning a time is negative, from -1 on.

    Parameters
    ----------
    begin, end
        Days since 1970, (records,).
    unit
        ``days``, ``weeks``, ``months`` or ``years``.
    """
    if unit == "days":
        return end - begin
    if unit == "weeks":
        return (end - begin) // _WEEK
    (first, first_day), (last, last_day) = _month_and_day(begin), _month_and_day(end)
    months: _Ints = last - first - (last_day < first_day)
    return months if unit == "months" else months // _YEAR


def _month_and_day(days: _Ints) -> tuple[_Ints, _Ints]:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64)


def with_derived(source: OpenSource, policy: Policy, *, as_text: bool = False) -> OpenSource:
    """Return a source with the columns that a policy derives, if it does.

    Raises
    ------
    SourceError
        If the source has a column of such a name.
    """
    if not policy.derive:
        return source
    if taken := [name for name in policy.derive if name in source.columns]:
        raise SourceError(
            f"policy.derive adds {', '.join(taken)}, and the source has a column of that name "
            "already: derive it by another name"
        )
    return WithDerived(source, policy.derive, as_text)


# -- what is no date -----------------------------------------------------------------------


def require_dates(source: OpenSource) -> None:
    """Refuse to derive a column of values that are no dates, unless they are a few.

    The source is read for it.

    Raises
    ------
    SourceError
        Naming each such column, and how many values are no dates.
    """
    if not isinstance(source, WithDerived):
        return
    wanted = _wanted(source.rules)
    strangers, present = np.zeros((2, len(wanted)), dtype=np.int64)
    for here, there in scan(source.source, _Strangers(wanted), Scan("dates")):
        strangers, present = strangers + here, present + there
    problems = [
        f"{name}: {listed(int(odd), 'value')} of {int(all_of):,} are no dates "
        f"({'as ISO 8601 writes them' if written is None else f'written {written}'})"
        for (name, written), odd, all_of in zip(wanted, strangers, present, strict=True)
        if odd * _STRANGERS > all_of
    ]
    if problems:
        raise SourceError(
            f"policy.derive needs dates; {'; '.join(problems)}: say from_format or at_format, such "
            'as "%d.%m.%Y"'
        )


def _wanted(rules: Mapping[str, DeriveRule]) -> tuple[tuple[str, str | None], ...]:
    """Return each column that is read as dates, and how they are written."""
    pairs = [((r.begin, r.from_format), (r.at, r.at_format)) for r in rules.values()]
    return tuple(dict.fromkeys(each for pair in pairs for each in pair))


@dataclass(frozen=True, slots=True)
class _Strangers:
    """Counts the values of columns that are no dates, and all that are present."""

    wanted: tuple[tuple[str, str | None], ...]

    def __call__(self, piece: Piece) -> tuple[_Ints, _Ints]:
        strangers = np.zeros(len(self.wanted), dtype=np.int64)
        present = np.zeros(len(self.wanted), dtype=np.int64)
        for place, (name, written) in enumerate(self.wanted):
            column = piece.table[name]
            present[place] = len(column) - column.null_count
            dates = sum(int(days_of(chunk, written)[1].sum()) for chunk in column.chunks)
            strangers[place] = present[place] - dates
        return strangers, present
