"""Missing values are one thing: what stands for none is missing, whatever a format makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from anon_dagster.storage.opened import Part
from anon_dagster.storage.values import without_values
from anon_dagster.storage.wrapped import WrappedSource


@dataclass(frozen=True, slots=True)
class WithMissing(WrappedSource):
    """A source in which some values stand for none."""

    tokens: Mapping[str, frozenset[str]]
    """Of each column that has some: the texts of values that are missing ones."""

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        for batch in self.source.batches(part):
            columns = [self._read(batch.column(name), name) for name in batch.schema.names]
            yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _read(self, column: pa.Array, name: str) -> pa.Array:
        tokens = self.tokens.get(name)
        if tokens is None or pa.types.is_null(column.type):
            return column
        return without_values(column, tokens)
