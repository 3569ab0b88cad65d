"""Categories of several parts, joined."""

from itertools import permutations
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.storage.categories import (
    declared_orders,
    in_no_order,
    joined_categories,
    joined_orders,
    one_order,
)


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


# -- orders --------------------------------------------------------------------------------

_ORDERS = st.lists(
    st.builds(lambda whole, size: whole[:size], st.permutations("abcde"), st.integers(0, 5)),
    min_size=1,
    max_size=4,
)


@given(_ORDERS, st.sets(st.sampled_from("abcde")), st.randoms(use_true_random=False))
def test_one_order_is_the_only_one_that_fits_all(
    declared: list[list[str]], used: set[str], random: Random
) -> None:
    categories = {text for order in declared for text in order}
    used &= categories
    fitting = {
        tuple(text for text in whole if text in used)
        for whole in permutations(sorted(categories))
        if all(list(order) == [text for text in whole if text in order] for order in declared)
    }
    expected = [text for (only,) in [fitting] for text in only] if len(fitting) == 1 else None
    random.shuffle(declared)
    orders = [pa.array(order, pa.string()) for order in declared]
    found = one_order(orders, pa.array([*sorted(used), None], pa.string()))
    if len(orders) == 1:
        assert found is orders[0]
    else:
        assert (None if found is None else found.to_pylist()) == expected
    whole = one_order([*orders, orders[0]], None)
    everything = one_order([*orders, orders[0]], pa.array(sorted(categories), pa.string()))
    assert (whole is None) == (everything is None)
    assert whole is None or whole.equals(everything)


def test_orders_that_are_the_same_are_kept_once_and_none_is_missed() -> None:
    tables = [
        pa.table({"grade": pa.array(pd.Categorical(values, categories, ordered=True))})
        for values, categories in [
            (["low"], ["low", "mid"]), (["mid"], ["low", "mid"]), (["mid"], ["mid", "high"]),
        ]
    ]  # fmt: skip
    joined = joined_orders([declared_orders(table) for table in tables])["grade"]
    assert joined is not None
    assert [order.to_pylist() for order in joined] == [["low", "mid"], ["mid", "high"]]
    assert declared_orders(pa.concat_tables(tables)).keys() == {"grade"}
    unordered = pa.schema([in_no_order(tables[0].schema.field("grade"))])
    untold = declared_orders(tables[0].cast(unordered))
    assert untold == {"grade": None}
    assert joined_orders([untold, declared_orders(tables[0])]) == {"grade": None}
