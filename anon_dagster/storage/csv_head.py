"""The first lines of a CSV file: what is left out of them, and what they look like."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.compression import compression_of
from anon_dagster.storage.csv_text import Utf8, open_decompressed
from anon_dagster.storage.failures import reading
from anon_dagster.storage.opening import open_to_read

if TYPE_CHECKING:
    import _csv

_SAMPLE = 1 << 16  # bytes that tell how long lines are, and what they look like
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*")
_PEEKED = 5  # records that tell whether each has one more field than the header


def line_length(path: str) -> float | None:
    """Return how many bytes a line has on average, at the beginning of a file.

    None if it is packed, or has no whole line there.
    """
    with reading(path), open_to_read(path) as file:
        start = file.read(_SAMPLE)
    lines = 0 if compression_of(start) else start.count(b"\n")
    return len(start) / lines if lines else None


def records(text: Iterable[str], options: CsvOptions) -> "_csv.Reader":
    """Parse text as the records that it has."""
    return csv.reader(
        text,
        delimiter=options.separator,
        quotechar=options.quote,
        escapechar=options.escape,
        doublequote=True,
    )


# -- names ---------------------------------------------------------------------------------

_NO_HEADER = "where there is no header, csv: {header: false, names: […]} gives the names"
ROW_NUMBER = "row_number"
"""The name of a first column that has none: pandas and R number the records in it."""


def named(path: str, header: list[str], following: Iterator[list[str]]) -> tuple[str, ...]:
    """Return the names of a header if each is one, and there once.

    A first column without a name numbers the rows: pandas writes an empty name, R none.

    Raises
    ------
    SourceError
        By position, because what is taken for a header may be a record.
    """
    if not header:
        raise SourceError(f"{path} begins with an empty line where its header should be")
    if lacks_row_number(header, following):
        header = ["", *header]
    unnamed = [str(index + 1) for index, label in enumerate(header) if not label]
    if unnamed == ["1"] and len(header) > 1:
        header, unnamed = [_unused(header), *header[1:]], []
    if unnamed:
        columns = f"column {unnamed[0]} of {path} has"
        if len(unnamed) > 1:
            columns = f"columns {', '.join(unnamed)} of {path} have"
        raise SourceError(f"{columns} no name in the header; {_NO_HEADER}")
    for index, label in enumerate(header):
        if label in header[:index]:
            raise SourceError(
                f"columns {header.index(label) + 1} and {index + 1} of {path} have the same name; "
                f"{_NO_HEADER}"
            )
    return tuple(header)


def lacks_row_number(header: list[str], following: Iterator[list[str]]) -> bool:
    """Tell whether each record has one field more than the header, a number of its own first.

    A field more at the end would be a separator too many; a header of another kind, a title.
    """
    try:
        peeked = [row for row in islice(following, _PEEKED) if row]
    except csv.Error:
        return False
    firsts = {row[0] for row in peeked}
    return (
        bool(peeked)
        and all(len(row) == len(header) + 1 for row in peeked)
        and len(firsts) == len(peeked)
        and all(first.isdecimal() for first in firsts)
        and any(row[-1] for row in peeked)
    )


def _unused(header: list[str]) -> str:
    name, number = ROW_NUMBER, 2
    while name in header:
        name, number = f"{ROW_NUMBER}_{number}", number + 1
    return name


# -- advice --------------------------------------------------------------------------------


def title_lines(text: str, options: CsvOptions) -> int:
    """Return how many lines stand above the first one that looks like a header.

    It has as many fields as most lines, a name of its own in each but the first, and no number;
    those above are empty for the most part.
    """
    rows = list(_numbered_rows(text, options))
    width = Counter(len(row) for _, row in rows if row).most_common(1)
    if not width or width[0][0] < 2:
        return 0
    fields = width[0][0]
    for line, row in rows:
        if len(row) == fields and _may_be_header(row):
            return line
        if 2 * sum(map(bool, row)) > fields:
            return 0
    return 0


def _numbered_rows(text: str, options: CsvOptions) -> Iterator[tuple[int, list[str]]]:
    """Give each record with the number of lines above it, as far as they can be parsed."""
    reader, line = records(io.StringIO(text, newline=""), options), 0
    with suppress(csv.Error):
        for row in reader:
            yield line, row
            line = reader.line_num


def _may_be_header(row: list[str]) -> bool:
    names = row[1:]
    return (
        all(names)
        and len({*row}) == len(row)
        and not any(_NUMBER.fullmatch(name.strip()) for name in row)
    )


def advice_on(path: str, options: CsvOptions) -> str:
    """Say which options the first lines of a file seem to need; nothing if they need none."""
    if not options.header:
        return ""
    as_written = options.model_copy(update={"skip_initial_space": False})
    with reading(path), Utf8(open_decompressed(path), path, as_written) as stream:
        text = stream.read(_SAMPLE).decode(errors="replace")
        skipped = stream.skipped
    whole = text[: text.rfind("\n") + 1] or text
    return "".join(f"; {hint}" for hint in _hints(whole, options, skipped))


def _hints(text: str, options: CsvOptions, skipped: int) -> Iterator[str]:
    if lines := title_lines(text, options):
        yield (
            "lines of a title seem to stand above the header: "
            f"csv.skip_lines: {lines + skipped} leaves them out"
        )
    line = next(iter(text.splitlines()[lines:]), "")
    names = _names(line, options)
    if begins_with_blank(line, options):
        yield (
            "names in the header begin with a blank: csv.skip_initial_space: true leaves out the "
            "blanks after separators"
        )
    elif any(name != name.strip() for name in names):
        yield "names in the header end with a blank"


def begins_with_blank(text: str, options: CsvOptions) -> bool:
    """Tell whether a name in the header that a text begins with does begin with a blank."""
    return any(name.startswith(" ") for name in _names(text.partition("\n")[0], options))


def _names(line: str, options: CsvOptions) -> list[str]:
    with suppress(csv.Error):
        return next(records([line], options), [])
    return []
