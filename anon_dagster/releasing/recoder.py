"""The second reading: every record is looked up in the solution and written to the release.

Records leave in an order that follows from what they say, see
:mod:`anon_dagster.releasing.arrangement`. A release is therefore a function of the source's
records alone, whatever order they stood in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from secrets import token_bytes

import numpy as np
import pyarrow as pa

from anon_dagster.engine import in_use
from anon_dagster.reading.persons import owners_told, without_persons
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.releasing.arrangement import Shelf, Shelves, by_value
from anon_dagster.releasing.persons_file import PersonsFile
from anon_dagster.releasing.recipe import Recipe, changed, plain
from anon_dagster.releasing.shared_shelves import SharedShelf, SharedShelves, store_shelf
from anon_dagster.request import Target
from anon_dagster.storage.categories import categories_in_use, is_categorical, recategorized
from anon_dagster.storage.sharing import sees_target
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.targets import FileOfRows, StagedTarget, after, write_file

BLOCK = 2**18
"""How many records are sorted together, about."""
_SHARE_OF_MEMORY = 1 / 16
"""How much of the engine's memory recoded records may take before they go into files."""
_TIMES = "\0times"
"""The column of how many records read alike; no column of a table has such a name."""


def write_records(
    staged: StagedTarget,
    source: OpenSource,
    recipe: Recipe,
    reading: Scan,
    *,
    encoded: bool,
    persons: PersonsFile | None = None,
) -> None:
    """Read the source and write its release: by this process, or by those of a cluster.

    Parameters
    ----------
    persons
        Takes whose each record is, where the source tells it.
    encoded
        Whether columns of few values are written as categories, see :attr:`Recipe.encoded_schema`.

    Raises
    ------
    SourceChangedError
        If the source is no longer as it was counted.
    TargetError
        If the target cannot be written.
    """
    engine = in_use()
    apart = engine.is_cluster and sees_target(engine, staged.target)
    if recipe.private or not apart:
        _write_blocks(staged, blocks(source, recipe, reading, encoded=encoded), persons)
        return
    schema = recipe.encoded_schema if encoded else recipe.schema
    with staged.shelter() as folder:
        shelves, orders = _deal(source, recipe, reading, folder)
        order_one = partial(_ordered_block_of, schema, orders, shelves)
        if staged.target.single_file or not shelves.records:
            numbers = range(len(shelves.ends) - 1 if shelves.records else 0)
            ordered = engine.send(order_one, numbers, kind="order", on_wait=reading.wait)
            with closing(ordered):
                _write_blocks(staged, ordered, persons)
        else:
            write_one = partial(_write_file, staged.target, schema, folder, shelves, order_one)
            files = staged.files_of(shelves.records)
            for owners in engine.send(write_one, files, kind="file", on_wait=reading.wait):
                if persons is not None and owners is not None:
                    persons.add(owners)


def _write_blocks(
    staged: StagedTarget, ordered: Iterable[pa.Table], persons: PersonsFile | None
) -> None:
    for block in ordered:
        if persons is not None:
            persons.add(block.select(owners_told(block)))
        staged.write(without_persons(block))


