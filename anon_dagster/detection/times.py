"""Dates and times, in the formats that tables hold; and whether they are dates of birth."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from anon_dagster.core.builders import read_moment
from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile

FORMATS = (
    None,  # ISO 8601
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d %Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%a, %d %b %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%A, %B %d, %Y",
    "%Y%m%d",
    "%b %Y",
    "%B %Y",
    "%m/%Y",
    "%Y-%m",
    "%b-%Y",
    "%b-%y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
    "%d/%b/%Y:%H:%M:%S %z",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%d%m%Y",
    "%d%b%Y",
    "%d/%b/%Y",
)
_PLAUSIBLE = (date(1850, 1, 1), date(2120, 1, 1))
_ENOUGH = 0.6
_SOON = 10  # years
_DAYS_A_YEAR = 365.25
_LIKE_A_DATE = re.compile(r"(?=(\D*\d){3})(?=.*[-/. ,:]|\d{8}$).{6,40}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the dates of a column are written and what they span."""

    written: str | None
    """In the codes of strptime; ISO 8601 if ``None``."""
    share: float
    first: date
    last: date
    timed: bool
    """Whether most of them have a time of day."""
    until: int | None = None
    """The last year that two digits mean, if years are written so."""

    @property
    def years(self) -> float:
        """The span in years, outliers aside."""
        return (self.last - self.first).days / _DAYS_A_YEAR


def calendar(profile: Profile) -> Calendar | None:
    """Find the one format that most values are written in; ``None`` if they are no dates."""
    texts = profile.shown[:: max(len(profile.shown) // 200, 1)]
    if (
        not texts
        or sum(bool(_LIKE_A_DATE.fullmatch(t)) for t in texts) < _ENOUGH * len(texts) * 0.8
    ):
        return None
    best: tuple[int, str | None, list[date]] = (0, None, [])
    for written in FORMATS:
        until = this_year() if written is not None and "%y" in written else None
        days = [day for text in texts if (day := _plausible(text, written, until)) is not None]
        if len(days) > best[0]:
            best = (len(days), written, days)
        if len(days) == len(texts):
            break
    hits, written, days = best
    if hits < _ENOUGH * len(texts):
        return None
    until = last_year_meant(days) if written is not None and "%y" in written else None
    if until is not None:
        days = [day.replace(year=until - (until - day.year) % 100) for day in days]
    days.sort()
    cut = len(days) // 50
    timed = sum(bool(re.search(r"\d:\d\d", text)) for text in texts) > len(texts) / 2
    if timed and written is None and all("T00:00:00" in t or " 00:00:00" in t for t in texts):
        timed = False
    return Calendar(written, hits / len(texts), days[cut], days[-1 - cut], timed, until)


def last_year_meant(days: Sequence[date]) -> int:
    """Return the last year that two digits mean: this one, or one of the few that are next.

    It is one to come, as where a card expires, if it precedes the longest run of years without a
    date.
    """
    digits = sorted({day.year % 100 for day in days})
    free = [
        (after - before) % 100 or 100
        for before, after in zip(digits, [*digits[1:], digits[0]], strict=True)
    ]
    last = digits[free.index(max(free))]
    ahead = (last - this_year()) % 100
    return this_year() + (ahead if ahead <= _SOON else 0)


def _plausible(text: str, written: str | None, until: int | None) -> date | None:
    if written is None and not re.match(r"\d{4}-?\d\d-?\d\d", text):
        return None
    try:
        day = read_moment(text, written, until=until)
    except (ValueError, OverflowError):
        return None
    return day if day is not None and _PLAUSIBLE[0] <= day <= _PLAUSIBLE[1] else None


def this_year() -> int:
    """Return the year that it is."""
    return datetime.now().year  # noqa: DTZ005 (the year is enough)


_EPOCH = (9.0e8, 2.0e9)
_AN_EPOCH_HAS = 6.0e8  # seconds, 19 years; keys of ten digits spread more


def _seconds(profile: Profile) -> Iterator[Evidence]:
    """Recognize seconds or milliseconds since 1970."""
    if not profile.numeric or profile.distinct < 5 or not profile.span.whole:
        return
    for unit, scale in (("seconds", 1.0), ("milliseconds", 1e3)):
        low, high = profile.span.least / scale, profile.span.most / scale
        if _EPOCH[0] < low and high < _EPOCH[1] and high - low < _AN_EPOCH_HAS:
            yield Evidence("timestamp", 0.8, f"whole numbers that {unit} since 1970 lie among")


def time_evidence(profile: Profile, dates: Calendar | None) -> Iterator[Evidence]:
    """Look for dates; old ones that span a life are dates of birth."""
    if dates is None:
        yield from _seconds(profile)
        return
    compact = profile.numeric and profile.matched(r"\d{8}") > 0.8
    strength = (0.86 if compact else 0.97) * ramp(dates.share, low=0.5, high=0.85)
    reason = f"{percent(dates.share)} of the values are dates"
    if dates.timed:
        yield Evidence("timestamp", strength, f"{reason} with a time of day")
        return
    yield Evidence("date", strength * 0.85, reason)
    now = this_year()
    old = dates.first.year <= now - 45 and dates.years > 30
    young = dates.first.year <= now - 30 and 12 < dates.years < 110
    recent = dates.last.year >= now - 1 and dates.first.year > now - 50
    if old or (young and not recent):
        likely = 0.95 if old else 0.7
        yield Evidence(
            "date_of_birth",
            strength * likely,
            f"{reason} that span {dates.years:.0f} years, a life",
        )
