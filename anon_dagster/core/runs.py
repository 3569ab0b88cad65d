"""Runs: the distinct tuples of a part of a table as packed keys, in ascending order.

Neighbouring attributes share an integer, a *word*, as long as the product of their sizes fits.
Sorting words sorts tuples lexicographically, and takes a fraction of what sorting rows takes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import narrow_counts
from anon_dagster.core.keys import LARGEST

Words = tuple[NDArray[np.int64], ...]  # each (tuples,)
_STRETCH = 2**18
"""Tuples that are unpacked at a time."""
_RANGE = 2**20
"""Tuples of all runs that are merged at a time, about."""
MARKED = 2**12
"""Every so many tuples one is marked."""
_LONG = 64
"""Ascending stretches of so many keys on average are merged, not sorted anew."""
_Parts = tuple[slice, ...]  # (runs,)
_Merged = tuple[Words, NDArray[np.integer]]


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
    counts: NDArray[np.integer]  # (tuples,), each at least 1, as narrow as they may be
    packing: Packing

    @classmethod
    def of(
        cls,
        columns: Sequence[NDArray[np.integer]],
        sizes: Sequence[int],
        counts: NDArray[np.integer],
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
    def marks(self) -> NDArray[np.int64]:
        """See :class:`SortedRun`."""
        return self.words[0][::MARKED] if self.words else np.zeros(0, dtype=np.int64)

    def read(self, part: slice) -> tuple[Words, NDArray[np.integer]]:
        """See :class:`SortedRun`."""
        return _at(self.words, part), self.counts[part]

    def place(self, key: int) -> int:
        """See :class:`SortedRun`."""
        return int(np.searchsorted(self.words[0], key))

    @property
    def columns(self) -> list[NDArray[np.int64]]:
        """The codes of each attribute, each (tuples,)."""
        return self.packing.unpack(self.words)

    def without_tuples(self) -> "Run":
        """Return a run over the same codes that has none."""
        nothing = tuple(np.zeros(0, dtype=np.int64) for _ in self.words)
        return Run(nothing, np.zeros(0, dtype=np.uint8), self.packing)

    def recode(self, codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]) -> "Run":
        """Replace each attribute's codes by others: ``codes[a][v]`` stands for code v of a."""
        packing = Packing(tuple(sizes))
        words = tuple(np.empty(len(self), dtype=np.int64) for _ in packing.stretches)
        for part in stretches(len(self)):
            replaced = recoded(_at(self.words, part), self.packing, codes, packing)
            for word, packed in zip(words, replaced, strict=True):
                word[part] = packed
        return Run(*joined(words, self.counts), packing)


def recoded(
    words: Words, packing: Packing, codes: Sequence[NDArray[np.integer]], into: Packing
) -> Words:
    """Replace the codes in words: ``codes[a][v]`` stands for code v of attribute a."""
    columns = packing.unpack(words)
    return into.pack([new[old] for new, old in zip(codes, columns, strict=True)])


class SortedRun(Protocol):
    """A run wherever it is kept, read stretch by stretch."""

    @property
    def marks(self) -> NDArray[np.int64]:
        """The first word of every so many tuples, so that ranges of keys can be told."""

    def read(self, part: slice) -> tuple[Words, NDArray[np.integer]]:
        """Return the words of some tuples, and their counts."""

    def place(self, key: int) -> int:
        """Return the place of the first tuple whose first word is not below a key."""

    def __len__(self) -> int:
        """Return how many tuples it has."""


def stretches(tuples: int) -> Iterator[slice]:
    """Divide tuples into stretches, so that little is unpacked at a time."""
    for first in range(0, tuples, _STRETCH):
        yield slice(first, min(first + _STRETCH, tuples))


def one_by_one(work: Callable[[_Parts], _Merged], ranges: Sequence[_Parts]) -> list[_Merged]:
    """Merge ranges of keys one after the other."""
    return [work(each) for each in ranges]


