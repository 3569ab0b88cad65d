"""Everything that was released continuously, measured again as it lies there.

Deltas are read from their store, and measured by the verification's code: each by itself, their
blocks, all of a version together, and random unions of them, which are also what the difference of
two states is.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.continuous.appending import finish
from anon_dagster.continuous.ledger import Fate, Kind, Line, StoredDelta
from anon_dagster.continuous.rewriting import persons_file, rows_of, source_of
from anon_dagster.continuous.solutions import Version, load_version
from anon_dagster.continuous.stream import Stream
from anon_dagster.discreet import Discreet
from anon_dagster.errors import AnonError
from anon_dagster.operations.writing import passing_workspace
from anon_dagster.reading.counting import Count
from anon_dagster.reading.counting import count as count_table
from anon_dagster.reading.persons import PERSON
from anon_dagster.releasing.persons_file import JoinedPersons, StoredPersons
from anon_dagster.releasing.publication import checksum_of, count_release
from anon_dagster.request import Policy, QuasiIdentifier, Source
from anon_dagster.storage.addresses import exists
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.table_source import TableSource
from anon_dagster.verification import Verification, verify

_PART = "\0part"
"""The column that sets the blocks of a delta apart; no column of a table has such a name."""
_UNIONS = 20
"""Random unions of the deltas of each version that are measured."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What was found out about one claim."""

    name: str
    tried: int
    """How many deltas, blocks, unions or files it was tried on."""
    failing: int
    """How many of them it does not hold for."""
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether it holds for all of them."""
        return not self.failing


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found."""

    dataset: str
    claims: tuple[Claim, ...]

    @property
    def holds(self) -> bool:
        """Whether all claims hold."""
        return all(claim.holds for claim in self.claims)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each claim."""
        columns = ("claim", "tried", "failing", "holds", "detail")
        rows = [(c.name, c.tried, c.failing, c.holds, c.detail) for c in self.claims]
        return pd.DataFrame(rows, columns=list(columns))

    def __str__(self) -> str:
        verdict = "every claim holds" if self.holds else "NOT every claim holds"
        lines = [
            f"{'holds' if c.holds else 'FAILS'}  {c.name} ({c.tried:,} tried"
            + (f", {c.failing:,} failing" if c.failing else "")
            + ")"
            + (f": {c.detail}" if c.detail else "")
            for c in self.claims
        ]
        return "\n".join([f"{self.dataset}: {verdict}", *lines])


@dataclass(frozen=True, slots=True, eq=False)
class _Read(Discreet, shown=("delta",)):
    """A delta as it lies there, counted."""

    delta: StoredDelta
    version: Version
    count: Count
    sizes: NDArray[np.int64]  # (classes,): people, or records
    by_block: Count | None


def audit(stream: Stream, *, seed: int = 0) -> Audit:
    """Measure all deltas of a dataset again, and hold its ledger against them.

    Parameters
    ----------
    seed
        Draws the unions.

    Raises
    ------
    BusyError
        If a step takes too long.
    """
    with stream.alone():
        with suppress(AnonError):  # what cannot be finished is measured as it lies there
            finish(stream)
        stored = [delta for delta in stream.ledger.deltas() if delta.target]
        whole = [delta for delta in stored if _is_as_released(delta)]
        versions = {number: load_version(stream, number) for number in {d.version for d in whole}}
        read = [_read(stream, delta, versions[delta.version]) for delta in whole]
        waiting, begun = _waiting(stream), stream.ledger.intent()
    apart = stream.settings.observer == "delta"
    claims = [
        _of_stored(len(stored), len(stored) - len(whole), begun),
        *(_of_deltas(read, seed) if apart else ()),
        _of_each("deltas of a version keep every promise together, at any time", _states(read)),
        _of_people(stream, stored),
        *_of_ledger(stream, read, waiting),
    ]
    return Audit(stream.dataset, tuple(claims))


def _is_as_released(delta: StoredDelta) -> bool:
    return exists(delta.target) and checksum_of([delta.target]) == delta.checksum


# -- reading -------------------------------------------------------------------------------


def _read(stream: Stream, delta: StoredDelta, version: Version | None) -> _Read:
    assert version is not None, "a delta is of a version"
    source = source_of(stream, delta)
    if stream.policy.person is None:
        plain = count_release(version.policy, source)
        return _Read(delta, version, plain, _sizes(plain, version.policy), None)
    rows = rows_of(stream, delta)
    with passing_workspace() as workspace:
        persons = persons_file(workspace, rows["persons"], stream.key)
        whole = count_release(version.policy, source, persons=persons)
        parted = _by_block(source, version.policy, persons, rows["blocks"])
    return _Read(delta, version, whole, _sizes(whole, version.policy), parted)


def _by_block(
    source: Source, policy: Policy, persons: StoredPersons, blocks: NDArray[np.int64]
) -> Count:
    """Count a delta whose blocks are told apart."""
    opened = open_source(source)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    table = pa.Table.from_batches(batches, opened.schema)
    told = TableSource.of(table.append_column(_PART, pa.array(blocks)))
    names = [n for n in policy.attributes_released if n in table.column_names]
    joined = JoinedPersons(told, persons.path, persons.columns)
    counted_apart = count_table(joined, [*names, _PART, PERSON], decimal=source.csv.decimal)
    return counted_apart.with_persons(persons.key)


def _sizes(count: Count, policy: Policy) -> NDArray[np.int64]:
    """Count the people, or records, of each class, (classes,)."""
    places = [count.attributes.index(name) for name in policy.quasi_identifiers]
    labels = np.stack([count.table.codes.columns[place] for place in places], axis=1)
    _, classes = np.unique(labels, axis=0, return_inverse=True)
    classes = classes.reshape(-1)
    if count.persons is None:
        sums = np.zeros(int(classes.max(initial=-1)) + 1, dtype=np.int64)
        np.add.at(sums, classes, count.table.counts)
        return sums
    members = np.stack([classes[count.persons.tuples], count.persons.owners])
    distinct = np.unique(members, axis=1)[0]
    return np.bincount(distinct).astype(np.int64)


def _of_deltas(read: Sequence[_Read], seed: int) -> Iterator[Claim]:
    """Find out what is claimed where an observer sees each delta."""
    yield _of_each(
        "every delta keeps every promise by itself", ((r.version, r.count) for r in read)
    )
    yield _of_blocks(read)
    name = "unions of deltas, and differences of states, keep every promise"
    yield _of_each(name, _unions(read, seed))
    yield _of_sizes(read)


# -- claims --------------------------------------------------------------------------------


def _of_stored(tried: int, changed: int, begun: Line | None) -> Claim:
    """Find deltas that are not as they were released, or of which nobody can tell."""
    name = "every delta is as it was released"
    if begun is None:
        return Claim(name, tried, changed)
    detail = f"step {begun.number} was begun and cannot be finished; the next step says why"
    return Claim(name, tried + 1, changed + 1, detail)


def _of_each(name: str, measured: Iterator[tuple[Version, Count]]) -> Claim:
    verdicts = [_verified(count, version) for version, count in measured]
    broken = [verdict for verdict in verdicts if verdict.failures]
    detail = "; ".join(map(str, broken[0].failures)) if broken else ""
    return Claim(name, len(verdicts), len(broken), detail)


def _verified(count: Count, version: Version, policy: Policy | None = None) -> Verification:
    return verify(count, policy or version.policy, reference=version.reference)


def _of_blocks(read: Sequence[_Read]) -> Claim:
    """Measure blocks as classes of their own."""
    failing = blocks = 0
    for each in read:
        if each.by_block is not None:
            apart = QuasiIdentifier(role="quasi_identifier")
            attributes = {**each.version.policy.attributes, _PART: apart}
            policy = each.version.policy.model_copy(update={"attributes": attributes})
            verdict = _verified(each.by_block, each.version, policy)
            blocks += verdict.classes.classes
            failing += max((p.classes_failing for p in verdict.failures), default=0)
    return Claim("every block keeps every promise by itself", blocks, failing)


def _states(read: Sequence[_Read]) -> Iterator[tuple[Version, Count]]:
    """Yield what had been released under a version after each of its deltas."""
    for number in sorted({each.version.number for each in read}):
        own = [each for each in read if each.version.number == number]
        for whole in accumulate((each.count.of_attributes() for each in own), Count.merge):
            yield own[0].version, whole


def _unions(read: Sequence[_Read], seed: int) -> Iterator[tuple[Version, Count]]:
    draw = np.random.default_rng(seed)
    for number in sorted({each.version.number for each in read}):
        own = [each for each in read if each.version.number == number]
        for _ in range(_UNIONS if len(own) > 1 else 0):
            chosen = [own[place] for place in np.flatnonzero(draw.random(len(own)) < draw.random())]
            if chosen:
                yield own[0].version, reduce(Count.merge, (c.count.of_attributes() for c in chosen))


def _of_sizes(read: Sequence[_Read]) -> Claim:
    """Find classes that were released before they had enough people."""
    untouched = [each for each in read if each.delta.rows in {0, each.delta.number}]
    few = sum(int((each.sizes < each.version.judge_at).sum()) for each in untouched)
    return Claim(
        "every class was judged at the size that was fixed before",
        sum(len(each.sizes) for each in untouched),
        few,
    )


def _of_people(stream: Stream, stored: Sequence[StoredDelta]) -> Claim:
    """Find people who are in two deltas, or whom the ledger would take for others when they return.

    Nobody is refused whom it does not know.
    """
    name = "every person is in one delta"
    if stream.policy.person is None:
        return Claim(name, 0, 0, "nobody is named: arrivals.people_return is never")
    people = {d.number: np.unique(rows_of(stream, d)["persons"]) for d in stored}
    whole = np.concatenate([np.zeros(0, np.int64), *people.values()])
    known = stream.ledger.known(np.unique(whole))
    unknown = sum(
        known.get(person) != (number, Fate.RELEASED)
        for number, each in people.items()
        for person in each.tolist()
    )
    twice = len(whole) - len(np.unique(whole))
    return Claim(name, len(whole), max(twice, unknown))


def _waiting(stream: Stream) -> int:
    """Count the records that wait, as they are kept; none if their file is gone."""
    number = stream.last.number
    if not stream.files.has([f"waiting.{number}.parquet"]):
        return 0
    return stream.load_records("waiting", number).number


def _of_ledger(stream: Stream, read: Sequence[_Read], waiting: int) -> Iterator[Claim]:
    lines = stream.ledger.lines()
    sums = sum(line.set_aside + line.expired + line.withdrawn + line.erased for line in lines)
    released = sum(line.released for line in lines)
    came = sum(line.read for line in lines)
    there = {each.delta.number: each.count.records for each in read}
    stored = [delta for delta in stream.ledger.deltas() if delta.target]
    lie = sum(there.get(delta.number, delta.records) for delta in stored)
    missing = abs(came - released - sums - stream.last.waiting)
    missing += abs(released - lie) + abs(stream.last.waiting - waiting)
    yield Claim("every record that was read is accounted for", came, missing)
    digests = [line.digest for line in lines if line.kind is Kind.FILE]
    yield Claim("no content was read twice", len(digests), len(digests) - len(set(digests)))
    private = [path for path in stream.files.path.iterdir() if path.is_file()]
    readable = sum(_is_readable(path) for path in private)
    yield Claim("nobody else can read the private files", len(private), readable)


def _is_readable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)
