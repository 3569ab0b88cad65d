"""Equivalence classes as privacy models see them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.persons import Holdings


@dataclass(frozen=True, eq=False)
class PersonsHeld:
    """Which persons have the values of one sensitive attribute, where persons are counted.

    Most models ask how many have each value, not who: that is found out once it is asked for.
    """

    find_in_classes: Callable[[], Holdings]
    find_in_table: Callable[[], Holdings]
    total: int
    """How many persons the whole table has."""

    @cached_property
    def in_classes(self) -> Holdings:
        """Who has which value in which class."""
        return self.find_in_classes()

    @cached_property
    def in_table(self) -> Holdings:
        """Who has which value in the whole table, as in one class."""
        return self.find_in_table()


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often each class holds each value of one sensitive attribute; zeros are left out.

    Where persons are counted, how many of a class have each value: one may have several.
    """

    classes: NDArray[np.int64]  # (entries,): ascending
    values: NDArray[np.int32]  # (entries,): ascending within a class
    counts: NDArray[np.int64]  # (entries,), each at least 1
    reference: NDArray[np.int64]  # (values of the attribute,): counts in the whole table
    persons: PersonsHeld | None = None
    """Who has them, where persons are counted."""

    @classmethod
    def of_persons(
        cls, in_classes: Holdings, in_table: Holdings, *, total: int, values: int
    ) -> "Histogram":
        """Count the persons who have each value.

        Parameters
        ----------
        total
            How many persons the whole table has.
        values
            How many values the attribute has.
        """
        keys, entries = np.unique(
            in_classes.classes * values + in_classes.values, return_inverse=True
        )
        counts = np.zeros(len(keys), dtype=np.int64)
        np.add.at(counts, entries.reshape(-1), in_classes.weights)
        reference = np.zeros(values, dtype=np.int64)
        np.add.at(reference, in_table.values, in_table.weights)
        held = PersonsHeld(lambda: in_classes, lambda: in_table, total)
        return cls(keys // values, (keys % values).astype(np.int32), counts, reference, held)

    @property
    def total(self) -> int:
        """How many records, or persons, the whole table has."""
        return int(self.reference.sum()) if self.persons is None else self.persons.total


@dataclass(frozen=True, slots=True, eq=False)
class EquivalenceClasses:
    """The classes of a table: how large each is, and what its sensitive values are."""

    sizes: NDArray[np.int64]  # (classes,): records, or persons where they are counted, at least 1
    histograms: tuple[Histogram, ...] = ()  # (sensitive attributes,)
    people: NDArray[np.int64] | None = None
    """(classes,): the people of the population who read as each class does, where they count."""
    households: NDArray[np.int64] | None = None
    """(classes,): how many different households each class has, where they count."""
