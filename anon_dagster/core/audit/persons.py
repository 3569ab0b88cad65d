"""What the persons of classes have, where one may have several records.

Plain lists of who has which value in which class, each said once, and sorted; what is measured of
them is made of the same measures that records have.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit.classes import Partition
from anon_dagster.core.audit.closeness import hierarchical_distances, ordered_distances
from anon_dagster.core.audit.contents import Contents
from anon_dagster.core.audit.quantity import Quantity
from anon_dagster.core.counts import integers
from anon_dagster.core.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class Belongings:
    """Who has which value of a sensitive attribute in which class; each said once, in this order.

    A class without anybody is possible: where some values are left out.
    """

    size: int
    """How many classes there are."""
    classes: NDArray[np.int64]  # (entries,): ascending
    persons: NDArray[np.int64]  # (entries,): ascending within a class
    values: NDArray[np.int64]  # (entries,): ascending within a person

    @classmethod
    def of(
        cls,
        size: int,
        classes: NDArray[np.integer],
        persons: NDArray[np.integer],
        values: NDArray[np.integer],
    ) -> "Belongings":
        """Sort what is said in any order, (entries,), possibly several times."""
        order = np.lexsort((values, persons, classes))
        sides = [side[order].astype(np.int64) for side in (classes, persons, values)]
        fresh = np.ones(len(order), dtype=np.bool_)
        fresh[1:] = np.logical_or.reduce([side[1:] != side[:-1] for side in sides])
        return cls(size, *(side[fresh] for side in sides))

    @cached_property
    def opens(self) -> NDArray[np.int64]:
        """The first entry of each person of each class, (memberships,)."""
        fresh = np.ones(len(self.classes), dtype=np.bool_)
        fresh[1:] = (self.classes[1:] != self.classes[:-1]) | (
            self.persons[1:] != self.persons[:-1]
        )
        return np.flatnonzero(fresh)

    @cached_property
    def own(self) -> NDArray[np.int64]:
        """How many values each person of each class has, (memberships,)."""
        return np.diff(self.opens, append=len(self.classes))

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many persons each class has, (classes,)."""
        return np.bincount(self.classes[self.opens], minlength=self.size).astype(np.int64)

    def together(self) -> "Belongings":
        """Return what persons have in all classes, as those of one."""
        return Belongings.of(1, np.zeros_like(self.classes), self.persons, self.values)

    def without(self, value: int) -> "Belongings":
        """Leave out a value, and who has no other."""
        others = self.values != value
        sides = (self.classes[others], self.persons[others], self.values[others])
        return Belongings(self.size, *sides)

    def counts(self, values: int) -> NDArray[np.int64]:
        """Count who has each value, (values,), where there is one class."""
        return np.bincount(self.values, minlength=values).astype(np.int64)

    @property
    def shares(self) -> Contents:
        """How many of the persons of each class have each value; nobody's class is left out."""
        return self._contents(self.sizes[self.sizes > 0])

    @property
    def pairs(self) -> Contents:
        """The same as shares of all pairs of a person and a value."""
        pairs = np.bincount(self.classes, minlength=self.size).astype(np.int64)
        return self._contents(pairs[pairs > 0])

    def _contents(self, sizes: NDArray[Any], weights: NDArray[Any] | None = None) -> Contents:
        """Add up weights, (entries,), 1 if left out, of each value in the classes of somebody."""
        numbers = np.cumsum(self.sizes > 0) - 1
        width = int(self.values.max(initial=0)) + 1
        keys, entries = np.unique(numbers[self.classes] * width + self.values, return_inverse=True)
        counts = np.zeros(len(keys), dtype=np.int64 if weights is None else weights.dtype)
        np.add.at(counts, entries.reshape(-1), 1 if weights is None else weights)
        return Contents(sizes, keys // width, keys % width, counts)

    def ends(self, ranks: NDArray[np.integer], *, high: bool) -> "Belongings":
        """Return the least value of each person of a class, or the greatest."""
        ordered = ranks[self.values]
        best = (np.maximum if high else np.minimum).reduceat(ordered, self.opens)
        chosen = ordered == np.repeat(best, self.own)
        sides = (self.classes[chosen], self.persons[chosen], self.values[chosen])
        return Belongings(self.size, *sides)

    def weighed(self, unit: int) -> Contents:
        """Return how much each value weighs: a person weighs a unit, shared by her values."""
        most = unit * max(int(self.sizes.sum()), 1)
        own, sizes = (integers(a, most) for a in (self.own, self.sizes[self.sizes > 0]))
        return self._contents(sizes * unit, np.repeat(unit // own, self.own))


def belongings(
    classes: Partition,
    tuples: NDArray[np.integer],
    persons: NDArray[np.integer],
    values: NDArray[np.integer],
) -> Belongings:
    """Say who has which value in which class.

    Parameters
    ----------
    tuples, persons
        (pairs,): a tuple of the table, and who has a record of it.
    values
        (tuples,): the value of each tuple.
    """
    return Belongings.of(len(classes.sizes), classes.of[tuples], persons, values[tuples])


def largest_group(held: Belongings) -> NDArray[np.int64]:
    """Count the persons who have the most frequent value, in each class of somebody, (classes,)."""
    contents = held.shares
    return (
        np.maximum.reduceat(contents.counts, contents.starts)
        if len(contents.counts)
        else (contents.counts)
    )


def share_differences(held: Belongings, table: Belongings, values: int) -> Quantity:
    """Measure by how much the share of persons who have a value differs most from the table's."""
    contents, whole = held.shares, table.counts(values)
    total = max(int(table.sizes.sum()), 1)
    frequent = np.argsort(-whole, kind="stable")

    def exact(index: int) -> Fraction:
        has, n = contents.of(index), int(contents.sizes[index])
        return max(
            abs(Fraction(has.get(v, 0), n) - Fraction(int(whole[v]), total)) for v in range(values)
        )

    apart = np.abs(contents.shares - whole[contents.values] / total)
    largest = np.maximum.reduceat(apart, contents.starts) if len(apart) else apart
    lacking = np.zeros(len(contents.sizes))
    open_classes = np.arange(len(contents.sizes))
    keys = contents.classes * values + contents.values
    for value in frequent.tolist():  # the most frequent value that a class lacks
        if not len(open_classes):
            break
        wanted = open_classes * values + value
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        has = keys[places] == wanted
        lacking[open_classes[~has]] = whole[value] / total
        open_classes = open_classes[has]
    return Quantity(np.maximum(largest, lacking), exact)


def distances_of_ends(
    held: Belongings, table: Belongings, ranks: NDArray[np.integer], *, high: bool
) -> Quantity:
    """Measure the ordered distance of persons' least, or greatest, values from those of a table."""
    occurs = table.counts(len(ranks)) > 0
    occurs[held.values] = True
    of_table = table.ends(ranks, high=high).counts(len(ranks))
    return ordered_distances(
        held.ends(ranks, high=high).shares, of_table, ranks=ranks, occurs=occurs
    )


def distances_of_weights(
    held: Belongings, table: Belongings, *, hierarchy: Hierarchy, leaves: NDArray[np.integer]
) -> Quantity:
    """Measure the hierarchical distance where the values of a person share her weight."""
    unit = lcm(1, *np.unique(np.concatenate([held.own, table.own])).tolist())
    of_table = table.weighed(unit)
    reference = np.zeros(len(leaves), dtype=of_table.counts.dtype)
    reference[of_table.values] = of_table.counts
    return hierarchical_distances(held.weighed(unit), reference, hierarchy=hierarchy, leaves=leaves)
