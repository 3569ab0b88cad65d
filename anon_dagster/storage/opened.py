"""What an open table is, whatever it lies in: parts that are read batch by batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.values import supported

ROWS = 131_072
"""Records in a batch at most."""

MaySkip = Callable[[str], bool]
"""Tells whether a column need not be read, since nothing of it is released."""


def never(_: str) -> bool:
    """Let no column go unread."""
    return False


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a source: a file, or a stretch of it."""

    path: str
    """Empty for records that were handed over."""
    first: int = 0
    """The first byte of a CSV file, row group of a Parquet file, record of a DataFrame."""
    last: int = 0
    """One past the last; 0 for all of a CSV file."""
    records: int | None = None
    """How many there are, where that is known without reading them."""


class OpenSource(Protocol):
    """A table whose columns are known and whose files are those that were found at first."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns; text for all columns of a CSV file."""

    @property
    def skipped(self) -> Mapping[str, str]:
        """The columns that are not read, each with the name of its type; they have no values."""

    @property
    def has_schema(self) -> bool:
        """Whether the columns are named by more than a first line, which may be a record."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other; in the order of the records."""

    @property
    def files(self) -> tuple[Fingerprint, ...]:
        """The versions of the files that were found; none of records that were handed over."""

    @property
    def records(self) -> int | None:
        """About how many records there are, to tell how far a reading is; None if nobody knows."""

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part; a batch has at most ``ROWS`` records."""

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""

    def advice(self) -> str:
        """Say what may be wrong with how it is read, if it has other columns than expected."""


def sliced(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch that has more than ``ROWS`` records."""
    for first in range(0, batch.num_rows, ROWS):
        yield batch.slice(first, ROWS)


def require_unique(names: list[str], where: str) -> list[str]:
    """Return the names of columns, each of which must be one of its own.

    Raises
    ------
    SourceError
        If a name is empty or stands twice; by position, because it may be a cell.
    """
    if "" in names:
        raise SourceError(f"column {names.index('') + 1} of {where} has no name")
    if len(set(names)) < len(names):
        second = next(place for place, name in enumerate(names) if name in names[:place])
        first = names.index(names[second])
        raise SourceError(f"columns {first + 1} and {second + 1} of {where} have the same name")
    return names


def unread_columns(schema: pa.Schema, where: str, may_skip: MaySkip) -> dict[str, str]:
    """Return the columns whose values have no text, and the names of their types.

    Raises
    ------
    SourceError
        If one of them may not be skipped.
    """
    foreign = {f.name: type_name(f.type) for f in schema if not supported(f.type)}
    require_skippable(foreign, where, may_skip)
    return foreign


def require_skippable(foreign: Mapping[str, str], where: str, may_skip: MaySkip) -> None:
    """Refuse a column that has no single values, unless nothing of it is released.

    Raises
    ------
    SourceError
        Naming each of them and its type.
    """
    if kept := [f"{name} ({kind})" for name, kind in foreign.items() if not may_skip(name)]:
        raise SourceError(
            f"{where} has columns of types that are no single values: {', '.join(kept)}; "
            "convert them, or let them be dropped as direct identifiers"
        )


def type_name(kind: pa.DataType) -> str:
    """Name a type without the names within it: those of a struct may be the keys of a cell."""
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return str(kind.extension_name).rpartition(".")[2]
    return str(kind).partition("<")[0]


def with_unread(batch: pa.RecordBatch, names: Iterable[str], schema: pa.Schema) -> pa.RecordBatch:
    """Give a batch the columns that were not read, without any value."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns |= {name: pa.nulls(batch.num_rows) for name in names}
    return pa.RecordBatch.from_arrays([columns[n] for n in schema.names], schema=schema)
