"""Targets: written beside their place, read there, and only then moved into it.

What is being written is called ``.<name>.<token>.part`` and lies in the folder of the target, so
that moving it is one step of the file system and two jobs never meet. A target of several parts
is a folder: the old one is put aside as ``.<name>.<token>.old`` and removed once the new one is
in its place; if the machine stops between the two steps, :func:`sweep` brings the old one back.

In a store, what is being written is an upload of several parts that the store shows to nobody
until it is complete. Then it is read where it lies, and copied into its place by the store, which
is one step; several parts become the target together, see :mod:`anon_dagster.storage.manifest`.
"""

import os
import re
import shutil
import uuid
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.errors import AnonError, TargetError
from anon_dagster.request import Source, Target
from anon_dagster.storage import manifest, places
from anon_dagster.storage.csv_writing import CsvWriter, require_writable
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.places import (
    beside,
    full,
    is_local,
    name,
    parent,
    reading,
    resolve,
    writing,
)

_ROWS = 131_072  # of a row group; the same however the records come, so that the bytes are, too
_SMALLEST = 20  # a release is hardly ever smaller than a twentieth of its source


def stage(target: Target, schema: pa.Schema, *, token: str) -> "StagedTarget":
    """Begin to write a target; nothing is seen at its place before it is published.

    Parameters
    ----------
    target
        Where the table shall go.
    schema
        The columns and types of every table that is written.
    token
        Sets this writing apart from every other one: the id of a job.

    Raises
    ------
    TargetError
        If the target cannot be written.
    """
    if not re.fullmatch(r"[\w-]+", token):
        raise TargetError("a token has letters, digits, dashes and underscores only")
    _require_format(target)
    with writing(target.path):
        places.make_folder(parent(full(target.path)))
        return StagedTarget(target, schema, token)


class StagedTarget:
    """A table on its way to a target; left behind nowhere if it does not get there.

    Written, then sealed, then published; a context manager that discards what was not published.
    """

    def __init__(self, target: Target, schema: pa.Schema, token: str) -> None:
        self._target = target
        self._schema = schema
        self._path = full(target.path)
        self._staged = beside(self._path, f".{name(self._path)}.{token}.part")
        self._aside = beside(self._path, f".{name(self._path)}.{token}.old")
        self._mark = "" if is_local(target.path) else f".of-{token}.{uuid.uuid4().hex[:8]}"
        self._names: list[str] = []
        self._open: _OpenFile | None = None
        self._blocks = _Blocks(schema)
        self._sealed = False
        self._published = False
        places.remove(self._staged)
        if not target.single_file:
            places.make_folder(self._staged)

    def write(self, table: pa.Table) -> None:
        """Add records; their order is kept.

        Raises
        ------
        TargetError
            If the disk is full, or a value cannot be written in the format of the target.
        """
        assert not self._sealed, "a sealed target takes no more records"
        with writing(self._target.path):
            for block in self._blocks.add(table):
                self._append(block)

    def seal(self) -> tuple[str, ...]:
        """Close the files and return where they lie for now."""
        assert not self._sealed, "a target is sealed once"
        with writing(self._target.path):
            self._append(self._blocks.rest())
            self._finish_file()
            if not self._target.single_file and is_local(self._path):
                places.finish(places.open_to_write(f"{self._staged}/{SUCCESS}"))
        self._sealed = True
        return self._files(self._staged)

    def staged_source(self) -> Source:
        """Return the sealed files as a source, to read what was really stored."""
        assert self._sealed, "only a sealed target can be read"
        return Source(
            path=self._files(self._staged),
            format=self._target.format_found,
            csv=self._target.csv,
        )

    @property
    def place(self) -> tuple[str, ...]:
        """Where the files will lie once they are published."""
        assert self._sealed, "the files of a target are known once it is sealed"
        return self._files(self._path)

    def publish(self) -> tuple[str, ...]:
        """Move the files into their place, where they replace a former target; return them.

        Raises
        ------
        TargetError
            If the place was taken by something else meanwhile; it is left as it is.
        """
        assert self._sealed, "only a sealed target is published"
        _require_place(self._target)
        with writing(self._target.path):
            if not is_local(self._path):
                self._publish_in_store()
            elif self._target.single_file:
                places.move(self._staged, self._path)
            else:
                self._swap()
        self._published = True
        return self.place

    def discard(self) -> None:
        """Remove what was written and not published."""
        if self._open is not None:
            self._open.abandon()
            self._open = None
        if not self._published:
            self._remove(self._staged)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def _files(self, path: str) -> tuple[str, ...]:
        if self._target.single_file:
            return (path,)
        return tuple(f"{path}/{each}" for each in self._names)

    def _append(self, block: pa.Table) -> None:
        most = self._target.rows_per_file if not self._target.single_file else None
        while True:
            if self._open is None:
                self._open = self._next_file()
            room = block.num_rows if most is None else most - self._open.rows
            self._open.write(block.slice(0, room))
            block = block.slice(room)
            if not block.num_rows:
                return
            self._finish_file()

    def _next_file(self) -> "_OpenFile":
        path = self._staged
        if not self._target.single_file:
            number = f"part-{len(self._names):05d}"
            self._names.append(f"{number}{self._mark}{_ending(self._target)}")
            path = f"{self._staged}/{self._names[-1]}"
        return _OpenFile(path, self._target, self._schema)

    def _finish_file(self) -> None:
        if self._open is not None:
            self._open.finish()
            self._open = None

    def _publish_in_store(self) -> None:
        if self._target.single_file:
            places.copy(self._staged, self._path)
            former = []
        else:
            former = self._former()
            self._copy_parts()
            places.put(f"{self._path}/{SUCCESS}", manifest.text(self._names))
        # The target is complete: what cannot be removed now is swept by the next job.
        for each in (*former, self._staged):
            self._remove(each)

    def _former(self) -> list[str]:
        """Return the files of the release that is replaced; those of jobs at work stay."""
        names = [each for each in places.names_in(self._path) if each != SUCCESS]
        listed = places.listed(self._path)
        known = [n for n in names if manifest.token_of(n) is None] if listed is None else listed
        return [f"{self._path}/{each}" for each in known]

    def _copy_parts(self) -> None:
        try:
            for each in self._names:
                places.copy(f"{self._staged}/{each}", f"{self._path}/{each}")
        except BaseException:
            for each in self._names:
                self._remove(f"{self._path}/{each}")
            raise

    def _remove(self, path: str) -> None:
        # What went wrong before is what must be told.
        with suppress(AnonError), writing(self._target.path):
            places.remove(path)

    def _swap(self) -> None:
        replaces = places.exists(self._path)
        if replaces:
            places.move(self._path, self._aside)
        try:
            places.move(self._staged, self._path)
        except OSError:
            if replaces:
                places.move(self._aside, self._path)
            raise
        places.remove(self._aside)


