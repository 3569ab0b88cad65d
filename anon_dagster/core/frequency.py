"""The frequency table: the distinct tuples of a table and how many records have each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes, kind_for
from anon_dagster.core.runs import Packing, Run, SortedRun, Words, merged, stretches
from anon_dagster.discreet import Discreet


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyTable(Discreet, shown=("records",)):
    """Distinct tuples in lexicographic order, with their counts.

    The order is part of the value: whatever parts a table was counted in, the result is the same
    to the last bit.
    """

    codes: Codes  # (tuples, attributes)
    counts: NDArray[np.int64]  # (tuples,), each at least 1
    sizes: tuple[int, ...]  # (attributes,): how many values each attribute has

    @classmethod
    def of(
        cls, codes: NDArray[np.int32], counts: NDArray[np.int64], sizes: Sequence[int]
    ) -> "FrequencyTable":
        """Join equal rows of codes, (rows, attributes), and add up their counts, (rows,)."""
        return cls.of_run(Run.of(list(codes.T), sizes, counts))

    @classmethod
    def of_run(cls, run: Run) -> "FrequencyTable":
        """Return the tuples of a run with a code for each attribute."""
        return cls.of_runs([run], run.packing)

    @classmethod
    def of_runs(cls, runs: Sequence[SortedRun], packing: Packing) -> "FrequencyTable":
        """Add up runs over the same codes, at least one, range of keys by range of keys."""
        kinds = [kind_for(size) for size in packing.sizes]
        columns: list[list[NDArray[np.integer]]] = [[np.zeros(0, kind)] for kind in kinds]
        counts: list[NDArray[np.integer]] = [np.zeros(0, dtype=np.uint8)]
        for words, of_words in _read(runs):
            counts.append(of_words)
            for column, kind, codes in zip(columns, kinds, packing.unpack(words), strict=True):
                column.append(codes.astype(kind))
        whole = np.concatenate(counts, dtype=np.int64)
        joined = [np.concatenate(columns.pop(0)) for _ in kinds]  # what was joined is let go
        return cls(Codes(tuple(joined), len(whole)), whole, packing.sizes)

    @property
    def records(self) -> int:
        """How many records were counted."""
        return int(self.counts.sum())

    def __len__(self) -> int:
        return len(self.counts)

    def first(self, attributes: int) -> tuple["FrequencyTable", NDArray[np.int64]]:
        """Return the table of the first attributes, and the tuple of it of each one, (tuples,)."""
        codes = self.codes.columns[:attributes]
        opens = np.zeros(len(self), dtype=np.bool_)
        opens[:1] = True
        for column in codes:  # tuples are in their order, so equal ones are neighbours
            opens[1:] |= column[1:] != column[:-1]
        starts = np.flatnonzero(opens)
        counts = np.add.reduceat(self.counts, starts) if len(starts) else self.counts
        kept = Codes.of_columns([column[starts] for column in codes], len(starts))
        return FrequencyTable(kept, counts, self.sizes[:attributes]), np.cumsum(opens) - 1

    def merge(self, other: "FrequencyTable") -> "FrequencyTable":
        """Add the counts of another table over the same values."""
        columns = self.codes.append(other.codes).columns
        counts = np.concatenate([self.counts, other.counts])
        return FrequencyTable.of_run(Run.of(columns, self.sizes, counts))

    def recode(self, codes: Sequence[NDArray[np.int32]], sizes: Sequence[int]) -> "FrequencyTable":
        """Replace each attribute's values by others: ``codes[a][v]`` stands for value v of a."""
        columns = [new[old] for new, old in zip(codes, self.codes.columns, strict=True)]
        return FrequencyTable.of_run(Run.of(columns, sizes, self.counts))


def _read(runs: Sequence[SortedRun]) -> Iterator[tuple[Words, NDArray[np.integer]]]:
    if len(runs) == 1:
        return map(runs[0].read, stretches(len(runs[0])))
    return merged(runs)
