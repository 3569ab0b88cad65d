from typing import Any

import pandas as pd
import pytest

from anon_dagster import labels
from anon_dagster.errors import RequestError
from anon_dagster.request import parse_policy, parse_request

AGES = ["[20, 30)", "25", "< 18", "{3, 8}", "*", None]
LOWER = [20.0, 25.0, None, 3.0, None, None]
UPPER = [30.0, 25.0, 18.0, 8.0, None, None]


def told(column: pd.Series) -> list[object]:
    return [None if pd.isna(value) else value for value in column]


def test_numbers_stand_behind_the_labels_that_they_tell_of() -> None:
    frame = pd.DataFrame({"age": AGES, "ill": list("abcdef")}, index=range(3, 9))
    result = labels.bounds(frame)
    assert list(result.columns) == ["age", "age_lower", "age_upper", "ill"]
    assert told(result["age_lower"]) == LOWER
    assert told(result["age_upper"]) == UPPER
    assert list(result.index) == list(frame.index)
    assert list(frame.columns) == ["age", "ill"], "the frame of the caller is left as it is"
    assert told(labels.midpoints(frame)["age_midpoint"]) == [25.0, 25.0, None, 5.5, None, None]


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_labels_may_be_of_any_type_of_text(kind: Any) -> None:
    frame = pd.DataFrame({"age": pd.Series(AGES).astype(kind)})
    assert told(labels.bounds(frame)["age_lower"]) == LOWER


def test_dates_are_found_where_all_labels_are_dates_and_years_by_themselves_are_numbers() -> None:
    frame = pd.DataFrame({"born": ["2019", "2019-03", "*"], "year": ["2019", "[2019, 2021]", "*"]})
    result = labels.bounds(frame)
    assert str(result["born_lower"].dtype) == "datetime64[s]"
    assert told(result["born_upper"])[:2] == [
        pd.Timestamp("2019-12-31"),
        pd.Timestamp("2019-03-31"),
    ]
    assert told(result["year_lower"])[:2] == [2019, 2019]
    named = labels.midpoints(frame, {"year": "date"})
    assert told(named["year_midpoint"])[0] == pd.Timestamp("2019-07-02")


def test_what_is_no_label_is_left_alone_and_it_is_said_why() -> None:
    frame = pd.DataFrame(
        {
            "ill": ["flu", "gout"],
            "visits": [1, 2],
            "pay": ["1", "2"],
            "zip": ["123**", "*"],
            "gone": ["*", None],
            "code": ["{01, 02}", "*"],
        }
    )
    with pytest.warns(UserWarning, match="code: 1 label of 1"):
        result = labels.bounds(frame)
    assert list(result.columns) == list(frame.columns)
    assert result.attrs["left_alone"] == {
        "ill": "2 labels of 2 name neither numbers nor dates",
        "visits": "its type is int64: values, no labels",
        "pay": "each is a single number: values, no labels",
        "zip": "1 label of 1 name neither numbers nor dates",
        "gone": "every record is * or missing",
        "code": "1 label of 1 name neither numbers nor dates",
    }


def test_a_column_of_which_some_labels_are_texts_is_read_only_if_it_is_named() -> None:
    frame = pd.DataFrame({"dose": ["[1, 2)", "CANARY-7f3a"]})
    with pytest.warns(UserWarning, match="dose: 1 label of 2") as told_of:
        assert "dose_lower" not in labels.bounds(frame)
    assert "CANARY" not in str(told_of[0].message)
    named = labels.bounds(frame, ["dose"])
    assert told(named["dose_lower"]) == [1.0, None]


