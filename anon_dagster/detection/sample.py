"""A sample over the whole of a source, the same for the same seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.request.arguments import require_whole
from anon_dagster.storage.categories import (
    Orders,
    declared_orders,
    in_no_order,
    joined_orders,
    one_order,
)
from anon_dagster.storage.sources import OpenSource

SIZE = 20_000
"""Records in a sample unless another size is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Discreet):
    """Records drawn without replacement, each record of the source with the same probability."""

    table: pa.Table
    records: int
    """In the source."""
    missing: dict[str, int]
    """Records of the source without a value, by column."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """The columns that were not read, each with the name of its type."""

    @property
    def size(self) -> int:
        """Records in the sample."""
        return int(self.table.num_rows)


def draw(source: OpenSource, *, size: int = SIZE, seed: int = 0) -> Sample:
    """Read a source once and keep a sample of it: ``size`` records, at least 1.

    Every record is dealt a random number, and those with the smallest ones stay [1]_: what a
    reservoir keeps, decided for a batch at a time.

    Raises
    ------
    RequestError
        If the size or the seed is none.

    References
    ----------
    .. [1] C. T. Fan, M. E. Muller, I. Rezucha, "Development of sampling plans by using sequential
       (item by item) selection techniques and digital computers", JASA 57, 1962.
    """
    require_whole(size, "sample", least=1)
    require_whole(seed, "seed", least=0)
    random = np.random.default_rng(seed)
    kept: pa.Table = source.schema.empty_table()
    tickets = np.zeros(0)
    records, missing = 0, dict.fromkeys(source.columns, 0)
    orders = declared_orders(kept)
    for part in source.parts:
        for batch in source.batches(part):
            records += batch.num_rows
            orders = joined_orders([orders, declared_orders(pa.table(batch))])
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                missing[name] += column.null_count
            dealt = random.random(batch.num_rows)
            # Only a ticket below the largest one kept can win a place.
            largest = tickets.max() if len(tickets) == size else 1.0
            drawn = np.flatnonzero(dealt < largest)
            if len(drawn):
                more = pa.table(batch.take(pa.array(drawn))).cast(kept.schema)
                kept, tickets = _smallest(
                    pa.concat_tables([kept, more]), np.concatenate([tickets, dealt[drawn]]), size
                )
    source.unchanged()
    return Sample(_without_open_orders(kept, orders), records, missing, source.skipped)


def _without_open_orders(table: pa.Table, orders: Mapping[str, Orders]) -> pa.Table:
    """Let categories have no order of which the files of a table do not declare one."""
    fields = [
        in_no_order(field) if _is_open(orders.get(field.name, ())) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _is_open(orders: Orders) -> bool:
    return orders is None or (len(orders) > 0 and one_order(orders, None) is None)


def _smallest(
    table: pa.Table, tickets: NDArray[np.float64], size: int
) -> tuple[pa.Table, NDArray[np.float64]]:
    if len(tickets) <= size:
        return table, tickets
    chosen = np.sort(np.argpartition(tickets, size)[:size])
    return table.take(pa.array(chosen)).combine_chunks(), tickets[chosen]
