"""Whose each released record is: a column of the job, beside a release that does not tell it.

The promises of a release about persons cannot be measured on it alone. So the hash of the person of
each record is kept in the order of the release, in the folder of the job, and goes with it. It is
never at the target.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from anon_dagster.errors import PromiseBrokenError
from anon_dagster.reading.persons import PERSON
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.storage.failures import writing
from anon_dagster.storage.opened import Part

_HASH = np.dtype("<i8")


@dataclass(frozen=True, slots=True)
class StoredPersons:
    """Whose the released records are, in the order of the release."""

    path: Path
    key: str = field(default="", repr=False)
    """That of the hashes, if the same persons are to be recognised elsewhere."""


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
        with writing(str(path)):
            path.unlink(missing_ok=True)
            created = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(created, "wb")

    def add(self, persons: pa.ChunkedArray) -> None:
        """Add the persons of further records."""
        hashes = persons.combine_chunks().to_numpy(zero_copy_only=False)
        with writing(str(self.path)):
            self._file.write(hashes.astype(_HASH).tobytes())

    def close(self) -> None:
        """Write what is left."""
        with writing(str(self.path)):
            self._file.close()


@dataclass(frozen=True, slots=True, eq=False)
class JoinedPersons(PlacedSource):
    """A release whose records tell whose they are, by a file of its job."""

    path: Path

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return (*self.source.columns, PERSON)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return self.source.schema.append(pa.field(PERSON, pa.int64()))

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        number = self.parts.index(part)
        row = self.first_row_of(number)
        with self.path.open("rb") as file:
            file.seek(row * _HASH.itemsize)
            for batch in self.source.batches(part):
                hashes = np.frombuffer(file.read(batch.num_rows * _HASH.itemsize), _HASH)
                if len(hashes) < batch.num_rows:
                    raise _misfit()
                yield pa.RecordBatch.from_arrays(
                    [*batch.columns, pa.array(hashes)], schema=self.schema
                )
                row += batch.num_rows
        self.note_end(number, row)

    def unchanged(self) -> None:
        """Raise an error if a file is not the one that was opened, or there are more persons."""
        self.source.unchanged()
        if self.path.stat().st_size != self.first_row_of(len(self.parts)) * _HASH.itemsize:
            raise _misfit()


def _misfit() -> PromiseBrokenError:
    return PromiseBrokenError(
        "the stored release has other records than the job kept the persons of, so that nobody "
        "can tell how many persons are in its classes"
    )
