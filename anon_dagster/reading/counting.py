"""The first reading: a source becomes its frequency table and the counts of its columns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import TupleIndex
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.sampling import Sampling
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
from anon_dagster.errors import SourceError
from anon_dagster.reading.columns import ColumnCount, Declared, column_count, position_among
from anon_dagster.reading.joining import Joining
from anon_dagster.reading.part import PartCount, count_part, join_to_send
from anon_dagster.reading.persons import HOUSEHOLD, LINK, OWNERS, PERSON, CountedPersons
from anon_dagster.reading.scanning import PLAIN, Piece, Scan, scan
from anon_dagster.reading.shift_effect import ShiftEffect
from anon_dagster.reading.weights import CountedWeights, weights_in, weights_of_persons
from anon_dagster.storage.categories import one_order
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds, text_array


@dataclass(frozen=True, slots=True, eq=False)
class Count(Discreet, shown=("records", "attributes")):
    """What one reading of a table tells: all that is ever needed of its records.

    Parts may be counted anywhere and merged in any order; the result is the same to the last bit.
    """

    columns: dict[str, ColumnCount]  # every column, in the order of the table
    attributes: tuple[str, ...]  # the columns of the frequency table
    table: FrequencyTable  # code v of attribute a is columns[a].values[v]
    population: "Count | None" = None
    """The people that the records were drawn from, if there is a table of them."""
    sampling: Sampling | None = None
    """How the records were drawn from those of the source, if they are a sample of them."""
    owners: Mapping[str, CountedPersons] = field(default_factory=dict)
    """Whose records they are, where that is counted: by the column that told it."""
    weights: CountedWeights | None = None
    """How many people of the population the records stand for, where that is known."""
    shift: ShiftEffect | None = None
    """What became of the records whose dates are shifted, if they are."""

    @property
    def persons(self) -> CountedPersons | None:
        """Which person each record is of, where persons are counted."""
        return self.owners.get(PERSON)

    @property
    def households(self) -> CountedPersons | None:
        """Which household each record is of, where households are counted."""
        return self.owners.get(HOUSEHOLD)

    @property
    def links(self) -> CountedPersons | None:
        """Which records a release links, by the pseudonyms that it has in place of persons."""
        return self.owners.get(LINK)

    @property
    def counts_several_of_people(self) -> bool:
        """Whether one of the population may have several records there."""
        return self.population is not None and self.population.persons is not None

    @property
    def owner_key(self) -> str | None:
        """The key of the hashes that tell owners apart, where they are counted."""
        return next((owner.key for owner in self.owners.values()), None)

    @property
    def records(self) -> int:
        """How many records were read."""
        return self.table.records

    def merge(self, other: "Count") -> "Count":
        """Add another part of the same table."""
        columns = {n: c.merge(other.columns[n]) for n, c in self.columns.items()}
        joined = {a: columns[a] for a in self.attributes}
        sizes = [len(column.values) for column in joined.values()]
        parts = (self.table, other.table)
        codes = [
            [
                position_among(columns[a].values, part.columns[a].marked(columns[a].decimal).values)
                for a in self.attributes
            ]
            for part in (self, other)
        ]
        tables = [t.recode(new, sizes) for t, new in zip(parts, codes, strict=True)]
        population = self.population or other.population
        whole, owners, weights = tables[0].merge(tables[1]), {}, None
        both = [name for name in self.owners if name in other.owners]
        if both or (self.weights and other.weights):
            places = _places(whole, parts, codes)
            owners = {n: self.owners[n].merge(other.owners[n], places) for n in both}
            weights = self._weights_with(other, places)
        return Count(columns, self.attributes, whole, population, owners=owners, weights=weights)

    def _weights_with(
        self, other: "Count", places: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> CountedWeights | None:
        if self.weights is None or other.weights is None:
            return None
        persons = None
        if self.persons is not None and other.persons is not None:
            persons = self.persons.hashes, other.persons.hashes
        return self.weights.merge(other.weights, places, persons)

    def understood(self, meanings: Mapping[str, Meaning] | None = None) -> "Count":
        """Return the count with the equal values of its attributes joined: 100 and 100.0 are one.

        Parameters
        ----------
        meanings
            What the values of columns are known to mean; of others it is found out.

        Raises
        ------
        SourceError
            If nobody can tell what some values mean, naming their column.
        """
        columns, codes = dict(self.columns), []
        for name in self.attributes:
            if name in OWNERS:
                codes.append(np.arange(len(columns[name].values), dtype=np.int32))
                continue
            try:
                meant = replace(self.columns[name], meaning=(meanings or {}).get(name))
                column = columns[name] = meant.understood()
            except SourceError as error:
                raise SourceError(f"{name} has {error}") from None
            respelled = column.spellings
            size = len(column.values)
            codes.append(np.arange(size, dtype=np.int32) if respelled is None else respelled.values)
        if all(columns[name].spellings is None for name in self.attributes):
            return replace(self, columns=columns)
        sizes = [len(columns[name].values) for name in self.attributes]
        return replace(self, columns=columns, table=self.table.recode(codes, sizes))

    def with_persons(self, key: str) -> "Count":
        """Take whose a record is out of the frequency table, whose last attributes tell it.

        Parameters
        ----------
        key
            That of the hashes that tell persons apart.
        """
        plain = [name for name in self.attributes if name not in OWNERS]
        table, tuples = self.table.first(len(plain))
        told = zip(self.attributes, self.table.codes.columns, strict=True)
        owners = {}
        for name, numbers in list(told)[len(plain) :]:
            hashes = self.columns[name].values.to_numpy()
            owners[name] = CountedPersons.of(tuples, numbers, self.table.counts, hashes, key)
        return replace(
            self,
            columns={name: each for name, each in self.columns.items() if name not in OWNERS},
            attributes=tuple(plain),
            table=table,
            owners=owners,
            weights=self.weights and self.weights.moved(tuples, self._weights_of_persons()),
        )

    def places_of(self, part: "Count") -> NDArray[np.int64]:
        """Return where the tuples of a part of the table are among those of this count, (tuples,).

        Both have been understood; of a tuple that is not here it is -1.
        """
        codes = np.zeros((len(part.table), len(self.attributes)), dtype=np.int64)
        for a, name in enumerate(self.attributes):
            column = self.columns[name]
            values = part.columns[name].marked(column.written.decimal).values
            places = locate(self, name, values)
            codes[:, a] = places[part.table.codes.columns[part.attributes.index(name)]]
        return TupleIndex.of(self.table.codes, self.table.sizes).find(codes)

    def with_owners_of(self, other: "Count", codes: NDArray[np.integer]) -> "Count":
        """Take over whose the records of another count are.

        Parameters
        ----------
        codes
            (tuples of the other one, attributes): what each of its tuples is here.
        """
        places = TupleIndex.of(self.table.codes, self.table.sizes).find(codes)
        owners = {
            name: CountedPersons.of(
                places[held.tuples], held.owners, held.records, held.hashes, held.key
            )
            for name, held in other.owners.items()
        }
        return replace(self, owners=owners)

    def without_persons_of(self, hashes: NDArray[np.int64]) -> "Count":
        """Leave out the records of some persons; of the columns only the attributes are left."""
        held = self.persons
        assert held is not None, "nobody can tell whose records they are"
        gone = np.isin(held.hashes, hashes)[held.owners]
        left = self.table.counts.copy()
        np.subtract.at(left, held.tuples[gone], held.records[gone])
        kept = np.flatnonzero(left)
        codes, columns = [], {}
        for name, own in zip(self.attributes, self.table.codes.columns, strict=True):
            used, new = np.unique(own[kept], return_inverse=True)
            totals = np.zeros(len(used), dtype=np.int64)
            np.add.at(totals, new.reshape(-1), left[kept])
            column = self.columns[name]
            values = column.values.take(pa.array(used))
            columns[name] = column_count(values, totals, column.kinds, column.decimal)
            codes.append(new.reshape(-1).astype(np.int32))
        sizes = [len(columns[name].values) for name in self.attributes]
        stacked = Codes.of_columns(codes, len(kept)).array
        table = FrequencyTable.of(stacked, left[kept], sizes)
        places = np.full(len(left), -1, dtype=np.int64)
        places[kept] = TupleIndex.of(table.codes, table.sizes).find(stacked)
        owners, known = held.owners[~gone], np.flatnonzero(~np.isin(held.hashes, hashes))
        persons = CountedPersons.of(
            places[held.tuples[~gone]],
            np.searchsorted(known, owners),
            held.records[~gone],
            held.hashes[known],
            held.key,
        )
        return Count(columns, self.attributes, table, owners={PERSON: persons})

    def _weights_of_persons(self) -> NDArray[np.float64] | None:
        """Return the weight of each person, (persons,), before whose a record is is taken out."""
        if self.weights is None or PERSON not in self.attributes:
            return None
        persons = self.table.codes.columns[self.attributes.index(PERSON)]
        hashes = self.columns[PERSON].values.to_numpy()
        ranks = np.argsort(np.argsort(hashes))
        owners = ranks[persons[self.weights.tuples]]
        return weights_of_persons(owners, self.weights.weights, np.sort(hashes))

    def with_weights(self, name: str, *, kept: bool) -> "Count":
        """Tell how many people the records of each tuple stand for.

        Parameters
        ----------
        name
            The attribute that holds the weights; the last one, unless it is kept.
        kept
            Whether it stays in the frequency table, for it is a quasi-identifier, too. If not, its
            values are dropped.

        Raises
        ------
        SourceError
            If some values are no weights, saying of how many records.
        """
        column = self.columns[name]
        codes = self.table.codes.columns[self.attributes.index(name)]
        values = weights_in(column, name)[codes]
        if kept:
            tuples = np.arange(len(self.table))
            return replace(self, weights=CountedWeights.of(tuples, values, self.table.counts))
        table, tuples = self.table.first(len(self.attributes) - 1)
        return replace(
            self,
            columns={**self.columns, name: column.forget()},
            attributes=self.attributes[:-1],
            table=table,
            weights=CountedWeights.of(tuples, values, self.table.counts),
        )

    def of_attributes(self) -> "Count":
        """Return the count without the columns that are no attributes of its tuples."""
        return replace(self, columns={name: self.columns[name] for name in self.attributes})

    def forget(self, names: Iterable[str]) -> "Count":
        """Drop the values of columns that are only counted, such as direct identifiers."""
        forgotten = {name: self.columns[name].forget() for name in names}
        return replace(self, columns={**self.columns, **forgotten})


def _places(
    whole: FrequencyTable,
    parts: tuple[FrequencyTable, FrequencyTable],
    codes: Sequence[Sequence[NDArray[np.int32]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the tuples of two parts are among those of both, (tuples,) each."""
    index = TupleIndex.of(whole.codes, whole.sizes)
    one, two = (
        index.find(
            np.stack([n[old] for n, old in zip(new, t.codes.columns, strict=True)], axis=1)
            if new
            else t.codes.array
        )
        for t, new in zip(parts, codes, strict=True)
    )
    return one, two


