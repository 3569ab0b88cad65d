"""Recoded parts in files that all processes of a cluster see, until every part is there.

They lie beside the target, and are gone before it is published. They hold nothing that can be read
but released values: where records tell whose they are, that is hidden under numbers that only who
has the key of the parts can make.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_bytes, token_hex

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from anon_dagster.core.sampling import draws
from anon_dagster.discreet import Discreet
from anon_dagster.engine import checkpoint
from anon_dagster.reading.persons import owners_told
from anon_dagster.releasing.arrangement import Shelf
from anon_dagster.storage.categories import in_one_piece, without_unused
from anon_dagster.storage.failures import reading, writing
from anon_dagster.storage.opening import abandon, finish, open_to_read, open_to_write


@dataclass(frozen=True, slots=True, eq=False)
class SharedShelf(Discreet):
    """The released records of a part in a file, a batch for each block."""

    path: str
    sizes: NDArray[np.int64]  # (blocks,): how many records each has
    nonce: bytes
    """Sets the numbers of its persons apart from those of other parts."""


def store_shelf(shelf: Shelf, folder: str, key: bytes) -> SharedShelf:
    """Write a part into a file of a folder, under a name that nobody else has.

    Parameters
    ----------
    key
        Hides whose the records are.

    Raises
    ------
    TargetError
        If it cannot be written.
    """
    path = f"{folder}/{token_hex(16)}.arrow"
    nonce = token_bytes(16)
    released = replace(shelf, table=_hidden(without_unused(shelf.table), key + nonce, 0))
    with writing(path):
        file = open_to_write(path)
        try:
            released.write(file)
            finish(file)
        except BaseException:
            abandon(file)
            raise
    return SharedShelf(path, np.diff(shelf.ends), nonce)


def _hidden(table: pa.Table, key: bytes, first: int) -> pa.Table:
    """Hide whose records are, or show it again, by numbers from SHAKE-256 that fall to each.

    Parameters
    ----------
    first
        The place of the first record in its file.
    """
    for name in owners_told(table):
        hashes = table[name].combine_chunks().to_numpy()
        numbers = draws(key + name.encode(), first, len(hashes)).view(np.int64)
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(hashes ^ numbers))
    return table


@dataclass(frozen=True, slots=True, eq=False)
class SharedShelves(Discreet):
    """All parts."""

    shelves: tuple[SharedShelf, ...]
    ends: NDArray[np.int64]  # (blocks + 1,): where each block begins in the release
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, shelves: Sequence[SharedShelf], blocks: int, key: bytes) -> "SharedShelves":
        """Put the files of parts together, which were written with a key."""
        ends = np.zeros(blocks + 1, dtype=np.int64)
        for shelf in shelves:
            ends[1:] += shelf.sizes
        return cls(tuple(shelves), np.cumsum(ends), key)

    @property
    def records(self) -> int:
        """How many records there are."""
        return int(self.ends[-1])

    def block(self, number: int) -> pa.Table:
        """Return the records of a block, in no particular order."""
        batches = list(self._batches(number))
        return in_one_piece(pa.concat_tables(batches))

    def _batches(self, number: int) -> Iterator[pa.Table]:
        for shelf in self.shelves:
            checkpoint()
            with reading(shelf.path), open_to_read(shelf.path, scattered=True) as file:
                table = pa.Table.from_batches([pa.ipc.open_file(file).get_batch(number)])
            yield _hidden(table, self.key + shelf.nonce, int(shelf.sizes[:number].sum()))
