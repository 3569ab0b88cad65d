"""Parts of dates and of texts, however they are written, give back what was generalized."""

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from anon_dagster.core.residual import Column, Relation, relations
from anon_dagster.core.residual.dates import days_of_digits, parts_of
from tests.core.residual.columns import identifier, labelled, numeric, written

RECORDS = 1_500
EPOCH = date(1970, 1, 1)


def births(seed: int = 0) -> tuple[NDArray[np.int64], list[date]]:
    days = np.random.default_rng(seed).integers(-15_000, 11_000, RECORDS)
    return days, [EPOCH + timedelta(days=int(day)) for day in days]


DAYS, BORN = births()
YEARS = np.array([day.year for day in BORN])
MONTHS = np.array([day.month for day in BORN])
DAYS_OF_MONTH = np.array([day.day for day in BORN])
NAMES = "January February March April May June July August September October November December"


def only(found: list[Relation]) -> Relation:
    assert len(found) == 1, found
    return found[0]


def test_parts_of_dates_are_those_of_the_calendar() -> None:
    parts = parts_of(DAYS.astype(np.float64))
    for at, day in enumerate(BORN[:300]):
        week, quarter = day.isocalendar(), (day.month - 1) // 3
        assert parts["year"][at] == day.year
        assert parts["month"][at] == day.month
        assert parts["day"][at] == day.day
        assert parts["quarter"][at] == quarter
        assert parts["weekday"][at] == day.weekday()
        assert parts["day of the year"][at] == day.timetuple().tm_yday - 1
        assert parts["week of the year"][at] == week.week - 1
        assert (parts["week"][at] - parts["week"][0]) * 7 == (
            (day - timedelta(days=week.weekday - 1)) - (BORN[0] - timedelta(days=BORN[0].weekday()))
        ).days
    assert set(parts_of(np.array([np.nan]))["year"]) == {-1}


@pytest.mark.parametrize("order", ["%Y%m%d", "%d%m%Y", "%m%d%Y"])
def test_digits_are_read_as_the_dates_that_they_write(order: str) -> None:
    digits = np.array([float(day.strftime(order)) for day in BORN])
    assert any((days == DAYS).all() for days in days_of_digits(digits))


def test_digits_of_no_date_are_read_as_none() -> None:
    digits = np.array([19_991_301.0, 19_990_230.0, 12.0, np.nan, 20_000_101.5, 31_311_999.0])
    assert all(np.isnan(days).all() for days in days_of_digits(digits))