def count(
    source: OpenSource,
    attributes: Iterable[str],
    *,
    hidden: Collection[str] = (),
    patterns: Mapping[str, str] | None = None,
    decimal: str = ".",
    reading: Scan = PLAIN,
) -> Count:
    """Read a source once.

    Parameters
    ----------
    source
        The table; it is read batch by batch.
    attributes
        The columns that make up the frequency table: quasi-identifiers and sensitive ones.
    hidden
        Columns whose values are not kept, only how many different ones there are.
    patterns
        Regular expressions that values of columns should fit.
    decimal
        The decimal mark of numbers that are text.
    reading
        How it is called, who is told how many records were just read, and who looks at them.
    """
    attributes = tuple(attributes)
    hidden, asked = set(hidden) - set(attributes), dict(patterns or {})
    count_one = partial(_count_piece, attributes, asked, decimal)
    nothing = source.schema.empty_table().select(list(source.columns))
    parts = Joining(count_one(Piece(nothing, 0, frozenset(hidden))))
    reading = replace(reading, many=lambda: parts.many)
    with closing(scan(source, count_one, reading, join=join_to_send)) as counted:
        for part in counted:
            parts.add(part)
    source.unchanged()
    whole = parts.whole()
    count_column = partial(ColumnCount.of, decimal=decimal)
    counts = in_use().gather(count_column, list(whole.columns.values()))
    columns = dict(zip(whole.columns, counts, strict=True))
    for name in whole.orders.keys() - hidden:
        declared = _declared(whole, name)
        categories = declared.order if declared and name in attributes else None
        columns[name] = replace(columns[name], declared=declared, categories=categories)
    for name in asked.keys() & columns.keys():
        columns[name] = replace(columns[name], misfits=whole.columns[name].misfits)
    for name in hidden & columns.keys():
        columns[name] = columns[name].hide()
    unread = column_count(pa.array([], pa.string()), np.zeros(0, np.int64), Kinds.any(), decimal)
    columns |= dict.fromkeys(source.skipped, unread)  # of what was not read nobody can tell
    return Count(columns, attributes, whole.table)


