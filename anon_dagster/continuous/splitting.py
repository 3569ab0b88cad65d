"""What a step does with each record: it goes, it waits, or its time is over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.continuous.records import CountedRecords, Records, counted, ranks_of
from anon_dagster.continuous.solutions import Version, smallest_class
from anon_dagster.core.deltas import Judged, blocks_of, who_goes
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.planning.frozen import judged
from anon_dagster.planning.plan import Plan
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.assignment import assign_open
from anon_dagster.request import Request

_Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Step(Discreet, shown=("version.number",)):
    """What a step goes by."""

    version: Version
    request: Request
    """That of its file, with the policy of the version."""
    key: str
    """That of the hashes of persons."""
    oldest: float
    """Who came before has waited for too long."""
    published: Count | None = None
    """What was released under the version, by its values, if promises are about all of it."""

    def joined(self, counted: Count) -> Count:
        """Return the records of a count with those that were released before, if these count."""
        if self.published is None:
            return counted
        whole = counted.of_attributes().merge(self.published)
        return whole.understood(dict(self.version.meanings))

    def places(self, whole: Count, records: CountedRecords) -> _Counts:
        """Return where the tuple of each record, (records,), is in what it was joined with."""
        if whole is records.count:
            return records.tuples
        return whole.places_of(records.count)[records.tuples]

    def before(
        self, whole: Count, classes: NDArray[np.int64], hashes: NDArray[np.int64]
    ) -> _Counts:
        """Count the people of each class, (classes,), who were released before.

        Parameters
        ----------
        whole, classes
            From :meth:`joined`, and the class of each of its tuples.
        hashes
            Of the people who were not released before.
        """
        counts = np.zeros(int(classes.max(initial=-1)) + 1, dtype=np.int64)
        if self.published is None:
            return counts
        of_published = classes[whole.places_of(self.published)]
        held = self.published.persons
        if held is None:
            np.add.at(counts, of_published, self.published.table.counts)
            return counts
        fresh = ~np.isin(held.hashes, hashes)[held.owners]
        pairs = np.stack([of_published[held.tuples][fresh], held.owners[fresh]])
        np.add.at(counts, np.unique(pairs, axis=1)[0], 1)
        return counts


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Discreet, shown=("counted.records",)):
    """Records that are released together, in classes of which each keeps every promise."""

    counted: CountedRecords
    plan: Plan
    solution: Solution
    blocks: NDArray[np.int64] | None
    """(records,): what is taken back together; where nobody is named there are none."""
    classes_of_blocks: NDArray[np.int64]  # (blocks,)


@dataclass(frozen=True, slots=True, eq=False)
class Split(Discreet, shown=("expired",)):
    """What became of the records of a step."""

    delta: Delta | None
    """None if nothing is released."""
    waiting: Records
    waiting_people: int
    """Whose these are; 0 where nobody is named."""
    expired: int
    """Records in classes that broke a promise, or that waited for too long."""
    gone: NDArray[np.int64]  # keyed hashes of the people whose records are all expired


def split(records: CountedRecords, step: Step) -> Split:
    """Decide what becomes of each record."""
    version = step.version
    whole = step.joined(records.count)
    of_tuples = assign_open(version.stored, whole)[1].classes
    classes = of_tuples[step.places(whole, records)]
    before = step.before(whole, of_tuples, records.persons)
    going = who_goes(classes, ranks_of(records.persons), version.judge_at, before=before)
    delta, failing = _judged(records, going, step)
    late = ~going & np.isin(records.persons, records.persons[records.records.since < step.oldest])
    expired = failing | late
    gone = np.setdiff1d(records.persons[expired], records.persons[going & ~failing])
    waiting = ~going & ~late
    return Split(
        delta,
        records.records.select(waiting),
        records.people_among(waiting),
        int(expired.sum()),
        gone.astype(np.int64),
    )


def all_waiting(records: CountedRecords, *, oldest: float) -> Split:
    """Let everybody wait whose time is not over: there is no solution yet."""
    late = np.isin(records.persons, records.persons[records.records.since < oldest])
    gone = np.unique(records.persons[late]).astype(np.int64)
    waiting, people = records.records.select(~late), records.people_among(~late)
    return Split(None, waiting, people, int(late.sum()), gone)


def _judged(
    records: CountedRecords, going: NDArray[np.bool_], step: Step
) -> tuple[Delta | None, NDArray[np.bool_]]:
    """Judge the classes that go, once; return those that keep every promise, and who does not."""
    failing = np.zeros(len(going), dtype=np.bool_)
    meanings = {**records.meanings, **step.version.meanings}
    delta, kept = _delta(records.records.select(going), step, meanings)
    if not kept.all():
        failing[np.flatnonzero(going)] = ~kept
        delta, kept = _delta(records.records.select(going & ~failing), step, meanings)
        assert kept.all(), "what keeps a promise keeps it without others"
    return delta, failing


def _delta(
    records: Records, step: Step, meanings: Mapping[str, Meaning]
) -> tuple[Delta | None, NDArray[np.bool_]]:
    """Put records into their classes; tell which of them, (records,), are in one that holds."""
    if not records.number:
        return None, np.ones(0, dtype=np.bool_)
    version = step.version
    own = counted(records, step.request, step.key, dict(meanings))
    plan, solution = assign_open(version.stored, own.count)
    whole = step.joined(own.count)
    of_tuples = solution.classes
    if whole is not own.count:
        of_tuples = assign_open(version.stored, whole)[1].classes
    classes = of_tuples[step.places(whole, own)]
    beside = judged(version.policy, whole, version.reference)
    kept, of_rows = _kept(beside, of_tuples)
    holds: NDArray[np.bool_] = kept[classes]
    delta = Delta(own, plan, solution, None, np.zeros(0, dtype=np.int64))
    if own.count.persons is not None and holds.all():
        delta = replace(delta, blocks=np.zeros(records.number, dtype=np.int64))
        if step.published is None:
            cut, of_classes = blocks_of(beside, of_rows, smallest_class(version.policy))
            delta = replace(delta, blocks=cut[_rows_of(own)], classes_of_blocks=of_classes)
    return delta, holds


def _kept(
    beside: Judged, of_tuples: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Tell which classes, (classes,), keep every promise; and the class of each row, (rows,)."""
    classes = of_tuples[beside.tuples]
    used, dense = np.unique(classes, return_inverse=True)
    dense = dense.reshape(-1).astype(np.int64)
    kept = np.zeros(int(used.max(initial=-1)) + 1, dtype=np.bool_)
    kept[used] = beside.keep(dense, len(used))
    return kept, dense


def _rows_of(own: CountedRecords) -> NDArray[np.int64]:
    """Return the pair of a tuple and a person that each record is of, (records,)."""
    held = own.count.persons
    assert held is not None, "blocks are of persons"
    keys = held.tuples.astype(np.int64) * len(held.hashes) + held.owners
    owners = np.searchsorted(held.hashes, own.persons)
    return np.searchsorted(keys, own.tuples * len(held.hashes) + owners)
