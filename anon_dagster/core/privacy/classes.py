"""Equivalence classes as privacy models see them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often each class holds each value of one sensitive attribute; zeros are left out."""

    classes: NDArray[np.int64]  # (entries,): ascending
    values: NDArray[np.int32]  # (entries,): ascending within a class
    counts: NDArray[np.int64]  # (entries,), each at least 1
    reference: NDArray[np.int64]  # (values of the attribute,): counts in the whole table


@dataclass(frozen=True, slots=True, eq=False)
class EquivalenceClasses:
    """The classes of a table: how large each is, and what its sensitive values are."""

    sizes: NDArray[np.int64]  # (classes,): records, each at least 1
    histograms: tuple[Histogram, ...] = ()  # (sensitive attributes,)
    people: NDArray[np.int64] | None = None
    """(classes,): the people of the population who read as each class does, where they count."""
