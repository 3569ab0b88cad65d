"""Rules that make no tree are refused where they are read, in words that say what would."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from anon_dagster.request import HierarchyRule

RULES: TypeAdapter[HierarchyRule] = TypeAdapter(HierarchyRule)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"type": "interval", "widths": [2, 5, 10]},
            ["5 is none of 2", "write [2, 10] or [5, 10]"],
        ),
        ({"type": "interval", "widths": [0.2, 0.5, 10]}, ["[0.2, 10] or [0.5, 10]"]),
        ({"type": "interval", "widths": [1, 2, 4, 6, 12]}, ["[1, 2, 4, 12] or [1, 2, 6, 12]"]),
        ({"type": "interval", "widths": [10, 5]}, ["5 is none of 10", "write [5, 10]"]),
        ({"type": "rounding", "steps": [5, 10]}, ["10 is none of 5", "write 15, 25 or 35 after"]),
        ({"type": "rounding", "steps": [0.1, 1]}, ["1 is none of 0.1", "0.3, 0.5 or 0.7"]),
        ({"type": "rounding", "steps": [2, 3]}, ["3 is none of 2"]),
        ({"type": "rounding", "powers_of_ten": 3}, ["steps: [100]", "widths: [10, 100, 1000]"]),
        ({"type": "date", "format": "%Y"}, ["%Y holds no month", "are year, 5_years, decade, cen"]),
        ({"type": "date", "format": "%G-W%V", "levels": ["month"]}, ["holds no month"]),
        ({"type": "date", "format": "%Y-%d", "levels": ["day"]}, ["holds no month"]),
        (
            {"type": "date", "format": "%b %Y", "levels": ["day", "year"]},
            ["holds no day", "are month, quarter, half_year, year"],
        ),
        ({"type": "date", "format": "%d.%m.", "levels": ["day"]}, ["holds no year"]),
        ({"type": "date", "format": "100%% %m", "levels": ["month"]}, ["holds no year"]),
        ({"type": "date", "format": "%d.%m.%y"}, ["two_digit_years_until: 2025", "four digits"]),
        ({"type": "date", "format": "%x"}, ["two_digit_years_until: 2025"]),
        ({"type": "date", "format": "%y%j", "two_digit_years_until": 2000}, ["four digits (%Y)"]),
        ({"type": "date", "two_digit_years_until": 2000}, ["goes with a format that has %y"]),
    ],
)
def test_what_makes_no_tree_is_refused_with_what_does(
    document: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        RULES.validate_python(document)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "document",
    [
        {"type": "interval", "widths": [0.1, 0.3, 0.6]},
        {"type": "rounding", "steps": [0.1, 0.3, 1.5]},
        {"type": "rounding", "steps": [100, 300]},
        {"type": "rounding", "powers_of_ten": 1},
        {"type": "date", "format": "%Y", "levels": ["year", "century"]},
        {"type": "date", "format": "%Y%m", "levels": ["month", "half_year"]},
        {"type": "date", "format": "%Y-%j", "levels": ["day"]},
        {"type": "date", "format": "%G-%V-%u", "levels": ["day"]},
        {"type": "date", "format": "%c", "levels": ["day"]},
        {"type": "date", "format": "%d%b%y", "two_digit_years_until": 2000, "levels": ["day"]},
    ],
)
def test_what_makes_a_tree_is_taken(document: dict[str, Any]) -> None:
    RULES.validate_python(document)