def test_a_date_in_digits_of_any_order_is_a_copy() -> None:
    target = labelled(numeric(DAYS, is_date=True), YEARS // 10)
    for order in ("%Y%m%d", "%d%m%Y", "%m%d%Y"):
        digits = numeric(np.array([int(day.strftime(order)) for day in BORN]))
        told = only(relations([target], [digits]))
        assert (told.kind, told.tells, told.share) == ("copy", "value", 1.0)


@pytest.mark.parametrize(
    "column",
    [
        numeric(MONTHS),
        numeric(MONTHS % 12),
        written([NAMES.split()[month - 1] for month in MONTHS]),
        written([f"{month:02d}" for month in MONTHS]),
    ],
    ids=["number", "from zero", "word", "digits"],
)
def test_a_month_leaves_a_twelfth_of_a_year_of_birth(column: Column) -> None:
    found = only(relations([labelled(numeric(DAYS, is_date=True), YEARS)], [column]))
    assert (found.kind, found.tells) == ("part of a date", "range")
    assert found.share > 0.9


def test_the_day_of_the_year_tells_the_date_and_its_week_seven_days() -> None:
    born = labelled(numeric(DAYS, is_date=True), YEARS)
    by_day = only(relations([born], [numeric(np.array([d.timetuple().tm_yday for d in BORN]))]))
    assert (by_day.kind, by_day.tells) == ("part of a date", "value")
    assert by_day.share > 0.99
    by_week = only(relations([born], [numeric(np.array([d.isocalendar().week for d in BORN]))]))
    assert (by_week.kind, by_week.tells) == ("part of a date", "range")
    assert by_week.share > 0.95


def test_a_year_tells_nothing_of_a_date_whose_label_is_the_year() -> None:
    born = labelled(numeric(DAYS, is_date=True), YEARS)
    assert relations([born], [numeric(YEARS)]) == []
    assert only(relations([labelled(numeric(DAYS, is_date=True))], [numeric(YEARS)])).share > 0.9


def test_month_and_day_tell_the_date_whose_year_is_released() -> None:
    born = labelled(numeric(DAYS, is_date=True), YEARS)
    found = relations([born], [numeric(MONTHS), numeric(DAYS_OF_MONTH)])
    both = only([relation for relation in found if len(relation.published) > 1])
    assert (both.kind, both.tells, both.published) == ("parts of a date", "value", (0, 1))
    assert both.share > 0.95


def test_a_date_in_digits_is_a_copy_and_gives_back_the_year() -> None:
    digits = numeric(np.array([int(day.strftime("%Y%m%d")) for day in BORN]))
    copied = only(relations([labelled(numeric(DAYS, is_date=True), YEARS)], [digits]))
    assert (copied.kind, copied.share) == ("copy", 1.0)
    year = only(relations([labelled(numeric(YEARS), YEARS // 10)], [digits]))
    assert year.tells == "value"
    assert year.share > 0.95
    by_date = only(
        relations([labelled(numeric(YEARS), YEARS // 10)], [numeric(DAYS, is_date=True)])
    )
    assert by_date.kind == "part of a date"


def test_an_age_leaves_a_year_of_a_date_of_which_the_decade_is_released() -> None:
    age = numeric((20_000 - DAYS) // 365)
    born = labelled(numeric(DAYS, is_date=True), YEARS // 10)
    assert only(relations([born], [age])).tells == "range"
    assert relations([labelled(numeric(DAYS, is_date=True), YEARS)], [age]) == []


TOWNS = [f"{10_000 + 211 * n}" for n in np.random.default_rng(1).integers(0, 400, RECORDS)]
PEOPLE = [f"Q{number}-Zoë" for number in np.random.default_rng(2).permutation(RECORDS)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([town.replace("", " ").strip() for town in TOWNS], "copy"),
        ([f"{town}-{at}" for at, town in enumerate(TOWNS)], "part of a text"),
        ([f"{at}/{town}" for at, town in enumerate(TOWNS)], "part of a text"),
        ([f"ref {town} {at:04d}" for at, town in enumerate(TOWNS)], "part of a text"),
    ],
)
def test_a_text_that_holds_a_code_gives_it_back(texts: list[str], kind: str) -> None:
    found = only(relations([labelled(written(TOWNS))], [written(texts)]))
    assert (found.kind, found.tells) == (kind, "value")
    assert found.share == 1.0


def test_the_beginning_of_a_code_leaves_fewer_of_them() -> None:
    found = only(relations([labelled(written(TOWNS))], [written([town[:2] for town in TOWNS])]))
    assert (found.kind, found.tells) == ("part of a text", "range")


def test_a_name_is_given_back_by_its_form_alone() -> None:
    names = identifier(written(PEOPLE))
    mail = written([f"{person.lower()}@example.org" for person in PEOPLE])
    assert only(relations([names], [written([p.upper() for p in PEOPLE])])).kind == "copy"
    assert only(relations([names], [mail])).kind == "part of a text"
    rows = written([f"row {n}" for n in np.random.default_rng(5).permutation(RECORDS)])
    assert relations([names], [rows, numeric(np.arange(RECORDS))]) == []


def test_words_in_another_order_are_a_copy() -> None:
    pairs = [(f"Zoë{number % 71}", f"Quux{number}") for number in range(RECORDS)]
    names = identifier(written([f"{first} {last}" for first, last in pairs]))
    turned = written([f"{last.upper()}, {first}" for first, last in pairs])
    assert only(relations([names], [turned])).kind == "copy"


def test_two_columns_that_are_parts_and_a_sum_are_told_once() -> None:
    born = labelled(numeric(DAYS, is_date=True), YEARS // 10)
    day_of_year = np.array([day.timetuple().tm_yday for day in BORN])
    found = relations([born], [numeric(YEARS), numeric(day_of_year)])
    assert only([each for each in found if each.published == (0, 1)]).kind == "parts of a date"


def test_a_number_that_names_somebody_must_be_met_exactly() -> None:
    numbers = np.sort(np.random.default_rng(3).choice(10**6, RECORDS, replace=False))
    person = identifier(numeric(numbers))
    assert only(relations([person], [numeric(numbers * 3 + 1_000)])).kind == "linear"
    near = numeric(numbers + np.random.default_rng(4).integers(-40, 40, RECORDS))
    assert relations([person], [near]) == [], "of about the same size is nobody's number"
