"""The formats of a target: which there are, and a file of one while it is written."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from secrets import token_hex
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.errors import TargetError
from anon_dagster.request import Target
from anon_dagster.request.locations import TARGET_FORMATS
from anon_dagster.storage.addresses import is_local
from anon_dagster.storage.categories import in_one_piece
from anon_dagster.storage.compression import ENDINGS
from anon_dagster.storage.csv_writing import CsvWriter, require_writable
from anon_dagster.storage.failures import writing
from anon_dagster.storage.moving import move
from anon_dagster.storage.opening import abandon, finish, open_to_write

_ROWS = 131_072  # of a row group; the same however the records come, so that the bytes are, too


def require_format(target: Target) -> None:
    """Refuse a format that is unknown, and options that do not go with it.

    Raises
    ------
    TargetError
        Naming the option.
    """
    if target.format_found is None:
        raise TargetError(
            f"the format of {target.path} is not told by its ending: say {TARGET_FORMATS}"
        )
    if target.format_found == "csv":
        if target.compression not in {None, "none", "gzip"}:
            raise TargetError(
                f"a CSV file is compressed by gzip or not, not by {target.compression}"
            )
        if target.path.lower().endswith(ENDINGS) and not target.path.lower().endswith(".gz"):
            raise TargetError(f"{target.path}: a CSV file is compressed by gzip or not at all")
        require_writable(target.csv)


def ending_of(target: Target) -> str:
    """Return how the names of the parts of a target end."""
    if target.format_found == "parquet":
        return ".parquet"
    return ".csv.gz" if is_gzip(target) else ".csv"


def is_gzip(target: Target) -> bool:
    """Tell whether the CSV files of a target are compressed by gzip."""
    return target.compression == "gzip" or (
        target.compression is None and target.path.lower().endswith(".gz")
    )


class _Writer(Protocol):
    def write(self, table: pa.Table, /) -> None: ...

    def close(self) -> None: ...


def _writer(file: IO[bytes], target: Target, schema: pa.Schema) -> _Writer:
    if target.format_found == "csv":
        return CsvWriter(file, schema, target.csv, compressed=is_gzip(target))
    writer: _Writer = pq.ParquetWriter(file, schema, compression=target.compression or "zstd")
    return writer


class TableFile:
    """A file of records that is being written."""

    def __init__(self, path: str, target: Target, schema: pa.Schema) -> None:
        self.rows = 0
        self._file = open_to_write(path)
        try:
            self._writer = _writer(self._file, target, schema)
        except BaseException:
            self._file.close()
            raise

    def write(self, table: pa.Table) -> None:
        """Add records."""
        if table.num_rows:
            self._writer.write(table)
            self.rows += table.num_rows

    def finish(self) -> None:
        """Write what is left, and close the file once all of it is stored."""
        self._writer.close()
        finish(self._file)

    def abandon(self) -> None:
        """Close the file, whatever becomes of its content."""
        abandon(self._file)
        for opened in (self._writer, self._file):
            with suppress(Exception):  # it is thrown away, whatever state it is in
                opened.close()


class Blocks:
    """Cuts tables into blocks of one length."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._held = schema.empty_table()

    def add(self, table: pa.Table) -> Iterator[pa.Table]:
        """Take records, and give the blocks that are full."""
        assert table.schema.equals(self._schema), "every table has the schema of the target"
        self._held = pa.concat_tables([self._held, table])
        while self._held.num_rows >= _ROWS:
            block, self._held = self._held.slice(0, _ROWS), self._held.slice(_ROWS)
            yield in_one_piece(block)

    def rest(self) -> pa.Table:
        """Return the records that fill no block."""
        return in_one_piece(self._held)


@dataclass(frozen=True, slots=True)
class FileOfRows:
    """One of several files of a table, and which of its rows it has."""

    path: str
    first: int
    last: int
    """One past the last."""
    rows: int
    """How many the table has."""

    @property
    def begin(self) -> int:
        """The first row of the blocks that have its rows, see :class:`Blocks`."""
        return self.first // _ROWS * _ROWS

    @property
    def end(self) -> int:
        """One past the last row of these blocks."""
        return min(-(-self.last // _ROWS) * _ROWS, self.rows)


def write_file(
    file: FileOfRows, target: Target, schema: pa.Schema, tables: Iterable[pa.Table], folder: str
) -> None:
    """Write one of several files by itself, as it is written if one comes after the other.

    Parameters
    ----------
    tables
        The table from the row ``file.begin`` on.
    folder
        Where it is written on this machine before it comes to its path in one step: the process
        that was thought dead and has been replaced may be writing it, too.
    """
    path = f"{folder}/{token_hex(16)}{ending_of(target)}" if is_local(file.path) else file.path
    with writing(target.path):
        written = TableFile(path, target, schema)
        try:
            for row, block in _numbered(tables, schema, file.begin):
                first, last = max(file.first - row, 0), min(file.last - row, block.num_rows)
                written.write(block.slice(first, max(last - first, 0)))
            written.finish()
        except BaseException:
            written.abandon()
            raise
        if path != file.path:
            move(path, file.path)


def _numbered(
    tables: Iterable[pa.Table], schema: pa.Schema, row: int
) -> Iterator[tuple[int, pa.Table]]:
    """Cut tables into blocks, and tell the row that each begins with."""
    held = Blocks(schema)
    for block in chain.from_iterable(map(held.add, tables)):
        yield row, block
        row += block.num_rows
    yield row, held.rest()


def after(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Give what tables have after so many rows."""
    for table in tables:
        skipped = min(rows, table.num_rows)
        rows -= skipped
        yield table.slice(skipped)
