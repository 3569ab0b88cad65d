"""A derived column counts completed units of time, as counting them one by one does."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster import AnonError, SourceError, anonymize, verify
from anon_dagster.reading.derived import completed

EPOCH = date(1970, 1, 1)
DAYS = st.one_of(
    st.dates(date(1890, 1, 1), date(2110, 12, 31)),
    st.builds(  # the ends of months, where calendars differ
        lambda year, month, back: date.fromordinal(date(year, month, 1).toordinal() - back),
        st.integers(1895, 2105),
        st.integers(1, 12),
        st.integers(-1, 3),
    ),
)


def months_after(begin: date, months: int) -> date:
    """Return the day that completes so many months: the next one where a month is too short."""
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    try:
        return date(year, month + 1, begin.day)
    except ValueError:
        year, month = divmod(year * 12 + month + 1, 12)
        return date(year, month + 1, 1)


def by_counting(begin: date, end: date, step: int) -> int:
    done = ((end.year - begin.year) * 12 + end.month - begin.month) // step - 2
    while months_after(begin, (done + 1) * step) <= end:
        done += 1
    return done


@given(st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=20))
def test_years_and_months_are_those_that_are_completed(pairs: list[tuple[date, date]]) -> None:
    begin, end = np.array([[(day - EPOCH).days for day in pair] for pair in pairs]).T
    assert completed(begin, end, "years").tolist() == [by_counting(*pair, 12) for pair in pairs]
    assert completed(begin, end, "months").tolist() == [by_counting(*pair, 1) for pair in pairs]
    days = [(b - a).days for a, b in pairs]
    assert completed(begin, end, "days").tolist() == days
    assert completed(begin, end, "weeks").tolist() == [day // 7 for day in days]


@pytest.mark.parametrize(
    ("begin", "end", "years"),
    [
        ("2000-02-29", "2001-02-28", 0),
        ("2000-02-29", "2001-03-01", 1),
        ("2000-02-29", "2004-02-29", 4),
        ("2000-06-01", "2000-05-31", -1),
        ("1990-12-31", "2020-12-30", 29),
    ],
)
def test_birthdays(begin: str, end: str, years: int) -> None:
    first, last = (np.array([text], "datetime64[D]").astype(np.int64) for text in (begin, end))
    assert completed(first, last, "years").tolist() == [years]


TABLE = pd.DataFrame(
    {
        "born": ["17.05.1980", "18.05.1980", None, "unknown", "01.01.2021", "18.05.1980"],
        "visit": ["2020-05-17 09:00"] * 5 + [None],
        "ill": list("abcdef"),
    }
)
EXPECTED = [40, 39, None, None, -1, None]
AGE = {"from": "born", "from_format": "%d.%m.%Y", "at": "visit", "unit": "years"}


def policy(**more: Any) -> dict[str, Any]:
    return {
        "attributes": {
            "born": {"role": "direct_identifier"},
            "visit": {"role": "direct_identifier"},
            "ill": {"role": "non_sensitive"},
            "age": {"role": "non_sensitive"},
        },
        "derive": {"age": AGE},
        "privacy": {"k_anonymity": {"k": 2}},
        **more,
    }


def test_an_age_stands_beside_what_is_kept_and_the_date_of_birth_is_gone() -> None:
    df = anonymize({"policy": policy()}, frame=TABLE).df
    assert df is not None
    assert sorted(df.columns) == ["age", "ill"]
    assert ages_of(df) == dict(zip(TABLE["ill"], EXPECTED, strict=True))


def ages_of(df: pd.DataFrame) -> dict[str, int | None]:
    present = df["age"].notna()
    return dict.fromkeys(df["ill"]) | dict(
        zip(df["ill"][present], df["age"][present].astype(int), strict=True)
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_of_both_formats_get_the_same_column(tmp_path: Path, kind: str) -> None:
    source, target = tmp_path / f"source.{kind}", tmp_path / f"target.{kind}"
    typed = TABLE.assign(visit=pd.to_datetime(TABLE["visit"]))
    typed.to_csv(source, index=False) if kind == "csv" else typed.to_parquet(source)
    asked = {"source": {"path": str(source)}, "target": {"path": str(target)}, "policy": policy()}
    anonymize(asked)
    found = pd.read_csv(target) if kind == "csv" else pd.read_parquet(target)
    assert ages_of(found) == dict(zip(TABLE["ill"], EXPECTED, strict=True))
    assert pd.api.types.is_numeric_dtype(found["age"])


def test_an_age_is_generalized_as_any_number_and_verified_as_a_column() -> None:
    frame = pd.DataFrame(
        {
            "born": pd.to_datetime(["1980-01-01", "1984-01-01", "1950-01-01", "1953-06-01"]),
            "visit": [date(2020, 1, 1)] * 4,
        }
    )
    rule = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}}
    asked = {
        "attributes": {
            "born": {"role": "direct_identifier"},
            "visit": {"role": "direct_identifier"},
            "age": rule,
        },
        "derive": {"age": {"from": "born", "at": "visit", "unit": "years"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    df = anonymize({"policy": asked}, frame=frame).df
    assert df is not None
    assert (
        sorted(df["age"]) == ["[30, 40)", "[30, 40)", "[60, 70)", "[60, 70)"]
        or sorted(df["age"]) == ["*"] * 4
    )
    assert verify(asked, df).holds


def test_a_name_that_the_source_has_is_not_derived() -> None:
    with pytest.raises(SourceError, match="adds age, and the source has a column of that name"):
        anonymize({"policy": policy()}, frame=TABLE.assign(age=1))


def test_a_column_that_the_source_lacks_is_named() -> None:
    with pytest.raises(AnonError, match="the source has no column born"):
        anonymize({"policy": policy()}, frame=TABLE.drop(columns="born"))


def test_values_most_of_which_are_no_dates_are_counted_and_not_shown() -> None:
    wrong = policy(derive={"age": {"from": "born", "at": "visit", "unit": "years"}})
    with pytest.raises(SourceError, match=r"born: 5 values of 5 are no dates") as told:
        anonymize({"policy": wrong}, frame=TABLE)
    assert "1980" not in str(told.value)
    assert "unknown" not in str(told.value)


def test_a_column_of_another_type_is_no_reason_to_leave_its_dates_unread() -> None:
    table = pa.table({"born": [[1], [2]], "visit": ["2020-01-01"] * 2, "ill": ["a", "b"]})
    with pytest.raises(SourceError, match="born"):
        anonymize({"policy": policy()}, frame=table.to_pandas())
