"""Cells as numbers: equal ones have the same, and nobody reads a cell from it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.core.residual.alone import Keys, mixed
from anon_dagster.reading.counting import encode

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_KEY = "anon-dagster hash"[:16]


def cell_keys(column: pa.Array) -> Keys:
    """Return a number for each cell, (records,): the same for cells that read alike.

    Two that do not read alike have the same with a chance of 2^-64.
    """
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return _of_numbers(column)
    texts, places = encode(column)
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    of_records: Keys = np.where(missing, _MISSING, _of_texts(texts))[places]
    return of_records


def _of_numbers(column: pa.Array) -> Keys:
    """Take the bits of numbers, which is all that a column of one type needs."""
    present = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(column.type):
        present = present & ~np.isnan(values)
        values = values + 0.0  # -0.0 is 0.0
    bits = (
        values.view(np.uint64) if values.itemsize == 8 else values.astype(np.int64).view(np.uint64)
    )
    return np.where(present, mixed(bits), _MISSING)


def _of_texts(texts: pa.StringArray) -> Keys:
    objects = np.asarray(texts.fill_null("").to_numpy(zero_copy_only=False), dtype=object)
    keys: Keys = pd.util.hash_array(objects, hash_key=_KEY, categorize=False)
    return keys
