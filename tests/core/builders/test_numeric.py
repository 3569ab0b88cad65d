"""Intervals and rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.builders import by_interval, by_rounding
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import CANARY, domain, level, numbers, path


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
