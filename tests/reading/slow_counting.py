"""Counting in the slow and plain way: batch after batch into the whole, by one table of Arrow."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import group
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.counting import Count, encode
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds


def slow_count(source: OpenSource, attributes: Iterable[str]) -> Count:
    """Merge every batch into the count of those before it."""
    names = tuple(attributes)
    total = _of_batch(source.schema.empty_table().to_batches(), source, names)
    for part in source.parts:
        for batch in source.batches(part):
            total = _merged(total, _of_batch([batch], source, names))
    return total


def _of_batch(
    batches: list[pa.RecordBatch], source: OpenSource, attributes: tuple[str, ...]
) -> Count:
    whole = pa.Table.from_batches(batches, source.schema)
    columns, codes = {}, []
    for name in source.columns:
        values, places = encode(whole[name].combine_chunks())
        counts = np.bincount(places, minlength=len(values)).astype(np.int64)
        columns[name] = _column(values, counts, Kinds.of(values))
        if name in attributes:
            codes.append(position_among(columns[name].values, values)[places])
    order = [name for name in source.columns if name in attributes]
    by_name = dict(zip(order, codes, strict=True))
    stacked = np.zeros((whole.num_rows, len(attributes)), dtype=np.int32)
    for a, name in enumerate(attributes):
        stacked[:, a] = by_name[name]
    ones = np.ones(whole.num_rows, dtype=np.int64)
    sizes = [len(columns[name].values) for name in attributes]
    return Count(columns, attributes, _table(stacked, ones, sizes))


def _column(values: pa.StringArray, counts: NDArray[np.int64], kinds: Kinds) -> ColumnCount:
    joined = pa.table({"value": values, "count": counts})
    joined = joined.group_by("value").aggregate([("count", "sum")])
    joined = joined.filter(pc.greater(joined["count_sum"], 0))
    joined = joined.take(pc.sort_indices(joined, [("value", "ascending")]))
    distinct = joined["value"].combine_chunks()
    sums = joined["count_sum"].to_numpy().astype(np.int64)
    missing = int(sums[-1]) if distinct.null_count else 0
    return ColumnCount(distinct, sums, kinds, len(distinct) - distinct.null_count, missing)


def _table(codes: NDArray[np.int32], counts: NDArray[np.int64], sizes: list[int]) -> FrequencyTable:
    groups = group(list(codes.T), sizes, len(codes))
    return FrequencyTable(Codes.of(codes[groups.first]), groups.sums(counts), tuple(sizes))


def _merged(left: Count, right: Count) -> Count:
    columns = {}
    for name, own in left.columns.items():
        other = right.columns[name]
        columns[name] = _column(
            pa.concat_arrays([own.values, other.values]),
            np.concatenate([own.counts, other.counts]),
            own.kinds.merge(other.kinds),
        )
    sizes = [len(columns[name].values) for name in left.attributes]
    codes = [
        np.stack(
            [
                position_among(columns[name].values, part.columns[name].values)[codes]
                for name, codes in zip(left.attributes, part.table.codes.array.T, strict=True)
            ],
            axis=1,
        )
        if left.attributes
        else part.table.codes
        for part in (left, right)
    ]
    counts = np.concatenate([left.table.counts, right.table.counts])
    return Count(columns, left.attributes, _table(np.concatenate(codes), counts, sizes))
