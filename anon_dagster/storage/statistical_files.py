"""Files of SPSS, Stata and SAS, read some records at a time.

They are read twice here: once for what the cells of each column are, since a number is stored as a
floating one whether it is whole or not, and once for the records. What its file declares missing is
missing. A file of a store is copied to a private folder meanwhile, since its library reads by path.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from anon_dagster.errors import SourceError
from anon_dagster.request import Source
from anon_dagster.storage.addresses import absolute, base_name, is_local
from anon_dagster.storage.cells import Column, array_of, kind_of_cell, text_of
from anon_dagster.storage.copies import Reader, Reading
from anon_dagster.storage.extras import extra
from anon_dagster.storage.failures import changed, keeping_aside
from anon_dagster.storage.fingerprints import fingerprint
from anon_dagster.storage.opening import copy_bytes
from anon_dagster.storage.passing import new_folder
from anon_dagster.storage.processes import fresh_token
from anon_dagster.storage.understanding import understanding

_ROWS: Final = 65_536
"""Records that are read at once."""
_READERS: Final = {
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}
_OF_FORMAT: Final = {"spss": ".sav", "stata": ".dta", "sas": ".sas7bdat"}


def statistical_reader(path: str, source: Source) -> Reader:
    """Return what reads a file of a statistical package."""

    @contextmanager
    def read() -> Iterator[Reading]:
        package = extra("pyreadstat", "statistical-packages", f"{path}, a file of statistics,")
        mark = fingerprint(path)
        with _on_this_machine(path) as local:
            file = _File(package, path, local, source)
            schema = file.schema()
            yield Reading(path, schema, file.batches(schema))
        if fingerprint(path) != mark:
            raise changed(path)

    return read


class _File:
    """A file that is read again and again."""

    def __init__(self, package: Any, path: str, local: str, source: Source) -> None:  # noqa: ANN401 (a module)
        ending = next((e for e in _READERS if path.lower().endswith(e)), "")
        asked = ending or _OF_FORMAT[source.format or "spss"]
        self._read = getattr(package, _READERS[asked])
        self._path = path
        self._local = local
        self._labelled = source.labels

    def schema(self) -> pa.Schema:
        """Find out what the cells of each column are."""
        kinds: dict[str, Column] = {}
        for cells in self._pieces():
            for name, values in cells.items():
                kinds.setdefault(name, Column()).see(values)
        return pa.schema([(name, column.type) for name, column in kinds.items()])

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Read the records."""
        for cells in self._pieces():
            columns = [array_of(cells[field.name], field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _pieces(self) -> Iterator[dict[str, list[Any]]]:
        """Read some records after the other: the cells of each column."""
        first, rows = 0, _ROWS
        while rows == _ROWS:
            with understanding(self._path, "file of SPSS, Stata or SAS in a known encoding"):
                cells, told = self._read(
                    self._local, row_offset=first, row_limit=_ROWS, output_format="dict"
                )
            if not cells:
                raise SourceError(f"{self._path} has no columns")
            rows = len(next(iter(cells.values())))
            first += rows
            yield self._shown(cells, told.variable_value_labels) if self._labelled else cells

    def _shown(
        self, cells: dict[str, list[Any]], labels: Mapping[str, Mapping[Any, str]]
    ) -> dict[str, list[Any]]:
        """Replace the codes of columns that have labels; a code without one is shown as it is."""
        return {
            name: [_label(cell, labels[name]) for cell in values] if labels.get(name) else values
            for name, values in cells.items()
        }


def _label(cell: Any, labels: Mapping[Any, str]) -> str | None:  # noqa: ANN401 (a cell of any type)
    if kind_of_cell(cell) is None:
        return None
    return labels.get(cell) or text_of(cell)


@contextmanager
def _on_this_machine(path: str) -> Iterator[str]:
    """Give a path that a library can open; a copy is for this user only, and is removed."""
    if is_local(path):
        yield absolute(path)
        return
    with keeping_aside("a copy of the source"):
        folder = new_folder(fresh_token())
    try:
        local = str(folder / base_name(path))
        copy_bytes(path, local)
        yield local
    finally:
        shutil.rmtree(folder, ignore_errors=True)
