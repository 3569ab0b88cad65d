"""Erasure: who waits is removed, who was released with their whole block.

Companions that were chosen for the erased person would point at them. So blocks are made when a
delta is released, and what is taken back is a block: it keeps every promise by itself, as does what
is left. Of who has records in several classes, these classes are taken back whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.continuous.ledger import Fate, Kind, Line, StoredDelta
from anon_dagster.continuous.records import counted
from anon_dagster.continuous.rewriting import require_as_released, rewritten, rows_of
from anon_dagster.continuous.solutions import load_count, save_count
from anon_dagster.continuous.stream import Stream
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError
from anon_dagster.reading.persons import NOBODY, PERSON, with_persons
from anon_dagster.storage.table_source import TableSource

_NOBODY_AT_ALL = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did, in counts."""

    asked: int
    """Different people whose keys were given."""
    waiting: int
    """Of these were waiting."""
    released: int
    """Of these had records in deltas."""
    companions: int
    """Other people whose records were taken back with theirs; they never return."""
    records: int
    """Records that were taken out of deltas."""
    deltas: int
    """Deltas that were written anew."""

    @property
    def unknown(self) -> int:
        """Of how many of the people nothing was kept."""
        return self.asked - self.waiting - self.released

    def __str__(self) -> str:
        told = (
            f"{self.asked:,} people were asked for: {self.waiting:,} were waiting, "
            f"{self.released:,} had been released, of {self.unknown:,} nothing was kept"
        )
        if not self.released:
            return told
        return (
            f"{told}; {self.records:,} records were taken out of {self.deltas:,} deltas, and "
            f"those of {self.companions:,} companions. Copies that somebody kept of these deltas "
            "cannot be taken back"
        )


def require_named(stream: Stream) -> tuple[str, ...]:
    """Return the attributes that name a person.

    Raises
    ------
    RequestError
        If nobody is named in the dataset, so that nobody can be found.
    """
    if stream.policy.person is None:
        raise RequestError(
            f"{stream.dataset} names nobody: without policy.person nobody can tell which records "
            "of its deltas are whose, so nothing can be erased of what was released"
        )
    return stream.policy.person


def require_keys(stream: Stream, keys: pa.Table) -> None:
    """Refuse keys by which nobody can be found.

    Raises
    ------
    RequestError
        If the dataset names nobody, or a column is missing.
    """
    person = require_named(stream)
    if lacking := [name for name in person if name not in keys.column_names]:
        raise RequestError(f"the keys lack the columns {', '.join(lacking)}")


def intend_erasure(stream: Stream, keys: pa.Table) -> None:
    """Write down who is to be erased, as keyed hashes."""
    begun = Line(stream.next_number, Kind.ERASURE, at=stream.last.at)
    hashes = _hashes(stream, keys)
    if stream.settings.observer == "union":
        _require_unreleased(stream, hashes)
    for cut in _cuts(stream, hashes):  # once begun it would stay in the way of every later step
        require_as_released(cut.delta)
    stream.files.save_arrays(f"erased.{begun.number}.npz", {"persons": hashes})
    stream.ledger.intend(begun)


def _require_unreleased(stream: Stream, hashes: NDArray[np.int64]) -> None:
    """Refuse to take records out of deltas that keep their promises together alone."""
    fates = [fate for _, fate in stream.ledger.known(hashes).values()]
    if released := fates.count(Fate.RELEASED):
        raise RequestError(
            f"{released:,} of the people were released, and with arrivals.observer: union nothing "
            "can be taken out of a delta: what is left would not keep every promise. Nobody was "
            "erased; leave them out, or publish the dataset anew"
        )


def _hashes(stream: Stream, keys: pa.Table) -> NDArray[np.int64]:
    """Return the keyed hash of each person that is named, once."""
    source = with_persons(TableSource.of(keys), stream.policy, stream.key)
    batches = (batch for part in source.parts for batch in source.batches(part))
    told = [batch.column(PERSON).to_numpy(zero_copy_only=False) for batch in batches]
    hashes = np.unique(np.concatenate([_NOBODY_AT_ALL, *told]))
    named: NDArray[np.int64] = hashes[hashes != NOBODY]
    return named


