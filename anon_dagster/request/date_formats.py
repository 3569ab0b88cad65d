"""What a date that is written in some format tells: a year, its month, its day."""

import re
from collections.abc import Sequence
from datetime import datetime

_CODES = re.compile(r"%(.)")
_JOINED = {"c": "Ymd", "x": "ymd"}
"""What a code of strptime that stands for a whole date consists of."""
_YEARS, _MONTHS = set("YyG"), set("mbB")
_WEEKS, _WEEKDAYS = set("UWV"), set("aAwu")
_OF_A_MONTH = ("month", "quarter", "half_year")
_OF_A_YEAR = ("year", "5_years", "decade", "century")


def require_readable(written: str) -> None:
    """Raise a ValueError if a format is none that strptime can read dates by."""
    try:
        datetime.strptime("", written)  # noqa: DTZ007 (nothing is read)
    except re.error:
        raise ValueError(
            f"{written} names something twice: each code once, and none beside %c or %x that has it"
        ) from None
    except ValueError as error:
        if "directive" in str(error) or "stray" in str(error):
            raise ValueError(f"{written} has a code that strptime does not know") from None


def require_told(levels: Sequence[str], written: str) -> None:
    """Raise a ValueError if dates of a format do not tell what they become at some level."""
    possible = possible_levels(written)
    if not possible:
        raise ValueError(f"{written} holds no year, and a date without one has no period")
    if lacking := [level for level in levels if level not in possible]:
        holds = "day" if set(_OF_A_MONTH) & set(possible) else "month"
        raise ValueError(
            f"{written} holds no {holds}, so that a date has no {', '.join(lacking)}: "
            f"possible levels are {', '.join(possible)}"
        )


def possible_levels(written: str) -> tuple[str, ...]:
    """Return the levels that dates of a format tell, from finer to coarser."""
    codes = _codes(written)
    day_of_year = "j" in codes or bool(codes & _WEEKS and codes & _WEEKDAYS)
    month = day_of_year or bool(codes & _MONTHS)
    day = day_of_year or (month and "d" in codes)
    if not codes & _YEARS:
        return ()
    return (("day",) if day else ()) + (_OF_A_MONTH if month else ()) + _OF_A_YEAR


def require_century(written: str | None, until: int | None) -> None:
    """Raise a ValueError unless the century of each date is known."""
    codes = set() if written is None else _codes(written)
    if "y" not in codes:
        if until is not None:
            raise ValueError("two_digit_years_until goes with a format that has %y")
        return
    if until is None:
        raise ValueError(
            f"a year of two digits ({written}) may be of any century: say the last year that one "
            "can mean, for dates of birth the year of the table, as in two_digit_years_until: "
            "2025, by which 25 is 2025 and 26 is 1926; or write years with four digits"
        )
    if codes & (_WEEKS | {"j"}):
        raise ValueError(
            f"{written} counts days or weeks of a year: write it with four digits (%Y)"
        )


def _codes(written: str) -> set[str]:
    codes = set(_CODES.findall(written))
    return codes.union(*(_JOINED[code] for code in codes & set(_JOINED)))
