"""A table on its way to a target: written beside it, sealed, and only then published."""

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from anon_dagster.errors import DisclosureError, PromiseBrokenError, TargetError
from anon_dagster.request import Source, Target
from anon_dagster.storage.addresses import (
    absolute,
    base_name,
    exists,
    is_local,
    parent,
    sibling,
)
from anon_dagster.storage.failures import writing
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.moving import keep_aside, make_folder, remove, restore
from anon_dagster.storage.opening import copy_bytes, finish, open_to_write
from anon_dagster.storage.targets.formats import (
    Blocks,
    FileOfRows,
    TableFile,
    ending_of,
    require_format,
)
from anon_dagster.storage.targets.preflight import require_replaceable
from anon_dagster.storage.targets.publishing import (
    copy_file,
    copy_parts,
    move_file,
    remove_quietly,
    swap_folder,
)
from anon_dagster.storage.targets.tables import table_kind

_KEPT = (
    "what was written is removed, but its bucket keeps a version of it, which these credentials "
    "may not delete: have it deleted, or let a rule of the bucket end former versions"
)


def stage(
    target: Target, schema: pa.Schema, *, token: str, private: bool = False
) -> "StagedTarget":
    """Begin to write a target; nothing is seen at its place before it is published.

    Parameters
    ----------
    target
        Where the table shall go.
    schema
        The columns and types of every table that is written.
    token
        Sets this writing apart from every other one: the id of a job.
    private
        Whether nobody but the owner may read its files on this machine.

    Raises
    ------
    TargetError
        If the target cannot be written.
    """
    if not re.fullmatch(r"[\w-]+", token):
        raise TargetError("a token has letters, digits, dashes and underscores only")
    if (kind := table_kind(target)) is not None:
        return kind.stage(target, schema, token)
    require_format(target)
    with writing(target.path):
        make_folder(parent(absolute(target.path)))
        return StagedTarget(target, schema, token, private=private)


