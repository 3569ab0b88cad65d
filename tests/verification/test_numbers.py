"""Numbers beside labels, computed anew: they agree with what is written, and nothing else does."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.labels import bounds, midpoints
from anon_dagster.reading.counting import count
from anon_dagster.request import Policy, parse_policy
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import NUMBERS, verify, verify_frame
from tests.labels.examples import Column, columns, texts


def records_wrong(frame: pd.DataFrame, policy: Policy) -> list[int]:
    return [p.records_failing for p in verify_frame(frame, policy).promises if p.name == NUMBERS]


def beside(frame: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    write = bounds if policy.release.numbers == "bounds" else midpoints
    return write(frame, policy.release.columns, request=policy)


@pytest.mark.hypothesis
@given(columns, st.sampled_from(["bounds", "midpoints"]), st.sampled_from(["number", "whole"]))
def test_what_is_written_of_any_hierarchy_follows(column: Column, numbers: Any, kind: str) -> None:
    meaning = kind if column.meaning == "number" else column.meaning
    policy = column.policy(numbers=numbers, columns={"x": meaning})
    shown = [label for labels in column.hierarchy.labels for label in labels]
    frame = pd.DataFrame({"x": pd.array(shown, dtype="string")})
    assert not any(records_wrong(beside(frame, policy), policy))


@pytest.mark.hypothesis
@given(
    st.lists(texts, min_size=1, max_size=20),
    st.sampled_from(["number", "whole", "date"]),
    st.sampled_from(["bounds", "midpoints"]),
    st.sampled_from(["nodes", "sets"]),
    columns,
)
def test_two_readings_of_any_text_agree(
    labels: list[str], meaning: Any, numbers: Any, local: str, column: Column
) -> None:
    policy = column.policy(local, numbers=numbers, columns={"x": meaning})
    frame = pd.DataFrame({"x": pd.array(labels, dtype="string")})
    assert not any(records_wrong(beside(frame, policy), policy))


POLICY = {
    "attributes": {
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "ill": {"role": "non_sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 2}},
    "release": {"numbers": "midpoints"},
}


def age(*midpoints: float | None) -> pd.DataFrame:
    labels = ["[20, 30)", "[20, 30)", "[30, 40)", "[30, 40)"]
    return pd.DataFrame({"age": labels, "ill": "flu", "age_midpoint": midpoints})


@pytest.mark.parametrize(
    ("midpoints", "wrong"),
    [
        ((25, 25, 35, 35), 0),
        ((25, 25, 35, 36), 1),
        ((23.5, 23.5, 35, 35), 2),  # a mean of the class, which its label does not tell
        ((25, None, 35, 35), 1),
        ((None, None, None, None), 4),
    ],
)
def test_a_number_that_does_not_follow_from_its_label_breaks_a_promise(
    midpoints: tuple[float | None, ...], wrong: int
) -> None:
    result = anon_dagster.verify(POLICY, age(*midpoints))
    (promise,) = [each for each in result.promises if each.name == NUMBERS]
    assert (promise.holds, promise.records_failing) == (wrong == 0, wrong)
    assert (promise.attribute, promise.asked, promise.reached) == ("age_midpoint", 0, wrong)
    assert promise.classes_failing == 0  # which no number is of


def test_a_release_without_the_numbers_tells_no_more_than_one_with_them() -> None:
    result = anon_dagster.verify(POLICY, age(25, 25, 35, 35).drop(columns="age_midpoint"))
    assert result.holds
    assert NUMBERS not in {promise.name for promise in result.promises}


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (["25", "25.0"], 1),  # which of the two each record has could tell of it
        (["25.00", "25.00"], 0),
        (["25.0000000000000000000000123"] * 2, 2),  # as could digits that no float has
        (["2_5", "٢٥"], 2),
        (["inf", "nan"], 2),
    ],
)
def test_a_number_has_one_spelling_and_no_more_digits_than_it_needs(
    written: list[str], wrong: int
) -> None:
    frame = age(25, 25, 35, 35)
    frame["age_midpoint"] = [*written, "35", "35"]
    assert records_wrong(frame, parse_policy(POLICY)) == [wrong]


def test_of_several_spellings_those_are_wrong_that_fewer_records_of_a_label_have() -> None:
    spellings = {
        "[20, 30)": ["25"] * 3 + ["25.0"],
        "[30, 40)": ["35"] * 2 + ["35.0"] * 5,
        "[40, 50)": ["45"],
        "[50, 60)": ["55.00"] * 3 + ["55"] + ["55.0"] * 4,
    }
    rows = [(label, "flu", text) for label, told in spellings.items() for text in told]
    frame = pd.DataFrame(rows, columns=["age", "ill", "age_midpoint"])
    assert records_wrong(frame, parse_policy(POLICY)) == [1 + 2 + 0 + 4]


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (["2024-05-16", "2024-05-16"], 0),
        (["2024-05-16 00:00:00", "2024-05-16 00:00:00"], 0),
        (["2024-05-16", "2024-05-16T00:00"], 1),
        (["2024-05-16 13:45:12", "2024-05-16 13:45:12"], 2),
        (["2024-05-16T00:00+02:00", "2024-W20-4"], 2),
    ],
)
def test_a_date_beside_a_label_has_no_time(written: list[str], wrong: int) -> None:
    policy = Column({"type": "date"}, [], {}, "date").policy(
        numbers="midpoints", columns={"x": "date"}
    )
    frame = pd.DataFrame({"x": ["2024-05"] * 2, "x_midpoint": written})
    assert records_wrong(frame, policy) == [wrong]


CLIP = {"type": "interval", "widths": [10], "lower": 0, "upper": 100, "outside": "clip"}
TWO_DIGITS = {"type": "date", "format": "%d.%m.%y", "two_digit_years_until": 2030}


@pytest.mark.parametrize(
    ("rule", "label", "bounds"),
    [
        (CLIP, "[90, 100)", (90, None)),
        (CLIP, "[0, 10)", (None, 10)),
        (CLIP, "[20, 30)", (20, 30)),
        (CLIP, "[20, 20)", (20, 20)),
        (CLIP, "[20, 10)", (None, None)),
        (CLIP, "[1, 2, 3)", (None, None)),
        (CLIP, "[a, 2)", (None, None)),
        (CLIP, "[2, a)", (None, None)),
        (CLIP, "1, 2)", (None, None)),
        (CLIP, "< 30", (None, 30)),
        (CLIP, "< 0", (None, None)),
        (CLIP, "*", (None, None)),
        (CLIP, "", (None, None)),
        (CLIP, "5", (5, 5)),
        (CLIP, "+1.5e2", (150, 150)),
        (CLIP, "0" * 399 + "7", (7, 7)),
        (CLIP, "0" * 400 + "7", (None, None)),
        (CLIP, "[1, 2]", (1, 2)),
        (CLIP, "[2, 2]", (2, 2)),
        (CLIP, "[2, 1]", (None, None)),
        (CLIP, "[1]", (None, None)),
        (CLIP, "{3}", (3, 3)),
        (CLIP, "{3, 10, 2}", (2, 10)),
        (CLIP, "{3, a}", (None, None)),
        (CLIP, "{N, 4}", (None, None)),
        (CLIP, "{4, N}", (None, None)),
        (CLIP, r"{\N}", (None, None)),
        (CLIP, r"{1\N, 4}", (None, None)),
        (CLIP, r"{4, 1\N}", (None, None)),
        (CLIP, r"[\N, 4]", (None, None)),
        (CLIP, "1 .. 4", (1, 4)),
        (CLIP, "4 .. 4", (4, 4)),
        (CLIP, "1 .. 2 .. 3", (None, None)),
        (CLIP, "[1 .. 4", (None, None)),
        (CLIP, "{1 .. 4", (None, None)),
        (CLIP, "a .. 4", (None, None)),
        (CLIP, "< a", (None, None)),
        (CLIP, ">= 90", (90, None)),
        (CLIP, "[1, 2", (None, None)),
        (CLIP, "[1, 2, 3]", (None, None)),
        (CLIP, r"{1,2}", (None, None)),
        (CLIP, "{1, 2\\", (None, None)),
        (CLIP, "{1\\}", (None, None)),
        (CLIP, "{1, [2}", (None, None)),
        (CLIP, r"{\N, 4}", (4, 4)),
        (CLIP, r"{4, \N}", (4, 4)),
        (CLIP, "9 .. 4", (None, None)),
        (CLIP, "1e999", (None, None)),
        ({"type": "frequency", "keep": [2], "rest": "7"}, "7", (None, None)),
        ({"type": "rounding", "steps": [5]}, "20", (17.5, 22.5)),
        ({"type": "rounding", "powers_of_ten": 1}, "20", (15, 25)),
        ({"type": "rounding", "powers_of_ten": 1}, "18", (18, 18)),
        ({"type": "rounding", "powers_of_ten": 1}, "22", (22, 22)),
        ({"type": "rounding", "steps": [5, 15]}, "30", (22.5, 37.5)),
        ({"type": "rounding", "steps": [5, 15]}, "20", (17.5, 22.5)),
        ({"type": "rounding", "steps": [5, 15]}, "-11", (-11, -11)),
        ({"type": "date"}, "2024", ("2024-01-01", "2024-12-31")),
        ({"type": "date"}, "2019/2023", ("2019-01-01", "2023-12-31")),
        ({"type": "date"}, "2019/2019", ("2019-01-01", "2019-12-31")),
        ({"type": "date"}, "0000/0001", ("0001-01-01", "0001-12-31")),
        ({"type": "date"}, "0000-12", (None, None)),
        ({"type": "date"}, "0001-01", ("0001-01-01", "0001-01-31")),
        ({"type": "date"}, "2024-02", ("2024-02-01", "2024-02-29")),
        ({"type": "date"}, "2023-12", ("2023-12-01", "2023-12-31")),
        ({"type": "date"}, "2023-Q1", ("2023-01-01", "2023-03-31")),
        ({"type": "date"}, "2023-Q3", ("2023-07-01", "2023-09-30")),
        ({"type": "date"}, "2023-H2", ("2023-07-01", "2023-12-31")),
        ({"type": "date"}, "2024-05-09", ("2024-05-09", "2024-05-09")),
        ({"type": "date"}, "2024-05-09 .. 2024-07", ("2024-05-09", "2024-07-31")),
        ({"type": "date"}, "[2023-Q2, 2024-02]", ("2023-04-01", "2024-02-29")),
        ({"type": "date"}, "{2024-02-03, 2023}", ("2023-01-01", "2024-02-03")),
        ({"type": "date"}, "[1, 2)", (None, None)),
        ({"type": "date"}, "flu", (None, None)),
        ({"type": "date", "format": "%Y%d%m"}, "20240509", (None, None)),  # of which of the two?
        ({"type": "date", "format": "%Y%m%d"}, "20240509", ("2024-05-09", "2024-05-09")),
        ({"type": "date"}, "2024-H1", ("2024-01-01", "2024-06-30")),
        ({"type": "date"}, "2024-Q4", ("2024-10-01", "2024-12-31")),
        ({"type": "date"}, "2030/2020", (None, None)),
        ({"type": "date"}, "0000/0000", (None, None)),
        ({"type": "date"}, "2024-W05", (None, None)),
        ({"type": "date"}, "[2024-05-09, 2024-05-01]", (None, None)),
        (TWO_DIGITS, "01.02.31", ("1931-02-01", "1931-02-01")),
        (TWO_DIGITS, "29.02.00", ("2000-02-29", "2000-02-29")),
        ({**TWO_DIGITS, "two_digit_years_until": 1999}, "29.02.00", (None, None)),
        ({**TWO_DIGITS, "two_digit_years_until": 1999}, "30.02.00", (None, None)),
    ],
)
def test_labels_are_read_by_their_rules(rule: Any, label: str, bounds: Any) -> None:
    meaning: Any = "date" if rule["type"] == "date" else "number"
    policy = Column(rule, [], {}, meaning).policy(numbers="bounds", columns={"x": meaning})
    frame = pd.DataFrame({"x": [label], "x_lower": [bounds[0]], "x_upper": [bounds[1]]})
    assert not any(records_wrong(frame, policy))
    assert not any(records_wrong(beside(frame[["x"]], policy), policy))
    assert all(records_wrong(frame.assign(x_lower="a", x_upper="b"), policy))


@pytest.mark.parametrize(
    ("label", "lower", "upper"),
    [
        ("[20, 30)", 20, 29),
        ("[20, 21)", 20, 20),
        ("[1.2, 3.5)", 2, 3),
        ("[0.2, 0.7)", None, None),
        ("< 3", None, 2),
        (">= 2.5", 3, None),
        ("2.5 .. 7.5", 3, 7),
        ("[1.5, 1.7]", None, None),
        ("[3, 4]", 3, 4),
        ("{3, 8}", 3, 8),
        ("8", 8, 8),
        ("8.5", None, None),
        ("flu", None, None),
    ],
)
def test_whole_numbers_end_below_the_next_one(
    label: str, lower: float | None, upper: float | None
) -> None:
    policy = Column(CLIP, [], {}, "number").policy(numbers="bounds", columns={"x": "whole"})
    frame = pd.DataFrame({"x": [label], "x_lower": [lower], "x_upper": [upper]})
    assert not any(records_wrong(frame, policy))


@pytest.mark.parametrize(
    ("meaning", "label", "midpoint"),
    [
        ("number", "[20, 25)", 22.5),
        ("number", "< 30", None),
        ("number", ">= 30", None),
        ("whole", "[20, 25)", 22),
        ("date", "[2024-01-01, 2024-01-04]", "2024-01-02"),
        ("date", "2023", "2023-07-02"),
    ],
)
def test_a_midpoint_is_in_the_middle_of_the_bounds(meaning: Any, label: str, midpoint: Any) -> None:
    rule = {"type": "date"} if meaning == "date" else {**CLIP, "outside": "group"}
    policy = Column(rule, [], {}, meaning).policy(numbers="midpoints", columns={"x": meaning})
    frame = pd.DataFrame({"x": [label], "x_midpoint": [midpoint]})
    assert not any(records_wrong(frame, policy))
    assert not any(records_wrong(beside(frame[["x"]], policy), policy))
    assert all(records_wrong(frame.assign(x_midpoint=99), policy))


@pytest.mark.parametrize(
    ("rest", "bounds"),
    [
        ({}, (15, 25)),
        ({"recoding": "local"}, (15, 25)),
        ({"recoding": "local", "labels": "sets"}, (20, 20)),
        ({"labels": "sets"}, (15, 25)),  # which only local recoding asks for
    ],
)
def test_a_rounded_number_stands_for_all_that_are_rounded_to_it(rest: Any, bounds: Any) -> None:
    rounded = {"role": "quasi_identifier", "hierarchy": {"type": "rounding", "steps": [10]}}
    attribute = {**rounded, "local_labels": rest.get("labels", "nodes")}
    policy = parse_policy(
        {
            "attributes": {"x": attribute},
            "privacy": {"k_anonymity": {"k": 2}},
            "recoding": rest.get("recoding", "global"),
            "release": {"numbers": "bounds"},
        }
    )
    frame = pd.DataFrame({"x": ["20"], "x_lower": [bounds[0]], "x_upper": [bounds[1]]})
    assert records_wrong(frame, policy) == [0, 0]
    assert records_wrong(frame[["x", "x_upper"]].assign(x_upper=21), policy) == [1]
    assert records_wrong(frame[:0], policy) == [0, 0]


def test_numbers_that_were_not_counted_beside_their_labels_cannot_be_told() -> None:
    policy = parse_policy(POLICY)
    counted = count(open_frame(age(25, 25, 35, 35)), ["age"])
    (promise,) = [each for each in verify(counted, policy).promises if each.name == NUMBERS]
    assert not promise.holds
    assert promise.untold == "its labels were not counted beside it"
    assert promise.asked == 0
    bounds = parse_policy({**POLICY, "release": {"numbers": "bounds"}})
    table = pd.DataFrame({"age": ["[20, 30)"], "ill": "flu", "age_lower": 20, "age_upper": 30})
    counted = count(open_frame(table), ["age"])
    told = [each for each in verify(counted, bounds).promises if each.name == NUMBERS]
    assert [each.attribute for each in told] == ["age_lower", "age_upper"]


@pytest.mark.parametrize(
    ("label", "midpoint"), [("13,5", 13.5), ("13.5", None), ("[1\\,5, 2\\,5]", 2)]
)
def test_a_number_by_itself_has_the_mark_of_the_release(label: str, midpoint: Any) -> None:
    column = Column({"type": "suppress"}, [], {}, "number")
    policy = column.policy("ranges", numbers="midpoints", columns={"x": "number"})
    table = open_frame(pd.DataFrame({"x": [label, "z"], "x_midpoint": [midpoint, None]}))
    counted = count(table, ["x", "x_midpoint"], decimal=",")
    (promise,) = [each for each in verify(counted, policy).promises if each.name == NUMBERS]
    assert promise.holds


def test_an_open_end_may_have_the_mark_of_the_release() -> None:
    policy = Column({"type": "suppress"}, [], {}, "number").policy(
        numbers="bounds", columns={"x": "number"}
    )
    frame = bounds(pd.DataFrame({"x": ["< 1,5", ">= 2,5"]}), request=policy, decimal=",")
    assert (frame["x_upper"].iloc[0], frame["x_lower"].iloc[1]) == (1.5, 2.5)
    counted = count(open_frame(frame), ["x", "x_lower", "x_upper"], decimal=",")
    assert all(each.holds for each in verify(counted, policy).promises if each.name == NUMBERS)
