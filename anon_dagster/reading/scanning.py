"""The reading of a table part by part, wherever the engine in use reads it.

Threads are given the pieces that this process reads. The processes of a cluster read parts
themselves. The results come in the order of the records, and are the same.
"""

import hashlib
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Any, Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.engine import checkpoint, in_use
from anon_dagster.storage.sharing import are_shared
from anon_dagster.storage.sources import OpenSource, Part

_R = TypeVar("_R")
OnRows = Callable[[int], None]
"""Told how many records were just read; may raise to stop."""

_PIECE = 2**19
"""Records that are worked on at once, about …"""
_PIECE_BYTES = 2**26
"""… or the bytes that they take, if there are many columns."""
_BATCH_BYTES = 2**27
"""Bytes of a batch that is not cut: smaller pieces of many columns cost more than they spare."""
_AT_ONCE = 2**26
"""Bytes of results that wait to be joined, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece(Discreet, shown=("first",)):
    """Records that are worked on at once."""

    table: pa.Table
    first: int
    """The place of the first of them in the source; of no meaning unless it is asked for."""
    many: frozenset[str] = frozenset()
    """Columns that are known to have so many values that none need be kept."""


class Joinable(Protocol):
    """A result that can be joined with others of the same table."""

    @property
    def bytes(self) -> int:
        """The memory that it takes."""

    @property
    def many(self) -> frozenset[str]:
        """Columns that have so many values that none need be kept of further pieces."""


Join = Callable[[Sequence[Any]], Any]
"""Joins results in any order: a function of a module, or a partial one of plain data."""


class Onlooker(Protocol):
    """Somebody who looks at a table while it is read for something else."""

    @property
    def look(self) -> Callable[[Piece], Any]:
        """A function of a module, or a partial one of plain data, that looks at a piece."""

    @property
    def needs_places(self) -> bool:
        """Whether the places of pieces are to be known."""

    def add(self, seen: Any) -> None:  # noqa: ANN401 (whatever `look` returned)
        """Take what was seen of the next piece."""


@runtime_checkable
class _ByPlace(Protocol):
    """A source whose records are read by their places."""

    def placed(self) -> OpenSource:
        """Return it with all that is needed to read any of its parts first."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How a source is read."""

    kind: str
    """What is done with it, in a word that anybody may see."""
    on_rows: OnRows = lambda _: None
    onlooker: Onlooker | None = None
    many: Callable[[], frozenset[str]] = frozenset
    """Tells before each piece which columns are known to have many values."""

    @property
    def look(self) -> Callable[[Piece], Any] | None:
        """What looks at each piece, if anybody looks on."""
        return None if self.onlooker is None else self.onlooker.look

    def show(self, seen: Any) -> None:  # noqa: ANN401 (whatever `look` returned)
        """Give what was seen of the next piece to whoever looks on."""
        if self.onlooker is not None:
            self.onlooker.add(seen)

    def wait(self) -> None:
        """Tell that there is nothing new, so that whoever is told may stop the work."""
        self.on_rows(0)


PLAIN = Scan("count")
"""A reading that nobody follows."""


def scan(
    source: OpenSource,
    work: Callable[[Piece], _R],
    reading: Scan,
    *,
    join: Join | None = None,
) -> Generator[_R]:
    """Give the result of the work on each piece of a source, in the order of its records.

    Closed before its end, it calls off what is not done.

    Parameters
    ----------
    work
        A function of a module, or a partial one of plain data.
    join
        Joins results, at least one, each :class:`Joinable`. If given, results that another process
        found come joined.

    Raises
    ------
    SourceError
        If a part cannot be read.
    """
    engine = in_use()
    if engine.is_cluster and are_shared(engine, source.files):
        return _sent(source, work, reading, join)
    return _read_here(source, work, reading)


def _read_here(source: OpenSource, work: Callable[[Piece], _R], reading: Scan) -> Generator[_R]:
    read = pieces(source, reading.on_rows)
    jobs = (replace(piece, many=reading.many()) for piece in read)
    work_and_look = partial(_worked_and_seen, work, reading.look)
    with closing(in_use().map(work_and_look, jobs)) as found:
        for result, seen in found:
            reading.show(seen)
            yield result


def _worked_and_seen(
    work: Callable[[Piece], _R], look: Callable[[Piece], Any] | None, piece: Piece
) -> tuple[_R, Any]:
    return work(piece), None if look is None else look(piece)


def _sent(
    source: OpenSource, work: Callable[[Piece], _R], reading: Scan, join: Join | None
) -> Generator[_R]:
    if isinstance(source, _ByPlace):
        source = source.placed()
    known: set[str] = set()
    jobs = _jobs(source, reading, known)
    sizes = []
    with closing(_read_there(source, work, reading, join, jobs)) as sent:
        for told, results in sent:
            for read in told:
                known |= read.many
                if read.records is not None:
                    sizes.append(read.records)
                    reading.on_rows(read.records)
                for seen in read.seen:
                    reading.show(seen)
            yield from results
    _note(source, sizes)


_Job = tuple[Part, int, frozenset[str]]
"""A part, the place of its first record, and the columns of many values."""


def _jobs(source: OpenSource, reading: Scan, known: set[str]) -> Iterator[_Job]:
    needs_places = reading.onlooker is not None and reading.onlooker.needs_places
    firsts = first_places(source) if needs_places else [0] * len(source.parts)
    for part, first in zip(source.parts, firsts, strict=False):
        yield part, first, reading.many() | known


