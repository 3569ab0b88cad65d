"""Tables as the text of CSV files, made so that it is read back as it was.

Only the distinct values of a column are quoted and escaped; the lines are then joined in Arrow.
"""

import codecs
import gzip
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.errors import SourceError, TargetError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.csv_reading import require_readable
from anon_dagster.storage.values import is_number, text_array

_LINES = 131_072  # records that are joined at once
_TEXT = pa.large_string()  # the text of so many records may pass 2 GiB
_NEVER_BARE = "\r\n\ufeff"  # ends a record, or would be taken for a byte order mark
_LEVEL = 6  # of gzip: a third of the time of the highest, a few percent larger


def require_writable(options: CsvOptions) -> None:
    """Refuse options with which a file could not be read back.

    Raises
    ------
    TargetError
        Naming the option.
    """
    try:
        require_readable(options)
    except SourceError as error:
        raise TargetError(str(error)) from None
    if options.skip_lines:
        raise TargetError("csv.skip_lines is of a source: nothing stands above a header we write")
    if any(sign in token for token in options.missing[:1] for sign in _special(options)):
        raise TargetError("csv.missing begins with a token that cannot stand without quotes")


class CsvWriter:
    """Writes tables of one schema into a file, each below the one before."""

    def __init__(
        self, file: IO[bytes], schema: pa.Schema, options: CsvOptions, *, compressed: bool
    ) -> None:
        names = options.names or tuple(schema.names)
        if len(names) != len(schema):
            raise TargetError(
                f"the release has {len(schema)} columns, but csv.names names {len(names)}"
            )
        self._options = options
        self._utf8 = codecs.lookup(options.encoding).name == "utf-8"
        self._encoder = codecs.getincrementalencoder(options.encoding)()
        self._file = file
        self._gzip = (
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0)
            if compressed
            else None
        )
        if options.header:
            self._put([self._cells(pa.array([name]), name) for name in names])

    def write(self, table: pa.Table) -> None:
        """Add a table.

        Raises
        ------
        TargetError
            Naming a column that has a character the encoding lacks, or missing values if there
            is no token for them.
        """
        for first in range(0, table.num_rows, _LINES):
            lines = table.slice(first, _LINES)
            self._put([self._cells(lines[n].combine_chunks(), n) for n in lines.column_names])

    def close(self) -> None:
        """Write what is left; the file stays open."""
        if self._gzip is not None:
            self._gzip.close()

    def _cells(self, column: pa.Array, name: str) -> pa.LargeStringArray:
        """Return the text of each cell as it stands in the file."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        text = text_array(column.dictionary)
        if is_number(column.type.value_type) and self._options.decimal != ".":
            text = pc.replace_substring(text, ".", self._options.decimal)
        missing = self._options.missing[:1]
        cells = _quoted(text, self._options).take(column.indices)
        if cells.null_count and not missing:
            raise TargetError(
                f"column {name} has {cells.null_count} missing values, but csv.missing has no "
                f"token for them"
            )
        self._require_encodable(text, name)
        return pc.fill_null(cells, pa.scalar(missing[0], _TEXT)) if cells.null_count else cells

    def _require_encodable(self, text: pa.StringArray, name: str) -> None:
        if self._utf8:
            return
        try:
            "".join(text.drop_null().to_pylist()).encode(self._options.encoding)
        except UnicodeError:  # its message holds the text
            raise TargetError(
                f"column {name} has characters that {self._options.encoding} lacks; "
                f"choose another csv.encoding"
            ) from None

    def _put(self, cells: list[pa.LargeStringArray]) -> None:
        separator, newline, nothing = (
            pa.scalar(sign, _TEXT) for sign in (self._options.separator, "\n", "")
        )
        lines = pc.binary_join_element_wise(*cells, separator) if len(cells) > 1 else cells[0]
        content = _joined(pc.binary_join_element_wise(lines, newline, nothing))
        if not self._utf8:
            content = self._encoder.encode(str(content, "utf-8"))
        (self._gzip or self._file).write(content)


def _joined(lines: pa.LargeStringArray) -> bytes | memoryview:
    """Return the bytes of all lines, which lie one after another already."""
    _, offsets, content = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(content)[ends[0] : ends[-1]]


def _special(options: CsvOptions) -> str:
    blank = " " if options.skip_initial_space else ""
    return options.separator + options.quote + (options.escape or "") + blank + _NEVER_BARE


def _quoted(text: pa.StringArray, options: CsvOptions) -> pa.LargeStringArray:
    """Quote what would be read as something else: also what looks like a missing value."""
    signs = "".join(f"\\x{{{ord(sign):x}}}" for sign in _special(options))
    needed = pc.or_(
        pc.match_substring_regex(text, f"[{signs}]"),
        pc.is_in(text, pa.array(["", *options.missing], pa.string())),
    )
    inner, quote = text, options.quote
    if options.escape is not None:
        inner = pc.replace_substring(inner, options.escape, options.escape * 2)
    inner = pc.replace_substring(inner, quote, (options.escape or quote) + quote)
    quoted = pc.binary_join_element_wise(quote, inner, quote, "")
    return pc.if_else(needed, quoted, text).cast(_TEXT)
