"""The type that holds the values of two types, each with the text that it had.

Files of one table differ where a writer chose the type by the values: whole numbers become
floating ones where some are missing, and an empty column has no type at all.
"""

from collections.abc import Callable

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.storage.opened import type_name

_MOST_DIGITS = (38, 76)  # of a decimal of 128 and of 256 bits
_UNITS = ("s", "ms", "us", "ns")


def united(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """Return the type that holds the values of both, the same in either order; None if none does.

    Whether a value fits is found out when it is read, see :func:`cast_to`: an integer beyond
    2**53 is no floating number.
    """
    if left == right:
        return left
    if pa.types.is_null(left) or pa.types.is_null(right):
        return right if pa.types.is_null(left) else left
    if pa.types.is_dictionary(left) or pa.types.is_dictionary(right):
        return _united_categories(left, right)
    for test, unite in _FAMILIES:
        if test(left) and test(right):
            return unite(left, right)
    return None


def only_one_ordered(left: pa.DataType, right: pa.DataType) -> bool:
    """Tell whether one of two types puts its categories in an order, and the other one does not."""
    if pa.types.is_null(left) or pa.types.is_null(right):  # which has no values
        return False
    return bool(getattr(left, "ordered", False) != getattr(right, "ordered", False))


def cast_to(batch: pa.RecordBatch, schema: pa.Schema, path: str) -> pa.RecordBatch:
    """Give the columns of a batch the types of a schema, whose order they have.

    Raises
    ------
    SourceError
        Naming a column that has a value which the type does not hold.
    """
    if batch.schema.equals(schema):
        return batch.replace_schema_metadata()
    columns = []
    for column, field in zip(batch.columns, schema, strict=True):
        try:
            columns.append(_cast(column, field.type))
        except pa.ArrowException:  # its message holds the value
            raise SourceError(
                f"{path} has values of {field.name} ({type_name(column.type)}) that cannot be "
                f"{type_name(field.type)}, as which they are read together with other files; "
                "write all files with one type"
            ) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(kind) and pa.types.is_dictionary(column.type):
        values = column.dictionary.cast(kind.value_type)
        indices = column.indices.cast(kind.index_type)
        return pa.DictionaryArray.from_arrays(indices, values, ordered=kind.ordered)
    if pa.types.is_dictionary(column.type):
        return _cast(column.dictionary, kind).take(column.indices)
    if pa.types.is_floating(column.type) and pa.types.is_floating(kind):
        return column.cast(pa.string()).cast(kind)  # 0.1 of 32 bits is written 0.1, and stays so
    return column.cast(kind)


def _united_categories(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    plain = [t.value_type if pa.types.is_dictionary(t) else t for t in (left, right)]
    values = united(*plain)
    if values is None or not (pa.types.is_dictionary(left) and pa.types.is_dictionary(right)):
        return values
    return pa.dictionary(pa.int32(), values, ordered=left.ordered and right.ordered)


# -- families of types ---------------------------------------------------------------------


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _is_binary_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _integers(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    if pa.types.is_signed_integer(left) == pa.types.is_signed_integer(right):
        return max(left, right, key=lambda kind: kind.bit_width)
    unsigned, signed = sorted((left, right), key=pa.types.is_signed_integer)
    if unsigned.bit_width == 64:
        return _exact(left, right)
    return pa.int64() if max(2 * unsigned.bit_width, signed.bit_width) > 32 else pa.int32()


def _digits(kind: pa.DataType) -> tuple[int, int]:
    """Return how many digits stand before and after the point."""
    if pa.types.is_decimal(kind):
        return kind.precision - kind.scale, kind.scale
    return len(str(2**kind.bit_width)), 0


def _exact(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """Return the decimal with the digits of both, before and after the point."""
    before, after = map(max, zip(_digits(left), _digits(right), strict=True))
    small, large = _MOST_DIGITS
    if before + after > large:
        return None
    return (pa.decimal128 if before + after <= small else pa.decimal256)(before + after, after)


def _times(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    unit = _finer(left, right)
    return pa.time32(unit) if unit in {"s", "ms"} else pa.time64(unit)


def _finer(left: pa.DataType, right: pa.DataType) -> str:
    return _UNITS[max(_UNITS.index(left.unit), _UNITS.index(right.unit))]


def _moments(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """Return the finer unit; moments of several zones are told in that of the world."""
    if (left.tz is None) != (right.tz is None):
        return None
    return pa.timestamp(_finer(left, right), left.tz if left.tz == right.tz else "UTC")


_Test = Callable[[pa.DataType], bool]
_Unite = Callable[[pa.DataType, pa.DataType], "pa.DataType | None"]
_FAMILIES: tuple[tuple[_Test, _Unite], ...] = (
    (_is_text, lambda _, __: pa.string()),
    (pa.types.is_integer, _integers),
    (_is_exact, _exact),
    (_is_binary_number, lambda _, __: pa.float64()),
    (pa.types.is_date, lambda _, __: pa.date32()),
    (pa.types.is_time, _times),
    (pa.types.is_timestamp, _moments),
)
