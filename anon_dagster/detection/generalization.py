"""A hierarchy for each quasi-identifier, as a rule of a request that can be run as it is.

Rules hold no value of the table, and every rule says what becomes of values that it does not
know, so that records outside of the sample never stop a job.
"""

import math
import re
from typing import TYPE_CHECKING

from anon_dagster.core.builders import free_label
from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import built_in
from anon_dagster.detection.headers import header_evidence
from anon_dagster.detection.intervals import propose_intervals
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.times import Calendar, this_year
from anon_dagster.facts import known_rows
from anon_dagster.facts.vocabulary import cities, plain
from anon_dagster.request import (
    DateLevel,
    DateRule,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    KnownRule,
    KnownTree,
    MaskRule,
    OrderRule,
    SuppressRule,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "other"
_ENOUGH = 0.6  # weight of the values that a tree must know
_FEW = 8  # values that are kept or suppressed
_KEPT = (100, 50, 20, 10, 5, 3)
"""How many of the most frequent texts a level keeps."""
_MOST_KEPT = 4  # levels that keep some
_OFTEN = 10  # records of the sample that a text has to be kept
_MASKS = 4  # levels that mask something

_TREES: dict[str, KnownTree] = {
    "country": "country",
    "country_code_2": "country",
    "country_code_3": "country",
    "nationality": "country",
    "region": "us_state",
    "city": "city",
    "icd10": "icd10",
    "education": "education",
    "marital_status": "marital_status",
    "race": "race",
    "religion": "religion",
    "blood_type": "blood_type",
    "occupation": "occupation",
}
_MEASURED = frozenset({"age", "year", "month", "latitude", "longitude"})
"""Domains whose widths are known."""
_TOLD = 0.8  # how far a name must say what numbers measure, 0 to 1
_A_LIFE = 90  # years; dates that span more leave no gap that tells the century
_CALENDARS = frozenset({"date", "date_of_birth", "timestamp"})
_CODED = frozenset({*_TREES, "sex", "industry", "language", "employer"})
"""Domains whose numbers are codes of answers, which have no distance."""


def propose_hierarchy(verdict: Verdict, profile: Profile) -> HierarchyRule:
    """Return the rule for a column that was classified.

    =====================  ================================================================
    dates                  periods that suit the span, in the format of most values; a date
                           of birth never lies in the future
    ages, years            5, 10, 20 (and 40) years, of ages in months or days, too
    other numbers          up to three widths of the series 1, 2, 5, 10 …: eight of ten
                           records lie in about twelve intervals, few beyond the bounds;
                           codes of missing answers go to the branch ``other``
    places, diagnoses,     trees that are known, where they hold most of the values
    degrees and the like
    codes                  masked from the right, in up to four steps
    what has an order      groups of neighbours
    few values             kept or suppressed
    other texts            ever fewer of the most frequent kept, none that is rare
    =====================  ================================================================
    """
    rule, label = _proposed(verdict, profile), free_label(profile.shown)
    if isinstance(rule, FrequencyRule):
        return rule.model_copy(update={"rest": label})
    return rule if rule.other is None else rule.model_copy(update={"other": label})


def _proposed(verdict: Verdict, profile: Profile) -> HierarchyRule:
    if verdict.calendar is not None and verdict.domain in _CALENDARS:
        return _periods(verdict.calendar, verdict)
    tree = _TREES.get(verdict.domain)
    if tree is not None and (known := _known(tree, profile)) is not None:
        return known
    if verdict.domain == "occupation" and (known := _known("employment", profile)) is not None:
        return known
    if verdict.domain == "postal_code" or _is_code(profile, verdict):
        return _mask(profile)
    if profile.numeric:
        return _numbers(profile, verdict)
    return _texts(profile, verdict)


def _known(tree: KnownTree, profile: Profile) -> KnownRule | None:
    country = _home(profile) if tree == "city" else None
    known = known_rows(tree, profile.shown, country=country)
    if profile.share(known.__contains__) < _ENOUGH:
        return None
    if len({row[0] for row in known.values()}) < 2 and tree != "city":
        return None
    return KnownRule(tree=tree, country=country, other=OTHER)


def _home(profile: Profile) -> str | None:
    """Return the country that most cities can be in; ``None`` if they are all over the world."""
    votes: dict[str, float] = {}
    for value, weight in zip(profile.shown, profile.weights.tolist(), strict=True):
        if (city := cities().get(plain(value))) is not None:
            votes[city.country] = votes.get(city.country, 0.0) + weight
    best = max(votes, key=votes.__getitem__, default=None)
    return best if best is not None and votes[best] >= 0.5 * sum(votes.values()) else None


# -- dates ---------------------------------------------------------------------------------


def _periods(dates: Calendar, verdict: Verdict) -> DateRule:
    levels: tuple[DateLevel, ...]
    if dates.years > 15:
        levels = ("month", "year", "5_years", "decade")
    elif dates.years > 2:
        levels = ("month", "quarter", "year", "5_years")
    else:
        levels = ("month", "quarter", "half_year", "year")
    if dates.timed:
        levels = ("day", *levels)
    until = dates.until
    if until is not None and _of_birth(verdict, dates):
        until = min(until, this_year())
    return DateRule(levels=levels, format=dates.written, two_digit_years_until=until, other=OTHER)


def _of_birth(verdict: Verdict, dates: Calendar) -> bool:
    """Tell whether no date may lie in the future: of births by name, or where no gap tells."""
    named = verdict.name_score > 0 or dates.years > _A_LIFE
    return verdict.domain == "date_of_birth" and named


# -- numbers -------------------------------------------------------------------------------


def _numbers(profile: Profile, verdict: Verdict) -> HierarchyRule:
    """Choose for numbers; they are never ranked by how frequent they are."""
    if profile.distinct <= 2 or (verdict.domain in _CODED and profile.distinct <= _FEW):
        return SuppressRule()
    if verdict.domain in _CODED and _of_one_length(profile):
        return _mask(profile)
    intervals = propose_intervals(profile, _measured(verdict, profile), other=OTHER)
    if intervals is not None:
        return intervals
    return SuppressRule() if profile.distinct <= _FEW else _mask(profile)


def _measured(verdict: Verdict, profile: Profile) -> str:
    """Return what numbers measure: what they are taken for, or what the name alone says of them."""
    if verdict.domain in _MEASURED:
        return verdict.domain
    named = header_evidence(profile.name, built_in())
    told = {name: score for name, score in named.items() if name in _MEASURED and score >= _TOLD}
    return max(told, key=told.__getitem__, default=verdict.domain)


# -- texts ---------------------------------------------------------------------------------


def _is_code(profile: Profile, verdict: Verdict) -> bool:
    digits = profile.share(lambda v: any(map(str.isdigit, v)) and " " not in v)
    return (
        verdict.domain in {"text", "category"}
        and _of_one_length(profile)
        and digits > 0.95
        and profile.distinct > 20
    )


def _of_one_length(profile: Profile) -> bool:
    return profile.one_length > 0.95 and max(profile.lengths, default=0) >= 3


def _mask(profile: Profile) -> MaskRule:
    longest = max((n for n, weight in profile.lengths.items() if weight > 0.02), default=2)
    masked = max(longest - 1, 1)
    step = math.ceil(masked / _MASKS)
    return MaskRule(levels=masked // step, per_level=step, other=OTHER)


_BOUNDED = re.compile(r"\D*(\d+).*")


def _texts(profile: Profile, verdict: Verdict) -> HierarchyRule:
    if profile.distinct <= 3 or verdict.domain in {"month", "weekday"}:
        return SuppressRule()
    if profile.ranked or (verdict.domain == "age" and _reads_in_order(profile)):
        return OrderRule(sizes=(2, 2)) if profile.distinct > 4 else OrderRule(sizes=(2,))
    often = int((profile.counts >= _OFTEN).sum())
    keep = [n for n in _KEPT if n < profile.distinct and n <= often]
    if profile.distinct <= _FEW or not keep:
        return SuppressRule()
    return FrequencyRule(keep=tuple(keep[:_MOST_KEPT]), rest=OTHER)


def _reads_in_order(profile: Profile) -> bool:
    """Tell whether ranges such as ``20-29`` follow each other by the alphabet as they do by size."""
    if profile.matched(_BOUNDED) <= 0.9:
        return False
    first = [int(m[1]) for text in sorted(profile.shown) if (m := _BOUNDED.fullmatch(text))]
    return first == sorted(first)


# -- in words ------------------------------------------------------------------------------


def describe_rule(rule: HierarchyRule | None) -> str:
    """Write a rule in a few words, without any value of the table."""
    if rule is None:
        return ""
    words: dict[type, Callable[[], str]] = {
        IntervalRule: lambda: _of_intervals(rule),
        DateRule: lambda: ", ".join(getattr(rule, "levels", ())).replace("_", " "),
        MaskRule: lambda: f"masked from the {getattr(rule, 'side', '')}",
        KnownRule: lambda: f"tree: {getattr(rule, 'tree', '')}",
        FrequencyRule: lambda: "most frequent " + _listed(getattr(rule, "keep", ())),
        OrderRule: lambda: "groups of neighbours",
        SuppressRule: lambda: "kept or suppressed",
    }
    return words.get(type(rule), lambda: str(rule.type))()


def _of_intervals(rule: HierarchyRule) -> str:
    assert isinstance(rule, IntervalRule)
    bounds = [f"{bound:.12g}" for bound in (rule.lower, rule.upper) if bound is not None]
    beyond = f", joined beyond {' and '.join(bounds)}" if bounds else ""
    return "intervals of " + _listed(rule.widths) + beyond


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:.12g}" for number in numbers)
