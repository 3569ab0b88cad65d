"""Columns of invented values, as the examination sees them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual import Column, Protected

Floats = NDArray[np.float64]


def numeric(numbers: Floats | NDArray[np.int64], *, is_date: bool = False) -> Column:
    """Return a column of numbers, or of days since 1970; NaN is a missing value."""
    values = numbers.astype(np.float64)
    codes = np.unique(values, return_inverse=True)[1]
    return Column.of(codes, numbers=values, missing=np.isnan(values), is_date=is_date)


def written(texts: Sequence[str | None]) -> Column:
    """Return a column of texts."""
    order = sorted({text or "" for text in texts})
    codes = np.array([order.index(text or "") for text in texts], dtype=np.int64)
    missing = np.array([text is None for text in texts], dtype=np.bool_)
    return Column(codes, np.full(len(texts), np.nan), missing, texts=order)


def labelled(column: Column, by: NDArray[np.generic] | None = None) -> Protected:
    """Return a column as it is protected by labels; by nothing but its absence, if left out."""
    if by is None:
        return Protected(column, np.zeros(column.records, dtype=np.int64))
    return Protected(column, np.unique(by, return_inverse=True)[1].astype(np.int64))


def identifier(column: Column) -> Protected:
    """Return a column that names people, and is dropped."""
    nothing = np.zeros(column.records, dtype=np.int64)
    return Protected(column, nothing, is_identifier=True)
