from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anon_dagster.core.builders import (
    Domain,
    by_frequency,
    by_interval,
    by_mask,
    by_order,
    by_period,
    by_rounding,
    by_suppression,
    from_nodes,
    from_rows,
    in_order,
)
from anon_dagster.core.builders.number import plain, read_number
from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.errors import HierarchyError

CANARY = "CANARY-7f3a"


def domain(*values: Label, **options: Any) -> Domain:
    return Domain(values, np.arange(1, len(values) + 1), column="age", **options)


def path(hierarchy: Hierarchy, value: Label) -> list[Label]:
    """What a value becomes, level by level."""
    leaf = int(hierarchy.locate([value])[0])
    assert leaf >= 0
    pairs = zip(hierarchy.labels, hierarchy.codes[:, leaf], strict=True)
    return [labels[code] for labels, code in pairs]


def level(hierarchy: Hierarchy, height: int) -> dict[Label, Label]:
    """What each value becomes at one level."""
    return {value: path(hierarchy, value)[height] for value in hierarchy.labels[0]}


# -- laws --------------------------------------------------------------------------------------

integers = st.integers(-(10**6), 10**6).map(str)
decimals = st.decimals(-(10**6), 10**6, places=3).map(lambda d: f"{d:f}")
numbers = st.lists(integers | decimals, min_size=1, max_size=30, unique=True)
dates = st.lists(
    st.dates().map(str) | st.datetimes(timezones=st.timezones()).map(str),
    min_size=1,
    max_size=30,
    unique=True,
)
texts = st.lists(st.text(max_size=6), min_size=1, max_size=30, unique=True)
PERIODS = ("day", "month", "quarter", "half_year", "year", "5_years", "decade", "century")

BUILDERS: list[tuple[Callable[[Domain], Hierarchy], st.SearchStrategy[list[str]]]] = [
    (lambda d: by_interval(d, widths=(0.5, 5, 100)), numbers),
    (lambda d: by_interval(d, widths=(7, 21), lower=-3, upper=50, outside="group"), numbers),
    (lambda d: by_interval(d, widths=(7, 21), lower=-3, upper=50, outside="clip"), numbers),
    (lambda d: by_rounding(d, steps=(0.2, 3, 10)), numbers),
    (lambda d: by_period(d, levels=PERIODS), dates),
    (by_mask, texts),
    (lambda d: by_mask(d, side="left", levels=2, per_level=2, character="x"), texts),
    (lambda d: by_order(d, sizes=(2, 3)), texts),
    (lambda d: by_order(d, sizes=(3, 2)), numbers),
    (lambda d: by_frequency(d, keep=(5, 2)), texts),
    (by_suppression, texts),
]


@pytest.mark.parametrize("case", range(len(BUILDERS)))
@given(data=st.data())
def test_generalizing_never_splits_and_values_are_the_leaves(
    case: int, data: st.DataObject
) -> None:
    build, values = BUILDERS[case]
    labels = (*data.draw(values), *data.draw(st.sampled_from([(), (None,)])))
    hierarchy = build(domain(*labels))
    assert set(hierarchy.labels[0]) == set(labels)
    assert hierarchy.labels[-1] == ("*",)
    for below, above in zip(hierarchy.codes, hierarchy.codes[1:], strict=False):
        assert len(set(zip(below, above, strict=True))) == len(set(below))
    if None in labels:
        assert path(hierarchy, None) == [None] * (hierarchy.levels - 1) + ["*"]


STABLE = [0, 1, 2, 3, 4, 6]


@pytest.mark.parametrize("case", STABLE)
@given(data=st.data())
def test_what_a_value_becomes_does_not_depend_on_the_others(case: int, data: st.DataObject) -> None:
    build, values = BUILDERS[case]
    drawn = data.draw(values)
    whole = build(domain(*drawn))
    assert path(build(domain(drawn[0])), drawn[0]) == path(whole, drawn[0])


@given(numbers, st.sampled_from([0.1, 0.3, 1, 2.5, 40, 1e6]))
def test_an_interval_contains_its_values(values: list[str], width: float) -> None:
    step = Fraction(str(width))
    for value, label in level(by_interval(domain(*values), widths=[width]), 1).items():
        start, end = map(Fraction, str(label)[1:-1].split(", "))
        assert start <= Fraction(str(value)) < end
        assert end - start == step
        assert start % step == 0


