"""Workbooks of Excel and OpenDocument: the table on a sheet, with a type for each column.

A cell is what its workbook stores: a number, a truth, a date, a text. What a formula comes to is
the value that was stored with it. Cells are typed one by one, see
:mod:`anon_dagster.storage.cells`.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.cells import Column, array_of, text_of
from anon_dagster.storage.copies import Reader, Reading
from anon_dagster.storage.extras import extra
from anon_dagster.storage.opening import open_to_read
from anon_dagster.storage.understanding import understanding

_ROWS: Final = 65_536
_WHAT: Final = "workbook"


def workbook_reader(path: str, source: Source) -> Reader:
    """Return what reads the table on a sheet of a workbook.

    A workbook is read into memory: a sheet has 1 048 576 rows at most.
    """

    @contextmanager
    def read() -> Iterator[Reading]:
        with understanding(path, _WHAT):
            rows = _rows(path, source)
        names, records = _table(rows, path)
        kinds = [Column() for _ in names]
        for place, column in enumerate(kinds):
            column.see(row[place] for row in records)
        schema = pa.schema([(n, c.type) for n, c in zip(names, kinds, strict=True)])
        yield Reading(path, schema, _batches(records, schema))

    return read


def _rows(path: str, source: Source) -> list[list[Any]]:
    """Return the rows of the sheet below those that are skipped, all of the same length."""
    calamine = extra("python_calamine", "excel", f"{path}, a workbook,")
    with open_to_read(path) as file:
        content = io.BytesIO(file.read())
    try:
        book = calamine.CalamineWorkbook.from_filelike(content)
    except calamine.PasswordError:
        raise SourceError(f"{path} has a password: save it without one") from None
    sheet = _sheet(book, source, path)
    _require_no_merged(sheet, source.skip_lines, path)
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    return rows[source.skip_lines :]


def _sheet(book: Any, source: Source, path: str) -> Any:  # noqa: ANN401 (calamine's)
    """Return the sheet that is asked for, or the only one."""
    names, asked = book.sheet_names, source.sheet
    if asked is None and len(names) > 1:
        raise SourceError(
            f"{path} has {len(names)} sheets: name one, as sheet: {{its name}}, or sheet: 1 for "
            "the first"
        )
    place = 0 if asked is None else _place(names, asked)
    if not 0 <= place < len(names):
        raise SourceError(f"{path} has {len(names)} sheets, and not the one that is asked for")
    return book.get_sheet_by_index(place)


def _place(names: list[str], asked: str) -> int:
    """Return which sheet is asked for: by its name, or else by its number."""
    if asked in names:
        return names.index(asked)
    return int(asked) - 1 if asked.isdecimal() else -1


def _require_no_merged(sheet: Any, skipped: int, path: str) -> None:  # noqa: ANN401 (calamine's)
    """Refuse merged cells: all but the first of them would be taken for missing ones."""
    merged = [last for _, last in sheet.merged_cell_ranges or () if last[0] >= skipped]
    if merged:
        raise SourceError(
            f"{path} has cells that are merged, in {len(merged)} places: unmerge them, "
            "and fill what is empty then; rows above the header are left out by skip_lines"
        )


def _table(rows: list[list[Any]], path: str) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns, and the records; what is empty around them is left out."""
    if not rows:
        raise SourceError(f"{path} has no table: its sheet is empty below the skipped lines")
    header, *below = rows
    records = [row for row in below if any(cell != "" for cell in row)]
    used = [
        place
        for place, name in enumerate(header)
        if name != "" or any(row[place] != "" for row in records)
    ]
    names = ["" if header[place] == "" else text_of(header[place]) for place in used]
    return names, [[row[place] for place in used] for row in records]


def _batches(records: list[list[Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(records), _ROWS):
        taken = records[first : first + _ROWS]
        columns = [
            array_of([row[place] for row in taken], kind) for place, kind in enumerate(schema.types)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
