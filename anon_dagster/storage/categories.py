"""Columns of categories: distinct values, and the position of each record's among them.

Arrow lets the values stand in any order, and more of them than there are: those that only
suppressed records had, or in the order in which the source came to them. Neither is released.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc


def is_categorical(kind: pa.DataType) -> bool:
    """Tell whether a column of a type has categories."""
    return bool(pa.types.is_dictionary(kind))


def released_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a released column: room for the categories of all parts together."""
    if not is_categorical(kind):
        return kind
    return pa.dictionary(pa.int32(), kind.value_type, ordered=kind.ordered)


def joined_categories(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column of categories, or of plain values, as one array with codes of 32 bits.

    The smaller codes of its parts may not do for the categories of all.
    """
    if not is_categorical(column.type):
        column = column.dictionary_encode()
    kind = released_type(column.type)
    if not column.num_chunks or pa.types.is_null(kind.value_type):  # Arrow joins no such parts
        codes = pa.nulls(len(column), pa.int32())
        nothing = pa.array([], kind.value_type)
        return pa.DictionaryArray.from_arrays(codes, nothing, ordered=kind.ordered)
    widened = [
        pa.DictionaryArray.from_arrays(*_present(chunk), ordered=kind.ordered)
        for chunk in column.chunks
    ]
    return pa.chunked_array(widened, kind).unify_dictionaries().combine_chunks()


def _present(column: pa.DictionaryArray) -> tuple[pa.Array, pa.Array]:
    """Return codes of 32 bits and categories, of which none is a missing value."""
    codes, categories = column.indices.cast(pa.int32()), column.dictionary
    if not categories.null_count:
        return codes, categories
    kept = pc.indices_nonzero(pc.is_valid(categories)).cast(pa.int32())
    own = pc.index_in(pa.array(range(len(categories)), pa.int32()), value_set=kept)
    return own.take(codes), categories.drop_null()


def in_one_piece(table: pa.Table) -> pa.Table:
    """Return a table whose columns are an array each, with the categories of all of its pieces."""
    return table.unify_dictionaries().combine_chunks()


def categories_in_use(columns: Iterable[pa.DictionaryArray]) -> pa.Array:
    """Return the categories that records of any of the columns have, in their declared order."""
    whole = pa.chunked_array(list(columns)).combine_chunks()  # joins the categories of all
    return whole.dictionary.take(pc.unique(whole.indices).drop_null().sort())


def recategorized(column: pa.Array, categories: pa.Array | None) -> pa.DictionaryArray:
    """Give a column other categories, among them all of its values.

    Parameters
    ----------
    categories
        In their order; those that the column has, sorted, if left out.
    """
    values = column.dictionary_decode()
    if categories is None:
        distinct = pc.unique(values).drop_null()
        categories = distinct.take(pc.sort_indices(distinct))
    codes = pc.index_in(values, value_set=categories)
    return pa.DictionaryArray.from_arrays(codes, categories, ordered=column.type.ordered)


def without_unused(table: pa.Table) -> pa.Table:
    """Return a table whose categories are those that its records have, in their order."""
    for index, field in enumerate(table.schema):
        if is_categorical(field.type):
            column = table[index].combine_chunks()
            used = pc.unique(column.indices).drop_null().sort()
            codes = pc.index_in(column.indices, value_set=used)
            few = pa.DictionaryArray.from_arrays(
                codes, column.dictionary.take(used), ordered=field.type.ordered
            )
            table = table.set_column(index, field.with_type(few.type), few)
    return table
