"""Private copies of what has no cheap second reading: a query, a version of a table, a workbook.

Rows are read twice. What answers only once, or another time with other records, is written once, as
it streams, into a Parquet file that only its owner may read, and is a Parquet source from there on.
All who open the same source during one call, or one run, read the same copy; it goes when that
ends, however it does. The folder is one for temporary files (``TMPDIR``): if the workers of a
cluster see it, they read the copy, and else the process of the job reads it for them.
"""

import hashlib
import os
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.discreet import Discreet
from anon_dagster.engine import checkpoint
from anon_dagster.errors import SourceError
from anon_dagster.storage.failures import keeping_aside
from anon_dagster.storage.fingerprints import Copied, Fingerprint, fingerprint
from anon_dagster.storage.opened import (
    MaySkip,
    OpenSource,
    never,
    require_skippable,
    require_unique,
    type_name,
)
from anon_dagster.storage.parquet_source import open_parquet, readable
from anon_dagster.storage.partitions import partitions
from anon_dagster.storage.passing import new_folder, sweep_folders
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.valid_text import is_valid_text
from anon_dagster.storage.values import supported
from anon_dagster.storage.wrapped import WrappedSource

_ROWS = 131_072  # of a row group …
_BYTES = 2**26  # … or fewer, if there are many columns


@dataclass(frozen=True, slots=True, eq=False)
class Reading(Discreet, shown=("name",)):
    """What is read once, batch by batch."""

    name: str
    """What it is in words, with the version that is read: no address, and no value of a record."""
    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    """Of the schema; what goes wrong comes as an :class:`AnonError` that holds no cell."""


Reader = Callable[[], AbstractContextManager[Reading]]
"""Begins to read; what it opened is closed at the end."""


def copied(key: str, read: Reader, *, may_skip: MaySkip = never) -> OpenSource:
    """Copy a table unless the call or run has a copy of it, and open the copy.

    Parameters
    ----------
    key
        Tells one table from others within a call, such as the source of a request as JSON.
    read
        Reads it, and tells what it is.
    may_skip
        Which columns may be left unread if their values have no text. They are not copied.

    Raises
    ------
    SourceError
        If a column has no name, another one's, or values that have no text and are needed.
    TargetError
        If there is no room for the copy.
    """
    copies = _IN_USE.get() or Copies()
    return copies.opened(key, read, may_skip)


@contextmanager
def keeping_copies(copies: "Copies | None" = None) -> Iterator[None]:
    """Let copies last until the end of this, one of each table; within another one, as that does.

    Parameters
    ----------
    copies
        Those of a run, which closes them itself.
    """
    if copies is None and _IN_USE.get() is not None:
        yield
        return
    own = Copies() if copies is None else copies
    token = _IN_USE.set(own)
    try:
        yield
    finally:
        _IN_USE.reset(token)
        if copies is None:
            own.close()


class Copies:
    """The copies that a call or a run made; they go when it is closed, or forgotten."""

    def __init__(self) -> None:
        self._made: dict[str, _Copy] = {}
        self._making = Lock()

    def opened(self, key: str, read: Reader, may_skip: MaySkip) -> OpenSource:
        """Open the copy of a table, see :func:`copied`."""
        with self._making:
            if key not in self._made:
                self._made[key] = self._copy(read)
            copy = self._made[key]
        require_skippable(copy.unread, copy.mark.name, may_skip)
        return CopiedSource(copy.opened(), copy.unread, self)

    def close(self) -> None:
        """Remove all copies."""
        with self._making:
            for copy in self._made.values():
                copy.remove()
            self._made.clear()

    def _copy(self, read: Reader) -> "_Copy":
        sweep_folders()
        with keeping_aside("the copy of the source"):
            folder = new_folder(fresh_token())
        remove = weakref.finalize(self, _remove, folder, os.getpid())
        try:
            with read() as reading:
                unread = _unread(reading)
                path = folder / "copy.parquet"
                mark = _written(reading, path, unread)
        except BaseException:
            remove()
            raise
        return _Copy(mark, unread, remove)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()]]:
        """Stay here: another process that reads a copy does not remove it."""
        return _of_others, ()


