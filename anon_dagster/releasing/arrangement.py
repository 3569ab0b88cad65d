"""The order of a release, which follows from its records alone, whatever order they came in.

A record's block is drawn by a hash of what it says, and the records of a block are sorted by their
released values, column after column. Of a stretch of the source nothing stays together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
from numpy.typing import NDArray

from anon_dagster.core.keys import LARGEST
from anon_dagster.discreet import Discreet
from anon_dagster.engine import checkpoint
from anon_dagster.reading.persons import without_persons
from anon_dagster.storage.categories import in_one_piece
from anon_dagster.storage.failures import keeping_aside
from anon_dagster.storage.scratch import Stretch
from anon_dagster.storage.text_hashes import text_hashes
from anon_dagster.storage.values import text_array

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_NONE = np.uint64(0x94D049BB133111EB)  # the hash of a missing value


def drawn_blocks(table: pa.Table, blocks: int) -> NDArray[np.int64]:
    """Return the block of each record, (records,), from 0 to ``blocks - 1``.

    Records that read alike share one. The hash has no key: it is of what everybody can read, and
    so not of whose a record is.
    """
    hashes = np.zeros(table.num_rows, dtype=np.uint64)
    if blocks > 1:
        for column in without_persons(table).columns:
            hashes ^= _hashes(column.combine_chunks())
            hashes *= _FACTOR
            hashes ^= hashes >> _SHIFT
    return (hashes % np.uint64(blocks)).astype(np.int64)


def _hashes(column: pa.Array) -> NDArray[np.uint64]:
    """Return a hash of what each record says, (records,)."""
    if pa.types.is_dictionary(column.type):
        of_values = np.append(_hashes(column.dictionary), _NONE)
        codes = pc.fill_null(column.indices.cast(pa.int64()), len(of_values) - 1)
        taken: NDArray[np.uint64] = of_values[codes.to_numpy()]
        return taken
    texts = text_array(column)
    hashes = text_hashes(pc.fill_null(texts, ""))
    if texts.null_count:
        hashes[texts.is_null().to_numpy(zero_copy_only=False)] = _NONE
    return hashes


def by_value(table: pa.Table) -> pa.Table:
    """Sort records by their values, column after column; missing values come last."""
    return table.take(pa.array(order_by_value([c.combine_chunks() for c in table.columns])))


def order_by_value(columns: Sequence[pa.Array]) -> NDArray[np.int64]:
    """Return the places of records in the order of their values, (records,).

    Once it is known which records do not differ before, others are ranked no more.
    """
    records = len(columns[0]) if columns else 0
    keys = np.zeros(records, dtype=np.int64)
    space = 1
    tied: NDArray[np.int64] | None = None  # records that may share a key; None: any
    for column in columns:
        is_encoded = pa.types.is_dictionary(column.type)
        if not is_encoded or space * (len(column.dictionary) + 1) > LARGEST:
            keys, space, tied = _dense(keys)
            if not len(tied):
                break
        ranks, size = _ranks(column if tied is None else column.take(pa.array(tied)))
        keys *= size
        if tied is None:
            keys += ranks
        else:
            keys[tied] += ranks
        space *= size
    return np.argsort(keys, kind="stable")


def _dense(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]:
    """Return the ranks of keys, (records,), how many there are, and the places of shared ones."""
    order = np.argsort(keys)
    ordered = keys[order]
    fresh = np.ones(len(keys) + 1, dtype=np.bool_)
    fresh[1:-1] = ordered[1:] != ordered[:-1]
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.cumsum(fresh[:-1]) - 1
    shared = ~(fresh[:-1] & fresh[1:])
    return ranks, int(fresh[:-1].sum()), order[shared]


def _ranks(column: pa.Array) -> tuple[NDArray[np.int64], int]:
    """Return the rank of each value, (records,), missing ones last, and the number of ranks."""
    encoded = column
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode()
    distinct = encoded.dictionary
    ranks = np.empty(len(distinct) + 1, dtype=np.int64)
    sortable = distinct.cast(pa.float32()) if pa.types.is_float16(distinct.type) else distinct
    ranks[pc.sort_indices(sortable).to_numpy()] = np.arange(len(distinct))
    ranks[-1] = len(distinct)
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(distinct))
    return ranks[codes.to_numpy()], len(distinct) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Shelf(Discreet):
    """The released records of a part, block after block."""

    table: pa.Table
    ends: NDArray[np.int64]  # (blocks + 1,): where each block begins, and the last one ends

    @classmethod
    def of(cls, table: pa.Table, stay: NDArray[np.bool_], blocks: int) -> "Shelf":
        """Put the records of a part that stay where their block is."""
        if blocks == 1 and stay.all():
            return cls(table, np.array([0, table.num_rows]))
        rows = np.flatnonzero(stay)
        numbers = drawn_blocks(table, blocks)[rows]
        kind = np.uint16 if blocks < 2**16 else np.int64  # small numbers are sorted by counting
        order = rows[np.argsort(numbers.astype(kind), kind="stable")] if blocks > 1 else rows
        ends = np.zeros(blocks + 1, dtype=np.int64)
        np.cumsum(np.bincount(numbers, minlength=blocks), out=ends[1:])
        return cls(table.take(pa.array(order)), ends)

    def block(self, number: int) -> pa.Table:
        """Return the records of a block."""
        return self.table.slice(self.ends[number], self.ends[number + 1] - self.ends[number])

    def write(self, file: IO[bytes]) -> None:
        """Write the records into a file of Arrow's, a batch for each block."""
        whole = self.table.combine_chunks()
        batch = pa.RecordBatch.from_arrays(
            [column.chunk(0) for column in whole.columns], schema=whole.schema
        )
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(file, batch.schema, options=options) as writer:
            for first, last in pairwise(self.ends.tolist()):
                checkpoint()
                writer.write_batch(batch.slice(first, last - first))


class StoredShelf:
    """The same, kept aside."""

    def __init__(self, shelf: Shelf) -> None:
        """Write the records of a part, block after block.

        Raises
        ------
        TargetError
            If there is no room for them.
        """
        with keeping_aside("a part of the release"):
            stretch = Stretch()
            file = stretch.opened_to_write()
            shelf.write(file)
            file.flush()  # what is left of it may be what there is no room for
        self._reader = pa.ipc.open_file(stretch.opened_to_read())

    def block(self, number: int) -> pa.Table:
        """Return the records of a block."""
        return pa.Table.from_batches([self._reader.get_batch(number)])


class Shelves:
    """Recoded parts, until every part is there: in memory as far as they may be, else in files."""

    def __init__(self, blocks: int, *, most_bytes: int) -> None:
        self.blocks = blocks
        self.records = 0
        """How many records there are."""
        self.stored = 0
        """How many parts are in files."""
        self._left = most_bytes
        self._shelves: list[Shelf | StoredShelf] = []

    def add(self, shelf: Shelf) -> None:
        """Keep a part."""
        self.records += shelf.table.num_rows
        size = shelf.table.nbytes
        if size <= self._left or not shelf.table.num_rows:
            self._left -= size
            self._shelves.append(shelf)
        else:
            self.stored += 1
            self._shelves.append(StoredShelf(shelf))

    def block(self, number: int) -> pa.Table:
        """Return the records of a block, in no particular order."""
        parts = [shelf.block(number) for shelf in self._shelves]
        return in_one_piece(pa.concat_tables(parts))

    def close(self) -> None:
        """Let go of every part."""
        self._shelves.clear()
