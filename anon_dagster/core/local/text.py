r"""Labels as text that a program can read back: the one grammar of what is released.

``[20, 37]`` is a range, both ends included; ``{a, b}`` are the values of a class, ``\N`` a missing
one; ``*`` is any value. Everything else is a value itself. Within brackets and braces a backslash
stands before a backslash, a comma, a bracket or a brace that belongs to a value. A value that would
read as one of these by itself is written as a set of one.

Hierarchies write further ones: ``[20, 30)`` without its upper end, ``< 18``, ``>= 90``; ``a .. d``
in the order of the values; and of days ``2024-05-17``, ``2024-05``, ``2024-Q2``, ``2024-H1``,
``2024``, ``2020/2029``.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError

_SPECIAL = re.compile(r"([\\,\[\]{}])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SEPARATOR = re.compile(r"((?:[^\\,]|\\.)*)(?:, |$)", re.DOTALL)
_MISSING = r"\N"
_HALF_OPEN = re.compile(r"\[([^,]+), ([^,]+)\)")
_SIDE = re.compile(r"(<|>=) (.+)", re.DOTALL)
_BETWEEN = " .. "
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(r"([0-9]{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])))?|([0-9]{4})/([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Value(Discreet):
    """One value; ``None`` is a missing one."""

    value: Label


@dataclass(frozen=True, slots=True)
class Range(Discreet):
    """All values from one to another, both included."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Members(Discreet):
    """The values listed, and no others."""

    values: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value."""


@dataclass(frozen=True, slots=True)
class Span(Discreet):
    """The values from one on, up to another one; an end that is ``None`` is open."""

    low: str | None
    high: str | None
    with_high: bool


def write_value(value: Label) -> Label:
    """Write a value so that it reads as nothing else."""
    if value is None or not (value == SUPPRESSED or value.startswith(("[", "{"))):
        return value
    return write_members([value])


def write_range(low: str, high: str) -> str:
    """Write the range between two values."""
    return f"[{_escaped(low)}, {_escaped(high)}]"


def write_members(values: Sequence[Label]) -> str:
    """Write values one by one."""
    return "{" + ", ".join(_escaped(value) for value in values) + "}"


def parse_label(text: Label) -> Value | Range | Members | Anything:
    """Read a label of a range or a set.

    Raises
    ------
    HierarchyError
        If the label opens a bracket or a brace and does not end as one of these.
    """
    if text is None or not (text == SUPPRESSED or text.startswith(("[", "{"))):
        return Value(text)
    if text == SUPPRESSED:
        return Anything()
    if text.startswith("{") and text.endswith("}"):
        return Members(tuple(_split(text[1:-1])))
    ends = _split(text[1:-1]) if text.startswith("[") and text.endswith("]") else []
    if len(ends) != 2 or None in ends:
        raise HierarchyError("a label that starts as a range or a set does not end as one")
    return Range(str(ends[0]), str(ends[1]))


def read_label(text: Label) -> Anything | Span | Members:
    """Read a label: any value, those of a span, or the ones that it names; mostly itself.

    What begins like another label and does not end as one names itself.
    """
    if text is None:
        return Members((None,))
    return _read_half_open(text) or _read_listed(text)


def _read_half_open(text: str) -> Span | None:
    """Read ``[20, 30)``, ``< 18`` and ``>= 90``; None if it is none of these."""
    if match := _HALF_OPEN.fullmatch(text):
        return Span(match[1], match[2], with_high=False)
    if match := _SIDE.fullmatch(text):
        below = match[1] == "<"
        return Span(None if below else match[2], match[2] if below else None, with_high=not below)
    return None


def _read_listed(text: str) -> Anything | Span | Members:
    """Read any other label."""
    try:
        parsed = parse_label(text)
    except HierarchyError:
        return Members((text,))
    if isinstance(parsed, Range):
        return Span(parsed.low, parsed.high, with_high=True)
    return _read_between(text) if isinstance(parsed, Value) else parsed


def _read_between(text: str) -> Span | Members:
    """Read ``a .. d``; of ``a .. b .. c`` nobody can tell which values are its ends."""
    low, _, high = text.partition(_BETWEEN)
    is_span = low and high and _BETWEEN not in high
    return Span(low, high, with_high=True) if is_span else Members((text,))


def read_period(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of a calendar period; None if a label names none.

    A year by itself, ``2024``, is one, and so is a day, in which times may lie.
    """
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return (date.fromisoformat(text),) * 2
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    year, month, quarter, half, first, last = match.groups()
    if first is not None:
        return _days_of_months(12 * int(first), 12 * int(last) + 12)
    months, number = next(
        ((size, int(n)) for size, n in ((1, month), (3, quarter), (6, half)) if n), (12, 1)
    )
    begin = 12 * int(year) + months * (number - 1)
    return _days_of_months(begin, begin + months)


def _days_of_months(begin: int, end: int) -> tuple[date, date] | None:
    """Return the first and the last day of months, counted from January of the year 0 on.

    The calendar has no year 0, and none after 9999.
    """
    if end <= max(begin, 12):
        return None
    year, month = divmod(max(begin, 12), 12)
    after, then = divmod(end, 12)
    last = date.max if after > date.max.year else date(after, then + 1, 1) - timedelta(days=1)
    return date(year, month + 1, 1), last


def _escaped(value: Label) -> str:
    return _MISSING if value is None else _SPECIAL.sub(r"\\\1", value)


def _split(inner: str) -> list[Label]:
    """Return the values between commas that are not escaped, as they were before escaping."""
    parts, at = [], 0
    while True:
        match = _SEPARATOR.match(inner, at)
        if match is None:
            raise HierarchyError("a comma, bracket or brace in a label is not escaped")
        part = match.group(1)
        parts.append(None if part == _MISSING else _ESCAPED.sub(r"\1", part))
        if match.end() == len(inner) and not match.group(0).endswith(", "):
            return parts
        at = match.end()
