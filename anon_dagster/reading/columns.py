"""The distinct values of a column, how often each occurs, and what they mean."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.errors import SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.storage.meaning import canonical_texts, declared_ordering, ordering_of, remarked
from anon_dagster.storage.values import Kinds, TextKind


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

    def forget(self) -> "ColumnCount":
        """Drop the values and keep how many there were."""
        return replace(self, values=self.values[:0], counts=self.counts[:0], spellings=None)


@dataclass(frozen=True, slots=True, eq=False)
class Spellings:
    """How a table writes the values of a column, equal ones in several ways."""

    written: ColumnCount
    """The column as it is written."""
    values: NDArray[np.int32]  # (written values,): the value that each stands for


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