class StagedTarget:
    """A table on its way to a target; left behind nowhere if it does not get there.

    Written, then sealed, then published; a context manager that discards what was not published.

    Parameters
    ----------
    form
        How its files are written, where that is not as the target says.
    """

    def __init__(
        self,
        target: Target,
        schema: pa.Schema,
        token: str,
        *,
        private: bool = False,
        form: Target | None = None,
    ) -> None:
        self.target = target
        self._form = form or target
        self._private = private and is_local(target.path)
        self._schema = schema
        self._path = absolute(target.path)
        self._staged = sibling(self._path, f".{base_name(self._path)}.{token}.part")
        self._shelter = sibling(self._path, f".{base_name(self._path)}.{token}.shelves.part")
        self._aside = sibling(self._path, f".{base_name(self._path)}.{token}.old")
        self._mark = "" if is_local(target.path) else f".of-{token}.{uuid.uuid4().hex[:8]}"
        self._names: list[str] = []
        self._file: TableFile | None = None
        self._blocks = Blocks(schema)
        self._apart = False
        self._sealed = False
        self._published = False
        self._keeps_former = False
        self.left_behind = False
        """Whether something beside the target could not be removed when it was published."""
        for left in (self._staged, self._shelter):
            remove(left)
        if not self._form.single_file:
            make_folder(self._staged)

    def write(self, table: pa.Table) -> None:
        """Add records; their order is kept.

        Raises
        ------
        TargetError
            If the disk is full, or a value cannot be written in the format of the target.
        """
        assert not self._sealed, "a sealed target takes no more records"
        with writing(self.target.path):
            for block in self._blocks.add(table):
                self._append(block)

    @contextmanager
    def shelter(self) -> Iterator[str]:
        """Give a folder beside the target for what other processes leave there; nothing stays.

        Raises
        ------
        TargetError
            If it cannot be made.
        """
        with writing(self.target.path):
            make_folder(self._shelter)
        try:
            yield self._shelter
        finally:
            remove_quietly(self._shelter)

    def files_of(self, records: int) -> list[FileOfRows]:
        """Return the files that others are to write, by :func:`write_file`, all of the records."""
        assert not self._names, "files are written here or elsewhere"
        most = self._form.rows_per_file or records
        firsts = range(0, records, most)
        self._apart = True
        return [
            FileOfRows(self._next_path(), first, min(first + most, records), records)
            for first in firsts
        ]

    def take(self, files: Sequence[str]) -> None:
        """Take files of this format as they are, in place of records.

        Raises
        ------
        TargetError, SourceError
            If one cannot be written, or read.
        """
        assert not self._names, "files are taken, or records are written"
        self._apart = True
        with writing(self.target.path):
            for file in files:
                copy_bytes(file, self._staged if self._form.single_file else self._next_path())

    def seal(self) -> tuple[str, ...]:
        """Close the files and return where they lie for now."""
        assert not self._sealed, "a target is sealed once"
        with writing(self.target.path):
            if not self._apart:
                self._append(self._blocks.rest())
                self._finish_file()
            if not self._form.single_file and is_local(self._path):
                finish(open_to_write(f"{self._staged}/{SUCCESS}"))
            for file in self._files(self._staged):
                self._protect(file)  # those that others wrote, too
        self._sealed = True
        return self._files(self._staged)

    def staged_source(self) -> Source:
        """Return the sealed files as a source, to read what was really stored."""
        assert self._sealed, "only a sealed target can be read"
        return Source(
            path=self._files(self._staged),
            format=self._form.format_found,
            csv=self._form.csv,
        )

    @property
    def final_paths(self) -> tuple[str, ...]:
        """Where the files will lie once they are published."""
        assert self._sealed, "the files of a target are known once it is sealed"
        return self._files(self._path)

    @property
    def versions(self) -> Sequence[Sequence[str]]:
        """What will tell it from others once it is published, where that is known before."""
        return ()

    def publish(self) -> tuple[str, ...]:
        """Move the files into their place, where they replace a former target; return them.

        Raises
        ------
        TargetError
            If the place was taken by something else meanwhile; it is left as it is.
        """
        assert self._sealed, "only a sealed target is published"
        require_replaceable(self.target)
        with writing(self.target.path):
            if self._form.single_file:
                put = move_file if is_local(self._path) else copy_file
                gone = put(self._staged, self._path)
            elif is_local(self._path):
                gone = swap_folder(self._staged, self._path, aside=self._aside)
            else:
                gone = copy_parts(self._staged, self._path, self._names)
        self.left_behind = not gone
        self._published = True
        return self.final_paths

    def keep_former(self) -> None:
        """Keep what is going to be replaced, until this is let go of: :meth:`take_back` needs it.

        Raises
        ------
        TargetError
            If there is no room for it, or it is a table: linked tables are published as files.
        """
        if self.target.is_table:
            raise TargetError("linked tables are released to files: name one for each")
        assert self._form.single_file, "only a single file is taken back"
        self._keeps_former = True
        with writing(self.target.path):
            if exists(self._path):
                keep_aside(self._path, self._aside)

    def take_back(self) -> bool:
        """Put back what was replaced, or nothing if nothing was there; see :meth:`keep_former`.

        Returns whether anything had been published.

        Raises
        ------
        TargetError
            If it cannot be put back; the published file is there still then.
        """
        if not self._published:
            return False
        with writing(self.target.path):
            if exists(self._aside):
                restore(self._aside, self._path)
            else:
                remove(self._path)
        self._published = False
        return True

    def discard(self) -> int:
        """Remove what was written and not published, and what was kept to be put back.

        Returns of how many files their store keeps versions.
        """
        kept = 0
        if self._file is not None:
            self._file.abandon()
            self._file = None
        if not self._published:
            kept += remove_quietly(self._staged)
        if self._keeps_former:
            kept += remove_quietly(self._aside)
        return kept

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        kept = self.discard()
        if kept and isinstance(error, PromiseBrokenError | DisclosureError):
            raise type(error)(f"{error}; {_KEPT}") from None

    def _files(self, path: str) -> tuple[str, ...]:
        if self._form.single_file:
            return (path,)
        return tuple(f"{path}/{name}" for name in self._names)

    def _append(self, block: pa.Table) -> None:
        """Write a block to the open file, and begin another one whenever it is full."""
        most = self._form.rows_per_file if not self._form.single_file else None
        while True:
            if self._file is None:
                self._file = self._next_file()
            room = block.num_rows if most is None else most - self._file.rows
            self._file.write(block.slice(0, room))
            block = block.slice(room)
            if not block.num_rows:
                return
            self._finish_file()

    def _next_file(self) -> TableFile:
        path = self._staged if self._form.single_file else self._next_path()
        file = TableFile(path, self._form, self._schema)
        self._protect(path)
        return file

    def _protect(self, path: str) -> None:
        if self._private:
            Path(path).chmod(0o600)

    def _next_path(self) -> str:
        number = f"part-{len(self._names):05d}"
        self._names.append(f"{number}{self._mark}{ending_of(self._form)}")
        return f"{self._staged}/{self._names[-1]}"

    def _finish_file(self) -> None:
        assert self._file is not None, "a file is open"
        self._file.finish()
        self._file = None
