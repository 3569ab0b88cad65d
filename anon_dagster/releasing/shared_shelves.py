"""Recoded parts in files that all processes of a cluster see, until every part is there.

They lie beside the target, hold nothing but released values, and are gone before it is published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from anon_dagster.engine import checkpoint
from anon_dagster.releasing.arrangement import Shelf
from anon_dagster.storage.categories import in_one_piece, without_unused
from anon_dagster.storage.failures import reading, writing
from anon_dagster.storage.opening import abandon, finish, open_to_read, open_to_write


@dataclass(frozen=True, slots=True, eq=False)
class SharedShelf:
    """The released records of a part in a file, a batch for each block."""

    path: str
    sizes: NDArray[np.int64]  # (blocks,): how many records each has


def store_shelf(shelf: Shelf, folder: str) -> SharedShelf:
    """Write a part into a file of a folder, under a name that nobody else has.

    Raises
    ------
    TargetError
        If it cannot be written.
    """
    path = f"{folder}/{token_hex(16)}.arrow"
    released = replace(shelf, table=without_unused(shelf.table))
    with writing(path):
        file = open_to_write(path)
        try:
            released.write(file)
            finish(file)
        except BaseException:
            abandon(file)
            raise
    return SharedShelf(path, np.diff(shelf.ends))


@dataclass(frozen=True, slots=True, eq=False)
class SharedShelves:
    """All parts."""

    paths: tuple[str, ...]
    ends: NDArray[np.int64]  # (blocks + 1,): where each block begins in the release

    @classmethod
    def of(cls, shelves: Sequence[SharedShelf], blocks: int) -> "SharedShelves":
        """Put the files of parts together."""
        ends = np.zeros(blocks + 1, dtype=np.int64)
        for shelf in shelves:
            ends[1:] += shelf.sizes
        return cls(tuple(shelf.path for shelf in shelves), np.cumsum(ends))

    @property
    def records(self) -> int:
        """How many records there are."""
        return int(self.ends[-1])

    def block(self, number: int) -> pa.Table:
        """Return the records of a block, in no particular order."""
        batches = list(self._batches(number))
        return in_one_piece(pa.concat_tables(batches))

    def _batches(self, number: int) -> Iterator[pa.Table]:
        for path in self.paths:
            checkpoint()
            with reading(path), open_to_read(path, scattered=True) as file:
                batch = pa.ipc.open_file(file).get_batch(number)
                yield pa.Table.from_batches([batch])