def finish_erasure(stream: Stream, begun: Line) -> tuple[Line, Erasure]:
    """Do all that an erasure brings about; the same again if it is interrupted."""
    hashes = stream.files.load_arrays(f"erased.{begun.number}.npz")["persons"]
    known, last = stream.ledger.known(hashes), stream.last
    waiting, waited, left = _without(stream, last, hashes)
    cuts = list(_cuts(stream, hashes))
    deltas = [rewritten(stream, begun, cut.delta, cut.kept) for cut in cuts]
    _forget(stream, hashes)
    own, gone = sum(cut.own for cut in cuts), sum(cut.gone for cut in cuts)
    line = replace(
        begun,
        version=last.version,
        next_version=last.next_version,
        released=-gone,
        erased=own + waited,
        withdrawn=gone - own,
        waiting=left,
        waiting_people=last.waiting_people - len(waiting),
        oldest=last.oldest if left else 0.0,
    )
    erased = np.union1d(waiting, np.array(list(known), dtype=np.int64))
    companions = _joined([cut.companions for cut in cuts])
    wholly = np.setdiff1d(_joined([cut.without_any for cut in cuts]), erased)
    stream.ledger.commit(line, [(Fate.WITHDRAWN, wholly), (Fate.ERASED, erased)], deltas)
    released = sum(cut.people for cut in cuts)
    told = Erasure(len(hashes), len(waiting), released, len(companions), gone, len(deltas))
    return line, told


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([_NOBODY_AT_ALL, *parts]))


def _without(
    stream: Stream, last: Line, hashes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, int]:
    """Take people out of the waiting records, which are kept as those of this step.

    Returns
    -------
    Whom, how many records that were, and how many are left.
    """
    number = stream.next_number
    waiting = stream.load_records("waiting", last.number)
    if not waiting.number:
        stream.files.save_table(f"waiting.{number}.parquet", waiting.stored)
        return _NOBODY_AT_ALL, 0, 0
    records = counted(waiting, stream.request_of(stream.last_file.file), stream.key)
    gone = np.isin(records.persons, hashes)
    left = waiting.select(~gone)
    stream.files.save_table(f"waiting.{number}.parquet", left.stored)
    return np.unique(records.persons[gone]), int(gone.sum()), left.number


# -- deltas --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Cut(Discreet, shown=("gone",)):
    """What is taken out of a delta."""

    delta: StoredDelta
    kept: NDArray[np.bool_]  # (records of the delta,)
    own: int
    """How many of the records are of the erased people."""
    people: int
    """Erased people."""
    companions: NDArray[np.int64]  # hashes
    without_any: NDArray[np.int64]  # hashes: of all who have no record of the delta left

    @property
    def gone(self) -> int:
        """How many records are taken out."""
        return int((~self.kept).sum())


def _cuts(stream: Stream, hashes: NDArray[np.int64]) -> Iterator[_Cut]:
    """Find the blocks of people, and all who are in them."""
    steps = {step for step, _ in stream.ledger.known(hashes).values()}
    for delta in stream.ledger.deltas():
        if delta.number not in steps or not delta.records:
            continue
        rows = rows_of(stream, delta)
        persons, blocks = rows["persons"], rows["blocks"]
        own = np.isin(persons, hashes)
        if not own.any():
            continue
        kept = ~np.isin(blocks, _taken(persons[own], blocks[own], rows["of"]))
        taken = np.unique(persons[~kept])
        yield _Cut(
            delta,
            kept,
            int(own.sum()),
            len(np.unique(persons[own])),
            np.setdiff1d(taken, hashes),
            np.setdiff1d(taken, persons[kept]),
        )


def _taken(
    persons: NDArray[np.int64], blocks: NDArray[np.int64], of_classes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the blocks that go with some records, (records,) each, of erased people.

    Of who has records in several classes the whole classes go: blocks of two classes that go
    together would tell more of whoever is in both than their classes do.

    Parameters
    ----------
    of_classes
        (blocks,): the class of each block.
    """
    pairs = np.unique(np.stack([persons, of_classes[blocks]]), axis=1)
    people, classes = np.unique(pairs[0], return_counts=True)
    several = np.isin(pairs[0], people[classes > 1])
    whole = np.flatnonzero(np.isin(of_classes, pairs[1][several]))
    return np.union1d(whole, blocks)


def _forget(stream: Stream, hashes: NDArray[np.int64]) -> None:
    """Take people out of the counts from which later solutions are decided."""
    current = stream.last.next_version
    for line in stream.ledger.lines():
        if line.kind is Kind.FILE and line.version == current and current:
            name = f"read.{current}.{line.number}"
            count = load_count(stream.files, name)
            if count.persons is not None and np.isin(hashes, count.persons.hashes).any():
                save_count(stream.files, name, count.without_persons_of(hashes))
