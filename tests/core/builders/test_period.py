"""Dates and their periods."""

import pytest

from anon_dagster.core.builders import by_period
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import CANARY, PERIODS, domain, level, path


def test_periods_are_labelled_as_in_iso_8601() -> None:
    assert path(
        by_period(domain("2024-05-17T08:30:00"), levels=PERIODS), "2024-05-17T08:30:00"
    ) == [
        "2024-05-17T08:30:00",
        "2024-05-17",
        "2024-05",
        "2024-Q2",
        "2024-H1",
        "2024",
        "2020/2024",
        "2020/2029",
        "2000/2099",
        "*",
    ]


@pytest.mark.parametrize(
    ("written", "quarter", "half"),
    [
        ("2024-03-31", "Q1", "H1"),
        ("2024-04-01", "Q2", "H1"),
        ("2024-06-30", "Q2", "H1"),
        ("2024-07-01", "Q3", "H2"),
        ("2024-12-31", "Q4", "H2"),
    ],
)
def test_quarters_and_halves_change_with_their_months(
    written: str, quarter: str, half: str
) -> None:
    labels = path(by_period(domain(written), levels=("quarter", "half_year")), written)
    assert labels[1:3] == [f"2024-{quarter}", f"2024-{half}"]


def test_a_time_belongs_to_the_day_of_its_own_clock() -> None:
    late = "2024-12-31T23:30:00-05:00"
    assert path(by_period(domain(late), levels=["year"]), late)[1] == "2024"


def test_dates_may_be_written_otherwise() -> None:
    hierarchy = by_period(domain("17.05.2024"), levels=["month"], written="%d.%m.%Y")
    assert path(hierarchy, "17.05.2024")[1] == "2024-05"


def test_what_is_no_date_is_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError, match=r"lacks 1 value of the column \(2 records\); these"):
        by_period(domain("2024-01-01", CANARY), levels=["month"])


def test_the_last_year_of_two_digits_tells_their_century() -> None:
    values = domain("01.01.25", "31.12.26", "29.02.68", "29.02.00")
    years = level(by_period(values, levels=["day"], written="%d.%m.%y", until=2025), 1)
    assert [years[v] for v in values.values] == [
        *("2025-01-01", "1926-12-31", "1968-02-29", "2000-02-29")
    ]
    with pytest.raises(HierarchyError, match="lacks 1 value"):  # 1900 was no leap year
        by_period(domain("29.02.00"), levels=["day"], written="%d.%m.%y", until=1950)


@pytest.mark.parametrize("week", ["2020-W53", "2020W53", "2020-W53T10:00"])
def test_a_week_without_its_day_is_no_date(week: str) -> None:
    with pytest.raises(HierarchyError, match="lacks 1 value"):
        by_period(domain(week), levels=["day"])
    assert path(by_period(domain("2020-W53-2"), levels=["day"]), "2020-W53-2")[1] == "2020-12-29"
