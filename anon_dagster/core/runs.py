"""Runs: the distinct tuples of a part of a table as packed keys, in ascending order.

Neighbouring attributes share an integer, a *word*, as long as the product of their sizes fits.
Sorting words sorts tuples lexicographically, and takes a fraction of what sorting rows takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes, kind_for
from anon_dagster.core.keys import LARGEST

Words = tuple[NDArray[np.int64], ...]  # each (tuples,)
_STRETCH = 2**18
"""Tuples that are unpacked at a time."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How tuples of codes become words."""

    sizes: tuple[int, ...]  # (attributes,): how many codes each has

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """The attributes that share a word: the first, and one past the last."""
        stretches, first, space = [], 0, 1
        for a, size in enumerate(self.sizes):
            if space * max(size, 1) > LARGEST:
                stretches.append((first, a))
                first, space = a, 1
            space *= max(size, 1)
        return [*stretches, (first, len(self.sizes))] if self.sizes else []

    def pack(self, columns: Sequence[NDArray[np.integer]]) -> Words:
        """Return the words of codes, each (tuples,)."""
        words = []
        for first, last in self.stretches:
            word = columns[first].astype(np.int64)
            for column, size in zip(
                columns[first + 1 : last], self.sizes[first + 1 : last], strict=True
            ):
                word *= max(size, 1)
                word += column
            words.append(word)
        return tuple(words)

    def unpack(self, words: Words) -> list[NDArray[np.int64]]:
        """Return the codes of each attribute, each (tuples,)."""
        columns: list[NDArray[np.int64]] = []
        for word, (first, last) in zip(words, self.stretches, strict=True):
            rest, found = word, []
            for size in self.sizes[first + 1 : last][::-1]:
                above = rest // max(size, 1)
                found.append(rest - above * max(size, 1))
                rest = above
            columns += [rest, *found[::-1]]
        return columns


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Distinct tuples, ascending, and how many records have each."""

    words: Words
    counts: NDArray[np.int64]  # (tuples,), each at least 1
    packing: Packing

    @classmethod
    def of(
        cls,
        columns: Sequence[NDArray[np.integer]],
        sizes: Sequence[int],
        counts: NDArray[np.int64],
    ) -> "Run":
        """Join equal tuples, of the codes in columns, each (tuples,), and add up their counts."""
        packing = Packing(tuple(sizes))
        return cls(*joined(packing.pack(columns), counts), packing)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return self.counts.nbytes + sum(word.nbytes for word in self.words)

    @property
    def columns(self) -> list[NDArray[np.int64]]:
        """The codes of each attribute, each (tuples,)."""
        return self.packing.unpack(self.words)

    @property
    def codes(self) -> Codes:
        """The same codes, each column as narrow as it may be; unpacked stretch by stretch."""
        columns = [np.empty(len(self), dtype=kind_for(size)) for size in self.packing.sizes]
        for part in stretches(len(self)):
            unpacked = self.packing.unpack(_at(self.words, part))
            for column, codes in zip(columns, unpacked, strict=True):
                column[part] = codes
        return Codes(tuple(columns), len(self))

    def recode(self, codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]) -> "Run":
        """Replace each attribute's codes by others: ``codes[a][v]`` stands for code v of a."""
        packing = Packing(tuple(sizes))
        words = tuple(np.empty(len(self), dtype=np.int64) for _ in packing.stretches)
        for part in stretches(len(self)):
            old = self.packing.unpack(_at(self.words, part))
            replaced = [new[column] for new, column in zip(codes, old, strict=True)]
            for word, packed in zip(words, packing.pack(replaced), strict=True):
                word[part] = packed
        return Run(*joined(words, self.counts), packing)


def stretches(tuples: int) -> Iterator[slice]:
    """Divide tuples into stretches, so that little is unpacked at a time."""
    for first in range(0, tuples, _STRETCH):
        yield slice(first, min(first + _STRETCH, tuples))


def merge(runs: Sequence[Run]) -> Run:
    """Add up runs over the same codes, at least one, in any order."""
    if len(runs) == 1:
        return runs[0]
    words = zip(*(run.words for run in runs), strict=True)
    whole = tuple(np.concatenate(parts) for parts in words)
    counts = np.concatenate([run.counts for run in runs])
    return Run(*joined(whole, counts), runs[0].packing)


def joined(words: Words, counts: NDArray[np.int64]) -> tuple[Words, NDArray[np.int64]]:
    """Sort words, each (tuples,), join equal tuples, and add up their counts."""
    if not len(counts) or not words:
        return words, counts[:0] if not len(counts) else counts.sum(keepdims=True)
    if len(words) == 1 and (counts == 1).all():  # keys alone sort far faster than their places
        ordered: Words = (np.sort(words[0]),)
        starts = _starts(ordered)
        return _at(ordered, starts), np.diff(starts, append=len(counts))
    order = np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])
    ordered = _at(words, order)
    starts = _starts(ordered)
    return _at(ordered, starts), np.add.reduceat(counts[order], starts)


def _at(words: Words, places: NDArray[np.int64] | slice) -> Words:
    return tuple(word[places] for word in words)


def _starts(ordered: Words) -> NDArray[np.int64]:
    """Return the place of the first of equal tuples, (distinct tuples,)."""
    fresh = np.ones(len(ordered[0]), dtype=np.bool_)
    fresh[1:] = False
    for word in ordered:
        fresh[1:] |= word[1:] != word[:-1]
    return np.flatnonzero(fresh)
