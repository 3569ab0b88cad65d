"""Numbers that are all written as a typed column writes its own, which are read at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.storage.values import text_array

_Numbers = NDArray[np.int64] | NDArray[np.float64]


def plain_numbers(values: pa.StringArray, *, decimal: str = ".") -> _Numbers | None:
    """Return texts, (values,), as numbers if each is the only way to write its number plainly.

    So are those of a column that was typed: no sign but a minus, no idle zero, no exponent, and
    no more digits than the number needs to be told from others. But for a zero below zero, two
    numbers are then as equal as their texts are.

    Parameters
    ----------
    values
        None is missing.

    Returns
    -------
    numpy.ndarray or None
        Integers, or the nearest doubles; None if a text is no such number, or if there is none.
    """
    if not len(values):
        return None
    kinds = (pa.int64(), pa.float64()) if decimal == "." else (pa.int64(),)
    for kind in kinds:
        try:
            numbers = values.cast(kind)
        except pa.ArrowException:  # its message holds a text
            continue
        if text_array(numbers).equals(values) and _are_plain(numbers, values):
            found: _Numbers = numbers.to_numpy()
            return found
    return None


def _are_plain(numbers: pa.Array, values: pa.StringArray) -> bool:
    """Tell whether there is no infinite number and no exponent."""
    if pa.types.is_integer(numbers.type):
        return True
    exponents = pc.any(pc.match_substring(values, "e")).as_py()
    return bool(np.isfinite(numbers.to_numpy()).all() and not exponents)
