"""Dates are read, and moved by days, as Python's own calendar does it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.storage.dates import days_of, holds_dates, moved, moved_type, offsets_of

EPOCH = date(1970, 1, 1)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
CLOCKS = st.sampled_from(["", " 23:59", "T00:00:01", "T08:30:00.5Z", "T01:00+0530", " 12:00-11:00"])
KINDS = [
    pa.date32(),
    pa.date64(),
    *(pa.timestamp(unit) for unit in ("s", "ms", "us")),
    *(pa.timestamp("us", zone) for zone in ("UTC", "+05:30", "America/New_York")),
]


@given(st.lists(st.tuples(DAYS, CLOCKS), max_size=20), st.integers(0, 400))
def test_texts_are_the_days_that_they_begin_with(
    written: list[tuple[date, str]], later: int
) -> None:
    texts = pa.array([day.isoformat() + clock for day, clock in written], pa.string())
    days, valid = days_of(texts)
    assert valid.all()
    assert days.tolist() == [(day - EPOCH).days for day, _ in written]
    by = np.array([min(later, (date.max - day).days) for day, _ in written], dtype=np.int64)
    expected = [
        (day + timedelta(int(n))).isoformat() + clock
        for (day, clock), n in zip(written, by, strict=True)
    ]
    assert moved(texts, by).to_pylist() == expected


@given(st.integers(0, 9999), st.integers(0, 14), st.integers(0, 33))
def test_a_day_that_no_calendar_has_is_no_date(year: int, month: int, day: int) -> None:
    try:
        expected = (date(year, month, day) - EPOCH).days
    except ValueError:
        expected = None
    days, valid = days_of(pa.array([f"{year:04}-{month:02}-{day:02}"]))
    assert (days[0] if valid[0] else None) == expected


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("encoded", [False, True])
def test_dates_and_moments_keep_their_type_and_what_their_clock_shows(
    kind: pa.DataType, *, encoded: bool
) -> None:
    moments = [datetime(1999, 12, 31, 22, 30, tzinfo=UTC), None, datetime(2024, 2, 29, tzinfo=UTC)]
    values = pa.array(moments, pa.timestamp("us", "UTC"))
    zone = getattr(kind, "tz", None)
    values = values.cast(pa.timestamp("us", zone)) if zone else values.cast(pa.timestamp("us"))
    values = values.cast(pa.date32()).cast(kind) if pa.types.is_date(kind) else values.cast(kind)
    clocks = [None if v is None else v.replace(tzinfo=None) if zone else v for v in _py(values)]
    given_values = values.dictionary_encode() if encoded else values
    later = moved(given_values, np.array([7, 7, -14]))
    assert later.type == kind == moved_type(given_values.type)
    found = [None if v is None else v.replace(tzinfo=None) if zone else v for v in _py(later)]
    by = [timedelta(7), None, timedelta(-14)]
    assert found == [
        None if v is None or d is None else v + d for v, d in zip(clocks, by, strict=True)
    ]
    days = days_of(given_values)
    assert days[1].tolist() == [True, False, True]
    whole = [0 if v is None else (_day(v) - EPOCH).days for v in clocks]
    assert days[0].tolist() == whole


def _py(values: pa.Array) -> list[Any]:
    return list(values.to_pylist())


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def test_a_clock_is_kept_over_the_change_to_summer_time() -> None:
    zone = "America/New_York"
    before = datetime(2024, 3, 5, 14, 0, tzinfo=UTC)
    lost = datetime(2024, 3, 3, 7, 30, tzinfo=UTC)  # 2:30, which 10 March has not
    values = pa.array([before, lost], pa.timestamp("us", zone))
    later = moved(values, np.array([7, 7])).to_pylist()
    assert [(m.day, m.hour, m.minute) for m in later] == [(12, 9, 0), (10, 3, 0)]


def test_the_second_of_two_hours_that_read_alike_does_not_tell_who_was_not_moved() -> None:
    first, second = (datetime(2024, 11, 3, hour, 30, tzinfo=UTC) for hour in (5, 6))  # 1:30, twice
    zone = pa.timestamp("us", "America/New_York")
    assert moved(pa.array([second], zone), np.array([0])).equals(pa.array([first], zone))


@pytest.mark.parametrize(
    ("written", "texts", "offsets"),
    [
        (None, ["2024-02-27", "2024-02-27T10:00", "no date", None], set()),
        (None, ["2024-02-27T10:00Z", "2024-02-27 10:00:01+00:00"], {"+0000"}),
        (None, ["2024-02-27T10:00:01.5-0500", "2024-02-27 10:00-04:00"], {"-0500", "-0400"}),
        ("%d.%m.%Y", ["27.02.2024"], set()),
        ("%Y%m%d %H%z", ["20240227 10+01:00", "20240227 10+0200", "?"], {"+0100", "+0200"}),
    ],
)
def test_offsets_from_utc_are_told_apart_however_they_are_written(
    written: str | None, texts: list[str | None], offsets: set[str]
) -> None:
    plain = pa.array(texts, pa.string())
    assert offsets_of(plain, written) == offsets_of(plain.dictionary_encode(), written) == offsets
    assert offsets_of(pa.array([datetime(2024, 3, 3, tzinfo=UTC)])) == set()


@pytest.mark.parametrize(
    ("written", "text", "later"),
    [
        ("%d.%m.%Y", "27.02.2024", "05.03.2024"),
        ("%d %b %Y", "25 Dec 1999", "01 Jan 2000"),
        ("%Y%m%d", "09991231", "10000107"),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-02-27T10:00:00+0200", "2024-03-05T10:00:00+0200"),
    ],
)
def test_other_formats_are_written_as_they_were_read(written: str, text: str, later: str) -> None:
    values = pa.array([text, None, text], pa.string())
    assert moved(values, np.array([7, 7, 7]), written).to_pylist() == [later, None, later]


def test_what_is_no_date_is_told_from_a_missing_one_by_the_count_of_both() -> None:
    values = pa.array(
        ["2023-02-29", "0000-01-01", "2024-13-01", "1.1.2020", "", None, " 2020-01-01"]
    )
    assert not days_of(values)[1].any()
    assert not days_of(pa.array([20200101]))[1].any()
    assert days_of(pa.array([20200131]), "%Y%m%d")[0].tolist() == [(date(2020, 1, 31) - EPOCH).days]


def test_numbers_are_not_moved() -> None:
    assert not any(map(holds_dates, [pa.int64(), pa.float64(), pa.bool_(), pa.time32("s")]))
    assert all(map(holds_dates, [*KINDS, pa.string(), pa.dictionary(pa.int8(), pa.date32())]))
