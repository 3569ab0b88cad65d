"""Numbers: ages, years, money, ratings, codes of yes and no, and keys."""

import re
from collections.abc import Iterator

import numpy as np

from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile

_OLDEST = 115
_OLDEST_REGISTER = 1500  # registers of parishes begin in the sixteenth century
_YEARS = r"(?: ?(?:years?|yrs?|años|anos|ans|jahre|anni|jaar|år|lat)(?: old| of age)?)"
_FROM_ON = (
    r"(?:or|and|y|o|und|et|oder|ou|e|en|och|og|i) (?:over|older|more|above|up|más|mas|mayor|älter|mehr|plus|"
    r"più|piu|oltre|mais|ouder|meer|äldre|mer|ældre|eldre|więcej)"
)
_BELOW = (
    r"(?:<=?|>=?|[≤≥]|lt|gt|under|over|below|above|less than|more than|up to|at least|at most|unter|"
    r"über|bis(?: zu)?|ab|mehr als|weniger als|menos de|más de|mas de|mais de|menor de|mayor de|hasta|até|"
    r"moins de|plus de|jusqu'à|meno di|più di|oltre|fino a|sotto|minder dan|meer dan|onder|boven|tot|"
    r"mindre än|över|mer än|upp till|under|højst|poniżej|powyżej)"
)
_AGE_RANGE = re.compile(
    rf"[\[(]?\d{{1,2}} ?(?:-|\u2013|to|a|bis|,|à|tot|til|till|do|_) ?\d{{1,3}}[\])]?{_YEARS}?|"
    rf"(?:{_BELOW}) ?\d{{1,2}}{_YEARS}?|\d{{2}} ?\+{_YEARS}?|"
    rf"\d{{2}}{_YEARS}? ?(?:{_FROM_ON}|plus)|\d{{1,3}}(?:{_YEARS}| ?y/?o)",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[$€£¥₹] ?-?[\d.,]+ ?[kKmM]?|-?[\d.,]+ ?(?:[$€£¥₹]|EUR|USD|GBP|CHF)|"
    r"(?:R\$|USD|EUR|GBP|CHF|Rs\.?) ?[\d.,]+"
)
_MONEY_RANGE = re.compile(
    rf"(?:{_BELOW})? ?(?:[$€£]|R\$)? ?\d[\d.,]{{0,15}}k?(?: ?[€£$])?"
    r"(?: ?(?:-|to|\u2013|a|bis|à|tot|till?) ?(?:[$€£]|R\$)? ?\d[\d.,]{0,15}k?(?: ?[€£$])?)?"
    rf"(?: ?(?:\+|{_FROM_ON}))?",
    re.IGNORECASE,
)


_YEAR_RANGE = re.compile(r"\D{0,3}(1[89]|20)\d\d ?(?:[-\u2013/]|to) ?((1[89]|20)?\d\d)\D{0,3}")


