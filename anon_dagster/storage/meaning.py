"""What texts mean: which are numbers, dates and moments, which are equal, and how they follow.

A *type* (:mod:`anon_dagster.storage.values`) says what a column may be stored as without changing
a sign; the *meaning* says what its values are. A column of numbers stays one whatever the digits,
decimal mark and exponents that its numbers are written with, and whatever few odd values stand
among them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.discreet import Discreet
from anon_dagster.storage.plain_numbers import plain_numbers

_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
_STRICT = r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)" + _EXPONENT + "$"
"""A number. A zero before other digits is the sign of a code, such as 00501."""
_LENIENT = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)" + _EXPONENT + "$"
"""A number, zeros before it or not."""
_CANONICAL = r"^(?:0|-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9]))$"
_DAY = r"^([0-9]{4})-([0-9]{2})-([0-9]{2})"
_CLOCK = r"[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
_ZONE = r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))$"
_LONGEST = 400  # characters of a number: more than a float can need, and soon computed
_FEW = 3  # so many odd values change nothing where there are more others
_SHARE = 10  # nor does one odd value in so many
_LEAST_CODES = 3  # of fewer nobody can tell whether they are of one length by chance
_PLAIN = 20  # decimal places before or behind the point that are written without an exponent

_Bools = NDArray[np.bool_]
_Ints = NDArray[np.int64]


def ordering_of(
    values: pa.StringArray, *, decimal: str = ".", meaning: Meaning | None = None
) -> Ordering:
    """Find out what the distinct values of a column mean.

    Parameters
    ----------
    values
        (values,): texts; null where a value is missing.
    decimal
        The decimal mark of numbers. What has a point where another mark is used is no number.
    meaning
        What they are known to mean, however many odd ones there are; found out if left out.
    """
    present = _bools(pc.is_valid(values))
    if meaning in {None, Meaning.number}:
        plain = plain_numbers(values.drop_null(), decimal=decimal)
        if plain is not None:
            return _of_plain_numbers(plain, present)
    numbers = _pointed(values, decimal)
    if meaning is Meaning.number or (meaning is None and _are_numbers(numbers, present)):
        return _of_numbers(numbers, _numeric(numbers, _LENIENT), present)
    if meaning in {None, Meaning.boolean} and _are_booleans(values, present):
        return replace(_of_texts(values, numbers, present), meaning=Meaning.boolean)
    kind, moments = _best_calendar(values, present, meaning)
    if moments is not None and (meaning is not None or _prevails(moments.valid, present)):
        return _of_moments(kind, moments, present)
    return _of_texts(values, numbers, present)


def declared_ordering(values: pa.StringArray, categories: pa.StringArray) -> Ordering | None:
    """Return the ordering of values, (values,), that a table declares.

    Parameters
    ----------
    categories
        (categories,): in their order; ``None`` is returned if there are other values.
    """
    ranks = pc.fill_null(pc.index_in(values, value_set=categories), -1)
    positions: _Ints = ranks.to_numpy(zero_copy_only=False).astype(np.int64)
    present = _bools(pc.is_valid(values))
    if not present.any() or (positions[present] < 0).any():
        return None
    positions[present] = np.unique(positions[present], return_inverse=True)[1]
    nothing = np.zeros(len(present), dtype=np.bool_)
    return Ordering(Meaning.category, positions, np.full(len(present), np.nan), nothing)


def canonical_texts(
    values: pa.StringArray, ordering: Ordering, *, decimal: str = "."
) -> pa.StringArray:
    """Write equal values alike, (values,): a number plainly and with a point, a moment once.

    A number has neither an exponent (but for very large and very small ones) nor idle zeros. Of
    several ways to write the same moment it is the first by the alphabet. Odd values and texts
    stay as they are.
    """
    if ordering.meaning in {Meaning.text, Meaning.category, Meaning.boolean}:
        return values
    if ordering.meaning is Meaning.number:
        alike = _plain_numbers(values, ordering, decimal)
    else:
        alike = _first_spellings(values, ordering)
    return _odd_ones_alike(alike, ordering, decimal) if ordering.odd.any() else alike


def _odd_ones_alike(values: pa.StringArray, ordering: Ordering, decimal: str) -> pa.StringArray:
    """Write equal odd values alike, too: there may be numbers among dates."""
    odd = values.filter(pa.array(ordering.odd))
    own = ordering_of(odd, decimal=decimal)
    return pc.replace_with_mask(
        values, pa.array(ordering.odd), canonical_texts(odd, own, decimal=decimal)
    )


def remarked(values: pa.StringArray, decimal: str, mark: str) -> pa.StringArray:
    """Write numbers that have one decimal mark with another one, (values,)."""
    if decimal == mark:
        return values
    pointed = _pointed(values, decimal)
    number = _numeric(pointed, _LENIENT)
    return pc.if_else(pa.array(number), pc.replace_substring(pointed, ".", mark), values)


def _prevails(fits: _Bools, present: _Bools) -> bool:
    """Tell whether values are of a kind, but for a few odd ones."""
    of_kind, all_present = int(fits.sum()), int(present.sum())
    odd = all_present - of_kind
    return odd == 0 < of_kind or (odd < of_kind and (odd <= _FEW or odd * _SHARE <= all_present))


# -- numbers -------------------------------------------------------------------------------


def _are_numbers(pointed: pa.StringArray, present: _Bools) -> bool:
    """Tell whether values are numbers: not if several begin with idle zeros, as codes do.

    One is enough where it fills all of them up to one length: postal codes of which one is 04109.
    """
    fits = _numeric(pointed, _STRICT)
    idle = _numeric(pointed, _LENIENT) & ~fits
    if int(idle.sum()) > 1 or (idle.any() and _are_of_one_length(pointed, fits | idle)):
        return False
    return _prevails(fits, present) or (
        int(fits.sum()) == int(idle.sum()) == 1 and _are_one_number(pointed, present)
    )


def _are_of_one_length(pointed: pa.StringArray, numeric: _Bools) -> bool:
    """Tell whether numbers are digits alone, several of them, and equally many each."""
    texts = pointed.filter(pa.array(numeric))
    lengths = pc.utf8_length(texts).to_numpy()
    digits = _bools(pc.match_substring_regex(texts, "^[0-9]+$"))
    return len(texts) >= _LEAST_CODES and bool(digits.all()) and len(np.unique(lengths)) == 1


def _are_one_number(pointed: pa.StringArray, present: _Bools) -> bool:
    """Tell whether two values are all, and one number: of 7 and 07 nobody can tell they are two."""
    texts = pointed.filter(pa.array(present)).to_pylist()
    return len(texts) == 2 and Decimal(texts[0]) == Decimal(texts[1])


def _pointed(values: pa.StringArray, decimal: str) -> pa.StringArray:
    """Return values with a point as decimal mark, null where there is a foreign one."""
    trimmed = pc.utf8_trim_whitespace(values)
    if decimal == ".":
        return trimmed
    foreign = pc.match_substring(trimmed, ".")
    return pc.if_else(
        foreign, pa.scalar(None, pa.string()), pc.replace_substring(trimmed, decimal, ".")
    )


def _numeric(pointed: pa.StringArray, pattern: str) -> _Bools:
    short = pc.less_equal(pc.utf8_length(pointed), _LONGEST)
    return _bools(pc.and_(pc.match_substring_regex(pointed, pattern), short))


def _doubles(pointed: pa.StringArray, fits: _Bools) -> NDArray[np.float64]:
    """Return the nearest double of each number, (values,); NaN elsewhere."""
    text = pc.if_else(pa.array(fits), pointed, pa.scalar(None, pa.string()))
    for pattern, replacement in ((r"^\+", ""), (r"^(-?)\.", r"\10."), (r"\.(e|E|$)", r"\1")):
        text = pc.replace_substring_regex(text, pattern, replacement)
    doubles: NDArray[np.float64] = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return doubles


def _of_numbers(pointed: pa.StringArray, fits: _Bools, present: _Bools) -> Ordering:
    doubles = _doubles(pointed, fits)
    ranks = np.full(len(fits), -1, dtype=np.int64)
    ranks[fits] = _number_ranks(pointed, np.flatnonzero(fits), doubles[fits])
    return Ordering(Meaning.number, ranks, doubles, present & ~fits)


def _of_plain_numbers(numbers: NDArray[np.integer | np.floating], present: _Bools) -> Ordering:
    """Order numbers, (present values,), that were read at once."""
    doubles = np.full(len(present), np.nan)
    ranks = np.full(len(present), -1, dtype=np.int64)
    doubles[present] = numbers
    ranks[present] = np.unique(numbers, return_inverse=True)[1]
    return Ordering(Meaning.number, ranks, doubles, np.zeros(len(present), dtype=np.bool_))


def _number_ranks(pointed: pa.StringArray, positions: _Ints, doubles: NDArray[np.float64]) -> _Ints:
    """Return dense ranks of numbers, (numbers,), exactly.

    The nearest double of a larger number is never smaller, so that only numbers that share one
    need exact arithmetic.
    """
    order = np.argsort(doubles, kind="stable")
    ordered = doubles[order] + 0.0  # of -0.0 too
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], len(order))
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        tied = order[start:end]
        exact = [Decimal(text) for text in pointed.take(pa.array(positions[tied])).to_pylist()]
        by_size = sorted(range(len(tied)), key=exact.__getitem__)
        order[start:end] = tied[by_size]
        sizes = [exact[place] for place in by_size]
        fresh[start + 1 : end] = [a != b for a, b in zip(sizes[1:], sizes, strict=False)]
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(fresh) - 1
    return ranks


def _plain_numbers(values: pa.StringArray, ordering: Ordering, decimal: str) -> pa.StringArray:
    other = (ordering.ranks >= 0) & ~_bools(pc.match_substring_regex(values, _CANONICAL))
    if not other.any():
        return values
    written = _written_plainly(_pointed(values.filter(pa.array(other)), decimal))
    return pc.replace_with_mask(values, pa.array(other), written)


def _written_plainly(written: pa.StringArray) -> pa.StringArray:
    """Write numbers, (numbers,), without an exponent and idle zeros."""
    for pattern in (r"^\+()", r"(\.[0-9]*?)0+$", r"()\.$"):
        plain = pa.array(_without_exponent(written))
        written = pc.if_else(plain, pc.replace_substring_regex(written, pattern, r"\1"), written)
    other = ~_bools(pc.match_substring_regex(written, _CANONICAL))
    texts = [_plain_number(text) for text in written.filter(pa.array(other)).to_pylist()]
    return pc.replace_with_mask(written, pa.array(other), pa.array(texts, pa.string()))


def _without_exponent(texts: pa.StringArray) -> _Bools:
    return ~_bools(pc.match_substring_regex(texts, "[eE]"))


def _plain_number(text: str) -> str:
    """Write a number without an exponent unless that takes many zeros."""
    number = Decimal(text)
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "a number is finite"
    kept = "".join(map(str, digits)).lstrip("0").rstrip("0")
    exponent += len("".join(map(str, digits)).lstrip("0")) - len(kept)
    first = exponent + len(kept)  # the place of the point within the kept digits
    if not -_PLAIN < first <= _PLAIN:
        point = f".{kept[1:]}" if len(kept) > 1 else ""
        return f"{'-' * sign}{kept[0]}{point}e{first - 1:+03d}"
    if exponent >= 0:
        return f"{'-' * sign}{kept}{'0' * exponent}"
    whole, part = (kept[:first], kept[first:]) if first > 0 else ("0", "0" * -first + kept)
    return f"{'-' * sign}{whole}.{part}"


# -- dates and moments ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Moments(Discreet):
    """Texts as points in time."""

    valid: _Bools  # (values,)
    seconds: _Ints  # (values,): since 1970, by UTC or by the clock; 0 where there is none
    nanoseconds: _Ints  # (values,): beyond the second


def _dates(values: pa.StringArray) -> _Moments:
    return _moments(values, _DAY + "$")


def _naive(values: pa.StringArray) -> _Moments:
    return _moments(values, f"{_DAY}(?:{_CLOCK})?$")


def _aware(values: pa.StringArray) -> _Moments:
    return _moments(values, _DAY + _CLOCK + _ZONE)


_CALENDARS: tuple[tuple[Meaning, Callable[[pa.StringArray], _Moments]], ...] = (
    (Meaning.date, _dates),
    (Meaning.moment, _naive),
    (Meaning.moment, _aware),
)


def _best_calendar(
    values: pa.StringArray, present: _Bools, meaning: Meaning | None
) -> tuple[Meaning, "_Moments | None"]:
    """Return what most of the values, (values,), are read as; of two that read as many, a date."""
    best: tuple[Meaning, _Moments | None] = (Meaning.text, None)
    most, all_present = -1, int(present.sum())
    for kind, read in _CALENDARS:
        if meaning in {None, kind} and most < all_present:
            moments = read(values)
            if (valid := int(moments.valid.sum())) > most:
                best, most = (kind, moments), valid
    return best


def _moments(values: pa.StringArray, pattern: str) -> _Moments:
    """Read the moments that fit a pattern."""
    fits = _bools(pc.match_substring_regex(values, pattern))
    nothing = np.zeros(len(fits), dtype=np.int64)
    if not fits.any():
        return _Moments(fits, nothing, nothing)
    fields = _Fields(values if fits.all() else values.filter(pa.array(fits)))
    year, month, day = fields.number(0, 4), fields.number(5, 2), fields.number(8, 2)
    hour, minute, second = fields.number(11, 2), fields.number(14, 2), fields.seconds()
    sign, hours, minutes = fields.zone()
    clock = (hour < 24) & (minute < 60) & (second < 60) & (hours < 24) & (minutes < 60)
    valid = (year > 0) & (month > 0) & (month <= 12) & (day > 0) & clock
    valid &= day <= _days_in_month(year, np.where(valid, month, 1))
    seconds = _days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    seconds -= sign * (hours * 3600 + minutes * 60)
    whole, part = nothing.copy(), nothing.copy()
    whole[fits] = np.where(valid, seconds, 0)
    part[fits] = np.where(valid, fields.nanoseconds(), 0)
    found = fits.copy()
    found[fits] = valid
    return _Moments(found, whole, part)


_LAST = 29  # the place behind the last decimal of a second


class _Fields:
    """The numbers that stand in days and moments, which are all of the form of a pattern."""

    def __init__(self, texts: pa.StringArray) -> None:
        _, offsets, data = texts.buffers()
        ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        self._bytes = np.concatenate([np.frombuffer(data, np.uint8), np.zeros(_LAST, np.uint8)])
        self._starts = ends[:-1].astype(np.int64)
        self._lengths = np.diff(ends).astype(np.int64)
        self._shortest = int(self._lengths.min())

    def number(self, first: int, digits: int) -> _Ints:
        """Return the number at a place, (texts,); 0 of texts that end before."""
        number = np.zeros(len(self._starts), dtype=np.int64)
        for place in range(first, first + digits):
            number = number * 10 + self._digit(place)
        return number

    def seconds(self) -> _Ints:
        """Return the seconds of a minute, (texts,), if they are told."""
        return np.where(self._sign(16) == ord(":"), self.number(17, 2), 0)

    def nanoseconds(self) -> _Ints:
        """Return the billionths of a second, (texts,), if parts of one are told."""
        number = np.zeros(len(self._starts), dtype=np.int64)
        goes_on = self._sign(19) == ord(".")
        for place in range(20, _LAST if goes_on.any() else 20):
            digit = self._sign(place) - ord("0")
            goes_on &= (digit >= 0) & (digit < 10)
            number = number * 10 + np.where(goes_on, digit, 0)
        return number

    def zone(self) -> tuple[_Ints, _Ints, _Ints]:
        """Return the sign of an offset from UTC, 0 if there is none, its hours and minutes."""
        colon = self._sign(self._lengths - 3) == ord(":")
        place = self._lengths - np.where(colon, 6, 5)
        mark = np.where(self._lengths > 16, self._sign(place), 0)
        sign = np.where(mark == ord("+"), 1, np.where(mark == ord("-"), -1, 0))
        told = sign != 0
        hours = self._digit(place + 1) * 10 + self._digit(place + 2)
        minutes = self._digit(self._lengths - 2) * 10 + self._digit(self._lengths - 1)
        return sign, np.where(told, hours, 0), np.where(told, minutes, 0)

    def _digit(self, place: int | _Ints) -> _Ints:
        return np.where(place < self._lengths, self._sign(place) - ord("0"), 0)

    def _sign(self, place: int | _Ints) -> _Ints:
        """Return the character at a place, (texts,), as a number; 0 behind the end."""
        signs: _Ints = self._bytes[self._starts + place].astype(np.int64)
        if np.max(place, initial=0) >= self._shortest:
            signs[place >= self._lengths] = 0
        return signs


def _days_in_month(year: _Ints, month: _Ints) -> _Ints:
    lengths = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)) & (month == 2)
    days: _Ints = lengths[month - 1] + leap
    return days


def _days(year: _Ints, month: _Ints, day: _Ints) -> _Ints:
    """Return days since 1970-01-01 in the proleptic Gregorian calendar.

    Years begin in March here, so that the day that may lack is the last one.
    """
    shifted = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: _Ints = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719_468
    return days


def _of_moments(meaning: Meaning, moments: _Moments, present: _Bools) -> Ordering:
    valid = moments.valid
    numbers = np.full(len(valid), np.nan)
    numbers[valid] = moments.seconds[valid] + moments.nanoseconds[valid] / 1e9
    if meaning is Meaning.date:
        numbers /= 86_400
    ranks = np.full(len(valid), -1, dtype=np.int64)
    ranks[valid] = _moment_ranks(moments.seconds[valid], moments.nanoseconds[valid])
    return Ordering(meaning, ranks, numbers, present & ~valid)


def _moment_ranks(seconds: _Ints, nanoseconds: _Ints) -> _Ints:
    """Return dense ranks of moments, (moments,)."""
    order = np.lexsort((nanoseconds, seconds)) if nanoseconds.any() else np.argsort(seconds)
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = np.diff(seconds[order]) != 0
    fresh[1:] |= np.diff(nanoseconds[order]) != 0
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(fresh) - 1
    return ranks


def _first_spellings(values: pa.StringArray, ordering: Ordering) -> pa.StringArray:
    """Write each moment as the first of its spellings by the alphabet."""
    ranked = ordering.ranks[ordering.ranks >= 0]
    if len(np.unique(ranked)) == len(ranked):
        return values
    by_text = pc.sort_indices(values).to_numpy()
    by_text = by_text[ordering.ranks[by_text] >= 0]
    _, first = np.unique(ordering.ranks[by_text], return_index=True)
    spelled = np.arange(len(values))
    spelled[ordering.ranks >= 0] = by_text[first][ranked]
    return values.take(pa.array(spelled))


# -- texts ---------------------------------------------------------------------------------


def _are_booleans(values: pa.StringArray, present: _Bools) -> bool:
    read = _bools(pc.is_in(values, value_set=pa.array(["false", "true"])))
    return bool(present.any() and (read == present).all())


def _of_texts(values: pa.StringArray, pointed: pa.StringArray, present: _Bools) -> Ordering:
    """Put codes that are all digits in the order of their numbers, others in the alphabet's."""
    nothing = np.full(len(present), np.nan)
    ranks = np.full(len(present), -1, dtype=np.int64)
    by_text = pc.sort_indices(values).to_numpy().astype(np.int64)
    by_text = by_text[present[by_text]]
    if present.any() and (digits := _numeric(pointed, _LENIENT))[present].all():
        sizes = _number_ranks(pointed, by_text, _doubles(pointed, digits)[by_text])
        by_text = by_text[np.argsort(sizes, kind="stable")]
    ranks[by_text] = np.arange(len(by_text))
    return Ordering(Meaning.text, ranks, nothing, np.zeros(len(present), dtype=np.bool_))


def _bools(values: pa.BooleanArray) -> _Bools:
    filled = pc.fill_null(values, False)  # noqa: FBT003 (Arrow's own)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.bool_)
