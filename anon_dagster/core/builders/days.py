"""Many dates and times at once: the days that they lie on, as ``datetime`` reads each.

The usual ways to write a date are read by whole columns of characters, all others one by one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.characters import Characters, chunks

Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]
_Columns = NDArray[np.uint8] | NDArray[np.uint32]  # (width, texts): code points

NO_DAY = 0
"""In place of the day of a text that is no date."""


def read_moment(text: str, written: str | None = None, *, until: int | None = None) -> date | None:
    """Read the day of a date or time; ``None`` if the text is none.

    Parameters
    ----------
    until
        The last year that a year of two digits can mean, the first being 99 years earlier; if left
        out, years are those that are written, and two digits what ``strptime`` takes them for.
    """
    try:
        if written is not None:
            day = datetime.strptime(text, written).date()  # noqa: DTZ007 (its clock counts)
            return day if until is None else day.replace(year=until - (until - day.year) % 100)
        return None if "W" in text and _WEEK.match(text) else datetime.fromisoformat(text).date()
    except ValueError:
        return None


_WEEK = re.compile(r"[0-9]{4}-?W[0-9]{2}(?:[^0-9-]|$)")
"""A week without its day is no day."""


def read_days(
    texts: Sequence[str], written: str | None = None, *, until: int | None = None
) -> Ints:
    """Read the days of dates or times as :func:`read_moment` does.

    Returns
    -------
    (texts,): the day counted from 0001-01-01 on, which is 1, or :data:`NO_DAY`.
    """
    parts = [_read(part, written, until) for part in chunks(texts)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _read(texts: Sequence[str], written: str | None, until: int | None) -> Ints:
    """Read the texts of a part, (texts,)."""
    days = _read_iso(texts) if written is None else _read_written(texts, written, until)
    for place in np.flatnonzero(days == NO_DAY).tolist():
        day = read_moment(texts[place], written, until=until)
        if day is not None:
            days[place] = day.toordinal()
    return days


# -- dates whose digits are all there ------------------------------------------------------

_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
"""How many digits a code of ``strptime`` has at most; it takes as many as it can get."""
_BELOW = {"H": 24, "M": 60, "S": 60}
_SEPARATORS = frozenset("./-:,_T ")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the parts of a date stand."""

    fields: Mapping[str, int]  # the first column of each code
    signs: Mapping[int, str]  # what stands in the columns between
    width: int

    @classmethod
    def of(cls, written: str) -> "_Layout | None":
        """Return the layout of a format; ``None`` if it is not one of digits and separators."""
        fields, signs, width = dict[str, int](), dict[int, str](), 0
        for code, sign in re.findall(r"%(.)|(.)", written, re.DOTALL):
            if code in fields or (code not in _WIDTHS and sign not in _SEPARATORS):
                return None
            if code:
                fields[code] = width
            else:
                signs[width] = sign
            width += _WIDTHS.get(code, 1)
        blank = written != written.strip() or "  " in written
        return None if blank or ("Y" in fields) == ("y" in fields) else cls(fields, signs, width)

    def days(self, columns: _Columns, until: int | None = None) -> Ints:
        """Read the days that texts begin with, (texts,), :data:`NO_DAY` where there is none."""
        digits = columns - columns.dtype.type(ord("0"))  # what is below 0 becomes large
        fits = np.ones(columns.shape[1], dtype=np.bool_)
        for place in range(self.width):
            sign = self.signs.get(place)
            fits &= digits[place] < 10 if sign is None else columns[place] == ord(sign)
        parts = {code: self._number(digits, code) for code in self.fields}
        for code in parts.keys() & _BELOW.keys():
            fits &= parts[code] < _BELOW[code]
        year = parts["Y"] if "Y" in parts else _full_year(parts["y"])
        first = np.ones_like(year)
        month, day = parts.get("m", first), parts.get("d", first)
        fits &= _exists(year, month, day)
        if until is not None:
            year = until - (until - year) % 100
            fits &= _exists(year, month, day)
        return np.where(fits, _ordinal(year, month, day), NO_DAY)

    def _number(self, digits: _Columns, code: str) -> Ints:
        """Return the number that each text has in the place of a code, (texts,)."""
        number = np.zeros(digits.shape[1], dtype=np.int64)
        first = self.fields[code]
        for digit in digits[first : first + _WIDTHS[code]]:
            number = number * 10 + digit
        return number


