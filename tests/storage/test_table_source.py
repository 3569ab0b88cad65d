"""Records in memory are a source like any other: one part, in their order, as often as asked."""

import pyarrow as pa
import pytest

from anon_dagster.reading.counting import count
from anon_dagster.storage.opened import ROWS, Part
from anon_dagster.storage.table_source import TableSource

TABLE = pa.table({"age": ["20", None, "31"], "sex": ["f", "m", "f"]})


def read(source: TableSource, part: Part) -> pa.Table:
    return pa.Table.from_batches(source.batches(part), source.schema)


def test_all_records_are_one_part_and_come_as_often_as_asked() -> None:
    source = TableSource.of(TABLE)
    (part,) = source.parts
    assert (part.first, part.last) == (0, 3)
    assert read(source, part).equals(TABLE)
    assert read(source, part).equals(TABLE)
    assert (source.columns, source.files, source.records) == (("age", "sex"), (), 3)
    assert source.has_schema
    source.unchanged()


@pytest.mark.parametrize("first", range(4))
def test_stretches_of_a_part_are_the_part(first: int) -> None:
    source = TableSource.of(TABLE)
    stretches = [read(source, Part("", a, b, 3)) for a, b in ((0, first), (first, 3))]
    assert pa.concat_tables(stretches).equals(TABLE)


def test_records_come_in_batches_that_are_not_too_large() -> None:
    whole = pa.table({"age": pa.nulls(ROWS + 1, pa.string())})
    source = TableSource.of(whole)
    assert [batch.num_rows for batch in source.batches(source.parts[0])] == [ROWS, 1]


def test_of_no_records_there_is_no_part() -> None:
    source = TableSource.of(TABLE.slice(0, 0))
    assert (source.parts, source.records) == ((), 0)
    assert source.columns == ("age", "sex")


def test_a_table_of_chunks_counts_as_the_one_that_it_is() -> None:
    chunks = pa.concat_tables([TABLE, TABLE.slice(1), TABLE.slice(0, 0)])
    names = ["age", "sex"]
    one, other = (count(TableSource.of(t), names) for t in (chunks, chunks.combine_chunks()))
    assert one.table.codes.array.tolist() == other.table.codes.array.tolist()
    assert one.table.counts.tolist() == other.table.counts.tolist()


def test_it_shows_no_cell() -> None:
    assert "31" not in repr(TableSource.of(TABLE))
