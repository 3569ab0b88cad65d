"""Records of the source beside what became of them, a sample of them in a large table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.storage.values import text_array

Recode = Callable[[pa.RecordBatch], tuple[pa.RecordBatch, pa.Table]]
"""Returns the records of a batch that are released, and how they are, in the same order."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Records that were drawn, as they stand in the source and in the release."""

    source: Mapping[str, pa.Array]  # of each column: (records,)
    released: Mapping[str, pa.Array]  # of each column: (records,)
    records: int

    def labels(self, name: str) -> pa.StringArray:
        """Return how a column reads in the release, (records,)."""
        return text_array(self.released[name])

    def alike(self, name: str) -> NDArray[np.bool_]:
        """Tell which records, (records,), read in the release as they do in the source."""
        own, label = text_array(self.source[name]), self.labels(name)
        same = pc.or_kleene(pc.equal(own, label), pc.and_(own.is_null(), label.is_null()))
        return np.asarray(pc.fill_null(same, False).to_numpy(zero_copy_only=False))  # noqa: FBT003


@dataclass(slots=True, eq=False)
class PairSample:
    """Draws records of a source by their places, in one reading."""

    columns: tuple[str, ...]
    """Those of the source that are compared with the release."""
    places: NDArray[np.int64] | None
    """(drawn records,): ascending; ``None``: all of them."""
    _first: int = 0
    _source: list[pa.RecordBatch] = field(default_factory=list)
    _released: list[pa.Table] = field(default_factory=list)

    @classmethod
    def of(cls, columns: Iterable[str], *, records: int, most: int, seed: int) -> "PairSample":
        """Draw at most so many of some records, by a seed."""
        places = None
        if records > most:
            rng = np.random.default_rng(seed)
            places = np.sort(rng.choice(records, most, replace=False, shuffle=False))
        return cls(tuple(columns), places)

    def add(self, batch: pa.RecordBatch, recode: Recode) -> None:
        """Draw from the next records."""
        first, self._first = self._first, self._first + batch.num_rows
        if self.places is not None:
            start, end = np.searchsorted(self.places, (first, self._first))
            batch = batch.take(pa.array(self.places[start:end] - first))
        if not batch.num_rows:
            return
        stays, released = recode(batch)
        self._source.append(stays.select(self.columns))
        self._released.append(released)

    def pairs(self) -> Pairs:
        """Return what was drawn."""
        released = {
            name: _joined([table[name] for table in self._released])
            for name in (self._released[0].column_names if self._released else ())
        }
        source = {
            name: _joined([batch[name] for batch in self._source])
            for name in (self.columns if self._source else ())
        }
        return Pairs(source, released, sum(batch.num_rows for batch in self._source))


def _joined(columns: Iterable[pa.Array | pa.ChunkedArray]) -> pa.Array:
    """Join the parts of a column; of categories, their values."""
    parts = [
        each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in columns
    ]
    return pa.concat_arrays(
        [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in parts]
    )
