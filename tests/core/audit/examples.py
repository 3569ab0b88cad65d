"""Classes of a sensitive attribute, as the audit and as the models of the search see them."""

import numpy as np
from hypothesis import strategies as st

from anon_dagster.core.audit import Contents, Partition, contents
from anon_dagster.core.privacy import EquivalenceClasses, Histogram


def of_classes(*histograms: list[int]) -> Contents:
    """Build the contents of classes, each a count per value."""
    table = np.array(histograms, dtype=np.int64)
    classes, values = np.nonzero(table)
    counts = table[classes, values]
    sizes = table.sum(axis=1)
    return contents(Partition(classes.astype(np.int64), sizes), values, counts)


def as_models_see(*histograms: list[int]) -> EquivalenceClasses:
    table = np.array(histograms, dtype=np.int64)
    classes, values = np.nonzero(table)
    histogram = Histogram(
        classes, values.astype(np.int32), table[classes, values], table.sum(axis=0)
    )
    return EquivalenceClasses(table.sum(axis=1), (histogram,))


tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 6), min_size=width, max_size=width).filter(any),
        min_size=1,
        max_size=6,
    )
)


scales = st.sampled_from([1, 3_000_000_000])
