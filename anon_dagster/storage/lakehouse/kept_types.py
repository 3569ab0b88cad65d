"""In which types tables of a lakehouse hold values, so that each comes back with its text."""

from collections import Counter

import pyarrow as pa

from anon_dagster.errors import TargetError
from anon_dagster.storage.databases.types import storable, with_type
from anon_dagster.storage.opened import type_name

_KEPT = {
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64()),
    *(pa.bool_(), pa.date32(), pa.string(), pa.large_string()),
    *(pa.timestamp("us"), pa.timestamp("us", "UTC")),
}
"""Types that are stored as they are, by the same bytes as in any Parquet file."""


def kept_schema(schema: pa.Schema, what: str = "a Delta table") -> pa.Schema:
    """Return the types in which values are stored.

    Parameters
    ----------
    what
        In what, in words.

    Raises
    ------
    TargetError
        If the names of columns differ in upper and lower case alone.
    """
    twice = [name for name, many in Counter(n.lower() for n in schema.names).items() if many > 1]
    if twice:
        alike = [name for name in schema.names if name.lower() in twice]
        raise TargetError(
            f"the columns {', '.join(alike)} are the same to {what}, which does not tell upper "
            "from lower case: rename one, or write Parquet"
        )
    others = storable(schema, only_plain=False)
    return pa.schema(
        [
            pa.field(own.name, own.type if _is_kept(own.type) else _told(other.type))
            for own, other in zip(schema, others, strict=True)
        ]
    )


def kept(table: pa.Table, schema: pa.Schema, what: str = "a Delta table") -> pa.Table:
    """Give a table the types in which it is stored, see :func:`kept_schema`.

    Raises
    ------
    TargetError
        Naming a column whose values its type does not hold.
    """
    columns = []
    for column, field in zip(table.columns, schema, strict=True):
        if column.type == field.type:
            columns.append(column)
            continue
        try:
            columns.append(
                pa.chunked_array([with_type(c, field.type) for c in column.chunks], field.type)
            )
        except pa.ArrowException:  # its message holds the value
            raise TargetError(
                f"column {field.name} has values ({type_name(column.type)}) that {what} does not "
                "hold; write the release to Parquet"
            ) from None
    return pa.table(columns, schema=schema)


def plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without the layout that Arrow gives it."""
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    return pa.string() if pa.types.is_large_string(kind) else kind


def _is_kept(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return kind.value_type in {pa.string(), pa.large_string()}
    return kind in _KEPT or (pa.types.is_decimal128(kind) and 0 <= kind.scale <= kind.precision)


def _told(kind: pa.DataType) -> pa.DataType:
    """Return what is held in place of what a database holds: there are no times."""
    return pa.string() if pa.types.is_time(kind) else kind
