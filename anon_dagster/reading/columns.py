"""The distinct values of a column, how often each occurs, and what they mean."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.reading.multitude import Multitude
from anon_dagster.reading.part import PartValues, in_order, join_values
from anon_dagster.storage.meaning import canonical_texts, declared_ordering, ordering_of, remarked
from anon_dagster.storage.values import Kinds, TextKind


@dataclass(frozen=True, eq=False)
class ColumnCount(Discreet, shown=("distinct", "missing")):
    """The distinct values of a column, as text, and how many records have each.

    Of an attribute of the tuples, and of any column that has not too many, they are all here; else
    :attr:`many` tells of them, and only frequent ones are here.
    """

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
    """The values in the order that the table declares, if it declares one; of an attribute."""
    declared: "Declared | None" = None
    """The order of its categories that the table declares, if it does, of any column."""
    spellings: "Spellings | None" = None
    """How the table itself writes the values, if not as they stand here."""
    many: "Many | None" = None
    """What is known of values that are too many to keep."""
    misfits: int | None = None
    """Records whose value does not fit the pattern that was asked about; None if none was."""

    @classmethod
    def of(cls, values: PartValues, decimal: str = ".") -> "ColumnCount":
        """Count the values of a column once all of its parts are joined."""
        if values.many is None:
            return column_count(values.texts, values.counts, values.kinds, decimal)
        texts, counts = values.many.frequent
        missing = int(values.counts.sum())
        if missing:
            texts = pa.concat_arrays([texts, pa.nulls(1, pa.string())])
            counts = np.append(counts, missing)
        mode = max(missing, values.many.most)
        many = Many(values.many.drawn, mode, values.many.records, values.many)
        distinct = len(values.many)
        return cls(texts, counts, values.kinds, distinct, missing, decimal, many=many)

    @property
    def labels(self) -> list[str | None]:
        """The values as Python strings, a missing value as ``None``."""
        labels: list[str | None] = self.values.to_pylist()
        return labels

    @property
    def written(self) -> "ColumnCount":
        """The column with its values as the table writes them."""
        return self if self.spellings is None else self.spellings.written

    @property
    def ordering(self) -> Ordering:
        """What the values mean, and how they follow; of many values, those that were drawn."""
        # a cached property of Python 3.11 lets one thread at a time compute it, of any column
        found: Ordering | None = self.__dict__.get("_ordering")
        if found is None:
            found = self.__dict__["_ordering"] = self._ordered()
        return found

    def take_over_ordering(self, other: "ColumnCount") -> None:
        """Find out what the values mean by another column that has the same, if it has."""
        declared = self.categories is not None or other.categories is not None
        respelled = self.spellings is not None or other.spellings is not None
        if declared or respelled or self.many is not None or other.many is not None:
            return
        alike = self.decimal == other.decimal and self.meaning is other.meaning
        if alike and self.values.equals(other.values):
            self.__dict__["_ordering"] = other.ordering

    def _ordered(self) -> Ordering:
        if self.many is not None:
            return ordering_of(self.many.drawn, decimal=self.decimal, meaning=self.meaning)
        if self.spellings is None:
            if self.categories is not None and self.meaning is None:
                declared = declared_ordering(self.values, self.categories)
                if declared is not None:
                    return declared
            if self.is_order_open and self.meaning is None:
                return ordering_of(self.values, decimal=self.decimal, meaning=Meaning.text)
            return ordering_of(self.values, decimal=self.decimal, meaning=self.meaning)
        of_written = self.spellings.written.ordering
        first = np.zeros(len(self.values), dtype=np.int64)
        first[self.spellings.values[::-1]] = np.arange(len(self.spellings.values))[::-1]
        return of_written.take(first)

    @property
    def is_order_open(self) -> bool:
        """Whether the table declares orders of the categories, but not one that fits them all."""
        return self.declared is not None and self.declared.order is None

    def merge(self, other: "ColumnCount") -> "ColumnCount":
        """Add the counts of another part of the same column."""
        other = other.marked(self.decimal)
        misfits = None
        if self.misfits is not None and other.misfits is not None:
            misfits = self.misfits + other.misfits
        if self.many is not None or other.many is not None:
            joined = join_values([_part(self), _part(other)])
            return replace(ColumnCount.of(joined, self.decimal), misfits=misfits)
        values = pa.concat_arrays([self.values, other.values])
        counts = np.concatenate([self.counts, other.counts])
        joined_kinds = self.kinds.merge(other.kinds)
        return replace(column_count(values, counts, joined_kinds, self.decimal), misfits=misfits)

    def marked(self, decimal: str) -> "ColumnCount":
        """Return the column with another decimal mark in its numbers."""
        if decimal == self.decimal:
            return self
        if self.many is not None:
            return replace(self, decimal=decimal)
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
        pointed = self.decimal == "." or self.ordering.meaning is not Meaning.number
        if texts.equals(self.values) and pointed:
            return self
        kinds = self.kinds
        if kinds.kind is TextKind.text:
            kinds = Kinds.of(texts)
        column = column_count(texts, self.counts, kinds)
        places = position_among(column.values, texts)
        odd = self.values.filter(pa.array(self.ordering.odd))
        clashes = int((ordering_of(odd, meaning=Meaning.number).ranks >= 0).sum())
        if clashes and self.decimal != ".":
            raise SourceError(
                f"{listed(clashes, 'value')} with a point among numbers whose decimal mark is "
                f"{self.decimal}: nobody can tell what they mean; write all numbers alike"
            )
        return replace(column, spellings=Spellings(self, places))

    def records_shared_with(self, other: "ColumnCount") -> int:
        """Return how many records have a value that another column has, too, by their hashes.

        It may be too many, by a chance of 2^-64 for each pair of values; of values that were
        forgotten nobody can tell.
        """
        if any(column.many is not None and column.many.hashed is None for column in (self, other)):
            return 0
        own, others = (_part(column).hashed().many for column in (self, other))
        assert own is not None, "it was hashed just now"
        assert others is not None, "it was hashed just now"
        return own.shared_with(others)

    def hide(self) -> "ColumnCount":
        """Drop the values, but keep what tells whether another table has one of them."""
        hashed = _part(self).hashed()
        assert hashed.many is not None, "it was hashed just now"
        bare = self.forget()
        records = hashed.many.records
        return replace(bare, many=Many(bare.values, 0, records, hashed.many.hide()))

    def forget(self) -> "ColumnCount":
        """Drop the values and keep how many there were."""
        nothing, none = self.values[:0], self.counts[:0]
        return replace(self, values=nothing, counts=none, spellings=None, many=None, declared=None)


@dataclass(frozen=True, slots=True, eq=False)
class Declared(Discreet):
    """What a table declares of the order of the categories of a column."""

    order: pa.StringArray | None
    """``None`` if its parts contradict each other, or leave open how two values follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Many(Discreet, shown=("records",)):
    """What is known of values that are too many to keep."""

    drawn: pa.StringArray
    """Some of them, by lot."""
    mode: int
    """How many records have the most frequent one, or none."""
    records: int
    """How many records have a value."""
    hashed: Multitude | None = None
    """All of them by their hashes, unless the count was stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Spellings(Discreet):
    """How a table writes the values of a column, equal ones in several ways."""

    written: ColumnCount
    """The column as it is written."""
    values: NDArray[np.int32]  # (written values,): the value that each stands for


def _part(column: ColumnCount) -> PartValues:
    if column.many is None:
        return PartValues(column.values, column.counts, column.kinds)
    assert column.many.hashed is not None, "counts that were stored are not merged"
    missing = pa.nulls(1 if column.missing else 0, pa.string())
    counts = np.full(len(missing), column.missing, dtype=np.int64)
    return PartValues(missing, counts, column.kinds, column.many.hashed)


def column_count(
    values: pa.StringArray, counts: NDArray[np.int64], kinds: Kinds, decimal: str = "."
) -> ColumnCount:
    """Join equal values, (values,), and add up their counts, (values,)."""
    distinct, totals, _ = in_order(values, counts)
    missing = int(totals[-1]) if distinct.null_count else 0
    present = len(distinct) - distinct.null_count
    return ColumnCount(distinct, totals, kinds, present, missing, decimal)


def position_among(among: pa.StringArray, values: pa.StringArray) -> NDArray[np.int32]:
    """Return where each value stands among others, or -1 where it does not."""
    indices = pc.index_in(values, value_set=among, skip_nulls=False)
    positions: NDArray[np.int64] = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)
    return positions.astype(np.int32)
