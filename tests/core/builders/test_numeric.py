"""Intervals and rounding."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from anon_dagster.core.builders import by_interval, by_rounding
from anon_dagster.errors import HierarchyError
from anon_dagster.request import RoundingRule
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


def test_rounded_numbers_keep_the_decimal_mark() -> None:
    assert path(by_rounding(domain("1,26", decimal=","), steps=[0.1]), "1,26")[1] == "1,3"


def test_each_level_shows_the_nearest_multiple_of_the_value_itself() -> None:
    steps = (Fraction(2), Fraction(6), Fraction(54), Fraction(270))
    values = [Fraction(n, 4) for n in range(-2400, 2400)]
    hierarchy = by_rounding(domain(*(str(float(v)) for v in values)), steps=list(map(float, steps)))
    for number, step in enumerate(steps, 1):
        for value, label in level(hierarchy, number).items():
            assert abs(Fraction(str(label)) - Fraction(str(value))) <= step / 2
            assert Fraction(str(label)) % step == 0


def test_steps_make_a_tree_exactly_if_each_is_an_odd_multiple() -> None:
    """Numbers that have two nearest multiples could go to either, and are left out."""
    for small, large in product(range(1, 7), range(1, 40)):
        if large > small:
            parents: dict[Fraction, set[Fraction]] = {}
            for value in (Fraction(n, 4) for n in range(-400, 400)):
                below, above = _nearest(value, small), _nearest(value, large)
                if len(below) == len(above) == 1:
                    parents.setdefault(below[0], set()).update(above)
            nests = all(len(p) == 1 for p in parents.values())
            assert nests == (large % small == 0 and large // small % 2 == 1), (small, large)
            assert nests == _accepted({"type": "rounding", "steps": [small, large]})


def _nearest(value: Fraction, step: int) -> list[Fraction]:
    low = value // step * step
    far = {Fraction(at): abs(value - at) for at in (low, low + step)}
    return [at for at, distance in far.items() if distance == min(far.values())]


def _accepted(document: dict[str, object]) -> bool:
    try:
        RoundingRule.model_validate(document)
    except ValidationError:
        return False
    return True
