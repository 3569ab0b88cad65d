"""Workbooks as sources: what a cell stores is what is read."""

import zipfile
from datetime import date, time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

pytest.importorskip("python_calamine")

from anon_dagster import anonymize, detect
from anon_dagster.errors import RequestError, SourceError
from anon_dagster.request import Source, parse_request_part
from anon_dagster.storage.opened import OpenSource
from anon_dagster.storage.sources import open_source
from tests.workbook import Rows, error, formula, number, text, truth, write_workbook

CANARY = "Canary0815"


def rows(opened: OpenSource) -> pa.Table:
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    return pa.Table.from_batches(batches, opened.schema)


def read(path: Path, **options: Any) -> pa.Table:
    return rows(open_source(Source(path=str(path), **options)))


def column(tmp_path: Path, *cells: str | None) -> pa.ChunkedArray:
    """Read a column of these cells, beside another one that no row is empty in."""
    table: Rows = [[text("n"), text("a")], *([text("row"), cell] for cell in cells)]
    return read(write_workbook(tmp_path / "t.xlsx", {"S": table}))["a"]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ((number("1.0"), number(2), None), pa.int64(), [1, 2, None]),
        ((number(1), number("1.5")), pa.float64(), [1.0, 1.5]),
        ((truth(value=True), truth(value=False)), pa.bool_(), [True, False]),
        ((text("007"), text("8")), pa.string(), ["007", "8"]),
        ((number(61, "date"),), pa.date32(), [date(1900, 3, 1)]),
        (
            (number(1, "date"), number(59, "date")),
            pa.date32(),
            [date(1900, 1, 1), date(1900, 2, 28)],
        ),
        (
            (number(45000, "date"), number("45000.5", "moment")),
            pa.timestamp("us"),
            [pd.Timestamp("2023-03-15"), pd.Timestamp("2023-03-15 12:00")],
        ),
        ((number("0.25", "time"),), pa.time64("us"), [time(6)]),
        ((number("1.25", "duration"),), pa.string(), ["30:00:00"]),
        ((formula("fx"),), pa.string(), ["fx"]),
        ((error("#N/A"), number(3)), pa.int64(), [None, 3]),
        ((None, None), pa.null(), [None, None]),
    ],
)
def test_a_column_has_the_type_of_its_cells(
    tmp_path: Path, cells: tuple[str | None, ...], kind: pa.DataType, values: list[Any]
) -> None:
    found = column(tmp_path, *cells)
    assert found.type == kind
    assert found.to_pylist() == values


def test_cells_of_several_types_are_texts_as_they_are_shown(tmp_path: Path) -> None:
    found = column(
        tmp_path, number(31), text("n/a"), truth(value=True), number(61, "date"), number("1.5")
    )
    assert found.to_pylist() == ["31", "n/a", "TRUE", "1900-03-01", "1.5"]


def test_what_is_empty_around_a_table_is_no_part_of_it(tmp_path: Path) -> None:
    sheet: Rows = [
        [text("People of 2024")],
        [],
        [None, text("age"), number(2019), None],
        [None, number(31), number(1), None],
        [],
        [None, None, number(2), None],
        [None, text(""), None, None],
    ]
    path = write_workbook(tmp_path / "t.xlsx", {"S": sheet})
    assert read(path, skip_lines=2).to_pydict() == {"age": [31, None], "2019": [1, 2]}


def test_a_sheet_is_named_where_there_are_several(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        CANARY: [[text("a")], [number(1)]],
        "two": [[text("b")], [number(2)]],
    }
    path = write_workbook(tmp_path / "t.xlsx", sheets)
    assert read(path, sheet="2").to_pydict() == read(path, sheet="two").to_pydict() == {"b": [2]}
    for options, said in (
        ({}, "2 sheets: name one"),
        ({"sheet": "3"}, "not the one"),
        ({"sheet": "x"}, "not the one"),
    ):
        with pytest.raises(SourceError, match=said) as caught:
            read(path, **options)
        assert CANARY not in str(caught.value)


