"""What the sizes of the classes of a release tell of its risk: of these alone.

The internal report and the one that is handed over tell the same of the same release.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit import Partition
from anon_dagster.report.evidence import Figure, SizeCount

_NO_POPULATION = "no population given: equal to the prosecutor's"


def figures_of(
    classes: Partition, threshold: Fraction, *, has_population: bool
) -> Iterator[Figure]:
    """Give what the sizes of classes tell; named as :mod:`anon_dagster.statistics.risk` does."""
    records, number = classes.records, len(classes.sizes)
    highest = 1 / classes.smallest if records else None
    average = number / records if records else None
    yield Figure("records", records)
    yield Figure("classes", number)
    yield Figure("smallest_class", classes.smallest)
    yield Figure("largest_class", classes.largest)
    yield Figure("unique_records", int((classes.sizes == 1).sum()))
    yield Figure("prosecutor_highest", highest)
    yield Figure("prosecutor_average", average)
    yield Figure("prosecutor_above_threshold", classes.records_above(threshold))
    yield Figure("lowest_risk", 1 / classes.largest if records else None)
    yield Figure("discernibility", classes.squares)
    if not has_population:
        yield Figure("journalist_highest", highest, _NO_POPULATION)
        yield Figure("journalist_average", average, _NO_POPULATION)
        yield Figure("marketer_average", average, _NO_POPULATION)


def sizes_of(classes: NDArray[np.int64]) -> Iterator[SizeCount]:
    """Count the classes of each size, the smallest first."""
    different, numbers = np.unique(classes, return_counts=True)
    for size, number in zip(different.tolist(), numbers.tolist(), strict=True):
        yield SizeCount(size, number)
