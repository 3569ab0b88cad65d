"""One label, by what is known of the column that it is of."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from math import ceil, floor
from typing import Literal, get_args

import pandas as pd

from anon_dagster.core.builders import read_moment
from anon_dagster.core.builders.number import read_number
from anon_dagster.core.hierarchy import Label
from anon_dagster.core.local import Anything, Members, Span, read_label, read_period
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError
from anon_dagster.request import (
    DateRule,
    IntervalRule,
    Policy,
    QuasiIdentifier,
    RoundingRule,
)
from anon_dagster.request.release import Tells, ValuesAre, values_of_rules
from anon_dagster.request.suggestions import did_you_mean

Kind = Literal["interval", "range", "set", "period", "anything", "missing", "value"]


@dataclass(frozen=True, slots=True)
class ParsedLabel(Discreet, shown=("kind", "meaning")):
    """A label, and what it stands for."""

    kind: Kind
    meaning: Literal["number", "date", "text"] | None = None
    """What it names; ``None``: nothing."""
    lower: float | date | str | None = None
    """No value that it stands for is smaller, of texts by the order of the column; ``None``: not
    told, as below ``< 18``."""
    upper: float | date | str | None = None
    """No value that it stands for is larger; ``None``: not told."""
    upper_included: bool = True
    """Whether :attr:`upper` itself may be one of them: not that of ``[20, 30)``."""
    midpoint: float | date | None = None
    """The middle between :attr:`lower` and :attr:`upper`, of dates the day; ``None`` where an end
    is not told."""
    members: tuple[Label, ...] | None = None
    """The values themselves, as text, where they are listed; a missing one is ``None``."""

    def tell(self, what: Tells) -> float | date | None:
        """Return one of lower, upper and midpoint, unless they are texts."""
        told = {"lower": self.lower, "upper": self.upper, "midpoint": self.midpoint}[what]
        return None if isinstance(told, str) else told


@dataclass(frozen=True, slots=True)
class LabelReader(Discreet, shown=("meaning",)):
    """Reads the labels of a column, by what is known of how they were made."""

    meaning: ValuesAre | None = None
    """What the column's values are; left out, numbers where they are, else dates."""
    decimal: str = "."
    others: frozenset[str] = frozenset()
    """Labels of values that a hierarchy lacks or joins: nobody can tell which these are."""
    steps: tuple[Fraction, ...] = ()
    """Of rounding, rising: a number stands for all that may have been rounded to it."""
    clipped: frozenset[Fraction] = frozenset()
    """Bounds beyond which values have the labels of the outermost intervals."""
    written: str | None = None
    """How dates are written, in the codes of ``strptime``; ISO 8601 if left out."""
    until: int | None = None
    """The last year that two digits mean."""

    def read(self, label: Label) -> ParsedLabel:
        """Read a label."""
        if label is None or label in self.others:
            return ParsedLabel("missing" if label is None else "value")
        read = read_label(label)
        if isinstance(read, Anything):
            return ParsedLabel("anything")
        if isinstance(read, Members):
            members = read.values  # noqa: PD011 (no frame)
            return self._value(label) if members == (label,) else self._set(members)
        return self._span(label, read)

    def _span(self, label: str, read: Span) -> ParsedLabel:
        """Read what stands from one end to another."""
        is_closed = read.with_high and read.high is not None
        kind: Kind = "range" if is_closed else "interval"
        for meaning in self._tried:
            if (ends := self._ends(read, meaning)) is not None:
                return self._between(kind, meaning, *ends, with_high=read.with_high)
        if not is_closed:
            return self._value(label)
        return ParsedLabel("range", "text", read.low, read.high)

    @property
    def _tried(self) -> tuple[ValuesAre, ...]:
        return ("number", "date") if self.meaning is None else (self.meaning,)

    def _ends(
        self, read: Span, meaning: ValuesAre
    ) -> tuple[Fraction | None, Fraction | None] | None:
        """Return the ends of a span; None if they are not of these values."""
        is_closed = read.with_high and read.high is not None
        if not is_closed and meaning == "date":
            return None
        low, high = (None if e is None else self._point(e, meaning) for e in (read.low, read.high))
        if (low is None) != (read.low is None) or (high is None) != (read.high is None):
            return None
        first, last = low and low[0], high and high[1]
        if first is not None and last is not None and first > last:
            return None
        if not is_closed and self.clipped:
            first, last = (None if end in self.clipped else end for end in (first, last))
        return first, last

    def _set(self, members: tuple[Label, ...]) -> ParsedLabel:
        """Read the values that a label lists."""
        present = [member for member in members if member is not None]
        for meaning in self._tried:
            points = [self._point(member, meaning) for member in present]
            known = [point for point in points if point is not None]
            if known and len(known) == len(points):
                low, high = min(p[0] for p in known), max(p[1] for p in known)
                return self._between("set", meaning, low, high, members=members)
        return ParsedLabel("set", "text", members=members)

    def _value(self, label: str) -> ParsedLabel:
        """Read a value, or a calendar period."""
        for meaning in self._tried:
            point = self._point(label, meaning, lone=True)
            if point is None:
                continue
            kind: Kind = "period" if meaning == "date" and read_period(label) else "value"
            members = None if kind == "period" or point[0] != point[1] else (label,)
            return self._between(kind, meaning, *point, members=members)
        return ParsedLabel("value", "text", members=(label,))

    def _between(
        self,
        kind: Kind,
        meaning: ValuesAre,
        low: Fraction | None,
        high: Fraction | None,
        *,
        with_high: bool = True,
        members: tuple[Label, ...] | None = None,
    ) -> ParsedLabel:
        """Describe a label by the ends of what it stands for."""
        if meaning == "whole":
            low = None if low is None else Fraction(ceil(low))
            if high is not None:
                high = Fraction(floor(high) if with_high else ceil(high) - 1)
            with_high = True
            if low is not None and high is not None and low > high:
                return ParsedLabel(kind, members=members)
        middle = None if low is None or high is None else (low + high) / 2
        plain = _day if meaning == "date" else _float
        return ParsedLabel(
            kind,
            "date" if meaning == "date" else "number",
            plain(low),
            plain(high),
            with_high,
            plain(middle),
            members,
        )

    # -- single values ---------------------------------------------------------------------

    def _point(
        self, text: str, meaning: ValuesAre, *, lone: bool = False
    ) -> tuple[Fraction, Fraction] | None:
        """Return the first and the last value that a text may stand for; None if it names none.

        Dates are days counted from 0001-01-01 on, which is 1.
        """
        if meaning == "date":
            days = self._days(text)
            return days and (Fraction(days[0].toordinal()), Fraction(days[1].toordinal()))
        number = _number(text, self.decimal if lone else ".", lenient=self.meaning is not None)
        if number is None and not lone and self.decimal != ".":
            number = _number(text, self.decimal, lenient=self.meaning is not None)
        if number is None:
            return None
        half = Fraction(0)
        if lone:
            half = max((step / 2 for step in self.steps if number % step == 0), default=half)
        return number - half, number + half

    def _days(self, text: str) -> tuple[date, date] | None:
        """Return the first and the last day that a text names; None if it names none, or two."""
        period = read_period(text)
        if period is not None and (self.written is None or period[0] != period[1]):
            is_year = text.isdigit()  # without knowing better, a number
            return None if is_year and self.meaning is None else period
        read = {read_moment(text)}
        if self.written is not None:
            read.add(read_moment(text, self.written, until=self.until))
        days = read - {None}
        return (day, day) if len(days) == 1 and (day := days.pop()) is not None else None