def blocks(
    source: OpenSource, recipe: Recipe, reading: Scan, *, encoded: bool = False
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
    shelves = Shelves(_blocks_of(recipe), most_bytes=most_bytes)
    with closing(shelves):
        orders = _fill(shelves, source, recipe, reading)
        schema = recipe.encoded_schema if encoded else recipe.schema
        order_one = partial(_ordered_block, schema, orders)
        numbers = range(shelves.blocks if shelves.records else 0)
        yield from in_use().map(order_one, map(shelves.block, numbers))


def _blocks_of(recipe: Recipe) -> int:
    return max(-(-recipe.records // BLOCK), 1)


def _fill(
    shelves: Shelves, source: OpenSource, recipe: Recipe, reading: Scan
) -> dict[str, pa.Array | None]:
    """Recode all parts of a source; return the categories of each column, in their order."""
    orders = _CategoryOrders(recipe)
    recode_one = partial(_recode_piece, recipe, shelves.blocks)
    with closing(scan(source, recode_one, reading)) as recoded:
        for shelf in recoded:
            shelves.add(shelf)
            orders.add(_in_use(orders.names, shelf.table))
    _require_all(source, recipe, shelves.records)
    return orders.all


def _require_all(source: OpenSource, recipe: Recipe, records: int) -> None:
    """Refuse a source that is no longer as it was counted."""
    source.unchanged()
    if records != recipe.records:
        raise changed(abs(records - recipe.records))


def _recode_piece(recipe: Recipe, blocks: int, piece: Piece) -> Shelf:
    recoded = recipe.recode(piece.table)
    return Shelf.of(recoded.table, recoded.stay, blocks)


# -- by the processes of a cluster ---------------------------------------------------------


def _deal(
    source: OpenSource, recipe: Recipe, reading: Scan, folder: str
) -> tuple[SharedShelves, dict[str, pa.Array | None]]:
    """Recode all parts of a source into files of a folder, as :func:`_fill` does in memory."""
    orders = _CategoryOrders(recipe)
    number = _blocks_of(recipe)
    key = token_bytes(32)
    deal_one = partial(
        _deal_piece, partial(_recode_piece, recipe, number), orders.names, folder, key
    )
    shelves = []
    with closing(scan(source, deal_one, reading)) as found:
        for shelf, seen in found:
            orders.add(seen)
            if shelf is not None:
                shelves.append(shelf)
    dealt = SharedShelves.of(shelves, number, key)
    _require_all(source, recipe, dealt.records)
    return dealt, orders.all


def _deal_piece(
    recode_one: Callable[[Piece], Shelf],
    ordered: Sequence[str],
    folder: str,
    key: bytes,
    piece: Piece,
) -> tuple[SharedShelf | None, dict[str, pa.DictionaryArray]]:
    shelf = recode_one(piece)
    stored = store_shelf(shelf, folder, key) if shelf.table.num_rows else None
    return stored, _in_use(ordered, shelf.table)


def _ordered_block_of(
    schema: pa.Schema,
    orders: Mapping[str, pa.Array | None],
    shelves: SharedShelves,
    number: int,
) -> pa.Table:
    return _ordered_block(schema, orders, shelves.block(number))


def _write_file(
    target: Target,
    schema: pa.Schema,
    folder: str,
    shelves: SharedShelves,
    order_one: Callable[[int], pa.Table],
    file: FileOfRows,
) -> pa.Table | None:
    """Write one of the files of a target from the blocks that have its records.

    Returns whose these are, if the source tells it.
    """
    owners: list[pa.Table] = []

    def released(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for block in blocks:
            if told := owners_told(block):
                owners.append(block.select(told))
            yield without_persons(block)

    first, last = np.searchsorted(shelves.ends, (file.begin, file.end), side="right") - 1
    last = last + (shelves.ends[last] < file.end)
    tables = (order_one(int(number)) for number in range(int(first), int(last)))
    ordered = after(tables, file.begin - int(shelves.ends[first]))
    write_file(file, target, schema, released(ordered), folder)
    if not owners:
        return None
    whole = pa.concat_tables(owners)
    return whole.slice(file.first - file.begin, file.last - file.first)


def _ordered_block(
    schema: pa.Schema, orders: Mapping[str, pa.Array | None], block: pa.Table
) -> pa.Table:
    return _as_released(by_value(block), schema, orders)


def _all_sorted(source: OpenSource, recipe: Recipe, reading: Scan) -> Iterator[pa.Table]:
    """Give a release sorted as a whole; records that read alike are counted, not kept."""
    names = recipe.schema.names
    counted = recipe.schema.append(pa.field(_TIMES, pa.int64())).empty_table()
    with closing(scan(source, partial(_count_alike, recipe), reading)) as parts:
        for part in parts:
            counted = _added_up(pa.concat_tables([counted, part]))
    rows = by_value(counted.select(names).append_column(_TIMES, counted[_TIMES]))
    order = np.repeat(np.arange(rows.num_rows), rows[_TIMES].to_numpy())
    _require_all(source, recipe, len(order))
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

    def __init__(self, recipe: Recipe) -> None:
        categorical = {f.name: f.type.ordered for f in recipe.schema if is_categorical(f.type)}
        self._declared = recipe.orders
        self._plain = [name for name, ordered in categorical.items() if not ordered]
        self.names = tuple(name for name, ordered in categorical.items() if ordered)
        self._seen: dict[str, list[pa.DictionaryArray]] = {name: [] for name in self.names}

    def add(self, seen: Mapping[str, pa.DictionaryArray]) -> None:
        for name, column in seen.items():
            self._seen[name].append(column)

    @property
    def all(self) -> dict[str, pa.Array | None]:
        orders: dict[str, pa.Array | None] = dict.fromkeys(self._plain)
        seen = {name: columns for name, columns in self._seen.items() if columns}
        return orders | {
            name: categories_in_use(columns, self._declared[name]) for name, columns in seen.items()
        }


def _in_use(names: Sequence[str], released: pa.Table) -> dict[str, pa.DictionaryArray]:
    """Return the categories that the records of a part have, among all that it declares."""
    return {name: released[name].combine_chunks().unique() for name in names}


def _as_released(
    table: pa.Table, schema: pa.Schema, orders: Mapping[str, pa.Array | None]
) -> pa.Table:
    """Give sorted records the types of the release; categories that none of them has are gone.

    Whose they are, if that is told, are the last columns.
    """
    if told := owners_told(table):
        released = _as_released(without_persons(table), schema, orders)
        for name in told:
            released = released.append_column(name, table[name])
        return released
    table = plain(table, schema)
    for index, field in enumerate(schema):
        if field.name in orders:
            column = recategorized(table[index].combine_chunks(), orders[field.name])
            table = table.set_column(index, field, column)
    return table
