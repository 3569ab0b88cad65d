"""Whose each released record is: a column of the job, beside a release that does not tell it.

The promises of a release about persons cannot be measured on it alone. So the hash of the person of
each record is kept in the order of the release, in the folder of the job, and goes with it; beside
it that of the household, where households count. It is never at the target.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.errors import PromiseBrokenError
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.storage.failures import writing
from anon_dagster.storage.opened import Part

_HASH = np.dtype("<i8")


@dataclass(frozen=True, slots=True)
class StoredPersons(Discreet, shown=("path",)):
    """Whose the released records are, in the order of the release."""

    path: Path
    key: str = field(default="", repr=False)
    """That of the hashes, if the same persons are to be recognised elsewhere."""
    columns: tuple[str, ...] = ()
    """What it tells of each record, in this order; left out: what the policy counts."""


class PersonsFile:
    """Whose the released records are, while they are written; only its owner may read it."""

    def __init__(self, path: Path) -> None:
        """Begin a file, in place of another one.

        Raises
        ------
        TargetError
            If there is no room for it.
        """
        self.path = path
        self.columns: tuple[str, ...] = ()
        """What is told of each record, once some were added."""
        with writing(str(path)):
            path.unlink(missing_ok=True)
            created = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(created, "wb")

    def add(self, owners: pa.Table) -> None:
        """Add the owners of further records, a column for each kind."""
        self.columns = tuple(owners.column_names)
        columns = [column.to_numpy().astype(_HASH) for column in owners.columns]
        with writing(str(self.path)):
            self._file.write(np.stack(columns, axis=1).tobytes())

    def close(self) -> None:
        """Write what is left."""
        with writing(str(self.path)):
            self._file.close()


def told_of_records(stored: StoredPersons) -> dict[str, NDArray[np.int64]]:
    """Return what a file tells of each record, (records,), by column."""
    told = np.fromfile(stored.path, _HASH).astype(np.int64).reshape(-1, len(stored.columns))
    return {name: told[:, place] for place, name in enumerate(stored.columns)}


@dataclass(frozen=True, slots=True, eq=False)
class JoinedPersons(PlacedSource):
    """A release whose records tell whose they are, by a file of its job."""

    path: Path
    owners: tuple[str, ...]
    """The columns that tell it, in their order."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return (*self.source.columns, *self.owners)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        told = [pa.field(name, pa.int64()) for name in self.owners]
        return pa.schema([*self.source.schema, *told])

    @property
    def _width(self) -> int:
        """How many bytes tell of a record."""
        return len(self.owners) * _HASH.itemsize

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        number = self.parts.index(part)
        row = self.first_row_of(number)
        with self.path.open("rb") as file:
            file.seek(row * self._width)
            for batch in self.source.batches(part):
                told = file.read(batch.num_rows * self._width)
                if len(told) < batch.num_rows * self._width:
                    raise _misfit()
                hashes = np.frombuffer(told, _HASH).reshape(batch.num_rows, len(self.owners))
                columns = [pa.array(np.ascontiguousarray(column)) for column in hashes.T]
                yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=self.schema)
                row += batch.num_rows
        self.note_end(number, row)

    def unchanged(self) -> None:
        """Raise an error if a file is not the one that was opened, or there are more persons."""
        self.source.unchanged()
        if self.path.stat().st_size != self.first_row_of(len(self.parts)) * self._width:
            raise _misfit()


def _misfit() -> PromiseBrokenError:
    return PromiseBrokenError(
        "the stored release has other records than the job kept the persons of, so that nobody "
        "can tell how many persons are in its classes"
    )