def sweep(target: Target, *, alive: Container[str] = ()) -> tuple[str, ...]:
    """Remove what dead jobs left beside a target, and bring back what they had put aside.

    Parameters
    ----------
    target
        The place.
    alive
        Tokens of the jobs that are still writing.

    Returns
    -------
    tuple of str
        The names that were swept.
    """
    path = full(target.path)
    pattern = re.compile(re.escape(f".{name(path)}.") + r"([\w-]+)\.(part|old)")
    swept = []
    with writing(target.path):
        for left in places.names_in(parent(path)):
            match = pattern.fullmatch(left)
            if match is None or match[1] in alive:
                continue
            if match[2] == "old" and not places.exists(path):
                places.move(beside(path, left), path)
            else:
                places.remove(beside(path, left))
            swept.append(left)
        swept += _sweep_store(path, alive)
    return tuple(swept)


def _sweep_store(path: str, alive: Container[str]) -> list[str]:
    """Remove parts that no list has, and end uploads: a folder shows neither as a name."""
    if is_local(path):
        return []
    listed = places.listed(path) or ()
    tokens = {each: manifest.token_of(each) for each in places.names_in(path)}
    dead = [n for n, token in tokens.items() if token and token not in alive and n not in listed]
    for each in dead:
        places.remove(f"{path}/{each}")
    beginning = f".{name(path)}."
    pattern = re.compile(re.escape(beginning) + r"([\w-]+)\.part(/.*)?")

    def is_alive(key: str) -> bool:
        match = pattern.search(key)
        return match is None or match[1] in alive

    with suppress(PermissionError):  # to list uploads is a right of its own
        places.end_uploads(beside(path, beginning), is_alive)
    return dead


# -- files ---------------------------------------------------------------------------------


class _Writer(Protocol):
    def write(self, table: pa.Table, /) -> None: ...

    def close(self) -> None: ...


class _OpenFile:
    """A file that is being written."""

    def __init__(self, path: str, target: Target, schema: pa.Schema) -> None:
        self.rows = 0
        self._file = places.open_to_write(path)
        try:
            self._writer = _writer(self._file, target, schema)
        except BaseException:
            self._file.close()
            raise

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer.write(table)
            self.rows += table.num_rows

    def finish(self) -> None:
        self._writer.close()
        places.finish(self._file)

    def abandon(self) -> None:
        places.abandon(self._file)
        for each in (self._writer, self._file):
            with suppress(Exception):  # it is thrown away, whatever state it is in
                each.close()


def _writer(file: IO[bytes], target: Target, schema: pa.Schema) -> _Writer:
    if target.format_found == "csv":
        return CsvWriter(file, schema, target.csv, compressed=_is_gzip(target))
    writer: _Writer = pq.ParquetWriter(file, schema, compression=target.compression or "zstd")
    return writer


def _is_gzip(target: Target) -> bool:
    return target.compression == "gzip" or (
        target.compression is None and target.path.lower().endswith(".gz")
    )


def _ending(target: Target) -> str:
    if target.format_found == "parquet":
        return ".parquet"
    return ".csv.gz" if _is_gzip(target) else ".csv"


