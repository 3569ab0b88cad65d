"""Integers that do not wrap around."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SAFE = 2**62


def integers(values: NDArray[np.int64], largest: int) -> NDArray[Any]:
    """Return the values in a type that holds any result up to ``largest`` exactly.

    64-bit integers where they suffice, Python's own otherwise: the same code serves both.
    """
    return values if largest < _SAFE else values.astype(object)
