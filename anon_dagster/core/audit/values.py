"""What the values of a column are, read by a path of its own.

The verification must not share a misreading with what decided, so nothing here is used elsewhere:
numbers are read one by one as decimals, moments as fractions of a second since the year 1.
The rules themselves are those of the documentation: a column is one of numbers (dates, moments) if
all of its values are, but for a few odd ones.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.discreet import Discreet

_DIGITS = frozenset("0123456789")
_NUMERIC = _DIGITS | frozenset("+-.eE")
_TOLERATED = 3  # odd values among more others
_ONE_IN = 10  # … or one in so many
_LEAST_CODES = 3  # of fewer nobody can tell whether they are of one length by chance
_LONGEST = 400  # characters of a number

_Size = Decimal | Fraction | date | int


@dataclass(frozen=True, slots=True, eq=False)
class ReadValues(Discreet):
    """The distinct values of a column, as a reader understands them."""

    same: NDArray[np.int64]  # (values,): equal for values that are equal
    ranks: NDArray[np.int64] | None
    """(values,): the place of each in the order, equal values sharing one and missing ones last;
    ``None`` if nobody can tell the order of all values."""
    unordered: int
    """How many values have no place: all texts, or the odd ones among numbers."""


def read_values(labels: Sequence[Label], *, decimal: str = ".") -> ReadValues:
    """Read the distinct values of a column.

    Parameters
    ----------
    labels
        (values,); ``None`` is a missing value.
    decimal
        The decimal mark of its numbers.
    """
    present = [label for label in labels if label is not None]
    if not present:  # one missing value, or none at all: there is nothing to put in order
        return _of_sizes(labels, {})
    number, truth = _number(decimal), {label: _truth(label) for label in present}
    sizes: dict[str, _Size] = {t: read for t in present if (read := number(t)) is not None}
    idle = [label for label in present if label not in sizes and _begins_idly(label, number)]
    are_codes = len(idle) > 1 or (len(idle) == 1 and _fill_one_length([*sizes, *idle]))
    if not are_codes:
        idly = ((label, _without_idle_zeros(label, number)) for label in idle)
        filled = sizes | {label: read for label, read in idly if read is not None}
        if _is_one_of(len(sizes), len(present)) or _is_one_number(filled, len(present)):
            return _of_sizes(labels, filled)
    if present and None not in truth.values():
        return _of_sizes(labels, {t: size for t, size in truth.items() if size is not None})
    readings: list[dict[str, _Size]] = [
        {label: size for label in present if (size := reader(label)) is not None}
        for reader in (_day, _clock_time, _instant)
    ]
    most = max(readings, key=len)  # of two that are as long, the first
    if _is_one_of(len(most), len(present)):
        return _of_sizes(labels, most)
    return ReadValues(_numbered(list(labels)), None, len(present))


def pointed(labels: Sequence[Label], decimal: str) -> list[Label]:
    """Write the numbers among labels with a point; others stay.

    So labels of tables with different decimal marks can be held against each other.
    """
    if decimal == ".":
        return list(labels)
    read = _number(decimal)
    return [
        label if label is None or read(label) is None else label.replace(decimal, ".")
        for label in labels
    ]


def plainly(labels: Sequence[Label], decimal: str) -> list[Label]:
    """Write the numbers among labels with a point and without idle signs; others stay."""
    read = _number(decimal)
    plain: list[Label] = []
    for label in labels:
        number = None if label is None else read(label)
        plain.append(label if number is None else _plain(number))
    return plain


def _plain(number: Decimal) -> str:
    if number == 0:
        return "0"
    if abs(number.adjusted()) > _LONGEST:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_one_of(fitting: int, present: int) -> bool:
    odd = present - fitting
    return odd < fitting and (odd <= _TOLERATED or odd * _ONE_IN <= present)


def _is_one_number(sizes: dict[str, _Size], present: int) -> bool:
    """Tell whether two values are all there is, and one number: 7 and 07."""
    return present == len(sizes) == 2 and len(set(sizes.values())) == 1


def _without_idle_zeros(text: str, read: Callable[[str], Decimal | None]) -> Decimal | None:
    """Read a number that begins with idle zeros."""
    bare = text.strip()
    sign = bare[:1] if bare[:1] in {"+", "-"} else ""
    rest = bare[len(sign) :].lstrip("0")
    return read(sign + (rest if rest and rest[0] in _DIGITS else f"0{rest}"))


def _begins_idly(text: str, read: Callable[[str], Decimal | None]) -> bool:
    digits = text.strip()
    digits = digits[1:] if digits[:1] in {"+", "-"} else digits
    return digits[:1] == "0" and _without_idle_zeros(text, read) is not None


def _fill_one_length(numbers: Sequence[str]) -> bool:
    """Tell whether numbers are digits alone, equally many each: three or more, as few may be."""
    bare = [text.strip() for text in numbers]
    same = len({len(text) for text in bare}) == 1
    return len(bare) >= _LEAST_CODES and same and all(set(text) <= _DIGITS for text in bare)


def _of_sizes(labels: Sequence[Label], sizes: dict[str, _Size]) -> ReadValues:
    odd = [label for label in labels if label is not None and label not in sizes]
    own = dict(zip(odd, read_values(odd).same.tolist(), strict=True)) if odd else {}
    keys: list[Hashable] = [
        label if label is None else (sizes[label],) if label in sizes else ("odd", own[label])
        for label in labels
    ]
    if odd:
        return ReadValues(_numbered(keys), None, len(odd))
    order = {size: place for place, size in enumerate(sorted(set(sizes.values())))}
    ranks = [len(order) if label is None else order[sizes[label]] for label in labels]
    return ReadValues(_numbered(keys), np.array(ranks, dtype=np.int64), 0)


def _numbered(keys: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


# -- readers: from a text to something that compares, or nothing ------------------------------


def _number(decimal: str) -> Callable[[str], Decimal | None]:
    """Return what reads numbers; a zero before other digits makes a code of them."""

    def read(text: str) -> Decimal | None:
        stripped = text.strip()
        if decimal != ".":
            if "." in stripped:
                return None
            stripped = stripped.replace(decimal, ".")
        if not set(stripped) <= _NUMERIC or len(stripped) > _LONGEST:
            return None
        mantissa, _, exponent = stripped.lstrip("+-").lower().partition("e")
        whole = mantissa.partition(".")[0]
        if len(whole) > 1 and whole[0] == "0":
            return None
        if len(exponent.lstrip("+-")) > 3:  # no table holds such numbers, and few can compute it
            return None
        try:
            return Decimal(stripped)
        except InvalidOperation:
            return None

    return read


def _truth(text: str) -> int | None:
    return {"false": 0, "true": 1}.get(text)


def _day(text: str) -> date | None:
    if len(text) != len("2020-02-02"):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clock_time(text: str) -> Fraction | None:
    """Read a time without an offset from UTC; a day is its midnight."""
    return _moment(text if _day(text) is None else f"{text}T00:00:00", aware=False)


def _instant(text: str) -> Fraction | None:
    """Read a time with an offset from UTC."""
    return _moment(text, aware=True)


def _moment(text: str, *, aware: bool) -> Fraction | None:
    """Return seconds since the year 1, exactly, up to nine digits behind the point."""
    if _day(text[:10]) is None or text[10:11] not in {"T", " "} or text[13:14] != ":":
        return None
    head, point, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if point and not 1 <= len(digits) <= 9:
        return None
    try:
        read = datetime.fromisoformat(head + rest[len(digits) :])
    except ValueError:
        return None
    if (read.tzinfo is not None) is not aware:
        return None
    part = Fraction(int(digits or 0), 10 ** len(digits))
    since = read.replace(tzinfo=UTC) - datetime(1, 1, 1, tzinfo=UTC)
    return Fraction(since // timedelta(seconds=1)) - _offset(read) + part


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)