def _number(text: str, decimal: str, *, lenient: bool) -> Fraction | None:
    """Read a number exactly; None if it is none, or begins with idle zeros as codes do."""
    number = read_number(text, decimal=decimal)
    if number is None or (not lenient and text[:1] == "0" and text[1:2].isdigit()):
        return None
    return Fraction(number[0]) / Fraction(10) ** number[1]


def _day(point: Fraction | None) -> date | None:
    """Return the day that a moment lies in, counted from 0001-01-01 on."""
    return None if point is None else date.fromordinal(floor(point))


def _float(point: Fraction | None) -> float | None:
    """Return the nearest float; None if a number is beyond all of them."""
    try:
        return None if point is None else float(point)
    except OverflowError:
        return None


# -- what is known of a column -------------------------------------------------------------


def reader_of(
    policy: Policy, name: str, *, meaning: ValuesAre | None = None, decimal: str = "."
) -> LabelReader:
    """Return the reader of the labels of a quasi-identifier.

    Parameters
    ----------
    meaning
        What its values are; as its hierarchy tells if left out.
    decimal
        The decimal mark of the release.

    Raises
    ------
    RequestError
        If the policy has no such quasi-identifier, or values are said to be of no known kind.
    """
    require_known(meaning, decimal)
    if name not in policy.quasi_identifiers:
        known = list(policy.quasi_identifiers)
        raise RequestError(f"{name} is no quasi-identifier{did_you_mean(name, known)}")
    attribute: QuasiIdentifier = policy.quasi_identifiers[name]
    rule = attribute.hierarchy
    meaning = meaning or values_of_rules(policy.quasi_identifiers).get(name)
    named = {getattr(rule, "other", None), getattr(rule, "rest", None)} - {None}
    reader = partial(LabelReader, meaning, decimal, frozenset(map(str, named)))
    is_listed = policy.recoding == "local" and attribute.local_labels != "nodes"
    if isinstance(rule, RoundingRule) and not is_listed and attribute.aggregate is None:
        return reader(steps=tuple(Fraction(str(step)) for step in rule.steps or (10,)))
    if isinstance(rule, IntervalRule) and rule.outside == "clip":
        ends = (end for end in (rule.lower, rule.upper) if end is not None)
        return reader(clipped=frozenset(Fraction(str(end)) for end in ends))
    if isinstance(rule, DateRule):
        return reader(written=rule.format, until=rule.two_digit_years_until)
    return reader()


def parse(label: Label, *, meaning: ValuesAre | None = None, decimal: str = ".") -> ParsedLabel:
    """Read a label of a release.

    Parameters
    ----------
    label
        As it stands there; a missing value is ``None``, NaN or ``pandas.NA``.
    meaning
        What the column's values are: ``number``, ``whole`` (29 is the last one below 30) or
        ``date``. Left out, numbers where they are some, else dates.
    decimal
        The decimal mark of the release, of a number by itself.

    Raises
    ------
    RequestError
        If values are said to be of no known kind, or the mark is none.
    """
    require_known(meaning, decimal)
    return LabelReader(meaning, decimal).read(as_label(label))


def require_known(meaning: object, decimal: str) -> None:
    """Refuse a kind of values, or a decimal mark, that there is not."""
    kinds = get_args(ValuesAre)
    if meaning is not None and meaning not in kinds:
        raise RequestError(
            f"values are said to be {meaning}, and may be {', '.join(kinds)}"
            f"{did_you_mean(str(meaning), kinds)}"
        )
    if len(decimal) != 1 or decimal.isdigit():
        raise RequestError("the decimal mark must be a single sign, such as . or ,")


def as_label(label: object) -> Label:
    """Return a cell of a table as text, or ``None`` if it is missing."""
    if label is None or (not isinstance(label, str) and pd.isna(label)):  # type: ignore[call-overload]
        return None
    return str(label)
