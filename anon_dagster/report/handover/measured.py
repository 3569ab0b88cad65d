"""The facts of a release, measured by whoever has it and what was asked for.

Nothing here ever sees a source, nor what a job found on its way: the facts are a function of the
stored release and of what :class:`anon_dagster.report.handover.asked.Asked` tells. So who has the
release learns nothing from them, whatever else she knows. Import rules keep it so.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, isfinite

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import Partition, partition, persons_of
from anon_dagster.discreet import Discreet
from anon_dagster.errors import PromiseBrokenError, counted
from anon_dagster.reading.counting import Count
from anon_dagster.report.evidence import PromiseFact
from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.beyond import NEEDS, Beyond
from anon_dagster.request import Policy
from anon_dagster.storage.opened import OpenSource
from anon_dagster.verification import Promise, counted_release, verify

_SHOWN = "measured on the release"


@dataclass(frozen=True, slots=True, eq=False)
class Measured(Discreet, shown=("count.records",)):
    """A release, as whoever has it can measure it."""

    count: Count
    promises: tuple[PromiseFact, ...]
    classes: Partition
    persons: NDArray[np.int64] | None  # (classes,): how many, where the release tells them

    @classmethod
    def of(cls, asked: Asked, table: OpenSource) -> "Measured":
        """Read a release and measure every promise that it shows.

        Raises
        ------
        PromiseBrokenError
            If it breaks one of these.
        SourceError
            If it cannot be read, or is not the table that was asked for.
        """
        policy = asked.policy
        count = counted_release(table, policy, decimal=asked.reading.csv.decimal)
        found = verify(count, policy).promises
        names = [count.attributes.index(name) for name in policy.quasi_identifiers]
        columns = [count.table.codes[:, place] for place in names]
        classes = partition(columns, count.table.counts)
        told = count.persons
        persons = None if told is None else persons_of(classes, told.tuples, told.owners)
        shown = [_shown(each) for each in found]
        hidden = [_hidden(each, asked, count.records) for each in asked.beyond]
        return cls(count, (*shown, *hidden), classes, persons)


def _shown(found: Promise) -> PromiseFact:
    if not found.holds:
        raise PromiseBrokenError(str(found))
    reached = found.reached
    if reached is not None and not isfinite(reached):  # JSON has no infinity
        reached = None
    return PromiseFact(found.name, found.attribute, found.asked, reached, holds=True, how=_SHOWN)


def _hidden(promised: Beyond, asked: Asked, records: int) -> PromiseFact:
    how = f"measured by who released it: it takes {NEEDS[promised.needs]}"
    if promised.name == wording.SUPPRESSION and asked.is_limited:
        most = most_left_out(asked.policy, records)
        if most is not None:
            how += f". The limit allows no more than {counted(most, 'record')} to be left out"
    return PromiseFact(promised.name, promised.attribute, promised.asked, None, holds=True, how=how)


def most_left_out(policy: Policy, records: int) -> int | None:
    """Return how many records may be missing of a release of so many; None: any number.

    The limit is a share of the records of the source, which are those of the release and those that
    were left out: s ≤ limit · (records + s).
    """
    limit = Fraction(str(policy.suppression_limit))
    if policy.suppressed_records == "keep":
        return 0
    return None if limit == 1 else floor(limit * records / (1 - limit))
