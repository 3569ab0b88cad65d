"""Stored tables as DataFrames."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.values import Kinds, typed

_NULLABLE = {
    **{kind: pd.Int64Dtype() for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{kind: pd.UInt64Dtype() for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    pa.bool_(): pd.BooleanDtype(),
}
"""Types that would not survive missing values in plain numpy."""


def read_frame(source: Source, kinds: Mapping[str, Kinds]) -> pd.DataFrame:
    """Read a stored table whole.

    Parameters
    ----------
    source
        Where it lies.
    kinds
        What the text of each column may be read as without loss, for formats that store text.
    """
    table = read_table(source)
    if not table.num_rows:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in table.column_names})
    text = source.format_found == "csv"
    columns = {
        name: _series(
            name, _typed(table[name], kinds[name], source.csv.decimal) if text else table[name]
        )
        for name in table.column_names
    }
    return pd.DataFrame(columns)


def read_table(source: Source) -> pa.Table:
    """Read a stored table whole, in the types that it is stored in; text of a CSV file."""
    opened = open_source(source)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def _typed(column: pa.ChunkedArray, kinds: Kinds, decimal: str) -> pa.ChunkedArray:
    encoded = column.combine_chunks().dictionary_encode()
    return pa.chunked_array([typed(encoded.dictionary, kinds, decimal).take(encoded.indices)])


def _series(name: str, column: pa.ChunkedArray) -> pd.Series:
    mapper = _NULLABLE.get if column.null_count else None
    try:
        series: pd.Series = column.to_pandas(types_mapper=mapper)
    except (ValueError, OverflowError, pa.ArrowException):  # they quote the value
        raise SourceError(
            f"column {name} has values that a DataFrame cannot hold, such as dates before Christ "
            "or after 9999; give the release a target"
        ) from None
    return series
