"""Tables as the text of CSV files, made so that it is read back as it was.

Of a column with few values only these are made text. Whether any cell of a column needs quotes is
seen of its bytes; Arrow's own writer then joins cells to lines, unless it would refuse some.
"""

import codecs
import gzip
from dataclasses import dataclass
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError, TargetError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.csv_reading import require_readable
from anon_dagster.storage.formulas import escaped
from anon_dagster.storage.values import is_number, text_array

_LINES = 131_072  # records that are joined at once
_TEXT = pa.large_string()  # the text of so many records may pass 2 GiB
_NEVER_BARE = "\r\n\ufeff"  # ends a record, or would be taken for a byte order mark
_LEVEL = 6  # of gzip: a third of the time of the highest, a few percent larger
_OTHERS = '\r\n"'  # what Arrow's writer takes for structure, beside the separator


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

    def _cells(self, column: pa.Array, name: str) -> "_Cells":
        """Return the text of each cell as it stands in the file."""
        column = _few_or_plain(column)
        few = pa.types.is_dictionary(column.type)
        text = self._text(column.dictionary if few else column)
        self._require_encodable(text, name)
        cells = quoted = _quoted(text, self._options)
        if few:
            cells = quoted.cast(_TEXT).take(column.indices)
        missing = self._options.missing[0] if self._options.missing else None
        if cells.null_count and missing is None:
            raise TargetError(
                f"column {name} has {cells.null_count} missing values, but csv.missing has no "
                f"token for them"
            )
        structure = self._options.separator + _OTHERS
        return _Cells(
            pc.fill_null(cells, pa.scalar(missing, cells.type)) if cells.null_count else cells,
            bare=not _has_any(quoted, structure) and not set(missing or "") & set(structure),
        )

    def _text(self, values: pa.Array) -> pa.StringArray:
        text = text_array(values)
        if is_number(values.type):
            mark = self._options.decimal
            return text if mark == "." else pc.replace_substring(text, ".", mark)
        return escaped(text) if self._options.formulas == "escape" else text

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

    def _put(self, cells: "list[_Cells]") -> None:
        separator = self._options.separator
        bare = all(column.bare for column in cells) and separator not in _OTHERS
        texts = [column.text for column in cells]
        content = _written(texts, separator) if bare else _joined(texts, separator)
        if not self._utf8:
            content = self._encoder.encode(str(content, "utf-8"))
        (self._gzip or self._file).write(content)


@dataclass(frozen=True, slots=True)
class _Cells(Discreet):
    """The cells of a column as they stand in a file."""

    text: pa.StringArray | pa.LargeStringArray
    bare: bool
    """Whether none has a sign that is structure."""


def _few_or_plain(column: pa.Array) -> pa.Array:
    """Return a column by its distinct values if these are few, else plain."""
    if not pa.types.is_dictionary(column.type):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return column  # its text costs nothing
        column = column.dictionary_encode()
    few = 2 * len(column.dictionary) <= len(column)
    return column if few else column.dictionary_decode()


def _written(cells: "list[pa.StringArray]", separator: str) -> bytes | memoryview:
    """Let Arrow write lines of cells that have no sign of structure."""
    lines = pa.BufferOutputStream()
    table = pa.table(cells, names=[str(place) for place in range(len(cells))])
    options = arrow_csv.WriteOptions(
        include_header=False, delimiter=separator, quoting_style="none"
    )
    arrow_csv.write_csv(table, lines, options)
    return memoryview(lines.getvalue())


def _joined(cells: "list[pa.StringArray]", separator: str) -> bytes | memoryview:
    """Return the bytes of lines of cells, some of which are in quotes."""
    newline, nothing = pa.scalar("\n", _TEXT), pa.scalar("", _TEXT)
    *first, last = (column.cast(_TEXT) for column in cells)
    ended = pc.binary_join_element_wise(last, newline, nothing)
    lines = pc.binary_join_element_wise(*first, ended, pa.scalar(separator, _TEXT))
    return _content(lines)


def _content(text: pa.StringArray | pa.LargeStringArray) -> memoryview:
    """Return the bytes of all texts, which lie one after another already."""
    _, offsets, content = text.buffers()
    if content is None:  # pragma: no cover (only some versions of Arrow have none for no letter)
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int64 if pa.types.is_large_string(text.type) else np.int32)
    return memoryview(content)[places[text.offset] : places[text.offset + len(text)]]


def _has_any(text: pa.StringArray | pa.LargeStringArray, signs: str) -> bool:
    """Tell whether any text has any of the signs."""
    content = bytes(_content(text))
    return any(sign.encode() in content for sign in signs)


def _special(options: CsvOptions) -> str:
    blank = " " if options.skip_initial_space else ""
    return options.separator + options.quote + (options.escape or "") + blank + _NEVER_BARE


def _quoted(text: pa.StringArray, options: CsvOptions) -> pa.StringArray | pa.LargeStringArray:
    """Quote what would be read as something else: also what looks like a missing value."""
    needed = pc.is_in(text, pa.array(["", *options.missing], pa.string()).cast(text.type))
    special = _special(options)
    if _has_any(text, special):
        signs = "".join(f"\\x{{{ord(sign):x}}}" for sign in special)
        needed = pc.or_(pc.match_substring_regex(text, f"[{signs}]"), needed)
    if not pc.any(needed).as_py():
        return text
    inner, quote = text.cast(_TEXT), options.quote
    if options.escape is not None:
        inner = pc.replace_substring(inner, options.escape, options.escape * 2)
    inner = pc.replace_substring(inner, quote, (options.escape or quote) + quote)
    mark, nothing = pa.scalar(quote, _TEXT), pa.scalar("", _TEXT)
    quoted = pc.binary_join_element_wise(mark, inner, mark, nothing)
    return pc.if_else(needed, quoted, text.cast(_TEXT))
