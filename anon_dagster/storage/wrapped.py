"""A source around another one: whatever is not said otherwise is that of the source within."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.opened import OpenSource, Part


@dataclass(frozen=True, slots=True, eq=False)
class WrappedSource(Discreet, shown=("columns",)):
    """The source that is within, as it is."""

    source: OpenSource

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
        """The columns that are not read, each with the name of its type."""
        return self.source.skipped

    @property
    def has_schema(self) -> bool:
        """Whether the columns are named by more than a first line, which may be a record."""
        return self.source.has_schema

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
        return self.source.batches(part)

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        self.source.unchanged()

    def advice(self) -> str:
        """Say what may be wrong with how it is read."""
        return self.source.advice()
