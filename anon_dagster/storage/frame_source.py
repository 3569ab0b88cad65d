"""A table in memory as a source: its records are one part; the index of a DataFrame plays none."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.storage.opened import (
    MaySkip,
    require_skippable,
    require_unique,
    type_name,
)
from anon_dagster.storage.parquet_source import readable
from anon_dagster.storage.table_source import TableSource
from anon_dagster.storage.tables_in_memory import Tabular, arrow_table, require_frame
from anon_dagster.storage.valid_text import is_valid_text
from anon_dagster.storage.values import supported

_WHERE = "the DataFrame"


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource(TableSource):
    """Records that were handed over."""

    frame: pd.DataFrame | None = None
    """Kept so that pandas copies the values, which the table shares, before they are changed."""

    @property
    def has_schema(self) -> bool:
        """No: whoever read the file may have taken a record for names."""
        return False


def open_table_of(frame: Tabular, may_skip: MaySkip) -> FrameSource:
    """Take over the records of a table; see :func:`anon_dagster.storage.sources.open_frame`."""
    require_frame(frame)
    if isinstance(frame, pd.DataFrame):
        return _of_pandas(frame, may_skip)
    return _of_arrow(arrow_table(frame), may_skip)


def _of_pandas(frame: pd.DataFrame, may_skip: MaySkip) -> FrameSource:
    frame = frame.copy(deep=False)
    names = require_unique([_label(label) for label in frame.columns], _WHERE)
    columns = [frame.iloc[:, index] for index in range(len(names))]
    arrays, foreign, mixed = {}, {}, {}
    for name, column in zip(names, columns, strict=True):
        array = _array(column)
        if array is None:
            mixed[name] = _types_in(column)
        elif not supported(array.type):
            foreign[name] = type_name(array.type)
        readable_array = None if name in foreign else array
        arrays[name] = pa.nulls(len(frame)) if readable_array is None else readable_array
    for place, name in enumerate(names, start=1):
        if name in mixed and not may_skip(name):
            raise SourceError(
                f"column {place} of the DataFrame cannot be read: it holds {mixed[name]}; give it "
                "values of one type, integers within 64 bits"
            )
    require_skippable(foreign, _WHERE, may_skip)
    return FrameSource(pa.table(arrays), len(frame), mixed | foreign, frame)


def _of_arrow(table: pa.Table, may_skip: MaySkip) -> FrameSource:
    """Take over the records of a table; what is told of its columns besides may name cells."""
    names = require_unique([_label(name) for name in table.column_names], _WHERE)
    foreign, columns = {}, []
    for place, (name, column) in enumerate(zip(names, table.columns, strict=True), start=1):
        if not supported(column.type):
            foreign[name] = type_name(column.type)
            columns.append(pa.nulls(len(table)))
            continue
        if not all(map(is_valid_text, column.chunks)):
            raise SourceError(
                f"column {place} of {_WHERE} cannot be read: it has text that is not UTF-8"
            )
        columns.append(_without_views(column))
    require_skippable(foreign, _WHERE, may_skip)
    return FrameSource(pa.table(columns, names=names), len(table), foreign)


def _without_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts, or of categories that are texts, without views."""
    kind = column.type
    if not pa.types.is_dictionary(kind):
        return column.cast(readable(kind))
    if not pa.types.is_string_view(kind.value_type):
        return column
    chunks = [
        pa.DictionaryArray.from_arrays(
            chunk.indices, chunk.dictionary.cast(pa.string()), ordered=kind.ordered
        )
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(kind.index_type, pa.string(), kind.ordered))


def _label(label: object) -> str:
    if isinstance(label, str | int) and "\0" not in (name := str(label)):
        with suppress(UnicodeError):
            return name.encode().decode()
    raise SourceError("the columns of the DataFrame must have plain names: strings")


def _array(column: "pd.Series[Any]") -> pa.Array | None:
    """Take over the values of a column; None if they are more than Arrow can hold in one."""
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # they quote cells
        return None
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(readable(array.type)) if is_valid_text(array) else None


def _types_in(column: "pd.Series[Any]") -> str:
    try:
        return ", ".join(sorted({type(value).__name__ for value in column.dropna()}))
    except UnicodeDecodeError:  # it holds the cell
        return "text that is not UTF-8"