@given(numbers, st.sampled_from([0.1, 0.25, 7, 1000]))
def test_the_nearest_multiple_is_at_most_half_a_step_away(values: list[str], step: float) -> None:
    exact = Fraction(str(step))
    for value, label in level(by_rounding(domain(*values), steps=[step]), 1).items():
        assert Fraction(str(label)) == round(Fraction(str(value)) / exact) * exact


@given(st.integers(), st.integers(0, 30))
def test_numbers_survive_being_written_and_read(count: int, places: int) -> None:
    read = read_number(plain(count, places))
    assert read is not None
    assert Fraction(read[0]) / Fraction(10) ** read[1] == Fraction(count, 10**places)


@given(texts)
def test_a_mask_keeps_the_length(values: list[str]) -> None:
    hierarchy = by_mask(domain(*values))
    for value in values:
        assert {len(str(label)) for label in path(hierarchy, value)[:-1]} == {len(value)}


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("39", 39),
        ("-0.5", Fraction(-1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("+1.50", Fraction(3, 2)),
        ("1e3", 1000),
        ("25E-1", Fraction(5, 2)),
        (" 7 ", 7),
        (str(2**70), 2**70),
    ],
)
def test_numbers_are_read_exactly(text: str, value: Fraction) -> None:
    read = read_number(text)
    assert read is not None
    assert Fraction(read[0]) / Fraction(10) ** read[1] == value


@pytest.mark.parametrize(
    "text", ["", ".", "-", "abc", "nan", "inf", "1_000", "1,5", "٣", "0x10", "1e9999", "9" * 5000]
)
def test_what_is_no_number_is_told(text: str) -> None:
    assert read_number(text) is None


def test_the_decimal_mark_may_be_a_comma() -> None:
    assert read_number("1,5", decimal=",") == (15, 1)
    assert read_number("1.500", decimal=",") is None


def test_intervals_nest_from_width_to_width() -> None:
    hierarchy = by_interval(domain("24", "25", "39.5"), widths=(5, 10, 20), lower=0, upper=100)
    assert path(hierarchy, "24") == ["24", "[20, 25)", "[20, 30)", "[20, 40)", "*"]
    assert path(hierarchy, "25") == ["25", "[25, 30)", "[20, 30)", "[20, 40)", "*"]
    assert path(hierarchy, "39.5") == ["39.5", "[35, 40)", "[30, 40)", "[20, 40)", "*"]


def test_tenths_are_tenths() -> None:
    labels = level(by_interval(domain("0.1", "0.3", "0.7", "1.1"), widths=[0.1]), 1)
    assert labels == {
        "0.1": "[0.1, 0.2)",
        "0.3": "[0.3, 0.4)",
        "0.7": "[0.7, 0.8)",
        "1.1": "[1.1, 1.2)",
    }


def test_intervals_start_at_the_lower_bound() -> None:
    assert path(by_interval(domain("20"), widths=[5], lower=18), "20")[1] == "[18, 23)"


def test_intervals_of_negative_numbers() -> None:
    assert path(by_interval(domain("-1"), widths=[20]), "-1")[1] == "[-20, 0)"


def test_outside_is_a_group_per_side() -> None:
    ages = domain("-1", "0", "99", "100", "130")
    hierarchy = by_interval(ages, widths=(20, 40), lower=0, upper=100, outside="group")
    assert path(hierarchy, "-1") == ["-1", "< 0", "< 0", "*"]
    assert path(hierarchy, "0") == ["0", "[0, 20)", "[0, 40)", "*"]
    assert path(hierarchy, "99") == ["99", "[80, 100)", "[80, 100)", "*"]
    assert path(hierarchy, "100") == ["100", ">= 100", ">= 100", "*"]
    assert path(hierarchy, "130")[1] == ">= 100"


