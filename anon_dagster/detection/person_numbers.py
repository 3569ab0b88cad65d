"""Numbers that stand for persons, who have several records each.

A person has one sex and one origin; all persons of a panel have as many records; and the records
of a person mostly stand together.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens

_TRAITS = frozenset({"sex", "race", "date_of_birth"})
"""Domains that do not change from record to record of a person."""
_OF_OTHERS = frozenset(
    {
        "group",
        "place",
        "money",
        "design",
        "survey_weight",
        "life",
        "ability",
        "working_life",
        "health",
    }
)
"""Kinds of names of what persons have in common, or have much of."""
_OPEN = frozenset({"number", "text", "category", "unique_key", "medical_record_number", "age"})
"""Domains that numbers of persons may be taken for."""
_MANY, _RECORDS_EACH = 20, 1.5
_PANEL, _ALIKE = 50, 0.8
"""Numbers of a panel, at least, and the share of them with as many records."""
_TOGETHER = 10
"""Records that a person has on average, at most: a school or a village has more."""
_COMMONEST = 0.9  # share of a trait's commonest value beyond which it tells nobody apart
_SLIPS = 0.01  # share of the numbers that may have two


def person_numbers(
    profiles: Mapping[str, Profile], verdicts: Mapping[str, Verdict]
) -> Iterator[str]:
    """Find columns of numbers, or codes, that stand for persons with several records each."""
    traits = [
        profile
        for name, profile in profiles.items()
        if _is_trait(name, verdicts[name])
        and profile.distinct > 1
        and profile.counts.max() < _COMMONEST * profile.records
    ]
    for name, profile in profiles.items():
        if not _may_be_number(profile, verdicts[name]):
            continue
        steady = bool(traits) and all(_determines(profile, trait) for trait in traits)
        if steady or _is_balanced(profile) or _stands_together(profile):
            yield name


def _is_trait(name: str, verdict: Verdict) -> bool:
    born = verdict.domain in {"year", "month"} and "birth" in tokens(name)
    return verdict.domain in _TRAITS or born


def _may_be_number(profile: Profile, verdict: Verdict) -> bool:
    codes = profile.span.whole if profile.numeric else profile.mean_words < 2
    kinds = kind_names(profile.name)
    return (
        codes
        and verdict.domain in _OPEN
        and not (verdict.domain == "age" and verdict.name_score)
        and ("person" in kinds or not kinds & _OF_OTHERS)
        and profile.distinct > _MANY
        and _repeats(profile)
    )


def _repeats(profile: Profile) -> bool:
    """Tell whether numbers stand in several records, the commonest aside: it may be a zero."""
    others = profile.present - profile.counts.max()
    return bool(others > _RECORDS_EACH * (profile.distinct - 1))


def _is_balanced(profile: Profile) -> bool:
    """Tell whether nearly all numbers have as many records, as the persons of a panel have."""
    same = np.bincount(profile.counts).max() >= _ALIKE * profile.distinct
    return bool(same and profile.distinct > _PANEL)


def _stands_together(profile: Profile) -> bool:
    """Tell whether the records of each number follow one another, and are few."""
    runs = 1 + np.count_nonzero(np.diff(profile.codes))
    few = profile.distinct > _PANEL and profile.records <= _TOGETHER * profile.distinct
    return bool(few and runs <= (1 + _SLIPS) * profile.distinct)


def _determines(profile: Profile, trait: Profile) -> bool:
    pairs = np.unique(profile.codes * (trait.distinct + 1) + trait.codes)
    return len(pairs) <= (1 + _SLIPS) * (profile.distinct + 1)
