"""What is stored as what, so that every value comes back with the text that it had."""

import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.errors import TargetError
from anon_dagster.storage.opened import type_name
from anon_dagster.storage.values import text_array

_UUID = "arrow.uuid"
_DAYS = (-2_440_588, 2_932_897)  # since 1970, that calendars tell; the last one excluded
_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_MOST_DIGITS = 38  # of a decimal
_INTEGERS = ((8, "SMALLINT"), (16, "SMALLINT"), (32, "INTEGER"), (64, "BIGINT"))


def definition(schema: pa.Schema) -> str:
    """Return the columns of a table in SQL; each is of a type that :func:`storable` gives."""
    return ", ".join(f"{_quoted(field.name)} {_in_sql(field.type)}" for field in schema)


def storable(schema: pa.Schema, *, only_plain: bool) -> pa.Schema:
    """Return the types in which a table holds values without changing them.

    Parameters
    ----------
    only_plain
        Whether the database has numbers and texts alone, as SQLite does.
    """
    return pa.schema([pa.field(f.name, _kept_as(f.type, only_plain=only_plain)) for f in schema])


def as_stored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give the columns of a batch the types of a table.

    Raises
    ------
    TargetError
        Naming a column whose values the type does not hold.
    """
    columns = []
    for column, field in zip(batch.columns, schema, strict=True):
        try:
            columns.append(with_type(column, field.type))
        except pa.ArrowException:  # its message holds the value
            raise TargetError(
                f"column {field.name} has values ({type_name(column.type)}) that the database does "
                "not hold; write the release to a file"
            ) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def with_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Give values the type that :func:`storable` or the like has for them; text is as it is read.

    Raises
    ------
    pyarrow.ArrowException
        If the type does not hold a value, which the message has.
    """
    if pa.types.is_string(kind):
        return text_array(column)
    if pa.types.is_dictionary(column.type):
        return with_type(column.dictionary, kind).take(column.indices)
    return column.cast(kind)


def as_read(kind: pa.DataType) -> pa.DataType:
    """Return how a type of a database is read: what is text within one of its own types is text.

    Moments with a zone are instants, which are told in that of the world.
    """
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    is_own = isinstance(kind, pa.BaseExtensionType)
    if is_own and (kind.extension_name == _UUID or pa.types.is_string(kind.storage_type)):
        return pa.string()
    return kind


def read(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as it is read, see :func:`as_read`."""
    if column.type == kind:
        return column
    if pa.types.is_timestamp(kind):
        return column.cast(kind)
    if column.type.extension_name == _UUID:
        texts = [None if each is None else str(each) for each in column.to_pylist()]
        return pa.array(texts, pa.string())
    return column.storage.cast(kind)


def is_of_calendar(column: pa.Array) -> bool:
    """Tell whether dates and times are finite, from 4713 B.C. to the end of the year 9999.

    Drivers give those that are not as dates of other years.
    """
    kind = column.type
    if pa.types.is_date32(kind):
        first, last = _DAYS
    elif pa.types.is_timestamp(kind):
        first, last = (day * _A_DAY[kind.unit] for day in _DAYS)
    elif pa.types.is_time(kind):
        first, last = 0, _A_DAY[kind.unit]
    else:
        return True
    found = pc.min_max(column.view(pa.int32() if kind.bit_width == 32 else pa.int64())).as_py()
    return found["min"] is None or (first <= found["min"] and found["max"] < last)


def _kept_as(kind: pa.DataType, *, only_plain: bool) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _kept_as(kind.value_type, only_plain=only_plain)
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return _signed(kind)
    if pa.types.is_float64(kind):
        return kind
    return pa.string() if only_plain else _kept_by_types(kind)


def _kept_by_types(kind: pa.DataType) -> pa.DataType:
    """Return what holds values that are no integers; text holds the values of any type."""
    if kind == pa.uint64():
        return pa.decimal128(20, 0)
    if pa.types.is_decimal(kind) and kind.precision <= _MOST_DIGITS and kind.scale >= 0:
        return pa.decimal128(kind.precision, kind.scale)
    if pa.types.is_timestamp(kind) and kind.tz in {None, "UTC"}:
        return pa.timestamp("us", kind.tz)
    return next((to for test, to in _KEPT if test(kind)), pa.string())


_KEPT = (
    (pa.types.is_boolean, pa.bool_()),
    (pa.types.is_float32, pa.float32()),
    (pa.types.is_date, pa.date32()),
    (pa.types.is_time, pa.time64("us")),
)


def _signed(kind: pa.DataType) -> pa.DataType:
    """Return the smallest signed integer of 16 bits or more that holds the values of another."""
    bits = kind.bit_width + (not pa.types.is_signed_integer(kind))
    return next(
        to for most, to in ((16, pa.int16()), (32, pa.int32()), (64, pa.int64())) if bits <= most
    )


def _in_sql(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return next(name for width, name in _INTEGERS if kind.bit_width <= width)
    if pa.types.is_decimal(kind):
        return f"NUMERIC({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else "TIMESTAMP WITH TIME ZONE"
    return _NAMES[kind]


_NAMES = {
    pa.string(): "TEXT",
    pa.float32(): "REAL",
    pa.float64(): "DOUBLE PRECISION",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
}


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
