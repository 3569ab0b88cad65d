"""Columns that are alike by their names: questions that are numbered, and what an offer says."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens

_NUMBERED = re.compile(r"(.*?[^\d])[_. ]?(\d{1,3})[a-z]?")
_QUESTIONS = 4
_ANSWERS = range(3, 12)


def batteries(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, int]]:
    """Yield answers on one scale to questions that are numbered, each with how many they are."""
    fellows: dict[tuple[str, float], list[str]] = defaultdict(list)
    for name, profile in profiles.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered and _on_a_scale(profile):
            fellows[numbered[1], profile.span.most].append(name)
    for names in fellows.values():
        if len(names) >= _QUESTIONS:
            yield from ((name, len(names)) for name in names)


def _on_a_scale(profile: Profile) -> bool:
    begins = profile.span.least in (0, 1)
    return profile.numeric and profile.span.whole and begins and profile.distinct in _ANSWERS


def offered(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield columns whose first word is that of what is offered: ``job`` beside ``job_ad``."""
    firsts = Counter(tokens(name)[0] for name in profiles if "offer" in kind_names(name))
    for name in profiles:
        words = tokens(name)
        if len(words) > 1 and firsts[words[0]] > 1:
            yield name