def merge(
    runs: Sequence[Run],
    each: Callable[[Callable[[_Parts], _Merged], Sequence[_Parts]], list[_Merged]] = one_by_one,
) -> Run:
    """Add up runs over the same codes, at least one, in any order.

    Parameters
    ----------
    each
        Merges each range of keys, one after the other or several at once.
    """
    runs = [run for run in runs if len(run)] or runs[:1]
    if len(runs) == 1:
        return runs[0]
    parts = each(partial(_merged_range, runs), list(_ranges(runs)))
    words = tuple(map(np.concatenate, zip(*(words for words, _ in parts), strict=True)))
    counts = np.concatenate([counts for _, counts in parts])
    return Run(words, counts, runs[0].packing)


def merged(runs: Sequence[SortedRun]) -> Iterator[_Merged]:
    """Add up runs over the same codes, range of keys by range of keys, ascending.

    A range has about as many tuples of all runs together, unless very many have the same first
    word.
    """
    return map(partial(_merged_range, runs), _ranges(runs))


def _ranges(runs: Sequence[SortedRun]) -> Iterator[_Parts]:
    """Give the parts of runs, not all empty, that have the same ranges of keys, ascending."""
    begins = [0] * len(runs)
    for bound in [*_bounds(runs), None]:
        ends = [len(run) if bound is None else run.place(bound) for run in runs]
        if begins != ends:
            yield tuple(map(slice, begins, ends))
        begins = ends


def _merged_range(runs: Sequence[SortedRun], parts: _Parts) -> _Merged:
    read = [run.read(part) for run, part in zip(runs, parts, strict=True) if part.start < part.stop]
    words = tuple(map(np.concatenate, zip(*(words for words, _ in read), strict=True)))
    return joined(words, np.concatenate([counts for _, counts in read]))


def _bounds(runs: Sequence[SortedRun]) -> list[int]:
    """Return the first words that divide the tuples of runs into ranges of about a size."""
    marks = np.sort(np.concatenate([run.marks for run in runs]))
    ranges = sum(map(len, runs)) // _RANGE
    places = np.arange(1, ranges + 1) * len(marks) // (ranges + 1)
    return [int(bound) for bound in np.unique(marks[places])]


def joined(words: Words, counts: NDArray[np.integer]) -> tuple[Words, NDArray[np.integer]]:
    """Sort words, each (tuples,), join equal tuples, and add up their counts.

    Counts are as narrow as they may be.
    """
    if not len(counts) or not words:
        total = counts.astype(np.int64).sum(keepdims=True)
        return words, counts[:0] if not len(counts) else narrow_counts(total)
    descents = _descents(words)
    kind = _kind_of_sort(descents, len(counts))
    if len(words) == 1 and (counts == 1).all():  # keys alone sort far faster than their places
        ordered: Words = (np.sort(words[0], kind=kind),) if descents else words
        starts = _starts(ordered)
        return _at(ordered, starts), narrow_counts(np.diff(starts, append=len(counts)))
    if descents:
        order = np.argsort(words[0], kind=kind) if len(words) == 1 else np.lexsort(words[::-1])
        words, counts = _at(words, order), counts[order]
    starts = _starts(words)
    if len(starts) == len(counts):
        return words, narrow_counts(counts)
    return _at(words, starts), narrow_counts(np.add.reduceat(counts, starts, dtype=np.int64))


def _descents(words: Words) -> int:
    """Count the tuples that come after a larger one."""
    below = words[-1][1:] < words[-1][:-1]
    for word in words[-2::-1]:
        below = (word[1:] < word[:-1]) | ((word[1:] == word[:-1]) & below)
    return int(np.count_nonzero(below))


def _kind_of_sort(descents: int, keys: int) -> Literal["stable", "quicksort"]:
    """Return how keys are sorted fastest: by merging long ascending stretches, if there are."""
    return "stable" if descents * _LONG <= keys else "quicksort"


def _at(words: Words, places: NDArray[np.int64] | slice) -> Words:
    return tuple(word[places] for word in words)


def _starts(ordered: Words) -> NDArray[np.int64]:
    """Return the place of the first of equal tuples, (distinct tuples,)."""
    fresh = np.ones(len(ordered[0]), dtype=np.bool_)
    fresh[1:] = False
    for word in ordered:
        fresh[1:] |= word[1:] != word[:-1]
    return np.flatnonzero(fresh)
