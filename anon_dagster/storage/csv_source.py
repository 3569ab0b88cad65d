"""CSV files as the parts of a source: every column is text, as it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage import csv_reading
from anon_dagster.storage.csv_head import advice_on, line_length
from anon_dagster.storage.csv_ranges import ranges
from anon_dagster.storage.fingerprints import Fingerprint, require_unchanged
from anon_dagster.storage.formulas import unescaped
from anon_dagster.storage.opened import Part, sliced
from anon_dagster.storage.partitions import Partitions, require_apart
from anon_dagster.storage.sharing import are_shared
from anon_dagster.storage.values import without_values

_EMPTY = frozenset({""})


@dataclass(frozen=True, slots=True)
class CsvSource(Discreet, shown=("columns",)):
    """CSV files with the same columns."""

    columns: tuple[str, ...]
    files: tuple[Fingerprint, ...]
    options: CsvOptions
    orders: tuple[tuple[str, ...], ...]
    """The columns that each file has itself, which may come in another order."""
    folders: Partitions
    parts: tuple[Part, ...]
    """A part for each file, or for each range of one that may be cut."""
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """All columns are text."""
        return pa.schema([(name, pa.string()) for name in self.columns])

    @property
    def records(self) -> int | None:
        """A guess from the lines at the beginning."""
        length = line_length(self.files[0].path)
        return None if length is None else int(sum(mark.size for mark in self.files) / length)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a file, or a range of it, as a stream."""
        order = self.orders[[mark.path for mark in self.files].index(part.path)]
        range_ = (part.first, part.last)
        for batch in csv_reading.read(part.path, order, self.options, range_):
            whole = self.folders.extend(batch, part.path) if self.folders.names else batch
            yield from sliced(self._read(whole))

    def _read(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Put the columns in their order; empty texts in quotes are missing, unless kept apart."""
        columns = [batch.column(name) for name in self.columns]
        if self.options.formulas == "escape":
            own = len(columns) - len(self.folders.names)  # what folders name was not escaped
            columns = [unescaped(c) if place < own else c for place, c in enumerate(columns)]
        if self.options.empty_is_missing:
            columns = [without_values(column, _EMPTY) for column in columns]
        return pa.RecordBatch.from_arrays(columns, names=list(self.columns))

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        require_unchanged(self.files)

    @property
    def has_schema(self) -> bool:
        """Whether the request names the columns, for want of a first line that does."""
        return not self.options.header

    def advice(self) -> str:
        """Say what the first lines look like, if not like a header and records."""
        return advice_on(self.files[0].path, self.options)


def open_csv(marks: tuple[Fingerprint, ...], options: CsvOptions, folders: Partitions) -> CsvSource:
    """Read the header of each file; files that are empty are left out."""
    csv_reading.require_readable(options)
    headers = {mark: csv_reading.columns(mark.path, options) for mark in marks}
    marks = tuple(mark for mark in marks if headers[mark])
    if not marks:
        raise SourceError("the source is empty: there is not even a header")
    orders = tuple(headers[mark] for mark in marks)
    for mark, order in zip(marks, orders, strict=True):
        require_apart(order, folders, mark.path)
        # A header that is none holds cells: say where, never what.
        if set(order) != set(orders[0]):
            raise SourceError(
                f"{mark.path} has other columns than {marks[0].path}: "
                f"{len(set(orders[0]) - set(order))} are missing, "
                f"{len(set(order) - set(orders[0]))} are new"
            )
    parts = _parts(marks, options)
    return CsvSource((*orders[0], *folders.names), marks, options, orders, folders, parts)


def _parts(marks: tuple[Fingerprint, ...], options: CsvOptions) -> tuple[Part, ...]:
    """Return a part for each file; for each range of one where processes read parts apart.

    Threads are given what one of them reads as a stream, which is faster than they need it. So
    files are looked at beforehand for the processes of a cluster only.
    """
    engine = in_use()
    if not (engine.is_cluster and are_shared(engine, marks)):
        return tuple(Part(mark.path) for mark in marks)
    cut = ranges(marks, options, partial(engine.send, kind="cut"))
    return tuple(
        Part(mark.path, *each) for mark, some in zip(marks, cut, strict=True) for each in some
    )
