"""How a CSV file that nobody described is written: guessed from its first lines."""

import codecs
import csv
import io
import re
from collections import Counter
from contextlib import suppress
from typing import IO

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions, Source, format_of
from anon_dagster.request.arguments import as_source
from anon_dagster.request.locations import SOURCE_FORMATS
from anon_dagster.storage.csv_head import begins_with_blank, title_lines
from anon_dagster.storage.csv_text import open_decompressed, require_text, separator_said
from anon_dagster.storage.failures import reading
from anon_dagster.storage.foreign import requires_export
from anon_dagster.storage.listing import resolve

_HEAD = 1 << 18  # bytes
_SEPARATORS = ",;\t|"
_COMMA = re.compile(r"-?\d+,\d+")
_POINT = re.compile(r"-?\d+\.\d+")


def described(path: str) -> Source:
    """Return the source at a path, with the dialect of its CSV; a table of a database as it is.

    Raises
    ------
    SourceError
        If there is nothing to read at the path, or its format is not told by its ending.
    """
    named = as_source(path)  # what no source may be is refused before anything is opened
    if named.connection is not None:
        return named
    first = resolve(path)[0]
    kind = format_of(path) or format_of(first)
    if kind is None:
        told = requires_export(path) or requires_export(first)
        raise SourceError(
            told or f"the format of {path} is not told by its ending: say {SOURCE_FORMATS}"
        )
    if kind != "csv":
        return Source(path=path, format=kind)
    return Source(path=path, format=kind, csv=csv_options(first))


def csv_options(path: str) -> CsvOptions:
    """Guess separator, decimal mark and encoding of a CSV file."""
    require_text(path)
    with reading(path), open_decompressed(path) as file:
        head = _first(file)
    encoding = _encoding(head)
    text = head.decode(encoding, errors="replace")
    lines = text.splitlines(keepends=True)
    lines = (lines[:-1] if len(head) == _HEAD else lines)[:500]
    said = separator_said(lines[0].rstrip("\r\n")) if lines else None
    lines = lines[said is not None :]
    separator = said if said and said.isascii() else _separator("".join(lines))
    options = CsvOptions(separator=separator, encoding=encoding)
    titles = title_lines("".join(lines), options)
    body = "".join(lines[titles:])
    return CsvOptions(
        separator=separator,
        decimal=_decimal(body, separator),
        encoding=encoding,
        skip_lines=titles + (said is not None) if titles else 0,
        skip_initial_space=begins_with_blank(body, options),
    )


def _first(file: IO[bytes]) -> bytes:
    """Read the first bytes: what is compressed may come in smaller pieces."""
    head = b""
    while len(head) < _HEAD and (more := file.read(_HEAD - len(head))):
        head += more
    return head


def _encoding(head: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _separator(text: str) -> str:
    """Return the separator that splits most lines into the same number of fields, above one."""
    best = (0.0, 0, ",")
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
        except csv.Error:
            continue
        if not widths:
            continue
        width, lines = Counter(widths).most_common(1)[0]
        if width > 1:
            best = max(best, (lines / len(widths), width, separator))
    return best[2]


def _decimal(text: str, separator: str) -> str:
    if separator == ",":
        return "."
    commas = points = 0
    with suppress(csv.Error):  # a line that is none ends the guess; the reading tells of it
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            commas += sum(bool(_COMMA.fullmatch(cell)) for cell in row)
            points += sum(bool(_POINT.fullmatch(cell)) for cell in row)
    return "," if commas > points else "."