class _Blocks:
    """Cuts tables into blocks of one length."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._held = schema.empty_table()

    def add(self, table: pa.Table) -> Iterator[pa.Table]:
        assert table.schema.equals(self._schema), "every table has the schema of the target"
        self._held = pa.concat_tables([self._held, table])
        while self._held.num_rows >= _ROWS:
            block, self._held = self._held.slice(0, _ROWS), self._held.slice(_ROWS)
            yield _compact(block)

    def rest(self) -> pa.Table:
        return _compact(self._held)


def _compact(table: pa.Table) -> pa.Table:
    return table.unify_dictionaries().combine_chunks()


# -- before the work -----------------------------------------------------------------------


def check_target(target: Target, sources: Sequence[str]) -> None:
    """Find out what would keep a target from being written, as far as it can be told before.

    Parameters
    ----------
    target
        Where the table shall go.
    sources
        What is read: files, folders and globs, as a request names them.

    Raises
    ------
    TargetError
        If the format is unknown or an option does not go with it; if the target is one of the
        sources or would be found among them the next time, or is a folder where a file is wanted;
        if its folder can neither be written to nor made; if the disk is obviously too small.
    """
    _require_format(target)
    _require_place(target)
    files = _files(sources)
    _require_no_source(target, files)
    _require_not_found_by(target, sources)
    if is_local(target.path):
        folder = _nearest(parent(full(target.path)), target)
        _require_permission(folder, target)
        _require_room(folder, target, files)
    else:
        _require_store(target)


def _files(sources: Sequence[str]) -> list[str]:
    found: list[str] = []
    for source in sources:
        with suppress(AnonError):  # what cannot be read is told when it is opened
            found += resolve(source)
    return found


def _require_format(target: Target) -> None:
    if target.format_found is None:
        raise TargetError(
            f"the format of {target.path} is not told by its ending: say csv or parquet"
        )
    if target.format_found == "csv":
        if target.compression not in {None, "none", "gzip"}:
            raise TargetError(
                f"a CSV file is compressed by gzip or not, not by {target.compression}"
            )
        require_writable(target.csv)


def _require_place(target: Target) -> None:
    """Refuse to replace anything but a former target of the same kind."""
    with writing(target.path):
        if not places.exists(target.path):
            return
        if target.single_file:
            if places.is_folder(target.path):
                raise TargetError(f"{target.path} is a folder; name a file in it")
            if not places.is_file(target.path):
                raise TargetError(f"{target.path} is a device, not a file; name another place")
            return
        if not places.is_folder(target.path):
            raise TargetError(f"{target.path} is a file, but several parts need a folder")
        foreign = [each for each in places.names_in(target.path) if not manifest.is_part(each)]
    if foreign:
        raise TargetError(
            f"the folder {target.path} has {len(foreign)} files that are no parts of a release; "
            f"it would be replaced whole, so name another one"
        )


def _require_no_source(target: Target, sources: Sequence[str]) -> None:
    place = _real(target.path)
    for source in sources:
        same = _real(source) == place or (
            is_local(source) and is_local(target.path) and _same_file(source, target.path)
        )
        if same or (not target.single_file and _real(source).startswith(place + "/")):
            raise TargetError(f"the target {target.path} is also a source; name another place")


def _require_not_found_by(target: Target, sources: Sequence[str]) -> None:
    """Refuse a target whose records the source would have twice the next time."""
    place = _real(target.path)
    files: tuple[str, ...] = (place, full(target.path))
    if not target.single_file:
        files += tuple(f"{each}/part-00000{_ending(target)}" for each in files)
    for source in sources:
        with reading(source):
            inside = places.is_folder(source) and parent(place) == _real(source)
            found = inside or any(places.matches(source, file) for file in files)
        if found:
            raise TargetError(
                f"the source {source} would find the target {target.path} the next time; name a "
                f"place outside of it"
            )


def _real(path: str) -> str:
    return os.path.realpath(full(path)) if is_local(path) else full(path)


def _same_file(source: str, target: str) -> bool:
    try:
        return Path(full(source)).samefile(full(target))
    except OSError:
        return False


def _nearest(folder: str, target: Target) -> Path:
    """Return the folder of a target, or the one above it in which it would be made."""
    path = Path(folder)
    while not path.exists():
        path = path.parent
    if not path.is_dir():
        raise TargetError(f"cannot write {target.path}: {path} is not a folder")
    return path


def _require_permission(folder: Path, target: Target) -> None:
    probe = folder / f".{name(target.path)}.{uuid.uuid4().hex}.part"
    with writing(target.path):
        probe.touch()
        probe.unlink()


def _require_store(target: Target) -> None:
    """Write to a store and remove it again: nothing else tells what the credentials permit."""
    path = full(target.path)
    probe = beside(path, f".{name(path)}.{uuid.uuid4().hex}.part")
    with writing(target.path):
        places.put(probe, b"")
        places.remove(probe)


def _require_room(folder: Path, target: Target, sources: Sequence[str]) -> None:
    size = 0
    for source in sources:
        with suppress(AnonError):  # a source that is gone is told when it is opened
            size += places.fingerprint(source).size
    free = shutil.disk_usage(folder).free
    if free < size / _SMALLEST:
        raise TargetError(
            f"the disk of {target.path} has {free >> 20} MB left, too little for the release of "
            f"{size >> 20} MB of records"
        )
