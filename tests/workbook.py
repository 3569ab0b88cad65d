"""Workbooks written by hand, cell by cell, so that a test knows what they store."""

import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_STYLES: Final = {"date": (1, 14), "moment": (2, 22), "time": (3, 21), "duration": (4, 46)}
"""The style and the number format of cells that are shown as dates and times."""


def text(value: str) -> str:
    """Return a cell that stores a text."""
    return f't="inlineStr"><is><t>{escape(value)}</t></is>'


def number(value: float | str, style: str = "") -> str:
    """Return a cell that stores a number, and how it is shown."""
    shown = f's="{_STYLES[style][0]}"' if style else ""
    return f"{shown}><v>{value}</v>"


def truth(*, value: bool) -> str:
    """Return a cell that stores TRUE or FALSE."""
    return f't="b"><v>{int(value)}</v>'


def error(value: str) -> str:
    """Return a cell whose formula failed."""
    return f't="e"><v>{value}</v>'


def formula(value: str) -> str:
    """Return a cell of a formula, with the text that it came to."""
    return f't="str"><f>A1&amp;"x"</f><v>{value}</v>'


Rows = Sequence[Sequence[str | None]]


def write_workbook(path: Path, sheets: Mapping[str, Rows], *, merged: str = "") -> Path:
    """Write a workbook; ``merged`` names cells of every sheet that are one, as ``A2:B2``."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    targets = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relationships([("r1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships([*targets, ("s", "styles", "styles.xml")]),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        + "".join(f'<xf numFmtId="{form}"/>' for _, form in _STYLES.values())
        + "</cellXfs></styleSheet>",
    }
    cells = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    for n, rows in zip(numbers, sheets.values(), strict=True):
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{_rows(rows)}</sheetData>{cells}</worksheet>'
        )
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, f'<?xml version="1.0"?>{content}')
    return path


def _relationships(targets: Sequence[tuple[str, str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="{id_}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for id_, kind, target in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _rows(rows: Rows) -> str:
    return "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{chr(65 + place)}{n}" {cell}</c>'
            for place, cell in enumerate(row)
            if cell is not None
        )
        + "</row>"
        for n, row in enumerate(rows, start=1)
    )
