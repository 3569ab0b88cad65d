"""The second reading: every record is looked up in the solution and written to the release.

Records leave in an order that follows from what they say, see
:mod:`anon_dagster.releasing.arrangement`. A release is therefore a function of the source's
records alone, whatever order they stood in.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial

import numpy as np
import pyarrow as pa

from anon_dagster.engine import in_use
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.releasing.arrangement import Shelf, Shelves, by_value
from anon_dagster.releasing.recipe import Recipe, changed, plain
from anon_dagster.storage.categories import categories_in_use, is_categorical, recategorized
from anon_dagster.storage.sources import OpenSource

BLOCK = 2**18
"""How many records are sorted together, about."""
_SHARE_OF_MEMORY = 0.25
"""How much of the engine's memory recoded records may take before they go into files."""
_TIMES = "\0times"
"""The column of how many records read alike; no column of a table has such a name."""


def blocks(
    source: OpenSource,
    recipe: Recipe,
    reading: Scan,
    *,
    encoded: bool = False,
) -> Iterator[pa.Table]:
    """Read the source and give its release, sorted block by block, or all of it if need be.

    Parameters
    ----------
    encoded
        Whether columns of few values are given as categories, see :attr:`Recipe.encoded_schema`.

    Raises
    ------
    SourceChangedError
        If the source is no longer as it was counted.
    """
    if recipe.private:
        yield from _all_sorted(source, recipe, reading)
        return
    most_bytes = int(in_use().memory * _SHARE_OF_MEMORY)
    shelves = Shelves(max(-(-recipe.records // BLOCK), 1), most_bytes=most_bytes)
    with closing(shelves):
        orders = _fill(shelves, source, recipe, reading)
        schema = recipe.encoded_schema if encoded else recipe.schema
        order_one = partial(_ordered_block, schema, orders)
        numbers = range(shelves.blocks if shelves.records else 0)
        yield from in_use().map(order_one, map(shelves.block, numbers))


def _fill(
    shelves: Shelves, source: OpenSource, recipe: Recipe, reading: Scan
) -> dict[str, pa.Array | None]:
    """Recode all parts of a source; return the categories of each column, in their order."""
    orders = _CategoryOrders(recipe.schema)
    recode_one = partial(_recode_piece, recipe, shelves.blocks)
    for shelf in scan(source, recode_one, reading):
        shelves.add(shelf)
        orders.add(shelf.table)
    source.unchanged()
    if shelves.records != recipe.records:
        raise changed(abs(shelves.records - recipe.records))
    return orders.all


def _recode_piece(recipe: Recipe, blocks: int, piece: Piece) -> Shelf:
    recoded = recipe.recode(piece.table)
    return Shelf.of(recoded.table, recoded.stay, blocks)


def _ordered_block(
    schema: pa.Schema, orders: Mapping[str, pa.Array | None], block: pa.Table
) -> pa.Table:
    return _as_released(by_value(block), schema, orders)


def _all_sorted(source: OpenSource, recipe: Recipe, reading: Scan) -> Iterator[pa.Table]:
    """Give a release sorted as a whole; records that read alike are counted, not kept."""
    names = recipe.schema.names
    counted = recipe.schema.append(pa.field(_TIMES, pa.int64())).empty_table()
    for part in scan(source, partial(_count_alike, recipe), reading):
        counted = _added_up(pa.concat_tables([counted, part]))
    source.unchanged()
    rows = by_value(counted.select(names).append_column(_TIMES, counted[_TIMES]))
    order = np.repeat(np.arange(rows.num_rows), rows[_TIMES].to_numpy())
    for first in range(0, len(order), BLOCK):
        yield rows.select(names).take(pa.array(order[first : first + BLOCK]))


def _count_alike(recipe: Recipe, piece: Piece) -> pa.Table:
    """Recode a part, and count the records that read alike."""
    recoded = recipe.recode(piece.table)
    released = plain(recoded.table.filter(pa.array(recoded.stay)), recipe.schema)
    ones = pa.array(np.ones(released.num_rows, dtype=np.int64))
    return _added_up(released.append_column(_TIMES, ones))


def _added_up(counted: pa.Table) -> pa.Table:
    names = counted.column_names[:-1]
    sums = counted.group_by(names).aggregate([(_TIMES, "sum")])
    return sums.rename_columns([*names, _TIMES])


class _CategoryOrders:
    """The released categories of each column, if their order means something."""

    def __init__(self, schema: pa.Schema) -> None:
        categorical = {f.name: f.type.ordered for f in schema if is_categorical(f.type)}
        self._plain = [name for name, ordered in categorical.items() if not ordered]
        names = [name for name, ordered in categorical.items() if ordered]
        self._seen: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}

    def add(self, released: pa.Table) -> None:
        for name, seen in self._seen.items():
            seen.append(released[name].combine_chunks().unique())

    @property
    def all(self) -> dict[str, pa.Array | None]:
        orders: dict[str, pa.Array | None] = dict.fromkeys(self._plain)
        seen = {name: columns for name, columns in self._seen.items() if columns}
        return orders | {name: categories_in_use(columns) for name, columns in seen.items()}


def _as_released(
    table: pa.Table, schema: pa.Schema, orders: Mapping[str, pa.Array | None]
) -> pa.Table:
    """Give sorted records the types of the release; categories that none of them has are gone."""
    table = plain(table, schema)
    for index, field in enumerate(schema):
        if field.name in orders:
            column = recategorized(table[index].combine_chunks(), orders[field.name])
            table = table.set_column(index, field, column)
    return table
