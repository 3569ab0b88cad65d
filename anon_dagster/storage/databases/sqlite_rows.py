"""Records of SQLite as batches of Arrow, of the types that their values have.

A column of SQLite may hold values of several kinds, whatever it was declared as. All of them are
looked at before the first one is read, so that none is taken for what it is not, and none rounded.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.storage.values import text_array

_ROWS: Final = 65_536  # of a batch
_EXACT: Final = 2**53  # up to which a float64 holds every integer


def batches_of(opened: sqlite3.Connection, query: str) -> pa.RecordBatchReader:
    """Begin to read a query within the transaction of a connection.

    Parameters
    ----------
    opened
        Gives texts as bytes, since they may be no UTF-8.

    Raises
    ------
    SourceError
        As it reads, if a column has numbers that no single type of numbers holds.
    """
    schema = _schema(opened, query)
    rows = opened.execute(f"SELECT * FROM (\n{query}\n) AS asked")
    return pa.RecordBatchReader.from_batches(schema, _batches(rows, schema))


def _schema(opened: sqlite3.Connection, query: str) -> pa.Schema:
    """Look at all values of a query, and return the types that hold them."""
    told = opened.execute(f"SELECT * FROM (\n{query}\n) AS asked LIMIT 0").description
    columns = [f"c{place}" for place in range(len(told))]
    kinds = ", ".join(f"group_concat(DISTINCT typeof({column}))" for column in columns)
    found = opened.execute(
        f"WITH asked({', '.join(columns)}) AS (\n{query}\n) SELECT {kinds} FROM asked"
    ).fetchone()
    return pa.schema(
        [
            pa.field(name, _type_of({*(b"" if kind is None else kind).split(b",")}))
            for (name, *_), kind in zip(told, found, strict=True)
        ]
    )


def _type_of(kinds: set[bytes]) -> pa.DataType:
    """Return the type that holds values of all kinds."""
    if b"blob" in kinds:
        return pa.binary()
    if b"text" in kinds:
        return pa.string()
    return pa.float64() if b"real" in kinds else pa.int64()


def _batches(rows: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while found := rows.fetchmany(_ROWS):
        columns = [
            _array(values, field)
            for values, field in zip(zip(*found, strict=True), schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    if pa.types.is_string(field.type):
        return pa.array(_texts(values), pa.binary()).view(pa.string())
    if pa.types.is_binary(field.type):  # which has no text, and is not read
        return pa.nulls(len(values), field.type)
    if pa.types.is_floating(field.type) and any(
        isinstance(value, int) and abs(value) > _EXACT for value in values
    ):
        raise SourceError(
            f"column {field.name} has integers of more digits than fit beside its other numbers: "
            "read it as text (CAST … AS TEXT in a query)"
        )
    return pa.array(values, field.type)


def _texts(values: Sequence[Any]) -> list[bytes | None]:
    """Return texts as they are, and the canonical text of each number among them."""
    if all(value is None or isinstance(value, bytes) for value in values):
        return list(values)
    numbers = text_array(
        pa.array([v if isinstance(v, float) else None for v in values], pa.float64())
    ).to_pylist()
    return [
        value if value is None or isinstance(value, bytes) else str(number or value).encode()
        for value, number in zip(values, numbers, strict=True)
    ]
