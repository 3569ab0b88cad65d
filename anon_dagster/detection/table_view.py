"""What the columns of a table tell together: what it is about, whose numbers it holds, dates in parts."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.name_words import kinds_of, pieces
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens

_MEDICAL = frozenset({"diagnosis", "icd10", "medication", "drug_code", "medical_record_number"})
_OF_PEOPLE = frozenset(
    "sex race age date_of_birth marital_status education occupation religion nationality".split()  # noqa: SIM905
    + ["full_name", "given_name", "family_name", "email", "phone", "ssn", "income", "language"]
)
"""Domains that only people have."""
_PERSONAL = frozenset(
    "life family origin schooling working_life habit intimate offence politics belief ability looks mind".split()  # noqa: SIM905
    + ["health", "outcome", "person"]
)
"""Kinds of names that only people have."""
_THINGS = frozenset({"thing", "count"})
_CARE = frozenset({"health", "habit", "intimate", "outcome"})
_SUMS = frozenset({"money", "ledger", "outcome"})
_CREDIT = frozenset(
    [
        "loan",
        "credit",
        "debt",
        "balance",
        "card",
        "limit",
        "asset",
        "deny",
        "default",
        "borrow",
        "mortgage",
    ]
)
_FEWEST, _SHARE, _ANYWAY = 3, 0.2, 6
"""Columns that make a table one about their topic: at least so many, and so large a share."""


@dataclass(frozen=True, slots=True)
class TableView:
    """What the columns of a table tell together."""

    topics: frozenset[str] = frozenset()
    people: bool = True
    """Whether anything speaks of people."""
    persons: frozenset[str] = frozenset()
    """Columns of numbers that stand for persons: each with one sex, one origin, several records."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that hold a part of a date, each with the columns of the other parts."""
    batteries: Mapping[str, int] = field(default_factory=dict)
    """Columns that hold an answer to one of many questions alike, with how many they are."""
    offered: frozenset[str] = frozenset()
    """Columns about what is offered, as their fellows of the same first word say."""


ALONE = TableView()
"""Of a column that is judged by itself."""


def view(profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]) -> TableView:
    """Look at the columns of a table together."""
    return TableView(
        frozenset(_topics(verdicts)),
        _may_be_of_people(verdicts),
        frozenset(_persons(profiles, verdicts)),
        dict(_parts_of_dates(profiles)),
        dict(_batteries(profiles)),
        frozenset(_offered(profiles)),
    )


def _names_of(kinds: object) -> frozenset[str]:
    return frozenset(kind.name for kind in kinds)  # type: ignore[attr-defined]