def test_a_request_tells_which_columns_are_numbers_and_how_they_were_made() -> None:
    policy = {
        "attributes": {
            "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
            "pay": {"role": "quasi_identifier", "hierarchy": {"type": "rounding", "steps": [100]}},
            "born": {"role": "quasi_identifier", "hierarchy": {"type": "date", "levels": ["year"]}},
            "town": {"role": "quasi_identifier"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
    }
    frame = pd.DataFrame(
        {"age": ["[20, 30)"], "pay": ["300"], "born": ["1990"], "town": ["[1, 2]"]}
    )
    result = labels.bounds(frame, request={"policy": policy})
    assert [*result.loc[0, ["pay_lower", "pay_upper"]]] == [250, 350]
    assert result.loc[0, "born_upper"] == pd.Timestamp("1990-12-31")
    assert result.loc[0, "town_lower"] == 1, "all of its labels are ranges of numbers"
    whole = {**policy, "release": {"numbers": "bounds", "columns": {"age": "whole"}}}
    assert labels.bounds(frame, request=whole).loc[0, "age_upper"] == 29


def test_nothing_is_written_over_and_nothing_made_up() -> None:
    frame = pd.DataFrame({"age": ["[20, 30)"], "age_lower": [1.0]})
    with pytest.raises(RequestError, match="age_lower is there already"):
        labels.bounds(frame)
    with pytest.raises(RequestError, match="no column size"):
        labels.bounds(frame, ["size"])
    assert labels.bounds(frame.iloc[:0]).attrs["left_alone"]["age"] == "it has no records"


def test_averages_are_no_labels() -> None:
    averaged = {"role": "quasi_identifier", "transformation": "microaggregation"}
    policy = {
        "attributes": {
            "pay": {**averaged, "aggregate": "mean"},
            "rent": {**averaged, "aggregate": "range"},
        },
        "privacy": {"k_anonymity": {"k": 2}},
    }
    frame = pd.DataFrame({"pay": ["37.5", "*"], "rent": ["[1, 2]", "*"]})
    result = labels.bounds(frame, request=policy)
    assert result.attrs["left_alone"] == {"pay": "its mean is released, which is no label"}
    assert told(result["rent_upper"]) == [2.0, None]
    with pytest.raises(RequestError, match="pay: its mean is released"):
        labels.bounds(frame, ["pay"], request=policy)


DECIMAL: Any = {
    "target": {"path": "r.csv", "csv": {"separator": ";", "decimal": ","}},
    "policy": {
        "attributes": {
            "pay": {"role": "quasi_identifier", "hierarchy": {"type": "rounding", "steps": [1]}}
        },
        "privacy": {"k_anonymity": {"k": 2}},
    },
}


def test_the_decimal_mark_is_that_of_the_target() -> None:
    frame = pd.DataFrame({"pay": ["20,5", "*"]})
    asked = {**DECIMAL, "source": {"path": "s.csv"}}
    for request in (asked, parse_request(asked)):
        assert told(labels.midpoints(frame, request=request)["pay_midpoint"]) == [20.5, None]


def test_labels_that_a_request_makes_one_expect_to_be_read_are_not_passed_over_in_silence() -> None:
    frame = pd.DataFrame({"pay": ["20,5", "21", "*", None]})
    with pytest.warns(UserWarning, match="pay: 1 label of 2 name no numbers"):
        result = labels.midpoints(frame, request=DECIMAL["policy"])
    assert told(result["pay_midpoint"]) == [None, 21, None, None]


@pytest.mark.parametrize("meaning", ["dates", "int", 1])
def test_a_kind_of_values_that_there_is_not_is_refused(meaning: Any) -> None:
    with pytest.raises(RequestError, match="may be number, whole, date"):
        labels.bounds(pd.DataFrame({"age": AGES}), {"age": meaning})
    with pytest.raises(RequestError, match="may be number, whole, date"):
        labels.parse("5", meaning=meaning)


def test_a_decimal_mark_that_is_none_is_refused() -> None:
    for mark in ("", "1", ",."):
        with pytest.raises(RequestError, match="a single sign"):
            labels.bounds(pd.DataFrame({"age": AGES}), decimal=mark)


def test_names_that_tell_no_column_are_refused() -> None:
    twice = pd.DataFrame([["1", "2"]], columns=["age", "age"])
    levels = pd.DataFrame({("a", "age"): ["1"]})
    for frame in (twice, levels):
        with pytest.raises(RequestError, match="each tells one column"):
            labels.midpoints(frame)
    with pytest.raises(RequestError, match="wage is no quasi-identifier"):
        labels.reader_of(parse_policy(DECIMAL["policy"]), "wage")


@pytest.mark.parametrize("cell", [["[20, 30)"], {"age": "[20, 30)"}], ids=["list", "mapping"])
def test_cells_of_several_values_are_refused_without_being_told(cell: object) -> None:
    nested = pd.DataFrame({"age": ["[20, 30)", cell], "sex": ["f", "m"]})
    for columns in (None, "age", ["age"]):
        with pytest.raises(RequestError, match="age: some cells are lists") as caught:
            labels.bounds(nested, columns)
        assert "20" not in str(caught.value)
    assert list(labels.bounds(nested, ["sex"]).columns) == ["age", "sex", "sex_lower", "sex_upper"]