def number_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look at where the numbers lie and how they are spread."""
    yield from _ranges(profile)
    if not profile.numeric or profile.distinct < 2:
        return
    span, distinct = profile.span, profile.distinct
    if span.whole:
        yield from _whole(profile)
    padded = profile.share(lambda v: len(v) > 1 and v[0] == "0" and v.isdigit())
    if (
        span.decimal_places == 2
        and span.least >= -1e7
        and distinct > 0.2 * min(profile.present, 200)
    ):
        large = span.high > 300
        yield Evidence("amount", 0.62 if large else 0.36, "numbers with two decimal places")
    if padded < 0.02:
        yield Evidence(
            "number", 0.42, f"{percent(profile.numeric_share)} of the values are numbers"
        )


def _whole(profile: Profile) -> Iterator[Evidence]:
    """Look for years, ages, yes and no, ratings and sums among whole numbers."""
    span, distinct = profile.span, profile.distinct
    digits = profile.matched(r"(1[5-9]|20)\d\d(\.0)?")
    if digits > 0.85 and span.low >= _OLDEST_REGISTER and span.high <= 2060:
        narrow = span.high - span.low <= 130 and distinct <= 131
        recent = span.low >= 1880
        score = 0.9 if narrow and recent else 0.6 if narrow and distinct >= 5 else 0.4
        yield Evidence("year", score, f"{percent(digits)} of the values are years")
    if _aged(profile):
        yield Evidence("age", _age_score(profile), "whole numbers that are spread as ages are")
    if (span.least, span.most) == (0.0, 1.0):
        yield Evidence("boolean", 0.85, "the values are 0 and 1")
    scale = _scale(profile)
    if scale is not None:
        yield Evidence("rating", *scale)
    rounded = profile.share(lambda v: v.endswith(("00", "00.0", "000")))
    if span.high >= 3_000 and rounded > 0.6 and distinct > 10:
        yield Evidence(
            "amount",
            0.66 * ramp(rounded, low=0.5),
            f"{percent(rounded)} of the values are round hundreds",
        )
    long = profile.one_length > 0.97 and span.least >= 10**7
    if span.high > 20_000 and span.least >= 0 and distinct > 30 and not long:
        yield Evidence(
            "amount",
            0.52 if profile.one_length < 0.95 else 0.46,
            "large whole numbers of different length",
        )


def _aged(profile: Profile) -> bool:
    span = profile.span
    return (
        span.least >= 0
        and span.most <= 125
        and 45 <= span.high <= _OLDEST
        and span.low <= 45
        and profile.distinct >= min(25, 0.4 * profile.present)
    )


def _age_score(profile: Profile) -> float:
    """Score how much a spread of whole numbers is that of ages of people.

    Ages are dense between their ends, begin at birth, school or coming of age, and end by a
    hundred; percentages and counts are not dense, or pile up at 0.
    """
    span = profile.span
    numbers = profile.numbers
    counts = profile.counts[~np.isnan(numbers)]
    numbers = numbers[~np.isnan(numbers)]
    dense = profile.distinct / max(span.high - span.low + 1, 1)
    zeros = float(counts[numbers <= 0].sum() / counts.sum())
    top = float(counts.max() / counts.sum())
    score = 0.72 if span.high <= 100 and 22 <= span.mean <= 68 else 0.5
    score -= 0.3 * (zeros > 0.06) + 0.25 * (dense < 0.7) + 0.25 * (top > 0.2)
    # Up to exactly 100, from 0 or 1 on: rather a percentage.
    if span.most == 100 and span.least <= 1 and 45 < span.mean < 55:
        score -= 0.25
    return max(score, 0.0)


def _scale(profile: Profile) -> tuple[float, str] | None:
    """Recognize 1 to 5, 1 to 7, 0 to 10 and the like."""
    span = profile.span
    values = sorted({float(n) for n in profile.numbers if not np.isnan(n)})
    kept = [v for v in values if v == round(v)]
    if len(kept) < 4 or len(kept) > 12 or len(kept) < len(values):
        return None
    ends = (span.low, span.high)
    scales: set[tuple[float, float]] = {(1, 5), (1, 7), (1, 10), (0, 10)}
    if ends in scales and len(kept) >= 0.8 * (ends[1] - ends[0] + 1):
        top = float(profile.counts.max() / profile.present)
        falling = _falling(profile)
        score = 0.68 - 0.3 * (top > 0.6) - 0.25 * falling
        return max(score, 0.05), f"whole numbers from {ends[0]:g} to {ends[1]:g}"
    return None


def _falling(profile: Profile) -> bool:
    """Tell whether each number is rarer than the one before it, as counts of things are."""
    real = ~np.isnan(profile.numbers)
    held = profile.counts[real][np.argsort(profile.numbers[real])]
    return bool(
        len(held) > 3
        and (np.diff(held[1:]) <= 0).mean() > 0.85
        and held[:3].sum() > 0.75 * held.sum()
    )


def _ranges(profile: Profile) -> Iterator[Evidence]:
    """Look for ages in ranges (``40-49``) and for money with its sign."""
    if profile.numeric and profile.share(lambda v: v[:1] in "$€£₹" or v[-1:] in "€$£") < 0.3:
        return
    money = profile.matched(_MONEY)
    if score := 0.93 * ramp(money):
        yield Evidence("amount", score, f"{percent(money)} of the values are sums with a currency")
        return
    ages = profile.matched(_AGE_RANGE)
    if profile.distinct <= 130 and (score := 0.9 * ramp(ages, low=0.4)):
        ranges = [v for v in profile.shown if _AGE_RANGE.fullmatch(v)]
        bounds = [int(n) for v in ranges for n in re.findall(r"\d+", v)]
        if bounds and 15 <= max(bounds) <= _OLDEST:
            yield Evidence(
                "age",
                score * (0.95 if max(bounds) >= 50 else 0.5),
                f"{percent(ages)} of the values are ranges of ages",
            )
    sums = profile.matched(_MONEY_RANGE) - profile.matched(_YEAR_RANGE)
    if profile.distinct <= 60 and (score := 0.8 * ramp(sums, low=0.6)):
        large = profile.share(re.compile(r"\d[\d.,]*[kK]\b|\d{4,}|\d,\d{3}|[$€£]").search)
        if large > 0.5:
            yield Evidence("income", score, f"{percent(sums)} of the values are ranges of sums")
