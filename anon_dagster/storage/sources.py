"""Sources: tables that are read part by part, batch by batch, as often as need be.

A CSV file is one part, read as a stream, every column as the text that stands there. A Parquet
file has a part for every few row groups and keeps its types. A DataFrame is a part.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.errors import RequestError, SourceError
from anon_dagster.request import CsvOptions, Source, format_of
from anon_dagster.storage import csv_reading
from anon_dagster.storage.failures import reading
from anon_dagster.storage.fingerprints import Fingerprint, fingerprint, require_unchanged
from anon_dagster.storage.listing import resolve
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.values import supported, without_values

ROWS = 131_072
"""Records in a batch at most."""
_ROWS_PER_PART = 524_288  # of a Parquet file, unless a single row group has more
_EMPTY = frozenset({""})
_PAGES = 1 << 20  # bytes of a column of a Parquet file that are read at once


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a source: a file, or a stretch of it."""

    path: str
    """Empty for records that were handed over."""
    first: int = 0
    """The first row group of a Parquet file, the first record of a DataFrame."""
    last: int = 0
    """One past the last."""


class OpenSource(Protocol):
    """A table whose columns are known and whose files are those that were found at first."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns; text for all columns of a CSV file."""

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


def open_source(source: Source) -> OpenSource:
    """Find the files of a source and read what columns they have.

    Raises
    ------
    SourceError
        If there are no files, they cannot be read, or their columns differ.
    """
    files = resolve(source.path)
    marks = tuple(fingerprint(file) for file in files)
    match source.format or format_of(files[0]):
        case "csv":
            return _open_csv(marks, source.csv)
        case "parquet":
            return _open_parquet(marks)
    raise SourceError(f"the format of {files[0]} is not told by its ending: say csv or parquet")


def open_frame(frame: pd.DataFrame) -> OpenSource:
    """Take over the records of a DataFrame; its index plays no part, and it is not changed.

    Raises
    ------
    RequestError
        If it is no DataFrame.
    SourceError
        If a column holds values of several types or of one that has no text.
    """
    require_frame(frame)
    frame = frame.copy(deep=False)
    names = _unique([_label(label) for label in frame.columns], "the DataFrame")
    arrays = [_array(frame.iloc[:, index], name) for index, name in enumerate(names)]
    schema = pa.schema([(n, a.type) for n, a in zip(names, arrays, strict=True)])
    _require_supported(schema, "the DataFrame")
    return FrameSource(pa.table(arrays, schema=schema), frame)


def require_frame(frame: object) -> None:
    """Raise a RequestError if what was handed over is no DataFrame."""
    if not isinstance(frame, pd.DataFrame):
        raise RequestError(f"frame must be a pandas DataFrame, not {type(frame).__name__}")


# -- CSV -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CsvSource:
    """CSV files with the same columns."""

    columns: tuple[str, ...]
    files: tuple[Fingerprint, ...]
    options: CsvOptions
    orders: tuple[tuple[str, ...], ...]
    """The columns of each file, which may come in another order."""

    @property
    def schema(self) -> pa.Schema:
        """All columns are text."""
        return pa.schema([(name, pa.string()) for name in self.columns])

    @property
    def parts(self) -> tuple[Part, ...]:
        """A part for each file."""
        return tuple(Part(mark.path) for mark in self.files)

    @property
    def records(self) -> int | None:
        """A guess from the lines at the beginning."""
        length = csv_reading.line_length(self.files[0].path)
        return None if length is None else int(sum(mark.size for mark in self.files) / length)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a file as a stream."""
        index = [mark.path for mark in self.files].index(part.path)
        for batch in csv_reading.read(part.path, self.orders[index], self.options):
            yield from _sliced(self._read(batch))

    def _read(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Put the columns in their order; empty texts in quotes are missing, unless kept apart."""
        columns = [batch.column(name) for name in self.columns]
        if self.options.empty_is_missing:
            columns = [without_values(column, _EMPTY) for column in columns]
        return pa.RecordBatch.from_arrays(columns, names=list(self.columns))

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        require_unchanged(self.files)


def _open_csv(marks: tuple[Fingerprint, ...], options: CsvOptions) -> CsvSource:
    """Read the header of each file; files that are empty are left out."""
    csv_reading.require_readable(options)
    headers = {mark: csv_reading.columns(mark.path, options) for mark in marks}
    marks = tuple(mark for mark in marks if headers[mark])
    if not marks:
        raise SourceError("the source is empty: there is not even a header")
    orders = tuple(headers[mark] for mark in marks)
    for mark, order in zip(marks, orders, strict=True):
        # A header that is none holds cells: say where, never what.
        if set(order) != set(orders[0]):
            raise SourceError(
                f"{mark.path} has other columns than {marks[0].path}: "
                f"{len(set(orders[0]) - set(order))} are missing, "
                f"{len(set(order) - set(orders[0]))} are new"
            )
    return CsvSource(orders[0], marks, options, orders)


