"""What linked releases promise together, measured on both as they are stored.

Each release is measured by its own columns, as any is. Besides, whoever knows the quasi-identifiers
that one table has of a person may look at the records of the other one with them. So the stored
labels of the master are put beside the stored records of the detail, by the hash of the person that
the job keeps of each, and the promises are measured on that. A record of the detail is stored only
if the record of its person is: else nobody could say what is known of her.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import partition
from anon_dagster.errors import PromiseBrokenError, counted
from anon_dagster.reading.counting import Count, count, encode
from anon_dagster.reading.persons import PERSON
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.request import Policy
from anon_dagster.storage.opened import OpenSource, Part
from anon_dagster.storage.wrapped import WrappedSource
from anon_dagster.verification.result import Promise, Verification, promise
from anon_dagster.verification.verify import verify


@dataclass(frozen=True, slots=True, eq=False)
class StoredLabels:
    """What a stored master says of each person."""

    persons: NDArray[np.int64]  # (persons,): hashes, ascending
    labels: pa.Table = field(repr=False)  # (persons,): as text

    @classmethod
    def of(cls, master: OpenSource, names: Sequence[str]) -> "StoredLabels":
        """Read some columns of a stored master whose records tell whose they are.

        Raises
        ------
        PromiseBrokenError
            If a person has several records.
        """
        schema = pa.schema([(PERSON, pa.int64()), *((name, pa.string()) for name in names)])
        read = [
            [batch.column(PERSON), *(_text(batch.column(name)) for name in names)]
            for part in master.parts
            for batch in master.batches(part)
        ]
        batches = [pa.RecordBatch.from_arrays(columns, schema=schema) for columns in read]
        whole = pa.Table.from_batches(batches, schema=schema)
        whole = whole.sort_by(PERSON)
        persons = whole[PERSON].to_numpy().astype(np.int64)
        several = int(np.count_nonzero(persons[1:] == persons[:-1]))
        if several:
            raise PromiseBrokenError(
                f"the stored release is not as decided: {counted(several, 'record')} are of "
                "persons who have another one, where each has one"
            )
        return cls(persons, whole.drop([PERSON]))


def _text(column: pa.Array) -> pa.StringArray:
    distinct, places = encode(column)
    return distinct.take(pa.array(places))


@dataclass(frozen=True, slots=True, eq=False)
class _WithLabels(WrappedSource):
    """Stored records that tell whose they are, with what a master says of the person."""

    known: StoredLabels

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return (*self.source.columns, *self.known.labels.column_names)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return pa.schema([*self.source.schema, *self.known.labels.schema])

    def placed(self) -> Self:
        """Return the same with all that is needed to read any part first."""
        within = self.source
        return replace(self, source=within.placed() if isinstance(within, PlacedSource) else within)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part.

        Raises
        ------
        PromiseBrokenError
            If there are records of persons of whom nothing is stored.
        """
        persons, labels = self.known.persons, self.known.labels.combine_chunks()
        nothing = pa.array([], pa.string())
        for batch in self.source.batches(part):
            wanted = batch.column(PERSON).to_numpy()
            places = np.searchsorted(persons, wanted)
            strange = np.ones(len(wanted), dtype=np.bool_)
            inside = places < len(persons)
            strange[inside] = persons[places[inside]] != wanted[inside]
            if strange.any():
                raise PromiseBrokenError(
                    f"{counted(int(strange.sum()), 'stored record')} are of persons whose record "
                    "in the table that is joined is not stored, so that nobody can tell what they "
                    "promise"
                )
            beside = labels.take(pa.array(places))
            told = [pa.concat_arrays([nothing, *column.chunks]) for column in beside.columns]
            yield pa.RecordBatch.from_arrays([*batch.columns, *told], schema=self.schema)


def verify_linked(
    detail: OpenSource,
    master: OpenSource,
    policy: Policy,
    *,
    source_count: Count,
    decimal: str = ".",
) -> Verification:
    """Measure the promises of a stored detail with the stored labels of its master beside it.

    Parameters
    ----------
    detail, master
        As they are stored, with the column that tells whose each record is, by the same key.
    policy
        Of the columns of both that are counted.
    source_count
        The detail's source, with the columns of the master's beside its own.
    decimal
        The decimal mark of numbers in both.

    Raises
    ------
    PromiseBrokenError
        If the records of the two are not of the same persons.
    """
    names = [name for name in policy.attributes_counted if name not in detail.columns]
    labels = StoredLabels.of(master, names)
    joined = _WithLabels(detail, labels)
    attributes = (*policy.attributes_released, PERSON)
    key = source_count.owner_key
    assert key is not None, "linked tables count persons"
    stored = count(joined, attributes, decimal=decimal).with_persons(key)
    verification = verify(stored, policy, source_count=source_count)
    if policy.trajectory is None:
        return verification
    quasi = [name for name in policy.quasi_identifiers if name in names]
    silent = _of_silent(labels, quasi, stored.owners[PERSON].hashes, policy.trajectory.k)
    return replace(verification, promises=(*verification.promises, silent))


def _of_silent(
    known: StoredLabels, names: Sequence[str], heard: NDArray[np.int64], k: int
) -> Promise:
    """Measure how few persons of a class of the master have no stored record in the detail.

    Parameters
    ----------
    heard
        (persons,): the hashes of those who have one.
    """
    silent = known.labels.filter(pa.array(~np.isin(known.persons, heard)))
    encoded = [silent[name].combine_chunks().dictionary_encode("encode") for name in names]
    codes = [column.indices.to_numpy() for column in encoded]
    classes = partition(codes, np.ones(silent.num_rows, dtype=np.int64))
    fewest = int(classes.sizes.min(initial=k)) if len(classes.sizes) else k
    name = f"{wording.trajectories(k)} of persons without other records"
    return promise(name, None, k, classes.sizes, fewest, classes.sizes < k)
