"""Values of which there are too many to keep: each is a hash and a count.

What is told of them is the same whatever parts they came in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.codes import narrow_counts
from anon_dagster.core.runs import Packing, Run, Words, merge, merged, stretches
from anon_dagster.discreet import Discreet
from anon_dagster.storage.stored_runs import StoredRun, fewer
from anon_dagster.storage.text_hashes import text_hashes

_FREQUENT = 1024
"""A value that more than one record in so many has is told."""
_DRAWN = 1024
"""How many values are drawn, to tell what they mean."""
_HASHES = Packing((2**62,))  # a hash is a word


@dataclass(frozen=True, slots=True, eq=False)
class Multitude(Discreet):
    """The values of a column, missing ones aside, counted by their hashes.

    Among the candidates are all frequent values: each further value wears down the counters of
    the others [1]_, also where parts are joined [2]_.

    References
    ----------
    .. [1] J. Misra, D. Gries, "Finding repeated elements", Science of Computer Programming 2(2),
       1982.
    .. [2] P. Agarwal et al., "Mergeable summaries", ACM Trans. Database Systems 38(4), 2013.
    """

    keys: Run | StoredRun
    """The hashes, ascending, and how many records have each."""
    candidates: pa.StringArray  # (candidates,)
    weights: NDArray[np.int64]  # (candidates,): records with each that no other value wore down
    drawn: pa.StringArray
    """The values of the smallest hashes."""
    spilled: tuple[StoredRun, ...] = ()
    """Further hashes, in files until all parts are joined; any may be among several."""

    @classmethod
    def of(cls, texts: pa.StringArray, counts: NDArray[np.int64]) -> "Multitude":
        """Count texts, (texts,), of which each stands for so many records; any may stand twice."""
        if texts.null_count:
            counts = counts[_bools(pc.is_valid(texts))]
            texts = texts.drop_null()
        hashes, first, sums = _grouped(text_hashes(texts).view(np.int64), counts)
        heavy, weights = _heaviest(sums)
        drawn = texts.take(pa.array(first[:_DRAWN]))
        run = Run((hashes,), narrow_counts(sums), _HASHES)
        return cls(run, texts.take(pa.array(first[heavy])), weights, drawn)

    @property
    def frequent(self) -> tuple[pa.StringArray, NDArray[np.int64]]:
        """The values that many records have, ascending, and how many of them have each."""
        if not len(self.candidates):
            return self.candidates, self.weights
        counts = self._counts_of(text_hashes(self.candidates).view(np.int64))
        many = counts * _FREQUENT > self.records
        texts = self.candidates.filter(pa.array(many))
        order = pc.array_sort_indices(texts)
        return texts.take(order), counts[many][order.to_numpy()]

    def hide(self) -> "Multitude":
        """Return the same without any text."""
        nothing = self.drawn[:0]
        return replace(self, candidates=nothing, weights=self.weights[:0], drawn=nothing)

    def among(self, texts: pa.StringArray) -> NDArray[np.bool_]:
        """Tell which texts, (texts,), may be among the values; a missing one is not."""
        present = _bools(pc.is_valid(texts))
        found = np.zeros(len(texts), dtype=np.bool_)
        found[present] = self._counts_of(text_hashes(texts.drop_null()).view(np.int64)) > 0
        return found

    def _counts_of(self, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many records have each of some hashes, (hashes,), in any order."""
        order = np.argsort(hashes)
        counts = np.zeros(len(hashes), dtype=np.int64)
        for (known,), of_known in self._read():
            first = np.searchsorted(hashes, known[0], sorter=order)
            last = np.searchsorted(hashes, known[-1], side="right", sorter=order)
            asked = order[first:last]
            places = np.searchsorted(known, hashes[asked])
            same = known[places] == hashes[asked]
            counts[asked[same]] = of_known[places[same]]
        return counts

    def shared_with(self, other: "Multitude") -> int:
        """Return how many records have a value that another one has, too."""
        shared = 0
        for (known,), counts in self._read():
            first, last = other.keys.place(int(known[0])), len(other.keys)
            if known[-1] < np.iinfo(np.int64).max:
                last = other.keys.place(int(known[-1]) + 1)
            (others,), _ = other.keys.read(slice(first, last))
            shared += int(counts[np.isin(known, others)].sum())
        return shared

    def _read(self) -> Iterator[tuple[Words, NDArray[np.integer]]]:
        return map(self.keys.read, stretches(len(self.keys)))

    @property
    def records(self) -> int:
        """How many records have a value."""
        if isinstance(self.keys, StoredRun):
            return self.keys.records
        return int(self.keys.counts.sum())

    @property
    def most(self) -> int:
        """How many records have the most frequent value."""
        if isinstance(self.keys, StoredRun):
            return self.keys.most
        return int(self.keys.counts.max(initial=0))

    def spill(self) -> "Multitude":
        """Put the hashes into a file, until all parts are joined."""
        if isinstance(self.keys, StoredRun) or not len(self.keys):
            return self
        nothing = Run(_nothing(), np.zeros(0, dtype=np.uint8), _HASHES)
        spilled = (*self.spilled, StoredRun.of(self.keys))
        whole = fewer(spilled, _HASHES)
        return replace(self, keys=nothing, spilled=spilled if whole is None else (whole,))

    def settled(self) -> "Multitude":
        """Join what is in files, once all parts are joined."""
        if not self.spilled:
            return self
        keys = StoredRun(merged([*self.spilled, self.keys]), _HASHES)
        return replace(self, keys=keys, spilled=())

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        texts = int(self.candidates.nbytes + self.drawn.nbytes)
        return self.keys.bytes + self.weights.nbytes + texts

    def __len__(self) -> int:
        return len(self.keys)