def test_outside_is_clipped_to_the_outermost_interval() -> None:
    ages = domain("-1", "0.5", "99", "100")
    hierarchy = by_interval(ages, widths=[20], lower=0, upper=100, outside="clip")
    assert level(hierarchy, 1) == {
        "-1": "[0, 20)",
        "0.5": "[0, 20)",
        "99": "[80, 100)",
        "100": "[80, 100)",
    }


def test_outside_goes_to_the_other_branch_if_there_is_one() -> None:
    ages = domain("50", "100", "unknown", other="elsewhere")
    hierarchy = by_interval(ages, widths=[20, 40], upper=100)
    assert path(hierarchy, "100") == ["100", "elsewhere", "elsewhere", "*"]
    assert path(hierarchy, "unknown") == ["unknown", "elsewhere", "elsewhere", "*"]


def test_outside_is_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError, match=r"age: the hierarchy lacks 2 values .*\(5 records\)"):
        by_interval(domain("50", "100", CANARY), widths=[20], lower=0, upper=100)


def test_halves_are_rounded_to_the_even_multiple() -> None:
    values = domain("5", "15", "25", "-5", "-15")
    assert level(by_rounding(values, steps=[10]), 1) == {
        "5": "0",
        "15": "20",
        "25": "20",
        "-5": "0",
        "-15": "-20",
    }


def test_each_rounding_rounds_the_one_below() -> None:
    assert path(by_rounding(domain("447"), steps=(5, 10, 100)), "447") == [
        *("447", "445", "440", "400", "*")
    ]


def test_rounded_numbers_keep_the_decimal_mark() -> None:
    assert path(by_rounding(domain("1,26", decimal=","), steps=[0.1]), "1,26")[1] == "1,3"


# -- texts -------------------------------------------------------------------------------------


def test_masks_from_the_right_until_a_character_is_left() -> None:
    assert path(by_mask(domain("10115", "80331")), "10115") == [
        *("10115", "1011*", "101**", "10***", "1****", "*")
    ]


def test_masks_from_the_left_with_a_character_of_ones_own() -> None:
    hierarchy = by_mask(domain("10115"), side="left", character="x", per_level=2, levels=3)
    assert path(hierarchy, "10115") == ["10115", "xx115", "xxxx5", "xxxxx", "*"]


def test_masks_of_values_of_different_lengths() -> None:
    hierarchy = by_mask(domain("123", "12345"), levels=4)
    assert path(hierarchy, "123") == ["123", "12*", "1**", "***", "***", "*"]


def test_suppression_has_two_levels() -> None:
    assert path(by_suppression(domain("a", "b", None)), "b") == ["b", "*"]


# -- dates -------------------------------------------------------------------------------------


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
    with pytest.raises(HierarchyError, match=r"lacks 1 value of the column \(2 records\); give"):
        by_period(domain("2024-01-01", CANARY), levels=["month"])


# -- groups ------------------------------------------------------------------------------------


def test_neighbours_are_joined_in_the_order_of_numbers() -> None:
    hierarchy = by_order(domain("10", "9", "8", "7", "1"), sizes=(2, 2))
    assert level(hierarchy, 1) == {
        "1": "1 .. 7",
        "7": "1 .. 7",
        "8": "8 .. 9",
        "9": "8 .. 9",
        "10": "10",
    }
    assert level(hierarchy, 2)["7"] == "1 .. 9"


def test_an_order_may_be_given_and_hold_values_that_do_not_occur() -> None:
    order = ["low", "middle", "high", "extreme"]
    hierarchy = by_order(domain("high", "low"), sizes=[2], order=order)
    assert level(hierarchy, 1) == {"high": "high .. extreme", "low": "low .. middle"}


def test_values_beyond_the_order_are_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError, match=r"lacks 1 value .*; add them to the order"):
        by_order(domain("a", CANARY), sizes=[2], order=["a", "b"])


def test_an_order_that_names_a_value_twice_is_refused() -> None:
    with pytest.raises(HierarchyError, match="1 values stand in the order more than once"):
        by_order(domain("a"), sizes=[2], order=["a", "b", "a"])


def test_numbers_are_ordered_by_size_and_texts_by_characters() -> None:
    assert in_order(["10", "9", "9.5", "-1"]) == ["-1", "9", "9.5", "10"]
    assert in_order(["10", "9", "b", "a"]) == ["10", "9", "a", "b"]


