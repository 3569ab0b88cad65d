"""Categories of several parts, joined."""

import pyarrow as pa
import pytest

from anon_dagster.storage.categories import joined_categories


def parts(*columns: tuple[list[int | None], list[str | None]]) -> pa.ChunkedArray:
    return pa.chunked_array(
        [
            pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(texts, pa.string()))
            for codes, texts in columns
        ]
    )


@pytest.mark.parametrize(
    "column",
    [
        parts(([0, 1, None], ["a", "b"]), ([1, 0, 0], ["a", "c"])),
        parts(([0, 1, 2], ["a", None, "b"]), ([1, None, 0], [None, "c"])),
        parts(([None], []), ([0], [None])),
        pa.chunked_array([pa.nulls(2), pa.nulls(3)]),
        pa.chunked_array([pa.nulls(2).dictionary_encode(), pa.nulls(1).dictionary_encode()]),
        pa.chunked_array([], pa.null()),
    ],
    ids=["none", "some", "all", "no type", "categories of no type", "no part"],
)
def test_joined_parts_say_what_they_said(column: pa.ChunkedArray) -> None:
    joined = joined_categories(column)
    assert joined.to_pylist() == column.to_pylist()
    assert joined.dictionary.null_count == 0
