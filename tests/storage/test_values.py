"""Laws of the text of values: typing changes nothing, and parts merge."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.storage.values import Kinds, TextKind, supported, texts, typed

TEXT_LIKE_VALUES = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.floats().map(repr),
    st.dates().map(str),
    st.datetimes(timezones=st.just(dt.UTC) | st.none()).map(dt.datetime.isoformat),
    st.sampled_from(["true", "false", "True", "", " ", "-0", "0.0", "01", "1.", ".5", "1_0", "+1"]),
    st.sampled_from(["2020-02-30", "2020-01-01T10:00:00Z", "2020-01-01 10:00:00", "1e3", "nan"]),
    st.text(max_size=4),
)
COLUMNS = st.lists(st.none() | TEXT_LIKE_VALUES, max_size=5) | TEXT_LIKE_VALUES.map(lambda v: [v])


@given(COLUMNS, st.sampled_from([".", ","]))
def test_typing_changes_no_text(values: list[str | None], decimal: str) -> None:
    found = Kinds.of(values, decimal=decimal)
    again = texts(typed(values, found, decimal))
    if found.kind is TextKind.decimal and decimal != ".":
        again = [None if v is None else v.replace(".", decimal) for v in again]
    assert again == values


@given(COLUMNS, COLUMNS, COLUMNS)
def test_kinds_of_parts_merge_into_those_of_the_whole(
    one: list[str | None], two: list[str | None], three: list[str | None]
) -> None:
    a, b, c = Kinds.of(one), Kinds.of(two), Kinds.of(three)
    assert a.merge(b) == b.merge(a) == Kinds.of(one + two)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(Kinds.any()) == a


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["0", "-7", "9223372036854775807"], TextKind.integer),
        (["9223372036854775808"], TextKind.text),
        (["00501", "10001"], TextKind.text),
        (["-0"], TextKind.decimal),
        (["1.5", "20"], TextKind.decimal),
        (["1.50", "20.00"], TextKind.decimal),
        (["1.50", "20"], TextKind.text),
        (["0.1234567890123456", "0.30000000000000004"], TextKind.decimal),
        (["0.30000000000000005"], TextKind.text),
        (["12345678901234567890.5"], TextKind.text),
        (["2024-02-29", None], TextKind.date),
        (["2023-02-29"], TextKind.text),
        (["2024-02-29T10:00:00", "2024-02-29T10:00:00.25"], TextKind.datetime),
        (["2024-02-29T10:00:00+02:00"], TextKind.datetime),
        (["2024-02-29T10:00:00Z"], TextKind.datetime),
        (["2024-02-29T10:00:00Z", "2024-02-29T10:00:00"], TextKind.text),
        (["true", "false"], TextKind.boolean),
        (["True"], TextKind.text),
        (["yes"], TextKind.text),
        ([None], TextKind.text),
        ([], TextKind.text),
        ([""], TextKind.text),
    ],
)
def test_a_kind_is_what_every_text_is(values: list[str | None], kind: TextKind) -> None:
    assert Kinds.of(values).kind is kind


def test_a_comma_is_the_decimal_mark_only_where_it_is_asked_for() -> None:
    assert Kinds.of(["1,5", "2"], decimal=",").type == pa.float64()
    assert Kinds.of(["1,5"]).kind is TextKind.text
    assert Kinds.of(["1.5"], decimal=",").kind is TextKind.text
    assert typed(["1,5", None], Kinds.of(["1,5"], decimal=","), ",").to_pylist() == [1.5, None]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, None, 2**63 - 1]), ["1", None, "9223372036854775807"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (
            pa.array([39.0, 0.1, float("nan"), 12345678901.5, 1e15, 1e-5, 1e300]),
            ["39", "0.1", None, "12345678901.5", "1000000000000000", "0.00001", "1e+300"],
        ),
        (pa.array(np.array([0.1], np.float32)), ["0.1"]),
        (pa.array([Decimal("1.10"), None]), ["1.10", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([dt.date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([dt.time(1, 2, 3, 500)]), ["01:02:03.0005"]),
        (pa.array([dt.datetime(2024, 5, 1, 10)]), ["2024-05-01T10:00:00"]),  # noqa: DTZ001
        (pa.array([0], pa.timestamp("ns", "UTC")), ["1970-01-01T00:00:00Z"]),
        (
            pa.array([0, 15_552_000_500], pa.timestamp("ms", "Europe/Berlin")),
            ["1970-01-01T01:00:00+01:00", "1970-06-30T01:00:00.5+01:00"],
        ),
        (pa.array(["b", None, "b"]).dictionary_encode(), ["b", None, "b"]),
        (pa.array([1.0, None]).dictionary_encode(), ["1", None]),
        (pa.nulls(2), [None, None]),
        (pa.array([], pa.float64()), []),
    ],
)
def test_every_type_has_one_text(values: pa.Array, expected: list[str | None]) -> None:
    assert texts(values) == expected


@given(st.lists(st.floats(allow_nan=False)))
def test_a_float_is_read_back_from_its_text(values: list[float]) -> None:
    assert [float(text or "") for text in texts(pa.array(values, pa.float64()))] == values


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int64()), pa.struct({"a": pa.int64()}), pa.binary(), pa.duration("s")]
)
def test_what_is_no_single_value_is_not_supported(kind: Any) -> None:
    assert not supported(kind)
    assert not supported(pa.dictionary(pa.int32(), kind))


@pytest.mark.parametrize(
    ("usual", "late", "kind"),
    [
        ("7", "7.5", TextKind.decimal),
        ("1.50", "1.5", TextKind.text),
        ("1.25", "1e3", TextKind.text),
        ("7", "007", TextKind.text),
        ("true", "True", TextKind.text),
        ("2024-02-29", "2023-02-29", TextKind.text),
    ],
)
def test_one_value_among_many_decides_wherever_it_stands(
    usual: str, late: str, kind: TextKind
) -> None:
    texts = [usual] * 1000
    for place in (0, 500, 1000):
        assert Kinds.of([*texts[:place], late, *texts[place:]]).kind is kind
