"""Records in memory as a source: they are one part."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.opened import ROWS, Part


@dataclass(frozen=True, slots=True, eq=False)
class TableSource(Discreet, shown=("columns",)):
    """Records that are in memory."""

    table: pa.Table
    records: int
    """How many there are; a table without columns does not tell."""
    skipped: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table) -> "TableSource":
        """Return the records of a table."""
        return cls(table, table.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.table.column_names)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return self.table.schema

    @property
    def parts(self) -> tuple[Part, ...]:
        """All records are one part."""
        return (Part("", 0, self.records, self.records),) if self.records else ()

    @property
    def files(self) -> tuple[Fingerprint, ...]:
        """There are none."""
        return ()

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Hand out the records."""
        stretch = self.table.slice(part.first, part.last - part.first)
        yield from stretch.to_batches(max_chunksize=ROWS)

    def unchanged(self) -> None:
        """Do nothing: the records were taken over when they were opened."""

    @property
    def has_schema(self) -> bool:
        """Their names are told by more than a first line."""
        return True

    def advice(self) -> str:
        """Say nothing: somebody else read them."""
        return ""
