"""Codes of tuples, column by column, each as narrow as its codes allow.

A table of ten million tuples takes a byte or two for each code, not four or eight; what reads a
column gets 32 bits, in which nothing wraps around.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet

_KINDS = (np.uint8, np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class Codes(Discreet, shown=("tuples",)):
    """A table of codes, (tuples, attributes), that is read as an array of 32-bit integers."""

    columns: tuple[NDArray[np.integer], ...]  # (attributes,) of (tuples,)
    tuples: int

    @classmethod
    def of(cls, array: NDArray[np.integer]) -> "Codes":
        """Return the codes of an array, (tuples, attributes)."""
        return cls.of_columns(list(array.T), len(array))

    @classmethod
    def of_columns(cls, columns: Sequence[NDArray[np.integer]], tuples: int) -> "Codes":
        """Return the codes of columns, (tuples,) each, of which there may be none."""
        return cls(tuple(map(_narrow, columns)), tuples)

    @property
    def shape(self) -> tuple[int, int]:
        """How many tuples and attributes there are."""
        return self.tuples, len(self.columns)

    @property
    def array(self) -> NDArray[np.int32]:
        """All codes at once, (tuples, attributes), which takes four bytes for each."""
        codes = np.empty(self.shape, dtype=np.int32)
        for a, column in enumerate(self.columns):
            codes[:, a] = column
        return codes

    def select(self, attributes: Sequence[int]) -> "Codes":
        """Return some of the columns; they are not copied."""
        return Codes(tuple(self.columns[a] for a in attributes), self.tuples)

    def take(self, rows: NDArray[Any]) -> "Codes":
        """Return some tuples, by their places or marked as true."""
        length = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return Codes(tuple(column[rows] for column in self.columns), length)

    def append(self, other: "Codes") -> "Codes":
        """Return the tuples of both, one after the other."""
        pairs = zip(self.columns, other.columns, strict=True)
        return Codes(tuple(np.concatenate(pair) for pair in pairs), self.tuples + other.tuples)

    @overload
    def __getitem__(self, place: tuple[np.integer[Any] | int, int]) -> np.int32: ...
    @overload
    def __getitem__(self, place: tuple[slice | NDArray[Any], int]) -> NDArray[np.int32]: ...
    def __getitem__(self, place: tuple[Any, int]) -> Any:
        """Return the codes of some tuples in one attribute."""
        rows, attribute = place
        return self.columns[attribute][rows].astype(np.int32)

    def __len__(self) -> int:
        return self.tuples

    def __array__(  # numpy calls it so
        self,
        dtype: Any = None,  # noqa: ANN401
        copy: bool | None = None,  # noqa: FBT001
    ) -> NDArray[Any]:
        """Return all codes, where numpy asks for them."""
        del copy  # it is always one
        return self.array if dtype is None else self.array.astype(dtype)


def kind_for(size: int) -> type[np.integer[Any]]:
    """Return the narrowest type of codes below ``size``."""
    return next((kind for kind in _KINDS if size - 1 <= np.iinfo(kind).max), np.int32)


def narrow_counts(counts: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return counts, (tuples,), in the narrowest type that holds them: mostly they are 1."""
    most = int(counts.max(initial=0))
    kind = next((kind for kind in _KINDS if most <= np.iinfo(kind).max), np.int64)
    return counts.astype(kind, copy=False)


def _narrow(column: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return codes, (tuples,), in the narrowest type that holds them, side by side in memory."""
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    kind = np.int32 if least < 0 else kind_for(most + 1)
    return np.ascontiguousarray(column, dtype=kind)
