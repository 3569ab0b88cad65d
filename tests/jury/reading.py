"""How an outsider reads released labels: the way up from each value, and nothing of the library.

A *path* holds the labels of a value from itself up to below the root, which every column writes as
``*``. A label may stand for a value if it is on the value's path.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING = "missing"
ANYTHING = "*"

Way = Callable[[str], tuple[str, ...]]
"""From a value to its path."""


def itself(value: str) -> tuple[str, ...]:
    return (value,)


def intervals(lower: int, *widths: int) -> Way:
    def way(value: str) -> tuple[str, ...]:
        starts = [(lower + (int(value) - lower) // width * width, width) for width in widths]
        return (value, *(f"[{start}, {start + width})" for start, width in starts))

    return way


def masked(levels: int) -> Way:
    return lambda value: tuple(
        value[: len(value) - hidden] + "*" * hidden for hidden in range(levels + 1)
    )


def tree(file: Path, separator: str = ",") -> Way:
    with file.open(encoding="utf-8", newline="") as lines:
        paths = {row[0]: tuple(row[:-1]) for row in csv.reader(lines, delimiter=separator)}
    return paths.__getitem__


def nested(groups: dict[str, list[str]]) -> Way:
    paths = {leaf: (leaf, name) for name, leaves in groups.items() for leaf in leaves}
    return paths.__getitem__


def neighbours(values: Sequence[str], *sizes: int) -> Way:
    def joined(place: int, size: int) -> str:
        group = values[place // size * size :][:size]
        return group[0] if len(group) == 1 else f"{group[0]} .. {group[-1]}"

    sums = np.cumprod((1, *sizes)).tolist()
    return lambda value: tuple(joined(values.index(value), size) for size in sums)


def days(written: str, *levels: str) -> Way:
    def way(value: str) -> tuple[str, ...]:
        day = datetime.strptime(value, written).date()  # noqa: DTZ007 (a day has no zone)
        return (value, *(_period(day, level) for level in levels))

    return way


def _period(day: date, level: str) -> str:
    if level == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    years = {"year": 1, "5_years": 5, "decade": 10}[level]
    first = day.year // years * years
    return str(first) if years == 1 else f"{first}/{first + years - 1}"


@dataclass(frozen=True, slots=True)
class Column:
    """The values that people have in a column, and the labels that a release has there."""

    paths: dict[str, tuple[str, ...]]  # by value; of a missing one, that it is missing
    labels: tuple[str, ...]

    @classmethod
    def of(cls, way: Way, values: pd.Series, released: pd.Series) -> "Column":
        """Read a column; a label that stands for no value would be one that is misread."""
        present = values.dropna().unique()
        paths = {value: way(value) for value in present} | {MISSING: (MISSING,)}
        labels = tuple(released.fillna(MISSING).unique())
        known = {ANYTHING}.union(*paths.values())
        assert set(labels) <= known, f"{len(set(labels) - known)} labels stand for no value"
        return cls(paths, labels)

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Whether a label may stand for a value, (labels, values)."""
        paths = list(self.paths.values())
        return np.array(
            [[label == ANYTHING or label in path for path in paths] for label in self.labels],
            dtype=np.bool_,
        )

    def height(self, label: str) -> int:
        """Return how far a label is above the values, at most; of ``*``, above all of them."""
        if label == ANYTHING:
            return max(map(len, self.paths.values()))
        paths = [path for path in self.paths.values() if label in path]
        return max(len(path) - 1 - path[::-1].index(label) for path in paths)

    def spelled(self, cells: pd.Series, name: str) -> pd.DataFrame:
        """Spell cells out, a column per height; what a label leaves open is ``unknown``."""
        depth = max(map(len, self.paths.values()))
        by_cell = {cell: self._spelled(cell, depth) for cell in cells.fillna(MISSING).unique()}
        rows = [by_cell[cell] for cell in cells.fillna(MISSING)]
        return pd.DataFrame(rows, columns=[f"{name}_{height}" for height in range(depth)])

    def _spelled(self, cell: str, depth: int) -> tuple[str, ...]:
        if cell in self.paths:
            path, known = self.paths[cell], 0
        else:
            path = next((p for p in self.paths.values() if cell in p), ())
            known = self.height(cell)
        full = (*path, *path[-1:] * (depth - len(path)))
        return tuple(full[h] if h >= known else "unknown" for h in range(depth))
