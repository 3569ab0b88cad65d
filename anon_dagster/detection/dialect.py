"""How a CSV file that nobody described is written: guessed from its first lines."""

import codecs
import csv
import io
import re
from collections import Counter
from contextlib import suppress

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions, Source, format_of
from anon_dagster.request.arguments import as_source
from anon_dagster.storage.failures import reading
from anon_dagster.storage.listing import resolve
from anon_dagster.storage.opening import open_to_read

_HEAD = 1 << 18  # bytes
_SEPARATORS = ",;\t|"
_COMMA = re.compile(r"-?\d+,\d+")
_POINT = re.compile(r"-?\d+\.\d+")


def described(path: str) -> Source:
    """Return the source at a path, with the dialect of its CSV.

    Raises
    ------
    SourceError
        If there is nothing to read at the path, or its format is not told by its ending.
    """
    as_source(path)  # what no source may be is refused before anything is opened
    first = resolve(path)[0]
    kind = format_of(path) or format_of(first)
    if kind is None:
        raise SourceError(f"the format of {path} is not told by its ending: say csv or parquet")
    if kind == "parquet":
        return Source(path=path, format=kind)
    return Source(path=path, format=kind, csv=csv_options(first))


def csv_options(path: str) -> CsvOptions:
    """Guess separator, decimal mark and encoding of a CSV file."""
    with reading(path), open_to_read(path) as file:
        head = file.read(_HEAD)
    encoding = _encoding(head)
    text = head.decode(encoding, errors="replace")
    lines = text.splitlines(keepends=True)
    lines = (lines[:-1] if len(head) == _HEAD else lines)[:500]
    separator = _separator("".join(lines))
    return CsvOptions(
        separator=separator, decimal=_decimal("".join(lines), separator), encoding=encoding
    )


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
