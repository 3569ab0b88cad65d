"""Numbers are read and written exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.builders.number import plain, read_number


@given(st.integers(), st.integers(0, 30))
def test_numbers_survive_being_written_and_read(count: int, places: int) -> None:
    read = read_number(plain(count, places))
    assert read is not None
    assert Fraction(read[0]) / Fraction(10) ** read[1] == Fraction(count, 10**places)


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
