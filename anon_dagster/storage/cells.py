"""Cells of tables that other programs type one by one, as columns of one type each.

A column whose cells are all numbers, all dates, all moments or all texts has that type. Any other
column is text, each cell as its program shows it: as with a CSV file, what is odd among its values
is found out by their meaning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, Final

import pyarrow as pa

_EXACT: Final = 2**53
"""Up to here every whole number is a floating one, too."""


class CellKind(Enum):
    """What a single cell is."""

    TRUTH = "truth"
    WHOLE = "whole number"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    TIME = "time"
    DURATION = "duration"
    TEXT = "text"


_TYPES: Final = {
    frozenset(): pa.null(),
    frozenset({CellKind.TRUTH}): pa.bool_(),
    frozenset({CellKind.WHOLE}): pa.int64(),
    frozenset({CellKind.NUMBER}): pa.float64(),
    frozenset({CellKind.WHOLE, CellKind.NUMBER}): pa.float64(),
    frozenset({CellKind.DATE}): pa.date32(),
    frozenset({CellKind.MOMENT}): pa.timestamp("us"),
    frozenset({CellKind.DATE, CellKind.MOMENT}): pa.timestamp("us"),
    frozenset({CellKind.TIME}): pa.time64("us"),
}


def kind_of_cell(cell: Any) -> CellKind | None:  # noqa: ANN401 (a cell of any type)
    """Tell what a cell is; nothing if it is missing."""
    if cell is None or cell == "" or cell != cell:  # noqa: PLR0124 (what is no number)
        return None
    if isinstance(cell, bool):
        return CellKind.TRUTH
    if isinstance(cell, int | float):
        whole = abs(cell) <= _EXACT and cell == int(cell)
        return CellKind.WHOLE if whole else CellKind.NUMBER
    for type_, kind in (
        (str, CellKind.TEXT),
        (datetime, CellKind.MOMENT),  # before a date, which it is, too
        (date, CellKind.DATE),
        (time, CellKind.TIME),
        (timedelta, CellKind.DURATION),
    ):
        if isinstance(cell, type_):
            return kind
    raise AssertionError(f"a cell is of the type {type(cell).__name__}")


@dataclass(slots=True)
class Column:
    """What the cells of a column are, as far as they were seen."""

    kinds: set[CellKind] = field(default_factory=set)

    def see(self, cells: Iterable[Any]) -> None:
        """Take note of cells."""
        self.kinds |= {kind for kind in map(kind_of_cell, cells) if kind is not None}

    @property
    def type(self) -> pa.DataType:
        """The type that holds them all; text if no other one does."""
        return _TYPES.get(frozenset(self.kinds), pa.string())


def array_of(cells: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """Return cells of a column as values of its type."""
    if pa.types.is_null(type_):
        return pa.nulls(len(cells))
    present = (None if kind_of_cell(cell) is None else cell for cell in cells)
    if pa.types.is_string(type_):
        return pa.array([None if cell is None else text_of(cell) for cell in present], type_)
    if pa.types.is_integer(type_):
        return pa.array([None if cell is None else int(cell) for cell in present], type_)
    if pa.types.is_timestamp(type_):
        return pa.array([None if cell is None else _moment(cell) for cell in present], type_)
    return pa.array(list(present), type_)


def text_of(cell: Any) -> str:  # noqa: ANN401 (a cell of any type)
    """Return a cell as it is shown: whole numbers without a decimal mark, dates by ISO 8601."""
    kind = kind_of_cell(cell)
    if kind is CellKind.TRUTH:
        return str(cell).upper()
    if kind is CellKind.WHOLE:
        return str(int(cell))
    if kind is CellKind.DURATION:
        return _clock(cell)
    if kind is CellKind.MOMENT:
        return str(cell.isoformat(sep=" "))
    return cell.isoformat() if kind in {CellKind.DATE, CellKind.TIME} else str(cell)


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 (it has no zone)


def _clock(cell: timedelta) -> str:
    """Show a duration by hours, which may be more than a day has."""
    seconds, microseconds = divmod(abs(cell) // timedelta(microseconds=1), 1_000_000)
    sign = "-" if cell < timedelta() else ""
    shown = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{shown}.{microseconds:06}" if microseconds else shown