def _read_written(texts: Sequence[str], written: str, until: int | None) -> Ints:
    """Read dates that a layout tells of, (texts,); :data:`NO_DAY` where it does not."""
    layout = _Layout.of(written)
    if layout is None:
        return np.zeros(len(texts), dtype=np.int64)
    characters = Characters.of(texts)
    days = layout.days(characters.columns(layout.width), until)
    return np.where(characters.lengths == layout.width, days, NO_DAY)


def _full_year(year: Ints) -> Ints:
    """Return the year that ``strptime`` takes two digits for."""
    return np.where(year <= 68, 2000, 1900) + year


def _exists(year: Ints, month: Ints, day: Ints) -> _Bools:
    """Tell which days are in the calendar of Gregory, of the years 1 to 9999."""
    lengths = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    named = (month > 0) & (month <= 12)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)) & (month == 2)
    last = lengths[np.where(named, month, 1) - 1] + leap
    fits: _Bools = named & (day > 0) & (day <= last) & (year > 0) & (year <= 9999)
    return fits


def _ordinal(year: Ints, month: Ints, day: Ints) -> Ints:
    """Count days from 0001-01-01 on; years begin in March here, and a leap day ends one."""
    shifted = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: Ints = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 305
    return days


# -- ISO 8601 ------------------------------------------------------------------------------

_ISO_DAY = _Layout({"Y": 0, "m": 5, "d": 8}, {4: "-", 7: "-"}, 10)
_LONGEST = 40  # characters: a time of many decimal places, and its offset
_DIGITS = "0123456789"
_STEPS = (
    *((0, "T ", 1), (1, "01", 2), (1, "2", 3), (2, _DIGITS, 4), (3, "0123", 4)),  # hours
    *((4, ":", 5), (5, "012345", 6), (6, _DIGITS, 7)),  # minutes
    *((7, ":", 8), (8, "012345", 9), (9, _DIGITS, 10)),  # seconds
    *((10, ".", 11), (11, _DIGITS, 12), (12, _DIGITS, 12)),  # and parts of them
    *((ended, "Z", 13) for ended in (7, 10, 12)),
    *((ended, "+-", 14) for ended in (7, 10, 12)),
    *((14, "01", 15), (14, "2", 16), (15, _DIGITS, 17), (16, "0123", 17)),  # an offset's hours
    *((17, ":", 18), (17, "012345", 19), (18, "012345", 19), (19, _DIGITS, 13)),  # and minutes
)
"""How a time and its offset are read behind a day: from state to state, by a sign each."""
_ENDS = (0, 7, 10, 12, 13)
_FAILED = 20


def _transitions() -> NDArray[np.intp]:
    """Return the state that follows each, by each character of ASCII; by 0, it stays."""
    following = np.full((_FAILED + 1, 128), _FAILED, dtype=np.intp)
    following[:, 0] = np.arange(_FAILED + 1)
    for state, signs, then in _STEPS:
        following[state, [ord(sign) for sign in signs]] = then
    return following


_FOLLOWING = _transitions()


def _read_iso(texts: Sequence[str]) -> Ints:
    """Read days with or without a time, (texts,); :data:`NO_DAY` where it is not told so."""
    characters = Characters.of(texts)
    width = min(int(characters.lengths.max(initial=0)), _LONGEST)
    columns = characters.columns(max(width, _ISO_DAY.width))
    states = np.zeros(len(texts), dtype=np.intp)
    for column in columns[_ISO_DAY.width :]:
        states = _FOLLOWING[states, np.minimum(column, 127)]
    ended = np.isin(states, _ENDS) & ((columns != 0).sum(axis=0) == characters.lengths)
    return np.where(ended, _ISO_DAY.days(columns), NO_DAY)
