"""What HIPAA's Safe Harbor lets stay of ages, years of birth and ZIP codes, 45 CFR 164.514(b)(2).

Ages over 89 are one category, and so are years that tell such an age. Of a ZIP code stay its first
three digits, if more than 20,000 people live where it begins so, and 000 else.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

Row = tuple[str, ...]
OLDEST = 89
"""The last age that may be told."""
NOBODY = "000"
"""In place of the first digits of a ZIP code of few people."""
_SPANS = (5, 10)
_AGE = re.compile(r"(\d{1,3})(?:[.,]\d+)?")
_YEAR = re.compile(r"([12]\d{3})(?:-\d\d(?:-\d\d(?:[T ]\d\d:.*)?)?)?")
_ZIP = re.compile(r"(\d{4,5})(?:-?\d{4})?")


def age_row(value: str) -> Row | None:
    """Return the completed age, and ranges of 5 and 10 years; from 90 on ``90+`` for all of them.

    An age is written as a number of years.
    """
    if not (found := _AGE.fullmatch(value.strip())):
        return None
    age = int(found[1])
    if age > OLDEST:
        return (f"{OLDEST + 1}+",) * (1 + len(_SPANS))
    starts = [age - age % span for span in _SPANS]
    ranges = (f"{a}-{a + span - 1}" for a, span in zip(starts, _SPANS, strict=True))
    return (str(age), *ranges)


def year_row(value: str, year: int) -> Row | None:
    """Return the year of birth, and spans of 5 and 10 years; one label for those who may be 90.

    Parameters
    ----------
    value
        A year, or a date as ISO 8601 has it.
    year
        In which the release is used: who was born 90 years before becomes 90 in it.
    """
    if not (found := _YEAR.fullmatch(value.strip())):
        return None
    born, last = int(found[1]), year - OLDEST - 1
    if born <= last:
        return (f"{last} or before",) * (1 + len(_SPANS))
    starts = [born - born % span for span in _SPANS]
    spans = (f"{max(a, last + 1)}-{a + span - 1}" for a, span in zip(starts, _SPANS, strict=True))
    return (str(born), *spans)


def zip_row(value: str, small: Sequence[str] | None = None) -> Row | None:
    """Return the first three digits of a ZIP code, or 000 where few people live.

    A code of four digits is one that lost the zero it begins with.

    Parameters
    ----------
    small
        The first digits of few people; those of the census of 2000 if left out.
    """
    if not (found := _ZIP.fullmatch(value.strip())):
        return None
    first = found[1].zfill(5)[:3]
    few = small_zip3() if small is None else small
    return (NOBODY if first in few else first,)


@cache
def small_zip3() -> frozenset[str]:
    """Return the first digits of ZIP codes where 20,000 people or fewer live."""
    text = files(__package__).joinpath("small_zip3.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(" ".join(lines).split())