def _topics(verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    kinds = {name: _names_of(kinds_of(name)) for name in verdicts}
    enough = max(_FEWEST, min(_SHARE * len(verdicts), _ANYWAY))
    ill = [
        name
        for name, verdict in verdicts.items()
        if "health" in kinds[name]
        or (verdict.domain in _MEDICAL and "experiment" not in kinds[name])
    ]
    if ill:
        yield "care"
    if len(ill) > 1 and len({*ill, *(n for n in verdicts if kinds[n] & _CARE)}) >= enough:
        yield "medical"
    owing = sum(bool(_CREDIT & set(_words(name))) for name in verdicts)
    if sum("politics" in kinds[name] for name in verdicts) > 1:
        yield "politics"
    if owing > 1 and sum(bool(kinds[name] & _SUMS) for name in verdicts) > enough:
        yield "credit"


def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name, glued ones in their pieces."""
    return tuple(piece for word in tokens(name) for piece in (pieces(word) or (word,)))


def _may_be_of_people(verdicts: Mapping[str, Verdict]) -> bool:
    """Tell whether anything speaks of people, or hardly anything speaks of things."""
    things = 0
    for name, verdict in verdicts.items():
        kinds = _names_of(kinds_of(name))
        if verdict.domain in _OF_PEOPLE or kinds & _PERSONAL:
            return True
        things += bool(kinds & _THINGS)
    return things < _FEWEST


# -- numbers of persons --------------------------------------------------------------------

_NO_PERSONS = frozenset({"group", "place", "money", "design", "life", "ability", "working_life"})
_TRAITS = frozenset({"sex", "race", "date_of_birth"})
_MANY, _RECORDS_EACH = 20, 1.5
_COMMONEST = 0.9  # share of a trait's commonest value beyond which it tells nobody apart


def _persons(profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """Find numbers that repeat and have one sex, one origin and one birth each: those of persons."""
    traits = [
        profile
        for name, profile in profiles.items()
        if _trait(name, verdicts[name])
        and profile.distinct > 1
        and profile.counts.max() < _COMMONEST * profile.records
    ]
    for name, profile in profiles.items():
        if traits and _may_number(profile) and all(_determines(profile, t) for t in traits):
            yield name


def _trait(name: str, verdict: Verdict) -> bool:
    born = verdict.domain in {"year", "month"} and "birth" in tokens(name)
    return verdict.domain in _TRAITS or born


def _may_number(profile: Profile) -> bool:
    kinds = _names_of(kinds_of(profile.name))
    codes = profile.span.whole if profile.numeric else profile.mean_words < 2
    return (
        codes
        and not kinds & _NO_PERSONS
        and profile.distinct > _MANY
        and profile.records > _RECORDS_EACH * profile.distinct
    )


def _determines(profile: Profile, trait: Profile) -> bool:
    pairs = np.unique(profile.codes * (trait.distinct + 1) + trait.codes)
    return len(pairs) <= 1.01 * (profile.distinct + 1)


# -- dates in parts ------------------------------------------------------------------------

_PARTS = {
    "year": frozenset(
        ["year", "yr", "y", "yy", "yyyy", "jahr", "ano", "annee", "anno", "jaar", "ar", "an"]
    ),
    "month": frozenset(
        [
            "month",
            "mon",
            "mo",
            "m",
            "mm",
            "mth",
            "mnth",
            "monat",
            "mes",
            "mois",
            "mese",
            "maand",
            "manad",
        ]
    ),
    "day": frozenset(["day", "d", "dd", "dy", "tag", "dia", "jour", "giorno", "dag"]),
}
_LIMITS = {"month": (1, 12), "day": (1, 31)}


def _parts_of_dates(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find columns that are year, month and day of one date, as their names and values say."""
    found = sorted(
        (stem, part, name)
        for name, profile in profiles.items()
        for stem, part in _part(name)
        if _holds_part(profile, part)
    )
    for stem, members in groupby(found, key=lambda member: member[0]):
        columns = {part: name for _, part, name in members}
        if len(columns) >= (2 if stem else 3):
            for name in columns.values():
                yield name, tuple(other for other in columns.values() if other != name)


def _part(name: str) -> Iterator[tuple[str, str]]:
    """Yield what a name says besides the part of a date that it ends or begins with."""
    words = _words(name)
    for part, spoken in _PARTS.items():
        if words and words[-1] in spoken:
            yield " ".join(words[:-1]), part
        elif words and words[0] in spoken:
            yield " ".join(words[1:]), part


def _holds_part(profile: Profile, part: str) -> bool:
    if not profile.numeric or not profile.span.whole or profile.distinct < 2:
        return False
    least, most = profile.span.least, profile.span.most
    if part == "year":
        return least >= 0 and (most < 100 or (least >= 1500 and most < 2200))
    low, high = _LIMITS[part]
    return low <= least and most <= high


# -- questions and offers ------------------------------------------------------------------

_NUMBERED = re.compile(r"(.*?[^\d])[_. ]?(\d{1,3})[a-z]?")
_QUESTIONS = 4
_ANSWERS = (3, 11)


def _batteries(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, int]]:
    """Find answers on one scale to questions that are numbered: ``A1``, ``A2``, ``A3``, ``A4``."""
    fellows: dict[tuple[str, float], list[str]] = defaultdict(list)
    for name, profile in profiles.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered and profile.numeric and profile.span.whole and profile.span.least in (0, 1):
            if _ANSWERS[0] <= profile.distinct <= _ANSWERS[1]:
                fellows[numbered[1], profile.span.most].append(name)
    for names in fellows.values():
        if len(names) >= _QUESTIONS:
            yield from ((name, len(names)) for name in names)


def _offered(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Find columns whose first word is that of what is offered: ``job`` beside ``job_ad_id``."""
    firsts: Counter[str] = Counter()
    for name in profiles:
        if "offer" in _names_of(kinds_of(name)):
            firsts[tokens(name)[0]] += 1
    for name in profiles:
        words = tokens(name)
        if len(words) > 1 and firsts[words[0]] > 1:
            yield name