def _read_there(
    source: OpenSource,
    work: Callable[[Piece], _R],
    reading: Scan,
    join: Join | None,
    jobs: Iterable[_Job],
) -> Generator[tuple[Sequence["_Read"], Sequence[_R]]]:
    engine, kind, wait = in_use(), reading.kind, reading.wait
    if join is not None:
        one = partial(_scan_and_join, source, work, join, reading.look)
        joined = partial(_join_and_tell, join)
        with closing(engine.reduce(one, joined, jobs, kind=kind, on_wait=wait)) as reduced:
            yield from reduced
        return
    each = partial(_scan_part, source, partial(_each, work), reading.look)
    with closing(engine.send(each, jobs, kind=kind, on_wait=wait)) as sent:
        for read, results in sent:
            yield [read], results


def first_places(source: OpenSource) -> list[int]:
    """Return the place of the first record of each part, (parts + 1,): the last is their number."""
    return [0, *accumulate(records_of_parts(source))]


def records_of_parts(source: OpenSource) -> list[int]:
    """Return how many records each part has, (parts,), reading those that do not tell."""
    engine = in_use()
    known = {part: part.records for part in source.parts if part.records is not None}
    known |= dict(zip(source.parts, _NOTED.get(_mark(source), ()), strict=False))
    unknown = [part for part in source.parts if part not in known]
    count_one = partial(_records_in, source)
    if unknown and engine.is_cluster and are_shared(engine, source.files):
        found: Iterable[int] = engine.send(count_one, unknown, kind="places")
    else:
        found = map(count_one, unknown)
    known |= dict(zip(unknown, found, strict=True))
    sizes = [known[part] for part in source.parts]
    if unknown and engine.is_cluster:
        _note(source, sizes)
    return sizes


_NOTED: dict[bytes, tuple[int, ...]] = {}
"""How many records the parts of sources have that a cluster read lately."""
_MOST_NOTED = 16


def _note(source: OpenSource, sizes: Iterable[int]) -> None:
    _NOTED[_mark(source)] = tuple(sizes)
    while len(_NOTED) > _MOST_NOTED:
        _NOTED.pop(next(iter(_NOTED)))


def _mark(source: OpenSource) -> bytes:
    """Return what tells a source from others, and from itself if its files changed."""
    return hashlib.sha256(pickle.dumps(source)).digest() if source.files else b""


def pieces(source: OpenSource, on_rows: OnRows) -> Iterator[Piece]:
    """Read a source in pieces that are worth to be worked on by themselves."""
    first = 0
    for part in source.parts:
        for table in _pieces_of(source, part, on_rows):
            yield Piece(table, first)
            first += table.num_rows


def _pieces_of(source: OpenSource, part: Part, on_rows: OnRows) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for whole in source.batches(part):
        for batch in _of_few_bytes(whole):
            checkpoint()
            held.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            on_rows(batch.num_rows)
            if rows >= _PIECE or size >= _PIECE_BYTES:
                yield pa.Table.from_batches(held)
                held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)


def _of_few_bytes(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch of so many columns that it would be a large piece by itself."""
    cuts = max(round(batch.nbytes / _BATCH_BYTES), 1)
    rows = max(-(-batch.num_rows // cuts), 1)
    for first in range(0, max(batch.num_rows, 1), rows):
        yield batch.slice(first, rows)


@dataclass(frozen=True, slots=True)
class _Read(Discreet, shown=("records",)):
    """What is told of a part, beside the results, or of several that were joined."""

    records: int | None = None
    """Of a part."""
    seen: Sequence[Any] = ()
    """What was seen of each piece of a part, if somebody looks on."""
    many: frozenset[str] = frozenset()
    """Columns that are known to have many values."""


def _scan_part(
    source: OpenSource,
    work: Callable[[Iterable[Piece]], Sequence[_R]],
    look: Callable[[Piece], Any] | None,
    job: _Job,
) -> tuple[_Read, Sequence[_R]]:
    part, first, many = job
    records, seen = 0, []

    def read() -> Iterator[Piece]:
        nonlocal records
        for table in _pieces_of(source, part, lambda _: None):
            piece = Piece(table, first + records, many)
            records += table.num_rows
            if look is not None:
                seen.append(look(piece))
            yield piece

    results = work(read())
    return _Read(records, seen), results


def _scan_and_join(
    source: OpenSource,
    work: Callable[[Piece], Any],
    join: Join,
    look: Callable[[Piece], Any] | None,
    job: _Job,
) -> tuple[_Read, Any]:
    read, results = _scan_part(source, partial(_joined, work, join), look, job)
    if not results:
        return read, None
    return replace(read, many=results[0].many), results[0]


def _join_and_tell(join: Join, results: Sequence[Any]) -> tuple[_Read, Any]:
    joined: Joinable = join(results)
    return _Read(many=joined.many), joined


def _each(work: Callable[[Piece], _R], read: Iterable[Piece]) -> Sequence[_R]:
    return [work(piece) for piece in read]


def _joined(work: Callable[[Piece], Any], join: Join, read: Iterable[Piece]) -> Sequence[Any]:
    """Join the results of pieces whenever as many bytes came anew as are joined already."""
    joined: list[Joinable] = []  # one at most
    fresh: list[Joinable] = []
    size = 0
    for piece in read:
        known = joined[0].many if joined else frozenset()
        fresh.append(work(replace(piece, many=piece.many | known)))
        size += fresh[-1].bytes
        if size > max([_AT_ONCE, *(result.bytes for result in joined)]):
            joined, fresh, size = [join([*joined, *fresh])], [], 0
    return [join([*joined, *fresh])] if fresh else joined


def _records_in(source: OpenSource, part: Part) -> int:
    records = 0
    for batch in source.batches(part):
        checkpoint()
        records += batch.num_rows
    return records
