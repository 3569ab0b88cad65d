"""What a part of a table tells: values with their counts, and tuples in codes of its own.

Parts are joined in any order, any number at a time; only the values of attributes are put in their
order, by :func:`join_parts`, so that the result is the same to the last bit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.counts import sums
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.runs import Run, SortedRun, merge
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
from anon_dagster.reading.multitude import Multitude, join_multitudes
from anon_dagster.reading.persons import OWNERS
from anon_dagster.storage.categories import (
    Orders,
    declared_orders,
    joined_categories,
    joined_orders,
)
from anon_dagster.storage.stored_runs import RecodedRun, StoredRun, fewer
from anon_dagster.storage.values import Kinds, text_array

MOST_VALUES = 2**20
"""So many values of a column are kept, unless tuples need them."""
MOST_BYTES = 2**28
"""So many bytes of their text are kept."""
_LOOKED_AT = 2**12  # values that a guess is made from
_REPEATED = 8  # records with each value, on average, for values to be put in order at once


@dataclass(frozen=True, slots=True, eq=False)
class PartValues(Discreet):
    """The values of a column in a part of a table, as text in any order; of persons the hashes."""

    texts: pa.StringArray  # (values,): some may stand twice, but of an attribute of the tuples
    counts: NDArray[np.int64]  # (values,)
    kinds: Kinds
    many: Multitude | None = None
    """The values, if there are too many to keep; only missing ones are among the texts then."""
    misfits: int = 0
    """Records whose value does not fit the pattern that was asked about, if one was."""

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        kept = int(self.texts.nbytes) + self.counts.nbytes
        return kept + (self.many.bytes if self.many else 0)

    def distinct(self) -> "PartValues":
        """Return the same with each value once."""
        different, _, totals = _added_up(self.texts, self.counts)
        return replace(self, texts=different, counts=totals)

    def hashed(self) -> "PartValues":
        """Return the same without the values."""
        if self.many is not None:
            return self
        missing = self.texts.is_null().to_numpy(zero_copy_only=False)
        return PartValues(
            self.texts.filter(pa.array(missing)),
            self.counts[missing],
            self.kinds,
            Multitude.of(self.texts, self.counts),
            self.misfits,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PartCount(Discreet, shown=("attributes",)):
    """What was counted in a part of a table."""

    attributes: tuple[str, ...]
    columns: Mapping[str, PartValues]
    run: Run  # code v of attribute a is columns[a].texts[v]
    orders: Mapping[str, Orders]
    """Of each column that declares an order of its categories, the different ones that it does."""
    spilled: tuple[RecodedRun, ...] = ()
    """Further tuples, in files until all parts are joined; any may be among several."""

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        return self.run.bytes + sum(values.bytes for values in self.columns.values())

    @property
    def table(self) -> FrequencyTable:
        """The tuples of all parts, once these are joined."""
        runs: list[SortedRun] = list(self.spilled)
        if len(self.run) or not runs:
            runs.append(self.run)
        return FrequencyTable.of_runs(runs, self.run.packing)

    def spill(self) -> "PartCount":
        """Put what grows with the records into files; the values of attributes are in order."""
        spilled, columns = self.spilled, dict(self.columns)
        run = self.run
        if len(run) and self.attributes:
            spilled = (*spilled, RecodedRun.of(StoredRun.of(run)))
            whole = fewer(spilled, run.packing)
            spilled = spilled if whole is None else (RecodedRun.of(whole),)
            run = run.without_tuples()
        for name, values in columns.items():
            if values.many is not None:
                columns[name] = replace(values, many=values.many.spill())
        return replace(self, columns=columns, run=run, spilled=spilled)

    def settled(self) -> "PartCount":
        """Join what is in files of values that are too many to keep."""
        columns = {
            name: values if values.many is None else replace(values, many=values.many.settled())
            for name, values in self.columns.items()
        }
        return replace(self, columns=columns)

    @property
    def many(self) -> frozenset[str]:
        """The columns whose values are not kept."""
        return frozenset(n for n, values in self.columns.items() if values.many is not None)


def count_part(
    table: pa.Table,
    attributes: tuple[str, ...],
    *,
    many: Collection[str] = (),
    patterns: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> PartCount:
    """Count the values of each column of a part, and the tuples of the attributes among them.

    Parameters
    ----------
    many
        Columns whose values need not be kept, since there are too many of them or nobody asks.
    patterns
        Regular expressions that values of columns should fit.
    """
    columns: dict[str, PartValues] = {}
    codes: dict[str, NDArray[np.int32]] = {}
    for name in table.column_names:
        if name in OWNERS:
            columns[name], codes[name] = _encoded_persons(table[name])
            continue
        if name in attributes:
            texts, codes[name] = _encoded(table[name])
            counts = np.bincount(codes[name], minlength=len(texts)).astype(np.int64)
        elif table.schema.field(name).type == pa.string() and (
            name in many or _are_mostly_different(table[name])
        ):
            texts = table[name].combine_chunks()
            counts = np.ones(len(texts), dtype=np.int64)
        else:
            texts, counts = _counted(table[name])
        values = PartValues(texts, counts, Kinds.of(texts, decimal=decimal))
        if patterns and name in patterns:
            values = replace(values, misfits=_misfits(values, patterns[name]))
        columns[name] = values.hashed() if name in many and name not in attributes else values
    run = Run.of(
        [codes[name] for name in attributes],
        [len(columns[name].texts) for name in attributes],
        np.ones(table.num_rows, dtype=np.int64),
    )
    return PartCount(attributes, columns, run, declared_orders(table))


def _misfits(values: PartValues, pattern: str) -> int:
    fits = pc.fill_null(pc.match_substring_regex(values.texts, pattern), fill_value=True)
    return int(values.counts[~fits.to_numpy(zero_copy_only=False)].sum())


def _are_mostly_different(column: pa.ChunkedArray) -> bool:
    """Guess from the first values whether joining equal ones would be in vain."""
    first = column.slice(0, _LOOKED_AT)
    return len(first) == _LOOKED_AT and len(first.unique()) > _LOOKED_AT * 7 // 8


def _encoded(column: pa.ChunkedArray) -> tuple[pa.StringArray, NDArray[np.int32]]:
    """Return the different values of a column, and the code of each record's among them."""
    encoded = joined_categories(column)
    texts, codes = text_array(encoded.dictionary), encoded.indices
    if codes.null_count:
        texts = pa.concat_arrays([texts, pa.nulls(1, pa.string())])
        codes = pc.fill_null(codes, len(texts) - 1)
    places = codes.to_numpy(zero_copy_only=False)
    texts, same = _different(texts)
    if len(texts) * _REPEATED > len(places):
        return texts, places if same is None else same[places]
    order = pc.array_sort_indices(texts)  # so that tuples are in the order that joining gives them
    ranks = np.empty(len(texts), dtype=np.int32)
    ranks[order.to_numpy()] = np.arange(len(texts))
    return texts.take(order), (ranks if same is None else ranks[same])[places]


