r"""Labels of ranges and sets as text that a program can read back.

``[20, 37]`` is a range, both ends included; ``{a, b}`` are the values of a class, ``\N`` a missing
one; ``*`` is any value. Everything else is a value itself. Within brackets and braces a backslash
stands before a backslash, a comma, a bracket or a brace that belongs to a value. A value that would
read as one of these by itself is written as a set of one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError

_SPECIAL = re.compile(r"([\\,\[\]{}])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SEPARATOR = re.compile(r"((?:[^\\,]|\\.)*)(?:, |$)", re.DOTALL)
_MISSING = r"\N"


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
    ends = _split(text[1:-1]) if text.endswith("]") else []
    if len(ends) != 2 or None in ends:
        raise HierarchyError("a label that starts as a range or a set does not end as one")
    return Range(str(ends[0]), str(ends[1]))


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