def test_the_most_frequent_are_kept_and_the_alphabet_decides_ties() -> None:
    counts = np.array([5, 9, 5, 1, 100])
    values = Domain(("c", "a", "b", "d", None), counts)
    hierarchy = by_frequency(values, keep=(2, 1), rest="rest")
    assert level(hierarchy, 1) == {"a": "a", "b": "b", "c": "rest", "d": "rest", None: None}
    assert level(hierarchy, 2) == {"a": "a", "b": "rest", "c": "rest", "d": "rest", None: None}


# -- trees -------------------------------------------------------------------------------------

ROWS = [("Bonn", "DE", "EU"), ("Ulm", "DE", "EU"), ("Lima", "PE", "SA")]


def test_every_row_is_a_leaf_whether_it_occurs_or_not() -> None:
    hierarchy = from_rows(domain("Ulm"), ROWS)
    assert hierarchy.labels == (("Bonn", "Ulm", "Lima"), ("DE", "PE"), ("EU", "SA"), ("*",))


def test_a_last_label_that_all_share_is_the_root() -> None:
    hierarchy = from_rows(domain("a"), [("a", "any"), ("b", "any")])
    assert hierarchy.labels == (("a", "b"), ("*",))


def test_a_missing_value_is_a_leaf_only_if_it_occurs() -> None:
    assert from_rows(domain("Ulm"), ROWS).leaves == 3
    hierarchy = from_rows(domain("Ulm", None), ROWS)
    assert path(hierarchy, None) == [None, None, None, "*"]


def test_an_empty_label_names_the_missing_value() -> None:
    hierarchy = from_rows(domain("Ulm", None), [*ROWS, ("", "unknown", "unknown")])
    assert hierarchy.leaves == 4
    assert path(hierarchy, None) == [None, "unknown", "unknown", "*"]


def test_an_empty_label_is_the_empty_text_where_that_is_a_value() -> None:
    hierarchy = from_rows(domain("Ulm", "", None), [*ROWS, ("", "blank", "blank")])
    assert path(hierarchy, "") == ["", "blank", "blank", "*"]
    assert path(hierarchy, None) == [None, None, None, "*"]


def test_values_that_a_tree_lacks_go_to_the_other_branch() -> None:
    hierarchy = from_rows(domain("Ulm", "Rome", other="elsewhere"), ROWS)
    assert path(hierarchy, "Rome") == ["Rome", "elsewhere", "elsewhere", "*"]


def test_the_other_branch_may_be_one_of_the_tree() -> None:
    hierarchy = from_rows(domain("Ulm", "Rome", other="DE"), ROWS)
    assert path(hierarchy, "Rome") == ["Rome", "DE", "EU", "*"]
    higher = from_rows(domain("Ulm", "Rome", other="EU"), ROWS)
    assert path(higher, "Rome") == ["Rome", "EU", "EU", "*"]


def test_values_that_a_tree_lacks_are_an_error_that_counts() -> None:
    with pytest.raises(HierarchyError) as caught:
        from_rows(domain("Ulm", CANARY, "Rome"), ROWS)
    assert str(caught.value) == (
        "age: the hierarchy lacks 2 values of the column (5 records); add them to the hierarchy, "
        "or name a branch for them with other"
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x", "*"), (CANARY, "x"), ("c", "x", "*")], "line 20: not 3 labels"),
        ([(CANARY, "*"), ("b", "*"), (CANARY, "*")], "line 30: a value that an earlier one names"),
        (
            [("a", CANARY, "p"), ("b", CANARY, "q"), ("c", CANARY, "q")],
            "lines 20, 30: a label of level 1 with another parent",
        ),
    ],
)
def test_what_is_no_tree_is_named_by_its_lines(rows: list[Any], message: str) -> None:
    with pytest.raises(HierarchyError, match=message):
        from_rows(domain("a"), rows, lines=[10, 20, 30])


def test_many_faults_are_counted() -> None:
    with pytest.raises(HierarchyError, match="values 2, 3, 4, 5, 6 and 3 more: a value that"):
        from_rows(domain("a"), [("a", "*")] * 9)


