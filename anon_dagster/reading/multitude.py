"""Values of which there are too many to keep: each is a hash and a count.

What is told of them is the same whatever parts they came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.runs import joined
from anon_dagster.storage.text_hashes import text_hashes

_FREQUENT = 1024
"""A value that more than one record in so many has is told."""
_DRAWN = 1024
"""How many values are drawn, to tell what they mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Multitude:
    """The values of a column, missing ones aside, counted by their hashes.

    Among the candidates are all frequent values: each further value wears down the counters of
    the others [1]_, also where parts are joined [2]_.

    References
    ----------
    .. [1] J. Misra, D. Gries, "Finding repeated elements", Science of Computer Programming 2(2),
       1982.
    .. [2] P. Agarwal et al., "Mergeable summaries", ACM Trans. Database Systems 38(4), 2013.
    """

    hashes: NDArray[np.int64]  # (values,): ascending
    counts: NDArray[np.int64]  # (values,): records with each
    candidates: pa.StringArray  # (candidates,)
    weights: NDArray[np.int64]  # (candidates,): records with each that no other value wore down
    drawn: pa.StringArray
    """The values of the smallest hashes."""

    @classmethod
    def of(cls, texts: pa.StringArray, counts: NDArray[np.int64]) -> "Multitude":
        """Count texts, (texts,), of which each stands for so many records; any may stand twice."""
        if texts.null_count:
            counts = counts[_bools(pc.is_valid(texts))]
            texts = texts.drop_null()
        hashes, first, sums = _grouped(text_hashes(texts).view(np.int64), counts)
        heavy, weights = _heaviest(sums)
        drawn = texts.take(pa.array(first[:_DRAWN]))
        return cls(hashes, sums, texts.take(pa.array(first[heavy])), weights, drawn)

    @property
    def frequent(self) -> tuple[pa.StringArray, NDArray[np.int64]]:
        """The values that many records have, ascending, and how many of them have each."""
        if not len(self.candidates):
            return self.candidates, self.weights
        places = np.searchsorted(self.hashes, text_hashes(self.candidates).view(np.int64))
        counts = self.counts[places]
        many = counts * _FREQUENT > self.counts.sum()
        texts = self.candidates.filter(pa.array(many))
        order = pc.array_sort_indices(texts)
        return texts.take(order), counts[many][order.to_numpy()]

    def hide(self) -> "Multitude":
        """Return the same without any text."""
        nothing = self.drawn[:0]
        return Multitude(self.hashes, self.counts, nothing, self.weights[:0], nothing)

    def among(self, texts: pa.StringArray) -> NDArray[np.bool_]:
        """Tell which texts, (texts,), may be among the values; a missing one is not."""
        present = _bools(pc.is_valid(texts))
        found = np.zeros(len(texts), dtype=np.bool_)
        found[present] = np.isin(text_hashes(texts.drop_null()).view(np.int64), self.hashes)
        return found

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        texts = int(self.candidates.nbytes + self.drawn.nbytes)
        return self.hashes.nbytes + self.counts.nbytes + self.weights.nbytes + texts

    def __len__(self) -> int:
        return len(self.hashes)


def join_multitudes(parts: Sequence[Multitude]) -> Multitude:
    """Join the values of parts, at least one, in any order."""
    (hashes,), counts = joined(
        (np.concatenate([part.hashes for part in parts]),),
        np.concatenate([part.counts for part in parts]),
    )
    texts = pa.concat_arrays([part.candidates for part in parts])
    worn = np.concatenate([part.weights for part in parts])
    _, first, sums = _grouped(text_hashes(texts).view(np.int64), worn)
    heavy, weights = _heaviest(sums)
    candidates = texts.take(pa.array(first[heavy]))
    drawn = pa.concat_arrays([part.drawn for part in parts])
    _, smallest, _ = _grouped(text_hashes(drawn).view(np.int64), np.ones(len(drawn), np.int64))
    return Multitude(hashes, counts, candidates, weights, drawn.take(pa.array(smallest[:_DRAWN])))


def _grouped(
    hashes: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the different hashes, ascending, a place of each, and the sum of its counts."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
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
