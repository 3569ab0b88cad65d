"""Missing values are one thing: what stands for none is missing, whatever a format makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.sources import OpenSource, Part
from anon_dagster.storage.values import without_values


@dataclass(frozen=True, slots=True)
class WithMissing:
    """A source in which some values stand for none."""

    source: OpenSource
    tokens: Mapping[str, frozenset[str]]
    """Of each column that has some: the texts of values that are missing ones."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return self.source.columns

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return self.source.schema

    @property
    def skipped(self) -> Mapping[str, str]:
        """The columns that are not read."""
        return self.source.skipped

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other."""
        return self.source.parts

    @property
    def files(self) -> tuple[Fingerprint, ...]:
        """The versions of the files that were found."""
        return self.source.files

    @property
    def records(self) -> int | None:
        """About how many records there are."""
        return self.source.records

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        for batch in self.source.batches(part):
            columns = [self._read(batch.column(name), name) for name in batch.schema.names]
            yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        self.source.unchanged()

    def advice(self) -> str:
        """Say what may be wrong with how it is read."""
        return self.source.advice()

    def _read(self, column: pa.Array, name: str) -> pa.Array:
        tokens = self.tokens.get(name)
        if tokens is None or pa.types.is_null(column.type):
            return column
        return without_values(column, tokens)
