"""The second reading: every record is looked up in the solution and written to the release.

Records leave in the order of what they say, not of the source: the records of a block of
``BLOCK`` are sorted by their released values, column after column. A release of one block is
therefore a function of the source's records alone, whatever order they stood in.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.core.keys import LARGEST, TupleIndex
from anon_dagster.core.ordering import Meaning
from anon_dagster.errors import RequestError, SourceChangedError
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.counting import Count, encode, tuples_of
from anon_dagster.releasing.pseudonyms import pseudonymizer
from anon_dagster.request import DirectIdentifier
from anon_dagster.storage.categories import (
    categories_in_use,
    is_categorical,
    recategorized,
    released_type,
)
from anon_dagster.storage.meaning import remarked
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds, TextKind, typed

BLOCK = 2**18
"""How many records are sorted together."""
_TIMES = "\0times"
"""The column of how many records read alike; no column of a table has such a name."""


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """What happens to a column."""

    type: pa.DataType
    """Of the released column."""
    apply: Callable[[pa.Array, NDArray[np.int64]], pa.Array]
    """Turns a column of a batch and the class of each of its records into the released column."""


@dataclass(frozen=True, slots=True, eq=False)
class Recoder:
    """Turns records of the source into records of the release."""

    index: TupleIndex
    count: Count
    classes: NDArray[np.int64]  # (tuples,): class of each tuple, -1 suppressed
    treatments: Mapping[str, Treatment]  # of each released column, in their order
    schema: pa.Schema  # of the release
    keeps_suppressed: bool
    kept: tuple[str, ...]
    """Columns that are released as they stand in the source."""
    private: bool = False
    """Whether not even the place of a record may tell of those that are not released."""

    def released(self, batch: pa.RecordBatch) -> pa.Table:
        """Return what is released of a batch, in no particular order."""
        return self.paired(batch)[1]

    def paired(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.Table]:
        """Return the records of a batch that are released, and how they are, in the same order."""
        classes = self.classes[self._tuples(batch)]
        if not self.keeps_suppressed and (classes < 0).any():
            stay = classes >= 0
            batch, classes = batch.filter(pa.array(stay)), classes[stay]
        columns = [
            treatment.apply(batch.column(name), classes)
            for name, treatment in self.treatments.items()
        ]
        return batch, pa.Table.from_arrays(columns, schema=self.schema)

    def _tuples(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        tuples = tuples_of(self.count, self.index, batch)
        if lacking := int((tuples < 0).sum()):
            raise SourceChangedError(
                f"the source changed while it was read: {lacking} records were not there when it "
                "was counted; run the job again"
            )
        return tuples


def recoder(decision: Decision, source: OpenSource) -> Recoder:
    """Prepare the writing of a release of the source that was counted.

    Raises
    ------
    RequestError
        If no column would be left.
    """
    policy, solution = decision.request.policy, decision.solution
    keeps = bool((solution.classes < 0).any()) and policy.suppressed_records == "keep"
    private = policy.privacy.differential_privacy is not None
    positions = {name: q for q, name in enumerate(policy.quasi_identifiers)}
    treatments: dict[str, Treatment] = {}
    kept: list[str] = []
    for name in source.columns:
        attribute = policy.attributes[name]
        q = positions.get(name, -1)
        if isinstance(attribute, DirectIdentifier):
            if attribute.redaction == "constant":
                treatments[name] = _constant(attribute.constant)
            elif attribute.redaction == "pseudonym":
                treatments[name] = _pseudonym(attribute)
        elif q >= 0 and (keeps or private or not _untouched(decision, name, q)):
            treatments[name] = _generalized(decision, q, keeps=keeps)
        else:
            treatments[name] = _kept(decision, source, name)
            kept.append(name)
    if not treatments:
        raise RequestError("every column is dropped, so nothing would be released; keep one")
    schema = pa.schema([(name, treatment.type) for name, treatment in treatments.items()])
    table = decision.counted.table
    index = TupleIndex.of(table.codes, table.sizes)
    return Recoder(
        index, decision.counted, solution.classes, treatments, schema, keeps, tuple(kept), private
    )


def _untouched(decision: Decision, name: str, q: int) -> bool:
    """Tell whether a quasi-identifier is released as it stands in the source."""
    attribute = decision.request.policy.quasi_identifiers[name]
    levels = decision.solution.levels
    return attribute.aggregate is None and levels is not None and levels[q] == 0


def _constant(constant: str) -> Treatment:
    def treat(column: pa.Array, _: NDArray[np.int64]) -> pa.Array:
        return pa.repeat(pa.scalar(constant, pa.string()), len(column))

    return Treatment(pa.string(), treat)


def _pseudonym(attribute: DirectIdentifier) -> Treatment:
    """Replace each value by its pseudonym, each different one once per batch."""
    pseudonyms = pseudonymizer(attribute)

    def treat(column: pa.Array, _: NDArray[np.int64]) -> pa.Array:
        values, positions = encode(column)
        return pseudonyms(values).take(pa.array(positions))

    return Treatment(pa.string(), treat)


def _kept(decision: Decision, source: OpenSource, name: str) -> Treatment:
    """Leave values as they are, but for equal ones of an attribute, which are written alike.

    Text of a CSV file gets the type that changes nothing.
    """
    asked, column = decision.request.source, decision.counted.columns[name]
    mark = decision.request.release_decimal
    if asked is None or asked.format_found != "csv":
        kind = released_type(source.schema.field(name).type)
        if mark != "." and name in decision.counted.attributes and _is_text(kind):
            return Treatment(kind, lambda values, _: _remarked(values, column, mark).cast(kind))
        if column.spellings is None:
            return Treatment(kind, lambda values, _: _numbers_alike(values.cast(kind)))
        return Treatment(kind, lambda values, _: _respelled(values, column).cast(kind))
    kinds = column.kinds

    def treat(values: pa.Array, _: NDArray[np.int64]) -> pa.Array:
        encoded = values.dictionary_encode()
        distinct, decimal = encoded.dictionary, column.written.decimal
        if column.spellings is not None:
            distinct, decimal = _respelled(distinct, column), column.decimal
        if kinds.kind is TextKind.text:
            distinct = _marked(distinct, column, mark)
        else:
            distinct = typed(distinct, kinds, decimal)
        return distinct.take(encoded.indices)

    return Treatment(kinds.type, treat)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _remarked(values: pa.Array, column: ColumnCount, mark: str) -> pa.StringArray:
    """Write the numbers among texts as the target does."""
    texts = values.cast(pa.string())
    return _marked(texts if column.spellings is None else _respelled(texts, column), column, mark)


def _respelled(values: pa.Array, column: ColumnCount) -> pa.StringArray:
    """Write values as the count understands them."""
    assert column.spellings is not None, "there are several ways to write a value"
    distinct, positions = encode(values)
    written = position_among(column.written.values, distinct)
    spelled = column.spellings.values[np.maximum(written, 0)]
    texts = column.values.take(pa.array(spelled))
    return pc.if_else(pa.array(written >= 0), texts, distinct).take(pa.array(positions))


def _numbers_alike(values: pa.Array) -> pa.Array:
    """Let NaN be missing, and -0.0 be 0.0."""
    if not pa.types.is_floating(values.type):
        return values
    present = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_float16(values.type):
        return present
    return pc.add(present, pa.scalar(0.0, values.type))


def _marked(texts: pa.StringArray, column: ColumnCount, mark: str) -> pa.StringArray:
    """Write the numbers among texts with the decimal mark of the target."""
    if column.ordering.meaning is not Meaning.number:
        return texts
    return remarked(texts, column.decimal, mark)


def _generalized(decision: Decision, q: int, *, keeps: bool) -> Treatment:
    """Write the labels of classes; averages that are numbers or dates are typed as such."""
    generalized = decision.solution.generalized[q]
    labels = pa.array([*generalized.labels, SUPPRESSED if keeps else None], pa.string())
    name, attribute = list(decision.request.policy.quasi_identifiers.items())[q]
    kinds = Kinds.of(labels)
    if attribute.aggregate is not None and not keeps and kinds.kind is not TextKind.text:
        labels = typed(labels, kinds)
    else:
        labels = _marked(labels, decision.counted.columns[name], decision.request.release_decimal)
    of_class = np.append(generalized.codes, len(generalized.labels))  # class -1 is the last

    def treat(_: pa.Array, classes: NDArray[np.int64]) -> pa.Array:
        return labels.take(pa.array(of_class[classes]))

    return Treatment(labels.type, treat)


OnBatch = Callable[[pa.RecordBatch], None]
"""Told of each batch that was read; may raise to stop."""


def blocks(source: OpenSource, recoder: Recoder, on_batch: OnBatch) -> Iterator[pa.Table]:
    """Read the source and give its release, sorted block by block, or all of it if need be."""
    if recoder.private:
        yield from _all_sorted(source, recoder, on_batch)
        return
    orders = _category_orders(source, recoder)
    waiting: list[pa.Table] = []
    for part in source.parts:
        for batch in source.batches(part):
            waiting.append(recoder.released(batch))
            on_batch(batch)
            while sum(table.num_rows for table in waiting) >= BLOCK:
                whole = pa.concat_tables(waiting)
                yield _block(whole.slice(0, BLOCK), orders)
                waiting = [whole.slice(BLOCK)]
    source.unchanged()
    if waiting:
        yield _block(pa.concat_tables(waiting), orders)


def _all_sorted(source: OpenSource, recoder: Recoder, on_batch: OnBatch) -> Iterator[pa.Table]:
    """Give a release sorted as a whole; records that read alike are counted, not kept."""
    names = recoder.schema.names
    counted = recoder.schema.append(pa.field(_TIMES, pa.int64())).empty_table()
    for part in source.parts:
        for batch in source.batches(part):
            released = recoder.released(batch)
            ones = pa.array(np.ones(released.num_rows, dtype=np.int64))
            both = pa.concat_tables([counted, released.append_column(_TIMES, ones)])
            sums = both.group_by(names).aggregate([(_TIMES, "sum")])
            counted = sums.rename_columns([*names, _TIMES])
            on_batch(batch)
    source.unchanged()
    rows = by_value(counted.select(names).append_column(_TIMES, counted[_TIMES]))
    order = np.repeat(np.arange(rows.num_rows), rows[_TIMES].to_numpy())
    for first in range(0, len(order), BLOCK):
        yield rows.select(names).take(pa.array(order[first : first + BLOCK]))


def _category_orders(source: OpenSource, recoder: Recoder) -> dict[str, pa.Array]:
    """Return the released categories of each column whose order means something.

    They must be known before the first block is written, which takes a reading of its own.
    """
    names = [f.name for f in recoder.schema if is_categorical(f.type) and f.type.ordered]
    seen: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
    for part in source.parts if names else ():
        for batch in source.batches(part):
            released = recoder.released(batch)
            for name in names:
                seen[name].append(released[name].combine_chunks().unique())
    return {name: categories_in_use(columns) for name, columns in seen.items() if columns}


def _block(table: pa.Table, orders: Mapping[str, pa.Array]) -> pa.Table:
    """Sort records, and forget the categories that none of them has."""
    table = by_value(table)
    for index, field in enumerate(table.schema):
        if is_categorical(field.type):
            column = recategorized(table[index].combine_chunks(), orders.get(field.name))
            table = table.set_column(index, field, column)
    return table


def by_value(table: pa.Table) -> pa.Table:
    """Sort records by their values, column after column; missing values come last."""
    keys = np.zeros(table.num_rows, dtype=np.int64)
    space = 1
    for column in table.columns:
        ranks, size = _ranks(column.combine_chunks())
        if space * size > LARGEST:
            _, keys = np.unique(keys, return_inverse=True)
            space = table.num_rows
        keys = keys * size + ranks
        space *= size
    return table.take(pa.array(np.argsort(keys, kind="stable")))


def _ranks(column: pa.Array) -> tuple[NDArray[np.int64], int]:
    """Return the rank of each value, (records,), missing ones last, and the number of ranks."""
    encoded = column
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode()
    distinct = encoded.dictionary
    ranks = np.empty(len(distinct) + 1, dtype=np.int64)
    sortable = distinct.cast(pa.float32()) if pa.types.is_float16(distinct.type) else distinct
    ranks[pc.sort_indices(sortable).to_numpy()] = np.arange(len(distinct))
    ranks[-1] = len(distinct)
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(distinct))
    return ranks[codes.to_numpy(zero_copy_only=False)], len(distinct) + 1
