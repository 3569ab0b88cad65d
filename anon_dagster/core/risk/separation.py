"""How far attributes tell records apart: of one, of several, and of all but one.

References
----------
.. [1] R. Motwani, Y. Xu, "Efficient algorithms for masking and finding quasi-identifiers", VLDB
   workshop on secure data management, 2007, section 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import group


@dataclass(frozen=True, slots=True)
class Separation:
    """What the sizes of classes say of the attributes that form them [1]_; counts are exact.

    References
    ----------
    .. [1] R. Motwani, Y. Xu, 2007; see the module.
    """

    records: int
    classes: int
    unique: int
    """Records that are alone in their class."""
    rare: int
    """Records in classes below the size that was asked for."""
    largest: int
    alike: int
    """Pairs of records that agree."""
    smallest: int

    @property
    def distinction(self) -> float:
        """Different values per record; the mean of 1 / class size over the records."""
        return self.classes / self.records if self.records else 0.0

    @property
    def separation(self) -> float:
        """The share of the pairs of records that differ; 0 of fewer than two records."""
        pairs = self.records * (self.records - 1) // 2
        return (pairs - self.alike) / pairs if pairs else 0.0


def separation_of(sizes: NDArray[np.integer], *, below: int = 2) -> Separation:
    """Measure classes of these sizes, (classes,), each at least 1.

    Parameters
    ----------
    below
        Records of smaller classes are rare.
    """
    different, classes = np.unique(sizes, return_counts=True)
    counted = dict(zip(different.tolist(), classes.tolist(), strict=True))
    return Separation(
        records=sum(size * n for size, n in counted.items()),
        classes=len(sizes),
        unique=counted.get(1, 0),
        rare=sum(size * n for size, n in counted.items() if size < below),
        largest=max(counted, default=0),
        alike=sum(size * (size - 1) // 2 * n for size, n in counted.items()),
        smallest=min(counted, default=0),
    )


def class_sizes(table: FrequencyTable, attributes: Sequence[int]) -> NDArray[np.int64]:
    """Return how many records agree in some attributes, (classes,)."""
    columns = [table.codes[:, a] for a in attributes]
    groups = group(columns, [table.sizes[a] for a in attributes], len(table))
    return groups.sums(table.counts)


def separations(
    table: FrequencyTable, *, largest: int, below: int = 2
) -> Iterator[tuple[tuple[int, ...], Separation]]:
    """Measure every combination of up to ``largest`` attributes."""
    attributes = table.codes.shape[1]
    for size in range(1, min(largest, attributes) + 1):
        for chosen in combinations(range(attributes), size):
            yield chosen, separation_of(class_sizes(table, chosen), below=below)


def left_out(table: FrequencyTable, *, below: int = 2) -> list[Separation]:
    """Measure all attributes but one, for each in turn."""
    every = range(table.codes.shape[1])
    return [
        separation_of(class_sizes(table, [b for b in every if b != a]), below=below) for a in every
    ]
