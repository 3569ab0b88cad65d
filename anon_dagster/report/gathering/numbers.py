"""Numbers of statistics as facts hold them: Python's own, and ``None`` for what is not finite."""

from collections.abc import Iterable, Iterator
from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING

from anon_dagster.report.evidence import Figure, TableFact
from anon_dagster.report.evidence.facts import Cell, Number

if TYPE_CHECKING:
    import pandas as pd


def number(value: object) -> Number | None:
    """Return a number; ``None`` of what is missing, infinite or none."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and isfinite(float(value)):
        return float(value)
    return None


def figures(table: "pd.DataFrame", column: str, names: Iterable[str]) -> Iterator[Figure]:
    """Give some rows of a table of statistics, those that it has."""
    for name in names:
        if name in table.index:
            note = str(table["note"][name]) if "note" in table else ""
            yield Figure(name, number(table[column][name]), note)


def table_of(name: str, frame: "pd.DataFrame", most: int) -> TableFact:
    """Return the first rows of a table of names and numbers, its index first."""
    shown = frame.head(most)
    rows = tuple((str(row[0]), *map(_cell, row[1:])) for row in shown.itertuples())
    columns = (str(frame.index.name), *map(str, frame.columns))
    return TableFact(name, columns, rows, max(len(frame) - most, 0))


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | bool) else number(value)
