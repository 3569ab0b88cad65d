"""Sorted runs that are kept aside while there is no room for them in memory."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.runs import (
    MARKED,
    Packing,
    Run,
    SortedRun,
    Words,
    merged,
    recoded,
    stretches,
)
from anon_dagster.discreet import Discreet
from anon_dagster.storage.failures import keeping_aside
from anon_dagster.storage.scratch import Stretch

_MOST_RUNS = 16
"""So many runs of one table are joined before there are more."""
Pieces = Iterable[tuple[Words, NDArray[np.integer]]]
"""Words and counts of tuples, ascending over all pieces."""


class StoredRun:
    """Distinct tuples, ascending, and how many records have each; see :class:`SortedRun`.

    Of every so many tuples one is kept in memory, to find ranges of keys.
    """

    def __init__(self, pieces: Pieces, packing: Packing) -> None:
        """Write a run, piece by piece.

        Raises
        ------
        TargetError
            If there is no room for it.
        """
        self.packing = packing
        self._columns = [_Integers() for _ in range(len(packing.stretches) + 1)]
        marked: list[Words] = []
        self._tuples = self.records = self.most = 0
        for words, counts in pieces:
            first = -self._tuples % MARKED
            marked.append(tuple(word[first::MARKED] for word in words))
            for column, values in zip(self._columns, (*words, counts), strict=True):
                column.append(values)
            self._tuples += len(counts)
            self.records += int(counts.sum())
            self.most = max(self.most, int(counts.max(initial=0)))
        self.marked: Words = tuple(map(np.concatenate, zip(*marked, strict=True)))

    @classmethod
    def of(cls, run: Run) -> "StoredRun":
        """Write a run that is in memory."""
        return cls(map(run.read, stretches(len(run))), run.packing)

    @property
    def marks(self) -> NDArray[np.int64]:
        """See :class:`SortedRun`."""
        return self.marked[0] if self.marked else np.zeros(0, dtype=np.int64)

    def read(self, part: slice) -> tuple[Words, NDArray[np.integer]]:
        """See :class:`SortedRun`."""
        *words, counts = (column.read(part) for column in self._columns)
        return tuple(words), counts

    def place(self, key: int) -> int:
        """See :class:`SortedRun`."""
        return place_among(self, key)

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return sum(word.nbytes for word in self.marked)

    def __len__(self) -> int:
        return self._tuples

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Travel as what is in the file: another process has none."""
        return _again, (*self.read(slice(0, len(self))), self.packing)


@dataclass(frozen=True, slots=True, eq=False)
class RecodedRun(Discreet):
    """A stored run in other codes that are in the same order; see :class:`SortedRun`."""

    run: StoredRun
    codes: Sequence[NDArray[np.integer]]  # (attributes,): the new code of each, ascending
    packing: Packing

    @classmethod
    def of(cls, run: StoredRun) -> "RecodedRun":
        """Return a run in its own codes."""
        return cls(run, [np.arange(size) for size in run.packing.sizes], run.packing)

    def recode(self, codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]) -> "RecodedRun":
        """Replace codes by others that are in the same order."""
        replaced = [new[old] for new, old in zip(codes, self.codes, strict=True)]
        return RecodedRun(self.run, replaced, Packing(tuple(sizes)))

    @property
    def marks(self) -> NDArray[np.int64]:
        """See :class:`SortedRun`."""
        words = recoded(self.run.marked, self.run.packing, self.codes, self.packing)
        return words[0]

    def read(self, part: slice) -> tuple[Words, NDArray[np.integer]]:
        """See :class:`SortedRun`."""
        words, counts = self.run.read(part)
        return recoded(words, self.run.packing, self.codes, self.packing), counts

    def place(self, key: int) -> int:
        """See :class:`SortedRun`."""
        return place_among(self, key)

    def __len__(self) -> int:
        return len(self.run)


def fewer(runs: tuple[SortedRun, ...], packing: Packing) -> StoredRun | None:
    """Join runs over the same codes if there are many: each keeps marks, and is read by itself."""
    return None if len(runs) < _MOST_RUNS else StoredRun(merged(runs), packing)


def place_among(run: SortedRun, key: int) -> int:
    """Find the first tuple whose first word is not below a key, reading what is near it."""
    mark = int(np.searchsorted(run.marks, key))
    if not mark:
        return 0
    first = (mark - 1) * MARKED
    (word, *_), _ = run.read(slice(first, min(first + MARKED, len(run))))
    return first + int(np.searchsorted(word, key))


class _Integers:
    """A column of 64-bit integers that is kept aside."""

    def __init__(self) -> None:
        with _writing():
            self._stretch = Stretch()

    def append(self, values: NDArray[np.integer]) -> None:
        """Write further integers."""
        with _writing():
            self._stretch.append(np.ascontiguousarray(values, dtype=np.int64).view(np.uint8).data)

    def read(self, part: slice) -> NDArray[np.int64]:
        """Read some of them."""
        values = np.empty(part.stop - part.start, dtype=np.int64)
        self._stretch.read_into(values.view(np.uint8).data, part.start * values.itemsize)
        return values


def _writing() -> AbstractContextManager[None]:
    return keeping_aside("a part of the count")


def _again(words: Words, counts: NDArray[np.integer], packing: Packing) -> StoredRun:
    return StoredRun([(words, counts)], packing)