_IN_USE: ContextVar[Copies | None] = ContextVar("copies", default=None)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy, and the columns that it has no values of."""

    mark: Fingerprint
    unread: Mapping[str, str]
    remove: Callable[[], object]

    def opened(self) -> OpenSource:
        apart = partitions(self.mark.path, [self.mark.path], text=False)
        return open_parquet((self.mark,), apart, never)


@dataclass(frozen=True, slots=True, eq=False)
class CopiedSource(WrappedSource):
    """A copy, which lasts at least as long as this is in use, unless its call ended."""

    unread: Mapping[str, str] = field(default_factory=dict)
    copies: Copies | None = None

    @property
    def skipped(self) -> Mapping[str, str]:
        """The columns that were not copied, each with the name of its type."""
        return self.unread


def bytes_of(copy: OpenSource) -> IO[bytes]:
    """Open a copy to read its bytes, which stay until that is closed."""
    return Path(copy.files[0].path).open("rb")


def _unread(reading: Reading) -> dict[str, str]:
    """Return the columns whose values have no text, each with the name of its type."""
    require_unique(reading.schema.names, reading.name)
    return {f.name: type_name(f.type) for f in reading.schema if not supported(f.type)}


def _written(reading: Reading, path: Path, unread: Mapping[str, str]) -> Fingerprint:
    """Write the copy of a table, and tell what it is."""
    schema = pa.schema(
        [
            pa.field(f.name, pa.null() if f.name in unread else readable(f.type))
            for f in reading.schema
        ]
    )
    with keeping_aside(f"the copy of {reading.name}"):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb", buffering=0) as file:
        digest = _Digest(file, reading.name)
        _write_all(reading, schema, digest)
    told = Copied(reading.name, digest.hexadecimal)
    return replace(fingerprint(str(path)), copied=told)


def _write_all(reading: Reading, schema: pa.Schema, to: "_Digest") -> None:
    """Write all batches, in row groups of a good size."""
    with pq.ParquetWriter(pa.PythonFile(to, mode="w"), schema, compression="zstd") as writer:
        try:
            for table in _groups(reading, schema):
                _write(writer, table, reading.name)
            writer.close()
        except BaseException:
            to.given_up = True  # or the writer would try once more when it is closed
            raise


def _groups(reading: Reading, schema: pa.Schema) -> Iterator[pa.Table]:
    """Put batches together until they are worth a row group."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reading.batches:
        checkpoint()
        held.append(_as_copied(batch, schema, reading.name))
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _ROWS or size >= _BYTES:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if rows:
        yield pa.Table.from_batches(held)


def _write(writer: pq.ParquetWriter, table: pa.Table, name: str) -> None:
    """Write a row group."""
    try:
        writer.write_table(table, row_group_size=table.num_rows)
    except pa.ArrowException:  # its message may hold a value
        raise SourceError(f"{name} has a column of a type that cannot be copied") from None


def _as_copied(batch: pa.RecordBatch, schema: pa.Schema, name: str) -> pa.RecordBatch:
    """Give a batch the types of the copy, without the columns that are not read."""
    columns = []
    for place, (column, to) in enumerate(zip(batch.columns, schema, strict=True), start=1):
        if pa.types.is_null(to.type):
            columns.append(pa.nulls(batch.num_rows))
            continue
        if not is_valid_text(column):
            raise SourceError(
                f"{name} cannot be read: column {place} has text that is not UTF-8; give it as "
                "binary, or decode it before"
            )
        columns.append(column if column.type == to.type else column.cast(to.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class _Digest:
    """A file that is being written, and the SHA-256 of its bytes."""

    closed = False

    def __init__(self, file: FileIO, name: str) -> None:
        self.given_up = False
        """Whether what is still written is of no use to anybody."""
        self._file = file
        self._name = name
        self._sha256 = hashlib.sha256()

    def write(self, data: Any) -> int:  # noqa: ANN401 (whatever has bytes)
        if self.given_up:
            return len(data)
        self._sha256.update(data)
        with keeping_aside(f"the copy of {self._name}"):
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        return len(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""

    @property
    def hexadecimal(self) -> str:
        """The checksum of what was written."""
        return self._sha256.hexdigest()


def _remove(folder: Path, process: int) -> None:
    """Remove the folder of a copy, unless this process was forked from the one that made it."""
    if os.getpid() == process:
        with suppress(OSError):
            shutil.rmtree(folder)


def _of_others() -> None:
    """Stand for the copies of another process."""
