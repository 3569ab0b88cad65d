"""Records of the source beside what became of them, a sample of them in a large table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.reading.scanning import Piece
from anon_dagster.storage.values import text_array

Recode = Callable[[pa.Table], tuple[pa.Table, pa.Table]]
"""Returns the records of a table that are released, and how they are, in the same order."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(Discreet, shown=("records",)):
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
class PairSample(Discreet, shown=("columns",)):
    """Draws records of a source by their places, in one reading."""

    columns: tuple[str, ...]
    """Those of the source that are compared with the release."""
    places: NDArray[np.int64] | None
    """(drawn records,): ascending; ``None``: all of them."""
    _drawn: list[pa.RecordBatch] = field(default_factory=list)

    @classmethod
    def of(cls, columns: Iterable[str], *, records: int, most: int, seed: int) -> "PairSample":
        """Draw at most so many of some records, by a seed."""
        places = None
        if records > most:
            rng = np.random.default_rng(seed)
            places = np.sort(rng.choice(records, most, replace=False, shuffle=False))
        return cls(tuple(columns), places)

    @property
    def look(self) -> Callable[[Piece], list[pa.RecordBatch]]:
        """What draws from the records of a piece, for :meth:`add`."""
        return partial(_drawn_of, self.places)

    def add(self, drawn: Sequence[pa.RecordBatch]) -> None:
        """Take what was drawn of the next piece."""
        self._drawn.extend(drawn)

    def pairs(self, recode: Recode) -> Pairs:
        """Return what was drawn beside what becomes of it."""
        if not self._drawn:
            return Pairs({}, {}, 0)
        stays, released = recode(pa.Table.from_batches(self._drawn))
        return Pairs(
            {name: _whole(stays[name]) for name in self.columns},
            {name: _whole(released[name]) for name in released.column_names},
            stays.num_rows,
        )


def _drawn_of(places: NDArray[np.int64] | None, piece: Piece) -> list[pa.RecordBatch]:
    """Return the records of a piece whose places were drawn."""
    drawn, first = [], piece.first
    for batch in piece.table.to_batches():
        chosen = batch
        if places is not None:
            start, end = np.searchsorted(places, (first, first + batch.num_rows))
            chosen = batch.take(pa.array(places[start:end] - first))
        if chosen.num_rows:
            drawn.append(chosen)
        first += batch.num_rows
    return drawn


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; of categories, their values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()
