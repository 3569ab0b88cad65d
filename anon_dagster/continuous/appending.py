"""A step: a file comes, and who can be released by then is."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster import clock
from anon_dagster.continuous.erasing import (
    Erasure,
    finish_erasure,
    intend_erasure,
    require_keys,
)
from anon_dagster.continuous.ledger import Fate, Kind, Line, StoredDelta
from anon_dagster.continuous.publishing import publish, published_values
from anon_dagster.continuous.records import (
    Records,
    counted,
    hashes_of_rows,
    read_file,
    without_ignored,
)
from anon_dagster.continuous.renewing import current_version, next_version
from anon_dagster.continuous.solutions import Version
from anon_dagster.continuous.splitting import Split, Step, all_waiting, split
from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import AnonError, JobError, SourceError, TargetError
from anon_dagster.errors import counted as listed
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.storage.listing import look_up

_NOT_OF_FILES = (TargetError, JobError)
"""Errors that say nothing about the file."""


def append_file(stream: Stream, path: str) -> Line:
    """Read a file, and release whoever can be released by now.

    Returns
    -------
    Line
        What came of it, as the ledger has it. A file that is no file of this dataset plays no
        part: it is set aside, for a reason. A file that was read as it is now is not read again.

    Raises
    ------
    BusyError
        If another step takes too long.
    StoreUnavailableError
        If a store does not answer; the step is finished by the next one.
    TargetError
        If the delta cannot be written; the step is finished by the next one.
    """
    with stream.alone():
        finish(stream)
        found = look_up(path)
        if found is None:
            raise SourceError(f"there is no file {path}")
        if (done := _line_of(stream, path)) is not None:
            return done
        at = max(min(found.modified, clock.now()), stream.last.at)
        begun = Line(stream.next_number, Kind.FILE, file=path, at=at)
        try:
            _admit(stream, begun)
        except AnonError as error:
            if error.transient or isinstance(error, _NOT_OF_FILES):
                raise
            return _set_aside(stream, begun, str(error))
        return finish(stream) or stream.last


def erase(stream: Stream, keys: pa.Table) -> Erasure:
    """Erase people: from those who wait, and with their blocks from the deltas.

    Parameters
    ----------
    keys
        The attributes of ``policy.person``, a row for each of the people.

    Raises
    ------
    RequestError
        If the dataset names nobody, so that nobody can be found.
    BusyError
        If another step takes too long.
    JobError
        If a delta is not as it was released.
    """
    require_keys(stream, keys)
    with stream.alone():
        finish(stream)
        intend_erasure(stream, keys)
        begun = stream.ledger.intent()
        assert begun is not None, "it was just written down"
        return finish_erasure(stream, begun)[1]


def finish(stream: Stream) -> Line | None:
    """Finish the step that was begun, if one was: what it does follows from what was kept of it."""
    begun = stream.ledger.intent()
    if begun is None:
        return None
    if begun.kind is Kind.ERASURE:
        return finish_erasure(stream, begun)[0]
    try:
        return _finish_file(stream, begun)
    except AnonError as error:
        now = stream.ledger.intent()
        harmless = now is not None and not now.checksum  # nothing was published
        if error.transient or isinstance(error, _NOT_OF_FILES) or not harmless:
            raise
        return _set_aside(stream, begun, str(error))


def _line_of(stream: Stream, path: str) -> Line | None:
    """Return the step that read a file as it is now: who repeats an interrupted one finds it."""
    for line in stream.ledger.lines():
        if line.kind is Kind.FILE and line.file == path:
            return line if line.digest == checksum_of([path]) else None
    return None


def _set_aside(stream: Stream, begun: Line, reason: str) -> Line:
    last = stream.last
    line = replace(
        begun,
        kind=Kind.SET_ASIDE,
        version=last.next_version,
        next_version=last.next_version,
        set_aside=begun.read,
        waiting=last.waiting,
        waiting_people=last.waiting_people,
        oldest=last.oldest,
        reason=reason,
    )
    stream.ledger.commit(line)
    return line


# -- admission -----------------------------------------------------------------------------


def _admit(stream: Stream, begun: Line) -> None:
    """Keep the records of a file that may be released, and write down that they are there."""
    request = stream.request_of(begun.file)
    records, digest = read_file(request, begun.at)
    _require_new(stream, begun.file, digest)
    fresh, rows = _fresh(stream, records, begun)
    files = stream.files
    kept = without_ignored(records.select(fresh), request)
    files.save_table(f"incoming.{begun.number}.parquet", kept.stored)
    if rows is not None:
        files.save_arrays(f"incoming.{begun.number}.npz", {"rows": rows})
    refused = records.number - kept.number
    stream.ledger.intend(replace(begun, digest=digest, read=records.number, set_aside=refused))


def _require_new(stream: Stream, path: str, digest: str) -> None:
    """Refuse a content that was read before, and a file that was replaced since."""
    for line in stream.ledger.lines():
        if line.kind is Kind.FILE and line.digest == digest:
            raise SourceError(
                f"the same content was read before, from {line.file}: it would make records look "
                "as if they were of several people"
            )
        if line.kind is Kind.FILE and line.file == path:
            raise SourceError(
                "the file was replaced after it was read, and deltas are not taken back: put what "
                "is new into a file of another name"
            )


def _fresh(
    stream: Stream, records: Records, begun: Line
) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
    """Tell which records, (records,), are of people who were not judged before.

    Returns
    -------
    fresh, rows
        And where nobody is named, a hash of each record, (records,).

    Raises
    ------
    SourceError
        If the file is to be set aside for them.
    """
    settings = stream.settings
    if stream.policy.person is None:
        rows = hashes_of_rows(records, stream.key)
        again = np.isin(rows, list(stream.ledger.known(np.unique(rows))))
        most = int(settings.overlap_at_most * records.number)
        if int(again.sum()) > most:
            raise SourceError(
                f"{listed(int(again.sum()), 'record')} of {records.number:,} read as earlier ones "
                f"do, and arrivals.overlap_at_most allows {most:,}: is it sent again?"
            )
        return np.ones(records.number, dtype=np.bool_), rows
    whose = counted(records, stream.request_of(begun.file), stream.key).persons
    judged = np.isin(whose, list(stream.ledger.known(np.unique(whose))))
    if judged.any() and settings.returning == "set_aside":
        raise SourceError(
            f"{listed(int(judged.sum()), 'record')} of {records.number:,} are of people who were "
            "released or judged before, and each is released once"
        )
    return ~judged, None


# -- the step ------------------------------------------------------------------------------


def _finish_file(stream: Stream, begun: Line) -> Line:
    """Do all that a file brings about; the same again if it is interrupted."""
    last, request = stream.last, stream.request_of(begun.file)
    incoming = stream.load_records("incoming", begun.number)
    pool = stream.load_records("waiting", last.number).added(incoming)
    version = current_version(stream, pool, request)
    outcome = _outcome(stream, pool, version, begun)
    line = replace(
        begun,
        version=0 if version is None else version.number,
        released=0 if outcome.delta is None else outcome.delta.counted.records.number,
        loss=0.0 if outcome.delta is None else outcome.delta.solution.proof.loss,
        expired=outcome.expired,
        waiting=outcome.waiting.number,
        waiting_people=outcome.waiting_people,
        oldest=float(outcome.waiting.since.min(initial=np.inf)) if outcome.waiting.number else 0.0,
    )
    stream.files.save_table(f"waiting.{line.number}.parquet", outcome.waiting.stored)
    line = replace(line, next_version=next_version(stream, line, incoming, version))
    line = publish(stream, line, outcome.delta, version)
    stored = StoredDelta(
        line.number, line.version, line.target, line.checksum, line.released, line.number
    )
    deltas = [stored] if outcome.delta is not None else []
    stream.ledger.commit(line, _fates(stream, outcome, line), deltas)
    return line


def _outcome(stream: Stream, pool: Records, version: Version | None, line: Line) -> Split:
    """Decide what becomes of each record."""
    longest = stream.settings.longest_wait
    oldest = -np.inf if longest is None else line.at - longest
    request, key = stream.request_of(line.file), stream.key
    if version is None:
        records = counted(pool, request, key)
        return all_waiting(records, oldest=oldest)
    request = request.model_copy(update={"policy": version.policy})
    records = counted(pool, request, key, dict(version.meanings))
    published = published_values(stream, version)
    return split(records, Step(version, request, key, oldest, published))


def _fates(stream: Stream, outcome: Split, line: Line) -> list[tuple[Fate, NDArray[np.int64]]]:
    """Return what became of whom, by keyed hashes."""
    if stream.policy.person is None:
        kept = stream.files.load_arrays(f"incoming.{line.number}.npz")
        return [(Fate.READ, np.unique(kept["rows"]))]
    released = np.zeros(0, dtype=np.int64)
    if outcome.delta is not None:
        released = np.unique(outcome.delta.counted.persons)
    return [(Fate.RELEASED, released), (Fate.EXPIRED, outcome.gone)]