def test_equal_numbers_are_one_value_where_values_are_numbers() -> None:
    rows = [("39.0", "young"), ("4e1", "old"), ("41", "old")]
    hierarchy = from_rows(domain("39", "40"), rows, numeric=True)
    assert hierarchy.labels[0] == ("39", "40", "41")
    with pytest.raises(HierarchyError, match="lacks 2 values"):
        from_rows(domain("39", "40"), rows)


def test_a_number_in_two_spellings_is_two_leaves_of_one_branch() -> None:
    hierarchy = from_rows(domain("39", "39.00"), [("39.0", "x"), ("1", "y")], numeric=True)
    assert level(hierarchy, 1) == {"39": "x", "39.00": "x", "1": "y"}


def test_nested_mappings_are_a_tree_from_the_root_down() -> None:
    nodes = {"EU": {"DE": ["Bonn", "Ulm"]}, "SA": {"PE": "Lima"}}
    hierarchy = from_nodes(domain("Ulm"), nodes)
    assert hierarchy.labels == from_rows(domain("Ulm"), ROWS).labels


def test_a_value_nearer_to_the_root_repeats_itself() -> None:
    nodes = {"*": {"EU": {"DE": ["Bonn"]}, "sea": None, "SA": ["Lima"]}}
    hierarchy = from_nodes(domain("Bonn"), nodes)
    assert path(hierarchy, "Bonn") == ["Bonn", "DE", "EU", "*"]
    assert path(hierarchy, "Lima") == ["Lima", "Lima", "SA", "*"]
    assert path(hierarchy, "sea") == ["sea", "sea", "sea", "*"]


def test_nested_values_need_no_quotes() -> None:
    nodes = {"number": [39, 1.5], "truth": [True, False], "nothing": [None]}
    hierarchy = from_nodes(domain("39", "true", None), nodes)
    assert hierarchy.labels[0] == ("39", "1.5", "true", "false", None)
    assert path(hierarchy, None) == [None, "nothing", "*"]


def test_an_empty_tree_lacks_everything() -> None:
    with pytest.raises(HierarchyError, match="lacks 1 value"):
        from_nodes(domain("a"), {})
    assert path(from_nodes(domain("a", other="other"), {}), "a") == ["a", "*"]


# -- every builder -----------------------------------------------------------------------------

REFUSALS: list[Callable[[Domain], Hierarchy]] = [
    lambda d: by_interval(d, widths=[5]),
    lambda d: by_rounding(d, steps=[5]),
    lambda d: by_period(d, levels=["year"]),
    lambda d: by_period(d, levels=["year"], written="%d.%m.%Y"),
    lambda d: by_order(d, sizes=[2], order=["a"]),
    lambda d: from_rows(d, [("a", "*")]),
    lambda d: from_nodes(d, {"A": ["a"]}),
]


def chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("build", REFUSALS)
def test_no_value_is_in_an_error_or_what_led_to_it(build: Callable[[Domain], Hierarchy]) -> None:
    with pytest.raises(HierarchyError) as caught:
        build(domain(CANARY))
    assert all(CANARY not in repr(error) for error in chain(caught.value))


@pytest.mark.parametrize("build", REFUSALS)
def test_every_builder_has_an_other_branch(build: Callable[[Domain], Hierarchy]) -> None:
    labels = path(build(domain(CANARY, other="other")), CANARY)
    assert labels in ([CANARY, "*"], [CANARY, "other", "*"])


@pytest.mark.parametrize("build", REFUSALS)
def test_no_values_are_no_problem(build: Callable[[Domain], Hierarchy]) -> None:
    assert build(domain()).labels[-1] == ("*",)


def test_a_domain_with_a_value_twice_is_refused() -> None:
    with pytest.raises(HierarchyError, match="age: 1 values stand in it more than once"):
        domain(CANARY, CANARY)


@given(texts)
def test_the_order_of_the_values_changes_nothing(values: list[str]) -> None:
    assume(len(values) > 1)
    turned = by_order(domain(*reversed(values)), sizes=[2])
    assert level(turned, 1) == level(by_order(domain(*values), sizes=[2]), 1)