def test_merged_cells_of_a_table_are_refused_and_those_above_it_are_not(tmp_path: Path) -> None:
    sheet: Rows = [[text("a"), text("b")], [number(1), number(2)]]
    path = write_workbook(tmp_path / "t.xlsx", {"S": sheet}, merged="A2:B2")
    with pytest.raises(SourceError, match="merged, in 1 places"):
        read(path)
    titled: Rows = [[text("title"), None], *sheet]
    path = write_workbook(tmp_path / "t.xlsx", {"S": titled}, merged="A1:B1")
    assert read(path, skip_lines=1).to_pydict() == {"a": [1], "b": [2]}


def test_an_opendocument_spreadsheet_is_read(tmp_path: Path) -> None:
    office = "urn:oasis:names:tc:opendocument:xmlns"
    cells = (
        ('office:value-type="string"', "<text:p>007</text:p>"),
        ('office:value-type="float" office:value="31"', "<text:p>31</text:p>"),
        ('office:value-type="date" office:date-value="2024-01-02"', "<text:p>2.1.</text:p>"),
    )
    header = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
        for name in "abc"
    )
    row = "".join(f"<table:table-cell {kind}>{shown}</table:table-cell>" for kind, shown in cells)
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as packed:
        manifest = f'<m:manifest xmlns:m="{office}:manifest:1.0"/>'
        packed.writestr("META-INF/manifest.xml", manifest)
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{office}:office:1.0" '
            f'xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="S"><table:table-row>{header}'
            f"</table:table-row><table:table-row>{row}</table:table-row></table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    assert read(tmp_path / "t.ods").to_pydict() == {
        "a": ["007"],
        "b": [31],
        "c": [date(2024, 1, 2)],
    }


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + CANARY.encode(), CANARY.encode() * 99])
def test_what_is_no_workbook_is_told_without_a_cell(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match="no workbook") as caught:
        read(tmp_path / "t.xlsx")
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_column_without_a_name_and_an_empty_sheet_are_told(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"S": [[text("a"), None], [None, number(1)]]})
    with pytest.raises(SourceError, match=r"column 2 of .* has no name"):
        read(path)
    with pytest.raises(SourceError, match="no table"):
        read(write_workbook(tmp_path / "e.xlsx", {"S": []}))


def test_several_workbooks_and_options_of_other_formats_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_workbook(tmp_path / f"{name}.xlsx", {"S": [[text("a")], [number(1)]]})
    with pytest.raises(SourceError, match="2 files"):
        open_source(Source(path=f"{tmp_path}/*.xlsx"))
    for document in ({"path": "t.csv", "sheet": "1"}, {"path": "t.xlsx", "labels": True}):
        with pytest.raises(RequestError, match="goes with the format"):
            parse_request_part(Source, document, "source")


def test_a_request_gives_of_a_workbook_what_it_gives_of_a_csv_file(tmp_path: Path) -> None:
    records = [(20 + n % 7, "AB"[n % 2]) for n in range(60)]
    (tmp_path / "t.csv").write_text(
        "age,town\n" + "".join(f"{age},{town}\n" for age, town in records)
    )
    sheet: Rows = [
        [text("age"), text("town")],
        *([number(age), text(town)] for age, town in records),
    ]
    write_workbook(tmp_path / "t.xlsx", {"S": sheet})
    policy = {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5]}},
            "town": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 10}},
    }
    released = []
    for name in ("t.csv", "t.xlsx"):
        target = tmp_path / f"out-{name}.csv"
        source = {"path": str(tmp_path / name)}
        anonymize({"source": source, "target": {"path": str(target)}, "policy": policy})
        released.append(target.read_text())
    assert released[0] == released[1]


def test_a_workbook_is_detected_and_a_request_for_it_is_proposed(tmp_path: Path) -> None:
    sheet: Rows = [[text("age")], *([number(20 + n)] for n in range(30))]
    path = write_workbook(tmp_path / "t.xlsx", {"S": sheet})
    found = detect(str(path))
    assert found.source == Source(path=str(path), format="excel")
    assert list(found.table.index) == ["age"] or "age" in found.table.to_string()
