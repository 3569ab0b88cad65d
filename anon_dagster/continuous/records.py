"""The records of a step: those that wait, and those of the file that came."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.keys import TupleIndex
from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.errors import counted as counted_words
from anon_dagster.operations.preparation import as_requested, count_records, open_to_count
from anon_dagster.reading.counting import Count, tuples_of
from anon_dagster.reading.persons import BLOCK, PERSON, hashes_of, with_persons
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.request import Request
from anon_dagster.storage.opened import OpenSource, type_name
from anon_dagster.storage.sources import open_source
from anon_dagster.storage.table_source import TableSource
from anon_dagster.storage.unions import cast_to, united

_SINCE = "\0since"
"""The column of waiting records that tells when each came; no column of a table has such a name."""
_NONE = "\1"  # stands for a missing value in what is hashed


@dataclass(frozen=True, slots=True, eq=False)
class Records(Discreet, shown=("number",)):
    """Records as their source has them, and when each came."""

    table: pa.Table
    since: NDArray[np.float64] = field(repr=False)  # (records,): seconds since the epoch

    @classmethod
    def of_stored(cls, stored: pa.Table) -> "Records":
        """Return records that were kept."""
        return cls(stored.drop([_SINCE]), stored[_SINCE].to_numpy().astype(np.float64))

    @property
    def stored(self) -> pa.Table:
        """The records as they are kept."""
        return self.table.append_column(_SINCE, pa.array(self.since))

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.since)

    def select(self, which: NDArray[np.bool_]) -> "Records":
        """Return some records, (records,)."""
        return Records(self.table.filter(pa.array(which)), self.since[which])

    def added(self, other: "Records") -> "Records":
        """Return the records of both.

        Raises
        ------
        SourceError
            If the other ones have other columns, or of types that have nothing in common.
        """
        if not self.number and set(self.table.column_names) != set(other.table.column_names):
            return other  # the policy names other columns since; of the same ones the types stay
        schema = _common(self.table.schema, other.table.schema)
        tables = [_cast(each.table, schema) for each in (self, other)]
        return Records(pa.concat_tables(tables), np.concatenate([self.since, other.since]))

    def source(self, request: Request, blocks: NDArray[np.int64] | None = None) -> OpenSource:
        """Return the records as a request sees them.

        Parameters
        ----------
        blocks
            (records,): the block of each, to be told of the released ones.
        """
        table = self.table
        if blocks is not None:
            table = table.append_column(BLOCK, pa.array(blocks))
        return as_requested(TableSource.of(table), request)


def _common(own: pa.Schema, other: pa.Schema) -> pa.Schema:
    if set(own.names) != set(other.names):
        more, fewer = set(other.names) - set(own.names), set(own.names) - set(other.names)
        told = [
            f"has {counted_words(len(more), 'column')} that they lack" if more else "",
            f"lacks {counted_words(len(fewer), 'column')} of theirs" if fewer else "",
        ]
        raise SourceError(
            f"the file {' and '.join(filter(None, told))}: of the files before, whose people wait"
        )
    fields = []
    for column in own:
        kind = united(column.type, other.field(column.name).type)
        if kind is None:
            kinds = type_name(other.field(column.name).type), type_name(column.type)
            raise SourceError(
                f"{column.name} is of the type {kinds[0]}, and of the type {kinds[1]} in the files "
                "before; write all files with one type"
            )
        fields.append(pa.field(column.name, kind))
    return pa.schema(fields)


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    batches = table.select(schema.names).combine_chunks().to_batches()
    return pa.Table.from_batches([cast_to(b, schema, "the file") for b in batches], schema)


# -- reading -------------------------------------------------------------------------------


def read_file(request: Request, at: float) -> tuple[Records, str]:
    """Read the file of a request, and return its records and its SHA-256.

    Values that play no part, such as those of identifiers that are dropped, are not kept.

    Raises
    ------
    AnonError
        If the file cannot be read, or is no table of the request.
    """
    open_to_count(request)  # which finds out whether it is fit
    assert request.source is not None, "the request of a file has it as source"
    policy = request.policy
    opened = open_source(request.source, may_skip=policy.ignores)
    digest = checksum_of(mark.path for mark in opened.files)
    batches = [batch for part in opened.parts for batch in opened.batches(part)]
    opened.unchanged()
    table = pa.Table.from_batches(batches, opened.schema)
    return Records(table, np.full(table.num_rows, at)), digest


def without_ignored(records: Records, request: Request) -> Records:
    """Return the records without the values of columns that play no part."""
    table = records.table
    for place, name in enumerate(table.column_names):
        if request.policy.ignores(name):
            table = table.set_column(place, name, pa.nulls(table.num_rows))
    return Records(table, records.since)


@dataclass(frozen=True, slots=True, eq=False)
class CountedRecords(Discreet, shown=("count.records",)):
    """Records, counted, with the tuple of each and whose it is."""

    records: Records
    count: Count
    tuples: NDArray[np.int64]  # (records,)
    persons: NDArray[np.int64]  # (records,): keyed hashes

    @property
    def meanings(self) -> dict[str, Meaning]:
        """What the values of each attribute mean."""
        return {name: self.count.columns[name].ordering.meaning for name in self.count.attributes}

    def people_among(self, which: NDArray[np.bool_]) -> int:
        """Return how many people some records, (records,), are of; 0 where nobody is named."""
        named = self.count.persons is not None
        return len(np.unique(self.persons[which])) if named else 0


def counted(
    records: Records, request: Request, key: str, meanings: dict[str, Meaning] | None = None
) -> CountedRecords:
    """Count records, and find the tuple and the person of each.

    Parameters
    ----------
    key
        That of the hashes of persons.
    meanings
        What the values of attributes are known to mean.
    """
    source = records.source(request)
    # Whether a column links records is asked of the table that is decided from: of few, a rare
    # value would set files aside for what those say who wait.
    nothing = request.policy.model_copy(update={"attributes": {}})
    count = count_records(request, source, key=key, meanings=meanings, released=nothing)
    index = TupleIndex.of(count.table.codes, count.table.sizes)
    named = request.policy.person is not None
    told = with_persons(source, request.policy, key) if named else source
    tuples, persons = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in told.parts:
        for batch in told.batches(part):
            tuples.append(tuples_of(count, index, batch))
            if named:
                persons.append(batch.column(PERSON).to_numpy(zero_copy_only=False))
    whose = np.concatenate(persons) if named else np.arange(records.number)
    return CountedRecords(records, count, np.concatenate(tuples), whose)


def hashes_of_rows(records: Records, key: str) -> NDArray[np.int64]:
    """Return a keyed hash of all that each record says, (records,).

    In whatever order its columns are, and however its numbers are written.
    """
    names = sorted(records.table.column_names)
    if not names:
        return np.zeros(records.number, dtype=np.int64)
    texts = [_texts(records.table[name], key) for name in names]
    joined = pc.binary_join_element_wise(*texts, "\0")
    hashes = hashes_of(pa.chunked_array([joined]), key)
    return np.asarray(hashes.to_numpy(zero_copy_only=False), dtype=np.int64)


def _texts(column: pa.ChunkedArray, key: str) -> pa.StringArray:
    if pa.types.is_null(column.type):
        return pa.array([_NONE] * len(column), pa.string())
    return pc.fill_null(hashes_of(column, key).cast(pa.string()), _NONE)


def ranks_of(hashes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number persons, (records,), by the order of their hashes."""
    return np.unique(hashes, return_inverse=True)[1].reshape(-1).astype(np.int64)
