"""Linked tables: the records of one with the columns of another, of the same persons, beside them.

The master has a record for each person, which is kept in memory by the name of the person. So the
detail is read as any table is, part by part, wherever that is.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.core.ordering import Meaning
from anon_dagster.errors import SourceChangedError, SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count, encode
from anon_dagster.reading.persons import names_of_persons
from anon_dagster.reading.scanning import Piece, Scan, scan
from anon_dagster.storage.opened import OpenSource, Part
from anon_dagster.storage.wrapped import WrappedSource

_NAME = "\0name"
"""The column of what names the person; no column of a table has such a name."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonRecords:
    """The record of each person in a master table."""

    key: str
    """The column that names the person."""
    names: pa.StringArray = field(repr=False)  # (persons,): all different, written alike
    written: pa.StringArray = field(repr=False)  # (persons,): the same as the table writes them
    columns: pa.Table = field(repr=False)  # (persons,): what is known of each, as text


def person_records(source: OpenSource, table: str, key: str, names: Sequence[str]) -> PersonRecords:
    """Read some columns of a master table.

    Parameters
    ----------
    source
        The table; it is read once.
    table
        What it is called, for messages.
    key
        The column that names the person of each record.
    names
        The columns to keep.

    Raises
    ------
    SourceError
        If records do not tell whose they are, or a person has several; with their numbers.
    """
    schema = pa.schema([(name, pa.string()) for name in (_NAME, key, *names)])
    batches = [
        pa.RecordBatch.from_arrays(
            [_names(batch, key), *(_texts(batch, n) for n in (key, *names))], schema=schema
        )
        for part in source.parts
        for batch in source.batches(part)
    ]
    source.unchanged()
    whole = pa.Table.from_batches(batches, schema=schema).combine_chunks()
    persons = _one_array(whole[_NAME])
    unnamed = persons.null_count
    if unnamed:
        raise SourceError(
            f"{listed(unnamed, 'record')} of {len(persons):,} of {table} have no value of {key}, "
            "by which the tables are joined: complete them, or leave them out"
        )
    times = pc.value_counts(persons).field("counts")
    several = int(pc.sum(pc.greater(times, 1)).as_py() or 0)
    if several:
        raise SourceError(
            f"{listed(several, 'value')} of {key} {'stands' if several == 1 else 'stand'} in "
            f"several records of {table}, which so would multiply the records that join them: "
            "leave one record of each person, or join the other way round"
        )
    return PersonRecords(key, persons, _one_array(whole[key]), whole.select(list(names)))


def require_known_persons(
    source: OpenSource, table: str, known: PersonRecords, master: str, *, as_written: bool = False
) -> None:
    """Refuse records of a detail table that nobody of the master has.

    Parameters
    ----------
    source
        The detail; it is read once.
    table, master
        What the tables are called, for messages.
    as_written
        Whether both tables must write the names alike, for their pseudonyms follow from that.

    Raises
    ------
    SourceError
        With the number of such records, of those that do not tell whose they are, and of those that
        write it otherwise.
    """
    count_one = partial(_unknown_in, known.key, known.names, known.written)
    with closing(scan(source, count_one, Scan("join"))) as parts:
        found = np.array([*parts, (0, 0, 0, 0)], dtype=np.int64).sum(axis=0)
    records, unnamed, strange, otherwise = (int(number) for number in found)
    if unnamed:
        raise SourceError(
            f"{listed(unnamed, 'record')} of {records:,} of {table} have no value of {known.key}, "
            f"by which it joins {master}: complete them, or leave them out"
        )
    if strange:
        raise SourceError(
            f"{listed(strange, 'record')} of {records:,} of {table} have a value of {known.key} "
            f"that no record of {master} has: add these persons to {master}, or leave the records "
            "out"
        )
    if as_written and otherwise:
        raise SourceError(
            f"{listed(otherwise, 'record')} of {records:,} of {table} write {known.key} otherwise "
            f"than {master} does (such as 0012 and 12), so that the pseudonyms of one person would "
            "differ: write it alike in both tables, or give their pseudonyms different scopes"
        )


def _unknown_in(
    key: str, names: pa.StringArray, written: pa.StringArray, piece: Piece
) -> tuple[int, int, int, int]:
    """Count the records of a piece: all, and those of three kinds that may not be there.

    These have no name, one that is not known, or a known one that is written otherwise.
    """
    unnamed = strange = otherwise = 0
    for batch in piece.table.select([key]).to_batches():
        own = _names(batch, key)
        unnamed += own.null_count
        places = pc.index_in(own, value_set=names)
        strange += places.null_count - own.null_count
        differ = pc.not_equal(written.take(places), _texts(batch, key))
        otherwise += int(pc.sum(differ).as_py() or 0)
    return piece.table.num_rows, unnamed, strange, otherwise


def _names(batch: pa.RecordBatch, key: str) -> pa.StringArray:
    """Return what names the person of each record, written alike, missing where nothing does."""
    encoded = names_of_persons(batch, (key,))
    return encoded.dictionary.take(encoded.indices)


def _texts(batch: pa.RecordBatch, name: str) -> pa.StringArray:
    distinct, places = encode(batch.column(name))
    return distinct.take(pa.array(places))


def _one_array(column: pa.ChunkedArray) -> pa.StringArray:
    return pa.concat_arrays([pa.array([], pa.string()), *column.chunks])


@dataclass(frozen=True, slots=True, eq=False)
class JoinedTables(WrappedSource):
    """A detail table, with what the master says of the person of each record.

    What both have, besides the name of the person, is what the master says.
    """

    known: PersonRecords

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.schema.names)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        own = (f for f in self.source.schema if f.name not in self.known.columns.column_names)
        return pa.schema([*own, *self.known.columns.schema])

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part.

        Raises
        ------
        SourceChangedError
            If there is a record of a person who was not known when the tables were joined.
        """
        columns = [_one_array(column) for column in self.known.columns.columns]
        for batch in self.source.batches(part):
            places = pc.index_in(_names(batch, self.known.key), value_set=self.known.names)
            if places.null_count:
                strange = listed(places.null_count, "record")
                raise SourceChangedError(
                    f"the source changed while it was read: {strange} are of persons who were not "
                    "there before; run the job again"
                )
            joined = [column.take(places) for column in columns]
            own = [batch.column(n) for n in self.columns[: len(self.columns) - len(joined)]]
            yield pa.RecordBatch.from_arrays([*own, *joined], schema=self.schema)


def meanings_of(master: Count, names: Iterable[str]) -> dict[str, Meaning]:
    """Return what some attributes of a counted master mean, wherever their values are read."""
    columns = {name: master.columns[name] for name in names}
    return {n: Meaning.text if _declares(c) else c.ordering.meaning for n, c in columns.items()}


def understood_as(counted: Count, master: Count, names: Iterable[str]) -> Count:
    """Return a count of joined tables in which some columns of the master follow as they do there.

    These are what decides how a person's record reads. What is guarded is understood by the values
    that the joined records have, as a reader of these does.
    """
    columns = dict(counted.columns)
    for name in names:
        column = master.columns[name]
        if _declares(column):
            columns[name] = replace(
                columns[name], meaning=None, categories=column.categories, declared=column.declared
            )
    return replace(counted, columns=columns)


def _declares(column: ColumnCount) -> bool:
    """Tell whether a table declares an order of the values of a column."""
    return column.categories is not None or column.declared is not None