def _declared(whole: PartCount, name: str) -> Declared | None:
    """Return the order of its categories that a column declares; none if it has no records."""
    orders, values = whole.orders[name], whole.columns[name]
    if orders is None:
        return Declared(None)
    if not orders:
        return None
    had = values.texts.filter(pa.array(values.counts > 0))
    return Declared(one_order(orders, had if values.many is None else None))


def _count_piece(
    attributes: tuple[str, ...], patterns: Mapping[str, str], decimal: str, piece: Piece
) -> PartCount:
    return count_part(piece.table, attributes, many=piece.many, patterns=patterns, decimal=decimal)


def encode(column: pa.Array) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """Return the distinct values of a column as text, and the position of each record's among them.

    Values that read the same may stand twice.
    """
    encoded = column
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode(null_encoding="mask")
    distinct = pa.concat_arrays([text_array(encoded.dictionary), pa.nulls(1, pa.string())])
    positions = pc.fill_null(encoded.indices, len(distinct) - 1).to_numpy(zero_copy_only=False)
    return distinct, positions.astype(np.int64)


def locate(count: Count, name: str, values: pa.StringArray) -> NDArray[np.int32]:
    """Return the code of each value in the frequency table, or -1 where it was not counted.

    Parameters
    ----------
    values
        As the table writes them.
    """
    column = count.columns[name]
    places = position_among(column.written.values, values)
    if column.spellings is None:
        return places
    return np.append(column.spellings.values, np.int32(-1))[places]


def tuples_of(count: Count, index: TupleIndex, batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Return the tuple of each record in the frequency table, or -1 where it was not counted.

    Parameters
    ----------
    index
        Of the codes of the frequency table.
    """
    codes = np.zeros((batch.num_rows, len(count.attributes)), dtype=np.int64)
    for a, name in enumerate(count.attributes):
        values, positions = encode(batch.column(name))
        codes[:, a] = locate(count, name, values)[positions]
    return index.find(codes)