def _encoded_persons(column: pa.ChunkedArray) -> tuple[PartValues, NDArray[np.int32]]:
    """Return the different hashes of persons, and the code of each record's among them."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(encoded.dictionary)).astype(np.int64)
    return PartValues(encoded.dictionary, counts, Kinds.any()), codes


def _different(texts: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.int32] | None]:
    """Join values that read the same; return the new code of each, or None if all differ."""
    joined = texts.dictionary_encode(null_encoding="encode")
    if len(joined.dictionary) == len(texts):
        return texts, None
    return joined.dictionary, joined.indices.to_numpy()


def _counted(column: pa.ChunkedArray) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """Return the values of a column and how often each occurs; some may stand there twice."""
    if not pa.types.is_dictionary(column.type):
        counted = column.value_counts()
        return text_array(counted.field(0)), counted.field(1).to_numpy()
    encoded = joined_categories(column)
    missing = encoded.indices.null_count
    codes = encoded.indices.drop_null().to_numpy()
    counts = np.bincount(codes, minlength=len(encoded.dictionary))
    texts = pa.concat_arrays([text_array(encoded.dictionary), pa.nulls(1, pa.string())])
    return texts, np.append(counts, missing).astype(np.int64)


# -- joining -------------------------------------------------------------------------------


def join_parts(parts: Sequence[PartCount]) -> PartCount:
    """Join parts of one table, at least one, in any order; attributes get their values sorted."""
    attributes = parts[0].attributes
    names = list(parts[0].columns)
    joined = in_use().gather(partial(_joined_column, parts), names)
    columns = {name: values for name, (values, _) in zip(names, joined, strict=True)}
    codes = {name: new for name, (_, new) in zip(names, joined, strict=True)}
    sizes = [len(columns[name].texts) for name in attributes]
    each = in_use().gather

    def recoded(p: int) -> Run:
        return parts[p].run.recode([codes[name][p] for name in attributes], sizes)

    runs = each(recoded, range(len(parts)))
    orders = joined_orders([part.orders for part in parts])
    spilled = tuple(
        run.recode([codes[name][p] for name in attributes], sizes)
        for p, part in enumerate(parts)
        for run in part.spilled
    )
    return PartCount(attributes, columns, merge(runs, each), orders, spilled)


def join_to_send(parts: Sequence[PartCount]) -> PartCount:
    """Join parts of one table, at least one, so that what comes out is small."""
    joined = join_parts(parts)
    columns = {
        name: values if name in joined.attributes else values.distinct()
        for name, values in joined.columns.items()
    }
    return replace(joined, columns=columns)


def _joined_column(
    parts: Sequence[PartCount], name: str
) -> tuple[PartValues, list[NDArray[np.int32]]]:
    """Return the values of a column; of an attribute also their new codes in each part."""
    of_parts = [part.columns[name] for part in parts]
    return _sorted_values(of_parts) if name in parts[0].attributes else (join_values(of_parts), [])


def _sorted_values(parts: Sequence[PartValues]) -> tuple[PartValues, list[NDArray[np.int32]]]:
    """Return the values of all parts, ascending, and the new code of each in each part."""
    texts, counts, kinds = _concatenated(parts)
    different, totals, places = in_order(texts, counts)
    values = PartValues(different, totals, kinds)
    return values, np.split(places, np.cumsum([len(part.texts) for part in parts])[:-1])


def in_order(
    texts: pa.StringArray, counts: NDArray[np.int64]
) -> tuple[pa.StringArray, NDArray[np.int64], NDArray[np.int32]]:
    """Join equal texts, (texts,), and add up their counts, (texts,).

    Returns
    -------
    different
        Those that a record has, ascending, a missing one last: (values,).
    totals
        How many records have each, (values,).
    places
        Where each text stands among them, (texts,); of no meaning if no record has it.
    """
    different, places, totals = _added_up(texts, counts)
    order = pc.array_sort_indices(different).to_numpy()
    order = order[totals[order] > 0]  # categories that no record has are no values
    ranks = np.zeros(len(totals), dtype=np.int32)
    ranks[order] = np.arange(len(order))
    return different.take(pa.array(order)), totals[order], ranks[places]


def _added_up(
    texts: pa.StringArray, counts: NDArray[np.int64]
) -> tuple[pa.StringArray, NDArray[np.int32], NDArray[np.int64]]:
    """Return different texts, the place of each text among them, and the sums of their counts."""
    encoded = texts.dictionary_encode(null_encoding="encode")
    places = encoded.indices.to_numpy()
    totals = sums(places, counts, len(encoded.dictionary), int(counts.sum()))
    return encoded.dictionary, places, totals


def join_values(parts: Sequence[PartValues]) -> PartValues:
    """Join the values of a column in parts, at least one, in any order.

    They are kept unless there are more than :data:`MOST_VALUES` different ones, or more than
    :data:`MOST_BYTES` of them: that depends on the values alone, not on their parts.
    """
    misfits = sum(part.misfits for part in parts)
    hashed = any(part.many is not None for part in parts)
    few = sum(len(part.texts) for part in parts) <= MOST_VALUES
    if not hashed and few and sum(part.texts.nbytes for part in parts) <= MOST_BYTES:
        return PartValues(*_concatenated(parts), misfits=misfits)
    without = [part.hashed() for part in parts]
    many = join_multitudes([part.many for part in without if part.many is not None])
    missing = PartValues(*_concatenated(without), many, misfits)
    if hashed or len(many) > MOST_VALUES:
        return missing
    values = PartValues(*_concatenated(parts), misfits=misfits).distinct()
    if (pc.sum(pc.binary_length(values.texts)).as_py() or 0) > MOST_BYTES:
        return missing
    return values


def _concatenated(
    parts: Sequence[PartValues],
) -> tuple[pa.StringArray, NDArray[np.int64], Kinds]:
    return (
        pa.concat_arrays([part.texts for part in parts]),
        np.concatenate([part.counts for part in parts]),
        reduce(Kinds.merge, [part.kinds for part in parts]),
    )
