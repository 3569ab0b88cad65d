"""Builders that look at whole columns make, to the last bit, what looking at each value does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anon_dagster.core import builders
from anon_dagster.core.builders import Domain, Mask, read_days, read_moment, refuse_confusion
from anon_dagster.core.builders.number import read_number, units
from anon_dagster.core.builders.numbers import Numbers
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.errors import HierarchyError
from tests.core.builders import plain
from tests.core.builders.examples import PERIODS, domain

ODD = "0123456789*x. -\x00é\u0301\U0001f600"
"""Digits, masks, separators, NUL, a combining character, one beyond the basic plane."""


def same(name: str, values: Domain, *given: Any, **options: Any) -> None:
    """Assert that a builder makes what the plain one makes, or that both refuse."""
    build, expect = getattr(builders, name), getattr(plain, name)
    try:
        expected: Hierarchy = expect(values, *given, **options)
    except plain.Refused:
        with pytest.raises(HierarchyError):
            build(values, *given, **options)
        return
    built: Hierarchy = build(values, *given, **options)
    assert built.labels == expected.labels
    assert built.codes.dtype == np.int32
    assert built.codes.tolist() == expected.codes.tolist()
    assert_confused(values, built)


def assert_confused(values: Domain, built: Hierarchy) -> None:
    """Assert that labels that read like values are told, with how many they are."""
    if "*" in values.values:
        return
    confused = len(plain.confused(values, built))
    if not confused:
        refuse_confusion(values, built)
        return
    counted = f"age: {confused:,} value{'s' * (confused != 1)} of the column "
    with pytest.raises(HierarchyError, match=counted):
        refuse_confusion(values, built)


def columns(values: st.SearchStrategy[str]) -> st.SearchStrategy[Domain]:
    """Columns of some values, perhaps a missing one, and perhaps with a branch for others."""
    drawn = st.lists(values | st.none(), max_size=25, unique=True)
    other = st.none() | st.sampled_from(["other", "x", "1", "[0, 5)", "2024", "1*", "b"])
    return st.builds(lambda texts, label: domain(*texts, other=label), drawn, other)


digits = st.text("0123456789", min_size=1, max_size=5)
texts = st.text(ODD, max_size=5) | st.text(max_size=4) | digits | st.text("a1*", max_size=3)


# -- texts ---------------------------------------------------------------------------------


masks = st.builds(
    Mask,
    st.sampled_from(["left", "right"]),
    st.sampled_from(["*", "x", "1", "", "ab", "."]),
    st.sampled_from([None, None, ".", "-", "1"]),
)


@given(
    columns(texts) | columns(digits),
    masks,
    st.none() | st.integers(1, 4),
    st.integers(1, 3),
    st.none() | st.integers(0, 4),
)
def test_masks(
    values: Domain, mask: Mask, levels: int | None, per_level: int, keep: int | None
) -> None:
    same("by_mask", values, mask=mask, levels=levels, per_level=per_level, keep=keep)


@given(columns(texts))
def test_suppression(values: Domain) -> None:
    built = builders.by_suppression(values)
    assert built.labels == ((values.values, ("*",)) if values.values else ((), (), ("*",)))


@given(columns(texts), st.lists(st.integers(2, 4), min_size=1, max_size=3), st.data())
def test_orders(values: Domain, sizes: list[int], data: st.DataObject) -> None:
    same("by_order", values, sizes=sizes)
    order = data.draw(st.permutations([*values.texts, "a", "zz"]).map(dict.fromkeys).map(list))
    same("by_order", values, sizes=sizes, order=order[: data.draw(st.integers(0, len(order)))])


@example(domain("a", "b", "a .. b", "a .. a .. b"), [2, 10**19])
@given(columns(st.sampled_from(["a", "b", "a .. b", "b .. b", "c"])), st.just([2, 2]))
def test_an_order_in_which_a_value_reads_like_a_group(values: Domain, sizes: list[int]) -> None:
    same("by_order", values, sizes=sizes)


@given(
    columns(texts),
    st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 3), min_size=26, max_size=26),
    st.sampled_from(["other", "1", "x"]),
)
def test_frequencies(values: Domain, keep: list[int], counts: list[int], rest: str) -> None:
    counted = replace(values, counts=np.array(counts[: len(values.values)], dtype=np.int64))
    same("by_frequency", counted, keep=sorted(keep, reverse=True), rest=rest)


# -- numbers -------------------------------------------------------------------------------


numbers = (
    st.integers(-200, 200).map(str)
    | st.decimals(-200, 200, places=2).map(lambda number: f"{number:f}")
    | st.from_regex(r"[+-]?[0-9]{0,3}[.,]?[0-9]{0,3}", fullmatch=True)
    | st.from_regex(r" ?[+-]?[0-9]{1,25}([.,][0-9]{1,20})?([eE][+-]?[0-9]{1,2})? ?", fullmatch=True)
    | st.sampled_from(
        ["1e999", "-1e-30", "nan", "inf", "1_000", "\u0661", "½", "1\x00", "--1", "1-", ""]
    )
)
WIDTHS: list[tuple[float, ...]] = [(5, 10), (0.1,), (0.25, 100), (7, 21, 42), (1e18, 1e20), (3, 7)]
BOUNDS: list[tuple[float | None, float | None]] = [
    *((None, None), (0, 100), (-3, 50), (None, 7.5), (2, None), (0.05, 1e25))
]


@given(
    columns(numbers) | columns(texts),
    st.sampled_from(WIDTHS),
    st.sampled_from(BOUNDS),
    st.sampled_from(["error", "group", "clip"]),
    st.sampled_from([".", ",", ";"]),
)
def test_intervals(
    values: Domain,
    widths: tuple[float, ...],
    bounds: tuple[float | None, float | None],
    outside: str,
    decimal: str,
) -> None:
    lower, upper = bounds
    column = replace(values, decimal=decimal)
    same("by_interval", column, widths=widths, lower=lower, upper=upper, outside=outside)


@given(
    columns(numbers),
    st.sampled_from([(10,), (0.2, 3, 15), (0.5,), (1e17, 3e17)]),
    st.sampled_from([".", ","]),
)
def test_rounding(values: Domain, steps: tuple[float, ...], decimal: str) -> None:
    same("by_rounding", replace(values, decimal=decimal), steps=steps)


@given(st.lists(numbers | texts), st.sampled_from([".", ",", "1"]))
def test_numbers_are_read_exactly(values: list[str], decimal: str) -> None:
    expected = [read_number(text, decimal=decimal) for text in values]
    read = Numbers.of(values, decimal=decimal)
    assert read.known.tolist() == [number is not None for number in expected]
    told = [number for number in expected if number is not None]
    assert [*zip(read.counts.tolist(), read.places.tolist(), strict=True)] == told
    places = read.common_places()
    assert read.in_units(places).tolist() == [units(number, places) for number in told]


# -- dates ---------------------------------------------------------------------------------


offsets = st.integers(-1439, 1439).map(lambda minutes: timedelta(minutes=minutes))
zones = st.sampled_from(
    ["", "Z", "z", "+02:00", "-0330", "+23:59", "+24:00", "+05", "-00:00:30", "+1:00"]
)
FORMS: list[Callable[[datetime], str]] = [
    datetime.isoformat,
    lambda moment: moment.isoformat(" "),
    lambda moment: moment.isoformat("\U0001f600"),
    lambda moment: moment.isoformat(timespec="hours"),
    lambda moment: moment.isoformat(timespec="minutes"),
    lambda moment: moment.isoformat(timespec="milliseconds"),
    lambda moment: moment.isoformat(timespec="microseconds") + "789",
    lambda moment: moment.isoformat(timespec="microseconds").replace(".", ","),
    lambda moment: moment.isoformat(timespec="seconds").replace(":", "").replace("-", ""),
    lambda moment: "{:04}-W{:02}-{}".format(*moment.isocalendar()),
    lambda moment: "{:04}-W{:02}".format(*moment.isocalendar()),
]
moments = st.builds(
    lambda moment, form, zone: form(moment) + zone, st.datetimes(), st.sampled_from(FORMS), zones
)
days = st.dates().map(date.isoformat)
almost = st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,12})?)?"
    r"(Z|[+-][0-2][0-9]:?[0-6][0-9])?)?",
    fullmatch=True,
)
odd_dates = st.sampled_from(
    [
        *("2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "0000-01-01", "0001-01-01"),
        *("9999-12-31", "1677-09-20", "2024-02-30", "2024-13-01", "2024-00-10", "2024-01-00"),
        *("2024-01-01T24:00", "2024-01-01T23:59:60", "2024-01-01\x00", "2024-01-01T", "2024-01-1"),
        *(
            "\u0662024-01-01",
            "-001-01-01",
            "+2024-01-1",
            "2024-01-01 ",
            " 2024-01-01",
            "20240101",
            "",
        ),
    ]
)
dates = days | moments | almost | odd_dates | texts


@given(
    columns(dates) | columns(days) | columns(moments),
    st.lists(st.sampled_from(PERIODS), min_size=1, unique=True).map(
        lambda levels: sorted(levels, key=PERIODS.index)
    ),
)
def test_periods(values: Domain, levels: list[str]) -> None:
    same("by_period", values, levels=levels)


FORMATS = [
    *("%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d%m%Y", "%d.%m.%y", "%y%m%d", "%Y", "%m/%Y", "%Y-%j"),
    *("%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%d %b %Y", "%d  %m %Y", " %d.%m.%Y", "%Y%d", "%%%Y"),
    *("%d.%m.%y %H", "%H:%M %d/%m/%Y", "%Yx%m", "%y.%m", "%d.%m", "%Y %S"),
]


@given(st.data(), st.sampled_from(FORMATS), st.none() | st.integers(1950, 2050))
def test_periods_of_a_format(data: st.DataObject, written: str, until: int | None) -> None:
    like = st.datetimes().map(lambda moment: moment.strftime(written))
    signs = st.text("0123456789./- :T", max_size=12) | st.from_regex(
        r"[0-3]?[0-9][./]?[01]?[0-9][./]?[0-9]{2,4}( [0-2]?[0-9]:[0-6][0-9])?", fullmatch=True
    )
    values = data.draw(columns(like | signs | texts) | columns(like))
    same("by_period", values, levels=["day", "year"], written=written, until=until)


@given(st.lists(dates))
def test_days_are_read_exactly(values: list[str]) -> None:
    expected = [read_moment(text) for text in values]
    assert read_days(values).tolist() == [0 if d is None else d.toordinal() for d in expected]


# -- trees ---------------------------------------------------------------------------------


labels = st.sampled_from(["a", "b", "c", "x", "y", "*", "", "1", "1.0", "01", "2", "2,0"])
rows = st.lists(st.lists(labels | st.none(), min_size=1, max_size=4).map(tuple), max_size=8)
even = st.integers(1, 4).flatmap(
    lambda depth: st.lists(st.tuples(*[labels] * depth), max_size=8, unique_by=lambda row: row[0])
)


@given(columns(labels), rows | even, st.sampled_from([".", ","]))
def test_rows(values: Domain, rows: list[tuple[Label, ...]], decimal: str) -> None:
    same("from_rows", replace(values, decimal=decimal), rows)
    same("from_rows", replace(values, decimal=decimal), rows, numeric=True)


@st.composite
def branching(draw: st.DrawFn) -> list[tuple[Label, ...]]:
    """Rows of a tree whose branches are of different lengths, with few faults."""
    paths: list[tuple[Label, ...]] = [()]
    for level in range(draw(st.integers(1, 4))):
        grown = draw(st.lists(st.sampled_from(paths), max_size=5))
        paths += [(f"{level}.{place}", *path) for place, path in enumerate(grown)]
    leaves = [path for path in paths if path]
    return draw(st.lists(st.sampled_from(leaves), max_size=12, unique=True)) if leaves else []


@given(branching(), st.data())
def test_rows_of_a_tree(rows: list[tuple[Label, ...]], data: st.DataObject) -> None:
    named = [label for row in rows for label in row]
    values = data.draw(st.lists(st.sampled_from(named), unique=True)) if named else []
    same("from_rows", domain(*values, other="other"), rows)


# -- many values -----------------------------------------------------------------------------


def shuffled(values: list[str]) -> list[str]:
    return [values[place] for place in np.random.default_rng(1).permutation(len(values))]


MANY: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "codes": ("by_mask", {"mask": Mask()}, [f"{n * 7919 % 10**6:06d}" for n in range(40_000)]),
    "codes of some lengths": (
        "by_mask",
        {"mask": Mask(), "levels": 4},
        [f"{n}" for n in range(40_000)],
    ),
    "codes from the left": ("by_mask", {"mask": Mask("left")}, [f"{n:05x}" for n in range(40_000)]),
    "codes with signs": ("by_mask", {"mask": Mask()}, [f"{n:03x}é\U0001f600" for n in range(4000)]),
    "addresses": (
        "by_mask",
        {"mask": Mask(parts=".")},
        [f"10.{n // 256}.{n % 256}" for n in range(40_000)],
    ),
    "whole": ("by_interval", {"widths": (10, 100)}, [str(7 * n - 9999) for n in range(40_000)]),
    "decimal": ("by_interval", {"widths": (0.5, 10)}, [f"{n / 100:.2f}" for n in range(40_000)]),
    "rounded": ("by_rounding", {"steps": (0.5, 2.5)}, [f"{n / 100:.2f}" for n in range(40_000)]),
    "moments": (
        "by_period",
        {"levels": ["day", "month", "year"]},
        [
            (datetime(1600, 1, 1, tzinfo=UTC) + timedelta(hours=n, microseconds=n)).isoformat()
            for n in range(40_000)
        ],
    ),
    "ordered": ("by_order", {"sizes": (3, 10)}, [str(n) for n in range(40_000)]),
    "frequent": ("by_frequency", {"keep": (30_000, 7)}, [str(n) for n in range(40_000)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", MANY)
def test_many_values(case: str) -> None:
    name, options, values = MANY[case]
    same(name, domain(*values), **options)
    same(name, domain(None, *shuffled(values), other="rest"), **options)
    same(name, domain(*shuffled([*values, "what is none"]), other="rest"), **options)
