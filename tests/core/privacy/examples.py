"""Counts of a sensitive attribute by class, and what a model says of them."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import EquivalenceClasses, Histogram, PrivacyModel

TREE = Hierarchy.from_labels(
    [list("abcdef"), list("112223"), ["x", "x", "y", "y", "y", "y"], ["*"] * 6]
)


Counts = list[list[int]]  # (classes, values)


tables = st.integers(2, 6).flatmap(
    lambda values: st.lists(
        st.lists(st.integers(0, 4), min_size=values, max_size=values).filter(any),
        min_size=1,
        max_size=5,
    )
)


JUST = Fraction(1, 10**9)
"""A little: what a bound that is met exactly is missed by."""


def beside_a_frozen_table(model: PrivacyModel, row: list[int], frozen: list[int]) -> bool:
    """Tell whether a class satisfies a model that holds it against a table it is no part of."""
    histogram = classes_of([row]).histograms[0]
    of_frozen = Histogram(
        histogram.classes, histogram.values, histogram.counts, np.array(frozen, dtype=np.int64)
    )
    return bool(model.holds(EquivalenceClasses(np.array([sum(row)]), (of_frozen,)))[0])


shares = st.fractions(0, 1, max_denominator=20)


def classes_of(table: Counts) -> EquivalenceClasses:
    counts = np.array(table, dtype=np.int64)
    owners, values = np.nonzero(counts)
    histogram = Histogram(
        owners, values.astype(np.int32), counts[owners, values], counts.sum(axis=0)
    )
    return EquivalenceClasses(counts.sum(axis=1), (histogram,))


def verdicts(model: PrivacyModel, table: Counts) -> list[bool]:
    return list(map(bool, model.holds(classes_of(table))))


def ratios(row: list[int], table: Counts) -> list[Fraction]:
    """Return q / p of every value of the table."""
    whole = [sum(column) for column in zip(*table, strict=True)]
    n, total = sum(row), sum(whole)
    return [Fraction(c * total, n * w) for c, w in zip(row, whole, strict=True) if w]


def crowds(records: list[int], people: list[int]) -> EquivalenceClasses:
    return EquivalenceClasses(np.array(records), (), np.array(people))


counted = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6)


bounds = st.tuples(shares, shares).map(sorted).filter(lambda pair: pair[1] > 0)
