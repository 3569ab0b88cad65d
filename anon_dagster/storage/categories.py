"""Columns of categories: distinct values, and the position of each record's among them.

Arrow lets the values stand in any order, and more of them than there are: those that only
suppressed records had, or in the order in which the source came to them. Neither is released.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.storage.values import text_array

_OPEN = {b"order": b"open"}
"""The metadata of a column of which not every file tells the order of its categories."""


def is_categorical(kind: pa.DataType) -> bool:
    """Tell whether a column of a type has categories."""
    return bool(pa.types.is_dictionary(kind))


def released_type(kind: pa.DataType, *, ordered: bool = True) -> pa.DataType:
    """Return the type of a released column: room for the categories of all parts together.

    Parameters
    ----------
    ordered
        Whether categories that have an order keep it.
    """
    if not is_categorical(kind):
        return kind
    return pa.dictionary(pa.int32(), kind.value_type, ordered=kind.ordered and ordered)


def in_no_order(field: pa.Field) -> pa.Field:
    """Return a column whose categories some files put in an order, and others do not."""
    kind = field.type
    if is_categorical(kind):
        kind = pa.dictionary(kind.index_type, kind.value_type, ordered=False)
    return pa.field(field.name, kind, metadata=_OPEN)


def is_order_open(field: pa.Field) -> bool:
    """Tell whether a column is one of :func:`in_no_order`."""
    return (field.metadata or {}).items() >= _OPEN.items()


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


Orders = tuple[pa.StringArray, ...] | None
"""The different orders of the categories of a column, each as texts; ``None`` if not every file
tells one."""
_NO_ORDERS: Orders = ()


def declared_orders(table: pa.Table) -> dict[str, Orders]:
    """Return the orders that a table declares of each column of categories that have one."""
    orders: dict[str, Orders] = {}
    for field in table.schema:
        if is_order_open(field):
            orders[field.name] = None
        elif is_categorical(field.type) and field.type.ordered:
            chunks = [chunk for chunk in table[field.name].chunks if len(chunk)]
            declared: list[Orders] = [(text_array(chunk.dictionary),) for chunk in chunks]
            orders[field.name] = reduce(_with_orders, declared, _NO_ORDERS)
    return orders


def joined_orders(parts: Sequence[Mapping[str, Orders]]) -> dict[str, Orders]:
    """Return the orders that parts of one table declare, in any sequence."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: reduce(_with_orders, [p.get(name, _NO_ORDERS) for p in parts]) for name in names}


def _with_orders(known: Orders, others: Orders) -> Orders:
    if known is None or others is None:
        return None
    fresh = [order for order in others if not any(order.equals(each) for each in known)]
    return (*known, *fresh)


def one_order(
    orders: Sequence[pa.StringArray], values: pa.StringArray | None
) -> pa.StringArray | None:
    """Return the one order of values that fits all orders of categories, at least one.

    Each order tells of its categories which come before which. Together they tell the order of the
    values if a chain of such neighbours leads through all of them.

    Parameters
    ----------
    orders
        Texts, ascending; in any sequence.
    values
        Those that a record has, each a category of some order; all categories if left out.

    Returns
    -------
    order
        The values that are not missing, ascending, or a single order as it is; ``None`` if the
        orders contradict each other, or leave open how two values follow.
    """
    if len(orders) == 1:
        return orders[0]
    following: dict[str, set[str]] = defaultdict(set)
    awaited: dict[str, int] = {}
    for order in orders:
        texts = order.drop_null().to_pylist()
        awaited |= dict.fromkeys(texts, 0)
        for one, other in pairwise(texts):
            following[one].add(other)
    for others in following.values():
        for text in others:
            awaited[text] += 1
    asked = set(awaited) if values is None else set(values.drop_null().to_pylist())
    most = dict.fromkeys(awaited, 0)  # values on a chain that leads to each
    ready, done = [text for text, before in awaited.items() if not before], []
    while ready:
        text = ready.pop()
        done.append(text)
        most[text] += text in asked
        for other in following[text]:
            most[other] = max(most[other], most[text])
            awaited[other] -= 1
            if not awaited[other]:
                ready.append(other)
    if len(done) < len(awaited) or max(most.values(), default=0) < len(asked):
        return None
    return pa.array([text for text in done if text in asked], pa.string())


def categories_in_use(columns: Iterable[pa.DictionaryArray], order: pa.StringArray) -> pa.Array:
    """Return the categories that records of any of the columns have, in the order of texts."""
    whole = pa.chunked_array(list(columns)).combine_chunks()  # joins the categories of all
    used = whole.dictionary.take(pc.unique(whole.indices).drop_null())
    places = pc.index_in(text_array(used), value_set=order)
    assert not places.null_count, "the order is that of all values that were counted"
    return used.take(pc.sort_indices(places))


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
