"""The first reading: a source becomes its frequency table and the counts of its columns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import TupleIndex
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.core.sampling import Sampling
from anon_dagster.errors import SchemaMismatchError, SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.request.suggestions import SAME, columns_meant
from anon_dagster.storage.meaning import canonical_texts, declared_ordering, ordering_of, remarked
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds, TextKind, text_array

OnRows = Callable[[int], None]
"""Told how many records were just read; may raise to stop."""


@dataclass(frozen=True, eq=False)
class ColumnCount:
    """The distinct values of a column, as text, and how many records have each."""

    values: pa.StringArray  # (values,): ascending, a missing value last
    counts: NDArray[np.int64]  # (values,), each at least 1
    kinds: Kinds
    """What the text may be read as without loss."""
    distinct: int
    """Different values, missing ones aside; kept when the values themselves are forgotten."""
    missing: int
    """Records without a value."""
    decimal: str = "."
    """The decimal mark of the numbers among the values."""
    meaning: Meaning | None = None
    """What the values are known to mean; found out if left out."""
    categories: pa.StringArray | None = None
    """The values in the order that the table declares, if it declares one."""
    spellings: "Spellings | None" = None
    """How the table itself writes the values, if not as they stand here."""

    @property
    def labels(self) -> list[str | None]:
        """The values as Python strings, a missing value as ``None``."""
        labels: list[str | None] = self.values.to_pylist()
        return labels

    @property
    def written(self) -> "ColumnCount":
        """The column with its values as the table writes them."""
        return self if self.spellings is None else self.spellings.written

    @cached_property
    def ordering(self) -> Ordering:
        """What the values mean, and how they follow."""
        if self.spellings is None:
            if self.categories is not None and self.meaning is None:
                declared = declared_ordering(self.values, self.categories)
                if declared is not None:
                    return declared
            return ordering_of(self.values, decimal=self.decimal, meaning=self.meaning)
        of_written = self.spellings.written.ordering
        first = np.zeros(len(self.values), dtype=np.int64)
        first[self.spellings.values[::-1]] = np.arange(len(self.spellings.values))[::-1]
        return of_written.take(first)

    def merge(self, other: "ColumnCount") -> "ColumnCount":
        """Add the counts of another part of the same column."""
        other = other.marked(self.decimal)
        values = pa.concat_arrays([self.values, other.values])
        counts = np.concatenate([self.counts, other.counts])
        return column_count(values, counts, self.kinds.merge(other.kinds), self.decimal)

    def marked(self, decimal: str) -> "ColumnCount":
        """Return the column with another decimal mark in its numbers."""
        if decimal == self.decimal:
            return self
        values = remarked(self.values, self.decimal, decimal)
        return column_count(values, self.counts, self.kinds, decimal)

    def understood(self) -> "ColumnCount":
        """Return the column with equal values joined: numbers written plainly, with a point.

        Raises
        ------
        SourceError
            If a value that is no number reads as another number does with a point.
        """
        texts = canonical_texts(self.values, self.ordering, decimal=self.decimal)
        if texts.equals(self.values):
            return self
        kinds = self.kinds
        if kinds.kind is TextKind.text:
            kinds = Kinds.of(texts)
        column = column_count(texts, self.counts, kinds)
        places = position_among(column.values, texts)
        confused = np.zeros(len(column.values), dtype=np.int64)
        confused[places[self.ordering.ranks >= 0]] = 1
        if clashes := int(confused[places[self.ordering.odd]].sum()):
            raise SourceError(
                f"{listed(clashes, 'value')} with a point among numbers whose decimal mark is "
                f"{self.decimal}: nobody can tell what they mean; write all numbers alike"
            )
        return replace(column, spellings=Spellings(self, places))

    def forget(self) -> "ColumnCount":
        """Drop the values and keep how many there were."""
        return replace(self, values=self.values[:0], counts=self.counts[:0], spellings=None)


@dataclass(frozen=True, slots=True, eq=False)
class Spellings:
    """How a table writes the values of a column, equal ones in several ways."""

    written: ColumnCount
    """The column as it is written."""
    values: NDArray[np.int32]  # (written values,): the value that each stands for


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """What one reading of a table tells: all that is ever needed of its records.

    Parts may be counted anywhere and merged in any order; the result is the same to the last bit.
    """

    columns: dict[str, ColumnCount]  # every column, in the order of the table
    attributes: tuple[str, ...]  # the columns of the frequency table
    table: FrequencyTable  # code v of attribute a is columns[a].values[v]
    population: "Count | None" = None
    """The people that the records were drawn from, if there is a table of them."""
    sampling: Sampling | None = None
    """How the records were drawn from those of the source, if they are a sample of them."""

    @property
    def records(self) -> int:
        """How many records were read."""
        return self.table.records

    def merge(self, other: "Count") -> "Count":
        """Add another part of the same table."""
        columns = {n: c.merge(other.columns[n]) for n, c in self.columns.items()}
        joined = {a: columns[a] for a in self.attributes}
        sizes = [len(column.values) for column in joined.values()]
        tables = [
            part.table.recode(
                [
                    position_among(
                        columns[a].values, part.columns[a].marked(columns[a].decimal).values
                    )
                    for a in self.attributes
                ],
                sizes,
            )
            for part in (self, other)
        ]
        population = self.population or other.population
        return Count(columns, self.attributes, tables[0].merge(tables[1]), population)

    def understood(self, meanings: Mapping[str, Meaning] | None = None) -> "Count":
        """Return the count with the equal values of its attributes joined: 100 and 100.0 are one.

        Parameters
        ----------
        meanings
            What the values of columns are known to mean; of others it is found out.

        Raises
        ------
        SourceError
            If nobody can tell what some values mean, naming their column.
        """
        columns, codes = dict(self.columns), []
        for name in self.attributes:
            try:
                meant = replace(self.columns[name], meaning=(meanings or {}).get(name))
                column = columns[name] = meant.understood()
            except SourceError as error:
                raise SourceError(f"{name} has {error}") from None
            respelled = column.spellings
            size = len(column.values)
            codes.append(np.arange(size, dtype=np.int32) if respelled is None else respelled.values)
        if all(columns[name].spellings is None for name in self.attributes):
            return replace(self, columns=columns)
        sizes = [len(columns[name].values) for name in self.attributes]
        return replace(self, columns=columns, table=self.table.recode(codes, sizes))

    def forget(self, names: Iterable[str]) -> "Count":
        """Drop the values of columns that are only counted, such as direct identifiers."""
        forgotten = {name: self.columns[name].forget() for name in names}
        return replace(self, columns={**self.columns, **forgotten})


def count(
    source: OpenSource,
    attributes: Iterable[str],
    *,
    decimal: str = ".",
    on_rows: OnRows = lambda _: None,
) -> Count:
    """Read a source once.

    Parameters
    ----------
    source
        The table; it is read batch by batch.
    attributes
        The columns that make up the frequency table: quasi-identifiers and sensitive ones.
    decimal
        The decimal mark of numbers that are text.
    """
    attributes = tuple(attributes)
    total = _empty(source.columns, attributes, decimal)
    orders = _DeclaredOrders(source.schema, attributes)
    for part in source.parts:
        for batch in source.batches(part):
            total = total.merge(_count_batch(batch, attributes, decimal))
            orders.add(batch)
            on_rows(batch.num_rows)
    source.unchanged()
    nothing = _empty(source.skipped, (), decimal).columns  # of what was not read nobody can tell
    return orders.of(replace(total, columns={**total.columns, **nothing}))


class _DeclaredOrders:
    """The orders that a table declares for its categories, if all parts declare the same."""

    def __init__(self, schema: pa.Schema, attributes: Iterable[str]) -> None:
        kinds = {name: schema.field(name).type for name in attributes}
        self._names = [n for n, kind in kinds.items() if getattr(kind, "ordered", False)]
        self._orders: dict[str, list[pa.StringArray]] = {name: [] for name in self._names}

    def add(self, batch: pa.RecordBatch) -> None:
        for name in self._names:
            categories = text_array(batch.column(name).dictionary)
            if not any(categories.equals(known) for known in self._orders[name]):
                self._orders[name].append(categories)

    def of(self, count: Count) -> Count:
        declared = {
            name: replace(count.columns[name], categories=orders[0])
            for name, orders in self._orders.items()
            if len(orders) == 1
        }
        return replace(count, columns={**count.columns, **declared})


def require_columns(
    present: Iterable[str], declared: Iterable[str], advice: Callable[[], str] = str
) -> None:
    """Refuse a source that has other columns than the request names.

    Parameters
    ----------
    advice
        Says what may be wrong with how the source is read.

    Raises
    ------
    SchemaMismatchError
        Naming every column that is missing on either side; but where the source has none of the
        declared columns, its first line may be a record, and is not repeated.
    """
    present, declared = list(present), list(declared)
    require_header(present, declared, "source", advice)
    problems = []
    if unnamed := [c for c in present if c not in set(declared)]:
        problems.append(
            f"the request does not name {_named(unnamed)} of the source; give each a role"
        )
    if absent := [c for c in declared if c not in set(present)]:
        problems.append(f"the source has no {_named(absent)}{columns_meant(absent, unnamed)}")
    if problems:
        raise SchemaMismatchError("; ".join(problems) + advice())


def require_header(
    present: list[str], declared: list[str], what: str, advice: Callable[[], str] = str
) -> None:
    """Refuse a table none of whose columns is declared: what is taken for names may be cells.

    Parameters
    ----------
    what
        The table is called, such as ``source``.
    advice
        Says what may be wrong with how it is read.

    Raises
    ------
    SchemaMismatchError
        Without any name that is not declared, too.
    """
    if present and declared and not set(present) & set(declared):
        raise SchemaMismatchError(
            f"none of the {len(present)} columns of the {what} is among the {len(declared)} that "
            f"the request names; {_cure(present, declared)}{advice()}"
        )


def _cure(present: list[str], declared: list[str]) -> str:
    """Say what is wrong with a header, none of whose names is one that the request names."""
    for separator in ";\t|,":
        if len(present) == 1 and len(set(present[0].split(separator)) & set(declared)) > 0:
            shown = "\\t" if separator == "\t" else separator
            return f'they stand in one: say csv: {{separator: "{shown}"}}'
    if alike := columns_meant(declared, present, alike=SAME):
        return alike.removeprefix("; ")
    return "does the file have a header, and is csv.separator right?"


def _named(names: list[str]) -> str:
    return f"column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"


def _empty(columns: Iterable[str], attributes: tuple[str, ...], decimal: str) -> Count:
    nothing = column_count(pa.array([], pa.string()), np.zeros(0, np.int64), Kinds.any(), decimal)
    table = FrequencyTable(
        np.zeros((0, len(attributes)), np.int32), np.zeros(0, np.int64), (0,) * len(attributes)
    )
    return Count(dict.fromkeys(columns, nothing), attributes, table)


def _count_batch(batch: pa.RecordBatch, attributes: tuple[str, ...], decimal: str) -> Count:
    """Count the values of each column of a batch, and the tuples of the attributes among them."""
    columns: dict[str, ColumnCount] = {}
    codes: dict[str, NDArray[np.int32]] = {}
    for name in batch.schema.names:
        values, places = encode(batch.column(name))
        counts = np.bincount(places, minlength=len(values)).astype(np.int64)
        column = column_count(values, counts, Kinds.of(values, decimal=decimal), decimal)
        columns[name] = column
        if name in attributes:
            codes[name] = position_among(column.values, values)[places]
    stacked = np.zeros((batch.num_rows, len(attributes)), dtype=np.int32)
    for a, name in enumerate(attributes):
        stacked[:, a] = codes[name]
    sizes = [len(columns[name].values) for name in attributes]
    ones = np.ones(batch.num_rows, dtype=np.int64)
    return Count(columns, attributes, FrequencyTable.of(stacked, ones, sizes))


def encode(column: pa.Array) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """Return the distinct values of a column as text, and the position of each record's among them.

    Values that read the same may stand twice.
    """
    encoded = column
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode(null_encoding="mask")
    distinct = pa.concat_arrays([text_array(encoded.dictionary), pa.nulls(1, pa.string())])
    positions = pc.fill_null(encoded.indices, len(distinct) - 1).to_numpy(zero_copy_only=False)
    return distinct, positions.astype(np.int64)


def column_count(
    values: pa.StringArray, counts: NDArray[np.int64], kinds: Kinds, decimal: str = "."
) -> ColumnCount:
    """Join equal values, (values,), and add up their counts, (values,)."""
    joined = (
        pa.table({"value": values, "count": counts}).group_by("value").aggregate([("count", "sum")])
    )
    joined = joined.filter(pc.greater(joined["count_sum"], 0))
    joined = joined.take(pc.sort_indices(joined, [("value", "ascending")]))
    distinct = joined["value"].combine_chunks()
    sums = joined["count_sum"].to_numpy().astype(np.int64)
    missing = int(sums[-1]) if distinct.null_count else 0
    different = len(distinct) - distinct.null_count
    return ColumnCount(distinct, sums, kinds, different, missing, decimal)


def position_among(among: pa.StringArray, values: pa.StringArray) -> NDArray[np.int32]:
    """Return where each value stands among others, or -1 where it does not."""
    indices = pc.index_in(values, value_set=among, skip_nulls=False)
    positions: NDArray[np.int64] = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)
    return positions.astype(np.int32)


def locate(count: Count, name: str, values: pa.StringArray) -> NDArray[np.int32]:
    """Return the code of each value in the frequency table, or -1 where it was not counted.

    Parameters
    ----------
    values
        As the table writes them.
    """
    column = count.columns[name]
    places = position_among(column.written.values, values)
    if column.spellings is None:
        return places
    return np.append(column.spellings.values, np.int32(-1))[places]


def tuples_of(count: Count, index: TupleIndex, batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Return the tuple of each record in the frequency table, or -1 where it was not counted.

    Parameters
    ----------
    index
        Of the codes of the frequency table.
    """
    codes = np.zeros((batch.num_rows, len(count.attributes)), dtype=np.int64)
    for a, name in enumerate(count.attributes):
        values, positions = encode(batch.column(name))
        codes[:, a] = locate(count, name, values)[positions]
    return index.find(codes)
