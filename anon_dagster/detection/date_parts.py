"""Dates whose year, month and day stand in columns of their own."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from anon_dagster.detection.name_words import pieces_of
from anon_dagster.detection.profile import Profile

_WORDS = {
    "year": frozenset({"year", "yr", "y", "yy", "yyyy", "jahr", "ano", "annee", "anno", "jaar"}),
    "month": frozenset(
        {"month", "mon", "mo", "m", "mm", "mth", "mnth", "monat", "mes", "mois", "mese", "maand"}
    ),
    "day": frozenset({"day", "d", "dd", "dy", "tag", "dia", "jour", "giorno", "dag"}),
}
_LIMITS = {"month": (1, 12), "day": (1, 31)}
_YEARS = (1500, 2200)
_CENTURY = 100


def date_parts(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield columns that are parts of one date, as names and values say, each with its fellows."""
    found = sorted(
        (stem, part, name)
        for name, profile in profiles.items()
        for stem, part in _said(name)
        if _may_hold(profile, part)
    )
    for stem, members in groupby(found, key=lambda member: member[0]):
        columns = {part: name for _, part, name in members}
        # A year and a month without a word of what happened then may be two dates.
        if len(columns) >= (2 if stem else 3):
            for name in columns.values():
                yield name, tuple(other for other in columns.values() if other != name)


def _said(name: str) -> Iterator[tuple[str, str]]:
    """Yield what a name says besides the part of a date that it ends or begins with."""
    words = pieces_of(name)
    for part, spoken in _WORDS.items():
        if words and words[-1] in spoken:
            yield " ".join(words[:-1]), part
        elif words and words[0] in spoken:
            yield " ".join(words[1:]), part


def _may_hold(profile: Profile, part: str) -> bool:
    if not profile.numeric or not profile.span.whole or profile.distinct < 2:
        return False
    least, most = profile.span.least, profile.span.most
    if part == "year":
        return least >= 0 and (most < _CENTURY or (least >= _YEARS[0] and most < _YEARS[1]))
    low, high = _LIMITS[part]
    return low <= least and most <= high