def join_multitudes(parts: Sequence[Multitude]) -> Multitude:
    """Join the values of parts, at least one, in any order."""
    spilled = tuple(run for part in parts for run in part.spilled)
    in_memory: list[Run] = []
    for part in parts:
        if isinstance(part.keys, StoredRun):
            spilled += (part.keys,)
        else:
            in_memory.append(part.keys)
    keys = merge(in_memory or [Run(_nothing(), np.zeros(0, dtype=np.uint8), _HASHES)])
    texts = pa.concat_arrays([part.candidates for part in parts])
    worn = np.concatenate([part.weights for part in parts])
    _, first, sums = _grouped(text_hashes(texts).view(np.int64), worn)
    heavy, weights = _heaviest(sums)
    candidates = texts.take(pa.array(first[heavy]))
    drawn = pa.concat_arrays([part.drawn for part in parts])
    _, smallest, _ = _grouped(text_hashes(drawn).view(np.int64), np.ones(len(drawn), np.int64))
    smallest = smallest[:_DRAWN]
    return Multitude(keys, candidates, weights, drawn.take(pa.array(smallest)), spilled)


def _nothing() -> Words:
    return (np.zeros(0, dtype=np.int64),)


def _grouped(
    hashes: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the different hashes, ascending, a place of each, and the sum of its counts."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    fresh = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    starts = np.flatnonzero(fresh)
    sums = np.add.reduceat(counts[order], starts) if len(starts) else counts
    return ordered[starts], order[starts], sums


def _heaviest(sums: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of fewer than ``_FREQUENT`` sums, and what the next one leaves of them."""
    if len(sums) < _FREQUENT:
        return np.arange(len(sums)), sums
    heavy = np.flatnonzero(sums > 1)  # the next one leaves nothing of a single record
    next_one = np.partition(sums[heavy], -_FREQUENT)[-_FREQUENT] if len(heavy) >= _FREQUENT else 1
    left = sums[heavy] - next_one
    return heavy[left > 0], left[left > 0]


def _bools(flags: pa.BooleanArray) -> NDArray[np.bool_]:
    flat: NDArray[np.bool_] = flags.to_numpy(zero_copy_only=False)
    return flat
