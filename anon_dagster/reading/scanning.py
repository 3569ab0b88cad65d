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


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Records that are worked on at once."""

    table: pa.Table
    first: int
    """The place of the first of them in the source; of no meaning unless it is asked for."""
    many: frozenset[str] = frozenset()
    """Columns that are known to have so many values that none need be kept."""


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

    def wait(self) -> None:
        """Tell that there is nothing new, so that whoever is told may stop the work."""
        self.on_rows(0)


PLAIN = Scan("count")
"""A reading that nobody follows."""


def scan(source: OpenSource, work: Callable[[Piece], _R], reading: Scan) -> Generator[_R]:
    """Give the result of the work on each piece of a source, in the order of its records.

    Closed before its end, it calls off what is not done.

    Parameters
    ----------
    work
        A function of a module, or a partial one of plain data.

    Raises
    ------
    SourceError
        If a part cannot be read.
    """
    onlooker = reading.onlooker
    look = None if onlooker is None else onlooker.look
    with closing(_results(source, partial(_worked_and_seen, work, look), reading)) as results:
        for result, seen in results:
            if onlooker is not None:
                onlooker.add(seen)
            yield result


def _worked_and_seen(
    work: Callable[[Piece], _R], look: Callable[[Piece], Any] | None, piece: Piece
) -> tuple[_R, Any]:
    return work(piece), None if look is None else look(piece)


def _results(source: OpenSource, work: Callable[[Piece], _R], reading: Scan) -> Generator[_R]:
    engine = in_use()
    if not (engine.is_cluster and are_shared(engine, source.files)):
        read = pieces(source, reading.on_rows)
        jobs_here = (replace(piece, many=reading.many()) for piece in read)
        with closing(engine.map(work, jobs_here)) as found:
            yield from found
        return
    if isinstance(source, _ByPlace):
        source = source.placed()
    needs_places = reading.onlooker is not None and reading.onlooker.needs_places
    firsts = first_places(source) if needs_places else [0] * len(source.parts)
    parts = zip(source.parts, firsts, strict=False)
    jobs = ((part, first, reading.many()) for part, first in parts)
    work_on_part = partial(_scan_part, source, work)
    sent = engine.send(work_on_part, jobs, kind=reading.kind, on_wait=reading.wait)
    sizes = []
    with closing(sent):
        for records, results in sent:
            sizes.append(records)
            reading.on_rows(records)
            yield from results
    _note(source, sizes)


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
    for batch in source.batches(part):
        checkpoint()
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        on_rows(batch.num_rows)
        if rows >= _PIECE or size >= _PIECE_BYTES:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)


def _scan_part(
    source: OpenSource, work: Callable[[Piece], _R], job: tuple[Part, int, frozenset[str]]
) -> tuple[int, Sequence[_R]]:
    """Read a part, and return how many records it has beside the results of its pieces."""
    part, first, many = job
    results, records = [], 0
    for table in _pieces_of(source, part, lambda _: None):
        results.append(work(Piece(table, first + records, many)))
        records += table.num_rows
    return records, results


def _records_in(source: OpenSource, part: Part) -> int:
    records = 0
    for batch in source.batches(part):
        checkpoint()
        records += batch.num_rows
    return records
