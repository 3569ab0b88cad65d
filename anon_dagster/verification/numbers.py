"""Whether numbers beside labels tell what the labels do, and nothing more.

Each stored number is computed anew from the stored label and the request. The reading of labels is
written apart from the one that writes the numbers, :mod:`anon_dagster.labels`.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.wording import NUMBERS
from anon_dagster.discreet import Discreet
from anon_dagster.reading.counting import Count
from anon_dagster.request import (
    DateRule,
    FrequencyRule,
    IntervalRule,
    Policy,
    QuasiIdentifier,
    RoundingRule,
)
from anon_dagster.request.release import NumberColumn
from anon_dagster.verification.result import Promise, untold

_DIGITS = 1_500
"""Enough for sums of numbers of 400 characters with exponents of three digits to be exact."""
_LONGEST = 400
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WHOLE_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ]00:00(:00(\.0+)?)?)?")
"""A time of the day would tell more than the day does."""
_MONTHS_OF = {"Q": 3, "H": 6}
_Ends = tuple[Decimal | None, Decimal | None]


def numbers_follow(release: Count, policy: Policy) -> Iterator[Promise]:
    """Measure how many records have a number that does not follow from their label."""
    for column in policy.number_columns:
        if column.name not in release.columns:
            continue
        if not {column.name, column.attribute} <= set(release.attributes):
            yield untold(NUMBERS, column.name, 0, "its labels were not counted beside it")
            continue
        labels, numbers = (release.columns[n] for n in (column.attribute, column.name))
        places = [release.attributes.index(n) for n in (column.attribute, column.name)]
        codes = np.stack([release.table.codes.columns[place] for place in places])
        pairs, which = np.unique(codes, axis=1, return_inverse=True)
        reading = _Reading.of(policy, column, labels.decimal)
        texts, stored = labels.written.labels, numbers.written.labels
        wrong = np.array(
            [
                not reading.agrees(texts[label], stored[number], numbers.decimal)
                for label, number in pairs.T.tolist()
            ],
            dtype=np.bool_,
        )
        records = np.zeros(len(wrong), dtype=np.int64)
        np.add.at(records, which.reshape(-1), release.table.counts)
        wrong |= _spelled_otherwise(pairs[0], records)
        remaining = int(records[wrong].sum())
        yield Promise(NUMBERS, column.name, 0, remaining, remaining == 0, 0, remaining)


def _spelled_otherwise(
    labels: NDArray[np.integer], records: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which spellings are not those that most records of their label have, (pairs,).

    What a label alone decides has one; several of the same number could tell records apart.
    """
    order = np.lexsort((-records, labels))
    again = np.zeros(len(order), dtype=np.bool_)
    again[order[1:]] = labels[order[1:]] == labels[order[:-1]]
    return again


