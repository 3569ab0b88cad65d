"""Columns that go with others: questions alike, events and their times, shares, logarithms."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import numpy as np

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens

_NUMBERED = re.compile(r"(.*?[^\d])[_. ]?(\d{1,3})[a-z]?")
_QUESTIONS = 4
_ANSWERS = range(3, 12)
_MANY_ANSWERS = range(5, 12)
_STATES, _HISTORY = range(1, 8), 13
"""States, in columns of more points in time than months."""
_ITEMS = frozenset({"q", "item", "question", "frage", "pregunta", "domanda", "p"})
_OPEN = frozenset({"number", "rating", "text", "category", "amount"})
"""Domains that say nothing of what an answer is about."""
_MEASUREMENTS = 8
_PUBLIC = frozenset({"league", "team", "player", "season", "club"})
"""Words of tables of sports, whose numbers everybody knows."""
_EVENT = re.compile(r"(.+?)[._]?(s|stat|status|event)", re.IGNORECASE)
_TIMES = ("", "time", "_time", ".time", "t", "days", "_days")
_COMPUTED = re.compile(r"(?:log_?|ln_?|l|sqrt_?)(.+)|(.+?)_?(?:sq|squared|2)", re.IGNORECASE)
_PARTS = 3
_ADDS_UP = 0.98  # share of the records whose shares must add up
_ROUNDED = 0.01


def batteries(
    profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]
) -> Iterator[tuple[str, int]]:
    """Yield answers on one scale to many questions, each with how many they are.

    The questions are numbered, ``A1`` to ``A5``, or most of their names say nothing that is known:
    then the others on just that scale belong to them, whatever their names seem to say. What is
    asked week by week, ``emp1`` to ``emp52``, is a history that nobody else knows.
    """
    fellows: dict[tuple[str, float, float], list[str]] = defaultdict(list)
    histories: dict[str, list[str]] = defaultdict(list)
    for name, profile in profiles.items():
        numbered = _NUMBERED.fullmatch(name)
        ends = profile.span.least, profile.span.most
        if numbered and profile.distinct in _STATES:
            histories[numbered[1]].append(name)
        if numbered and (_is_on_a_scale(profile, _ANSWERS) or _is_an_item(numbered[1], profile)):
            fellows[numbered[1], *ends].append(name)
        elif verdicts[name].domain in _OPEN and _is_on_a_scale(profile, _MANY_ANSWERS):
            fellows["", *ends].append(name)
    for names in histories.values():
        if len(names) >= _HISTORY:
            yield from ((name, len(names)) for name in names)
    for (stem, *_), names in fellows.items():
        unsaid = sum(not kind_names(name) for name in names)
        if (len(names) if stem else unsaid) >= _QUESTIONS:
            yield from ((name, len(names)) for name in names)


def _is_an_item(stem: str, profile: Profile) -> bool:
    asked = stem.rstrip("_. ").casefold() in _ITEMS
    return asked and profile.numeric and (profile.span.least, profile.span.most) == (0, 1)


def measurements(profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """Yield numbers of a table that hardly holds anything else, and whose names say nothing."""
    spoken = {name: kind_names(name) for name in profiles}
    if any(_PUBLIC & set(tokens(name)) for name in profiles):
        return
    numbers = [
        name
        for name, profile in profiles.items()
        if profile.numeric
        and profile.distinct > _ANSWERS.stop
        and verdicts[name].domain == "number"
        and not spoken[name]
    ]
    if len(numbers) >= max(_MEASUREMENTS, len(profiles) / 3):
        yield from numbers


def _is_on_a_scale(profile: Profile, answers: range) -> bool:
    begins, ends = profile.span.least in (0, 1), profile.span.most <= answers.stop
    return (
        profile.numeric and profile.span.whole and begins and ends and profile.distinct in answers
    )


def events(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield columns that say whether something happened, beside when: ``rfsstat``, ``rfstime``."""
    for name, profile in profiles.items():
        named = _EVENT.fullmatch(name)
        few = profile.numeric and profile.span.whole and profile.distinct < _QUESTIONS
        if named and few and any(f"{named[1]}{time}" in profiles for time in _TIMES):
            yield name


def computed(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, str]]:
    """Yield columns named as a logarithm or a square of another, each with the other."""
    for name, profile in profiles.items():
        named = _COMPUTED.fullmatch(name)
        of = next((base for base in (named.groups() if named else ()) if base in profiles), None)
        if of is not None and profile.numeric and profiles[of].numeric:
            yield name, of


def shares(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield columns that add up to one in nearly all records: shares of a budget, of a day."""
    parts = [
        profile
        for profile in profiles.values()
        if profile.numeric
        and not profile.span.whole
        and profile.span.least >= 0
        and profile.span.most <= 1
        and profile.distinct > _ANSWERS.stop
    ]
    if len(parts) < _PARTS:
        return
    columns = [np.append(part.numbers, np.nan)[part.codes] for part in parts]
    if np.mean(np.abs(np.sum(columns, axis=0) - 1) <= _ROUNDED * len(parts)) >= _ADDS_UP:
        yield from (part.name for part in parts)


def alternatives(names: Iterable[str]) -> Iterator[str]:
    """Yield names that tell several things of several alternatives: ``price_bus``, ``time_car``.

    All names are split in two in all ways; those belong to it of which two first parts both go with
    the same two second parts.
    """
    seconds: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for end in range(1, len(name)):
            seconds[name[:end]].add(name[end:])
    several = {first: ends for first, ends in seconds.items() if len(ends) > 1}
    for one, other in combinations(several, 2):
        shared = several[one] & several[other]
        if len(shared) > 1 and not one.startswith(other) and not other.startswith(one):
            yield from (first + end for first in (one, other) for end in shared)


def offered(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield columns whose first word is that of what is offered: ``job`` beside ``job_ad``."""
    firsts = Counter(tokens(name)[0] for name in profiles if "offer" in kind_names(name))
    for name in profiles:
        words = tokens(name)
        if len(words) > 1 and firsts[words[0]] > 1:
            yield name
