"""Parquet files as the parts of a source, with the types that hold the values of all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.storage.categories import in_no_order, is_categorical, is_order_open
from anon_dagster.storage.failures import reading
from anon_dagster.storage.fingerprints import Fingerprint, require_unchanged
from anon_dagster.storage.foreign import require_parquet
from anon_dagster.storage.opened import (
    ROWS,
    MaySkip,
    Part,
    require_unique,
    type_name,
    unread_columns,
    with_unread,
)
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.partitions import Partitions, require_apart
from anon_dagster.storage.unions import cast_to, only_one_ordered, united
from anon_dagster.storage.valid_text import is_valid_text

_ROWS_PER_PART = 524_288  # of a Parquet file, unless a single row group has more
_PAGES = 1 << 20  # bytes of a column of a Parquet file that are read at once


@dataclass(frozen=True, slots=True)
class ParquetSource(Discreet, shown=("columns",)):
    """Parquet files with the same columns."""

    schema: pa.Schema
    files: tuple[Fingerprint, ...]
    parts: tuple[Part, ...]
    records: int
    folders: Partitions
    skipped: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.schema.names)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read the row groups of a part."""
        stored = [n for n in self.columns if n not in {*self.skipped, *self.folders.names}]
        named = pa.schema([self.schema.field(name) for name in stored])
        with reading(part.path), open_to_read(part.path, scattered=True) as file:
            table = _parquet(file, buffer_size=_PAGES)
            wanted = _wanted(table, stored)
            groups = list(range(part.first, part.last))
            for batch in table.iter_batches(ROWS, row_groups=groups, columns=wanted):
                _require_text(batch.select(stored), part.path)
                read = cast_to(batch.select(stored), named, part.path)
                if self.folders.names:
                    read = self.folders.extend(read, part.path)
                yield with_unread(read, self.skipped, self.schema) if self.skipped else read

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        require_unchanged(self.files)

    @property
    def has_schema(self) -> bool:
        """Yes: every file has a schema."""
        return True

    def advice(self) -> str:
        """Say nothing: a Parquet file tells by itself how it is read."""
        return ""


def open_parquet(
    marks: tuple[Fingerprint, ...], folders: Partitions, may_skip: MaySkip
) -> ParquetSource:
    """Read the schema and the sizes of the row groups of each file."""
    schema, parts, records = None, [], 0
    for mark in marks:
        own, rows = _described(mark.path)
        require_unique(own.names, mark.path)
        require_apart(own.names, folders, mark.path)
        schema = own if schema is None else _common(schema, own, marks[0].path, mark.path)
        parts += [Part(mark.path, *stretch) for stretch in _stretches(rows)]
        records += sum(rows)
    assert schema is not None, "there is at least one file"
    skipped = unread_columns(schema, marks[0].path, may_skip)
    columns = [f.with_type(pa.null()) if f.name in skipped else f for f in schema]
    whole = pa.schema([*columns, *folders.schema])
    return ParquetSource(whole, marks, tuple(parts), records, folders, skipped)


def _described(path: str) -> tuple[pa.Schema, list[int]]:
    """Return the columns of a file, and how many records each of its row groups has."""
    with reading(path), open_to_read(path, scattered=True) as file:
        require_parquet(path, file)
        table = _parquet(file)
        own = table.schema_arrow.remove_metadata()
        groups = table.metadata
        rows = [groups.row_group(g).num_rows for g in range(groups.num_row_groups)]
    fields = [pa.field(field.name, readable(field.type)) for field in own]
    return pa.schema([in_no_order(f) if _lacks_order(f, groups) else f for f in fields]), rows


def _lacks_order(field: pa.Field, groups: pq.FileMetaData) -> bool:
    """Tell whether the categories of a column have an order that the file does not hold.

    It is that of the dictionaries that values are written by. Where they are written plainly,
    categories come in the order of the first record that has each.
    """
    if not (is_categorical(field.type) and field.type.ordered):
        return False
    own = [c for c in range(groups.num_columns) if groups.schema.column(c).path == field.name]
    chunks = (groups.row_group(g).column(c) for g in range(groups.num_row_groups) for c in own)
    return any(_has_values(chunk) and not chunk.has_dictionary_page for chunk in chunks)


def _has_values(chunk: pq.ColumnChunkMetaData) -> bool:
    missing = chunk.statistics.null_count if chunk.is_stats_set else 0
    return bool(chunk.num_values > (missing or 0))


def _parquet(file: IO[bytes], *, buffer_size: int = 0) -> pq.ParquetFile:
    """Open a file; moments of 96 bits are read in microseconds, since other ones end in 2262."""
    return pq.ParquetFile(
        file, buffer_size=buffer_size, pre_buffer=False, coerce_int96_timestamp_unit="us"
    )


def _wanted(table: pq.ParquetFile, names: list[str]) -> list[str] | None:
    """Return which columns of a file to ask for; None for all, which is faster."""
    return None if set(table.schema_arrow.names) == set(names) else names


def readable(kind: pa.DataType) -> pa.DataType:
    """Return how values of a type are read: views are a layout that Arrow cannot sort or take."""
    return pa.string() if pa.types.is_string_view(kind) else kind


def _stretches(rows: list[int]) -> Iterator[tuple[int, int, int]]:
    """Join neighbouring row groups until they are worth a part, of so many records."""
    first = total = 0
    for group, count in enumerate(rows):
        if total and total + count > _ROWS_PER_PART:
            yield first, group, total
            first, total = group, 0
        total += count
    if total:
        yield first, len(rows), total


def _common(left: pa.Schema, right: pa.Schema, left_path: str, right_path: str) -> pa.Schema:
    """Return the schema of two files, with types that hold the values of both."""
    _require_same_columns(left, right, left_path, right_path)
    differing, fields = [], []
    for name in left.names:
        own, other = left.field(name).type, right.field(name).type
        kind = united(own, other)
        if kind is None:
            differing.append(f"{name} ({_both(other, own)})")
            continue
        field = pa.field(name, kind)
        is_open = is_order_open(left.field(name)) or is_order_open(right.field(name))
        fields.append(in_no_order(field) if is_open or only_one_ordered(own, other) else field)
    if differing:
        raise SourceError(f"{right_path} and {left_path} differ in {', '.join(differing)}")
    return pa.schema(fields)


def _require_same_columns(
    left: pa.Schema, right: pa.Schema, left_path: str, right_path: str
) -> None:
    """Refuse a file with other columns than another one, by how many: a name may be a cell."""
    lacking, more = set(left.names) - set(right.names), set(right.names) - set(left.names)
    if lacking or more:
        raise SourceError(
            f"{right_path} has other columns than {left_path}: {len(lacking)} are missing, "
            f"{len(more)} are new"
        )


def _both(one: pa.DataType, other: pa.DataType) -> str:
    return " and ".join(f"{type_name(kind)}{_zone(kind)}" for kind in (one, other))


def _zone(kind: pa.DataType) -> str:
    if not pa.types.is_timestamp(kind):
        return ""
    return " without a zone" if kind.tz is None else " with a zone"


def _require_text(batch: pa.RecordBatch, path: str) -> None:
    """Refuse bytes that are no UTF-8 where text should be."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not is_valid_text(column):
            raise SourceError(
                f"{path} cannot be read: column {name} has text that is not UTF-8; write it as "
                "binary, or decode it before"
            )