@dataclass(frozen=True, slots=True)
class _Reading(Discreet):
    """What labels of a quasi-identifier stand for: numbers, or days counted from 0001-01-01 on."""

    column: NumberColumn
    attribute: QuasiIdentifier
    decimal: str
    is_listed: bool
    """Whether labels list values, or name the first and the last."""

    @classmethod
    def of(cls, policy: Policy, column: NumberColumn, decimal: str) -> "_Reading":
        attribute = policy.quasi_identifiers[column.attribute]
        is_listed = attribute.aggregate is not None or (
            policy.recoding == "local" and attribute.local_labels != "nodes"
        )
        return cls(column, attribute, decimal, is_listed)

    def agrees(self, label: str | None, stored: str | None, decimal: str) -> bool:
        """Tell whether a stored number is the one of a label."""
        expected = self.expected(label)
        if expected is None or stored is None:
            return expected is None and stored is None
        if isinstance(expected, date):
            day = _WHOLE_DAY.fullmatch(stored)
            return day is not None and day[1] == expected.isoformat()
        number = _decimal(stored.replace(decimal, "."))
        written = (Decimal(repr(expected)), Decimal(f"{expected:.17g}"), Decimal(expected))
        return number in written  # and has no further digits

    def expected(self, label: str | None) -> float | date | None:
        """Return what stands beside a label."""
        with localcontext(prec=_DIGITS):
            low, high = self._ends(label)
            if self.column.tells == "midpoint":
                if low is None or high is None:
                    return None
                middle = (low + high) / 2
                found: Decimal | None = Decimal(floor(middle)) if self._dated else middle
            else:
                found = low if self.column.tells == "lower" else high
        if found is None:
            return None
        if self._dated:
            return date.fromordinal(int(found))
        number = float(found)
        return number if abs(number) != float("inf") else None

    @property
    def _dated(self) -> bool:
        return self.column.meaning == "date"

    def _ends(self, label: str | None) -> _Ends:
        rule = self.attribute.hierarchy
        joined = {rule.other} if rule is not None else set()
        if isinstance(rule, FrequencyRule):
            joined.add(rule.rest)
        if label is None or label == "*" or label in joined:
            return None, None
        found = self._half_open(label) or self._listed(label) or self._lone(label)
        low, high, with_high = found or (None, None, True)
        if self.column.meaning != "whole" or found is None:
            return low, high
        low = None if low is None else Decimal(ceil(low))
        if high is not None:
            high = Decimal(floor(high) if with_high else ceil(high) - 1)
        empty = low is not None and high is not None and low > high
        return (None, None) if empty else (low, high)

    def _half_open(self, label: str) -> tuple[Decimal | None, Decimal | None, bool] | None:
        """Read ``[a, b)``, ``< b`` or ``>= a``; None if a label is none of these."""
        if self._dated:
            return None
        low: Decimal | None
        high: Decimal | None
        if label.startswith("< "):
            low, high = None, self._number(label[2:])
        elif label.startswith(">= "):
            low, high = self._number(label[3:]), None
        elif label.startswith("[") and label.endswith(")") and label.count(", ") == 1:
            low, high = map(_decimal, label[1:-1].split(", "))
            if low is None or high is None or low > high:
                return None
        else:
            return None
        if low is None and high is None:
            return None
        rule = self.attribute.hierarchy
        if isinstance(rule, IntervalRule) and rule.outside == "clip":
            beyond = {Decimal(str(end)) for end in (rule.lower, rule.upper) if end is not None}
            low, high = (None if end in beyond else end for end in (low, high))
        return low, high, False

    def _listed(self, label: str) -> tuple[Decimal, Decimal, bool] | None:
        """Read ``[a, b]``, ``{a, b}`` or ``a .. b``; None if a label is none of these."""
        outside = label[:1] + label[-1:]
        if outside in {"[]", "{}"}:
            parts = _parts(label[1:-1])
            if parts is None or (outside == "[]" and (len(parts) != 2 or None in parts)):
                return None
            named = [part for part in parts if part is not None]
        elif label.count(" .. ") == 1:
            named = label.split(" .. ")
        else:
            return None
        read = [self._value(part) for part in named]
        ends = [each for each in read if each is not None]
        if not ends or len(ends) < len(read):
            return None
        if outside == "{}":
            return min(low for low, _ in ends), max(high for _, high in ends), True
        (low, _), (_, high) = ends
        return None if low > high else (low, high, True)

    def _lone(self, label: str) -> tuple[Decimal, Decimal, bool] | None:
        if self._dated:
            days = self._value(label)
            return None if days is None else (*days, True)
        if self.decimal != "." and "." in label:
            return None
        number = _decimal(label.replace(self.decimal, "."))
        if number is None:
            return None
        rule, widest = self.attribute.hierarchy, Decimal(0)
        if isinstance(rule, RoundingRule) and not self.is_listed:
            for step in (Decimal(str(step)) for step in rule.steps or (10,)):
                if number % step == 0:
                    widest = max(widest, step)
        return number - widest / 2, number + widest / 2, True

    def _value(self, text: str) -> tuple[Decimal, Decimal] | None:
        """Read what one value is: a number that has a point, or the days of a date or period."""
        if self._dated:
            days = _period(text) or self._day(text)
            return None if days is None else (Decimal(days[0]), Decimal(days[1]))
        number = self._number(text)
        return None if number is None else (number, number)

    def _number(self, text: str) -> Decimal | None:
        """Read a number that has a point, or the decimal mark of the release."""
        number = _decimal(text)
        return _decimal(text.replace(self.decimal, ".")) if number is None else number

    def _day(self, text: str) -> tuple[int, int] | None:
        rule, found = self.attribute.hierarchy, set()
        if not re.match(r"[0-9]{4}-?W[0-9]{2}([^0-9-]|$)", text):
            found.add(_day_of(text, None))
        if isinstance(rule, DateRule) and rule.format is not None:
            day, until = _day_of(text, rule.format), rule.two_digit_years_until
            found.add(day if day is None or until is None else _within_century(day, until))
        days = [day.toordinal() for day in found if day is not None]
        return (days[0], days[0]) if len(days) == 1 else None


def _decimal(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text) if len(text) <= _LONGEST and _PLAIN.fullmatch(text) else None


def _parts(inner: str) -> list[str | None] | None:
    r"""Return what commas set apart, ``\N`` as None; None if a sign is not escaped."""
    parts, part, signs = list[str | None](), "", iter(inner)
    missing = False
    for sign in signs:
        if sign == "\\":
            escaped = next(signs, None)
            if escaped is None:
                return None
            missing = escaped == "N" and not part
            part += escaped
        elif sign == ",":
            if next(signs, None) != " ":
                return None
            parts.append(None if missing and part == "N" else part)
            part, missing = "", False
        elif sign in "[]{}":
            return None
        else:
            part += sign
    parts.append(None if missing and part == "N" else part)
    return parts


def _period(text: str) -> tuple[int, int] | None:
    """Return the first and the last day of a period of months or years."""
    if re.fullmatch(r"[0-9]{4}/[0-9]{4}", text):
        first, last = int(text[:4]), int(text[5:])
        months = (12 * first, 12 * last + 11)
    elif re.fullmatch(r"[0-9]{4}", text):
        months = (12 * int(text), 12 * int(text) + 11)
    elif re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        months = (12 * int(text[:4]) + int(text[5:]) - 1,) * 2
    elif re.fullmatch(r"[0-9]{4}-(Q[1-4]|H[12])", text):
        size = _MONTHS_OF[text[5]]
        begin = 12 * int(text[:4]) + size * (int(text[6]) - 1)
        months = (begin, begin + size - 1)
    else:
        return None
    begin, end = max(months[0], 12), months[1]
    if end < begin:
        return None
    last_day = monthrange(end // 12, end % 12 + 1)[1]
    first_day = date(begin // 12, begin % 12 + 1, 1)
    return first_day.toordinal(), date(end // 12, end % 12 + 1, last_day).toordinal()


def _day_of(text: str, written: str | None) -> date | None:
    try:
        if written is None:
            return datetime.fromisoformat(text).date()
        return datetime.strptime(text, written).date()  # noqa: DTZ007 (its own clock counts)
    except ValueError:
        return None


def _within_century(day: date, until: int) -> date | None:
    try:
        return day.replace(year=until - (until - day.year) % 100)
    except ValueError:
        return None