# -- Parquet -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Parquet files with the same columns."""

    schema: pa.Schema
    files: tuple[Fingerprint, ...]
    parts: tuple[Part, ...]
    records: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.schema.names)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read the row groups of a part."""
        with reading(part.path), open_to_read(part.path, scattered=True) as file:
            table = pq.ParquetFile(file, buffer_size=_PAGES, pre_buffer=False)
            groups = list(range(part.first, part.last))
            for batch in table.iter_batches(ROWS, row_groups=groups):
                yield batch.select(list(self.columns)).cast(self.schema)

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        require_unchanged(self.files)


def _open_parquet(marks: tuple[Fingerprint, ...]) -> ParquetSource:
    """Read the schema and the sizes of the row groups of each file."""
    schema, parts, records = None, [], 0
    for mark in marks:
        with reading(mark.path), open_to_read(mark.path, scattered=True) as file:
            table = pq.ParquetFile(file)
            own = table.schema_arrow.remove_metadata()
            groups = table.metadata
            rows = [groups.row_group(g).num_rows for g in range(groups.num_row_groups)]
        own = pa.schema([(field.name, _readable(field.type)) for field in own])
        _unique(own.names, mark.path)
        _require_supported(own, mark.path)
        schema = own if schema is None else _common(schema, own, marks[0].path, mark.path)
        parts += [Part(mark.path, *stretch) for stretch in _stretches(rows)]
        records += sum(rows)
    assert schema is not None, "there is at least one file"
    return ParquetSource(schema, marks, tuple(parts), records)


def _readable(kind: pa.DataType) -> pa.DataType:
    """Return how values of a type are read: views are a layout that Arrow cannot sort or take."""
    return pa.string() if pa.types.is_string_view(kind) else kind


def _stretches(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Join neighbouring row groups until they are worth a part."""
    first = total = 0
    for group, count in enumerate(rows):
        if total and total + count > _ROWS_PER_PART:
            yield first, group
            first, total = group, 0
        total += count
    if total:
        yield first, len(rows)


def _common(left: pa.Schema, right: pa.Schema, left_path: str, right_path: str) -> pa.Schema:
    """Return the schema of two files: a column without any value in one has the other's type."""
    differing = sorted(set(left.names) ^ set(right.names))
    kinds = {}
    for name in left.names if not differing else ():
        kinds[name] = _common_type(left.field(name).type, right.field(name).type)
        differing += [name] if kinds[name] is None else []
    if differing:
        raise SourceError(f"{right_path} and {left_path} differ in {', '.join(differing)}")
    return pa.schema(list(kinds.items()))


def _common_type(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    plain = [t.value_type if pa.types.is_dictionary(t) else t for t in (left, right)]
    return plain[0] if plain[0] == plain[1] else None


# -- DataFrames ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource:
    """Records that were handed over."""

    table: pa.Table
    frame: pd.DataFrame
    """Kept so that pandas copies the values, which the table shares, before they are changed."""

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
        return (Part("", 0, len(self.frame)),) if len(self.frame) else ()

    @property
    def files(self) -> tuple[Fingerprint, ...]:
        """There are none."""
        return ()

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self.frame)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Hand out the records."""
        stretch = self.table.slice(part.first, part.last - part.first)
        yield from stretch.to_batches(max_chunksize=ROWS)

    def unchanged(self) -> None:
        """Do nothing: the records were taken over when the frame was opened."""


def _label(label: object) -> str:
    if isinstance(label, str | int) and "\0" not in (name := str(label)):
        with suppress(UnicodeError):
            return name.encode().decode()
    raise SourceError("the columns of the DataFrame must have plain names: strings")


def _array(column: "pd.Series[Any]", name: str) -> pa.Array:
    """Take over the values of a column; what pandas cannot hand over is told by its types."""
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # they quote cells
        kinds = sorted({type(value).__name__ for value in column.dropna()})
        raise SourceError(
            f"column {name} of the DataFrame cannot be read: it holds {', '.join(kinds)}; "
            f"give it values of one type, integers within 64 bits"
        ) from None
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(_readable(array.type))


# -- all -----------------------------------------------------------------------------------


def _sliced(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for first in range(0, batch.num_rows, ROWS):
        yield batch.slice(first, ROWS)


def _unique(names: list[str], where: str) -> list[str]:
    if "" in names:
        raise SourceError(f"a column of {where} has no name")
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise SourceError(f"{where} has several columns of the name {', '.join(twice)}")
    return names


def _require_supported(schema: pa.Schema, where: str) -> None:
    foreign = [f"{f.name} ({_kind(f.type)})" for f in schema if not supported(f.type)]
    if foreign:
        raise SourceError(
            f"{where} has columns of types that are no single values: {', '.join(foreign)}; "
            f"drop or convert them"
        )


def _kind(kind: pa.DataType) -> str:
    """Name a type without the names within it: those of a struct may be the keys of a cell."""
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind).partition("<")[0]
