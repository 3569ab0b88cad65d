"""A hierarchy for each quasi-identifier, as a rule of a request that can be run as it is.

Rules hold no value of the table, and every rule says what becomes of values that it does not
know, so that records outside of the sample never stop a job.
"""

import re
from typing import TYPE_CHECKING

import numpy as np

from anon_dagster.core.builders import free_label
from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.times import Calendar
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
_WIDTHS = 3

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
_OF_LIFE = {"age": (5.0, 10.0, 20.0, 40.0), "year": (5.0, 10.0, 20.0)}


def propose_hierarchy(verdict: Verdict, profile: Profile) -> HierarchyRule:
    """Return the rule for a column that was classified.

    =====================  ================================================================
    dates                  periods that suit the span, in the format of most values
    ages, years            5, 10, 20 (and 40) years
    other numbers          up to three widths of the series 1, 2, 5, 10 …, the first near a
                           twentieth of the span without its outliers
    places, diagnoses,     trees that are known, where they hold most of the values
    degrees and the like
    codes                  masked from the right, character by character
    few values             kept or suppressed
    other texts            ever fewer of the most frequent kept
    =====================  ================================================================
    """
    rule, label = _proposed(verdict, profile), free_label(profile.shown)
    if isinstance(rule, FrequencyRule):
        return rule.model_copy(update={"rest": label})
    return rule if rule.other is None else rule.model_copy(update={"other": label})


def _proposed(  # noqa: PLR0911 (a kind of column each)
    verdict: Verdict, profile: Profile
) -> HierarchyRule:
    if verdict.calendar is not None and verdict.domain in {"date", "date_of_birth", "timestamp"}:
        return _periods(verdict.calendar)
    tree = _TREES.get(verdict.domain)
    if tree is not None and (known := _known(tree, profile)) is not None:
        return known
    if verdict.domain == "occupation" and (known := _known("employment", profile)) is not None:
        return known
    if verdict.domain == "postal_code" or _is_code(profile, verdict):
        return _mask(profile)
    if verdict.domain in {"latitude", "longitude"}:
        return IntervalRule(widths=(0.1, 1.0, 10.0), other=OTHER)
    if profile.numeric and profile.distinct > 2 and not _coded(profile, verdict):
        return _intervals(profile, verdict.domain)
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


def _periods(dates: Calendar) -> DateRule:
    levels: tuple[DateLevel, ...]
    if dates.years > 15:
        levels = ("month", "year", "5_years", "decade")
    elif dates.years > 2:
        levels = ("month", "quarter", "year", "5_years")
    else:
        levels = ("month", "quarter", "half_year", "year")
    if dates.timed:
        levels = ("day", *levels)
    return DateRule(
        levels=levels, format=dates.written, two_digit_years_until=dates.until, other=OTHER
    )


# -- numbers -------------------------------------------------------------------------------


def _intervals(profile: Profile, domain: str) -> HierarchyRule:
    span = profile.span.high - profile.span.low
    widths = _OF_LIFE.get(domain) or nice_widths(span, whole=profile.span.whole)
    widths = tuple(width for width in widths if width < max(span, 1e-9)) or widths[:1]
    return IntervalRule(widths=widths, other=OTHER)


def nice_widths(span: float, *, whole: bool) -> tuple[float, ...]:
    """Return up to three widths, each a whole multiple of the one before it, from 1, 2, 5, 10 ….

    Parameters
    ----------
    span
        What the values cover; the first width is near a twentieth of it.
    whole
        Whether no width may be below 2.
    """
    power = int(np.floor(np.log10(max(span, 1e-9) / 20)))
    series = [float(f"{digit}e{p}") for p in range(power, power + 4) for digit in (1, 2, 5)]
    least = max(span / 20, 2.0 if whole else 0.0)
    usable = [width for width in series if width >= least * 0.999] or [2.0]
    widths = [usable[0]]
    for width in usable[1:]:
        ratio = width / widths[-1]
        if width < span and abs(ratio - round(ratio)) < 1e-6:
            widths.append(width)
    return tuple(widths[:_WIDTHS])


def _coded(profile: Profile, verdict: Verdict) -> bool:
    """Tell whether numbers are codes of answers, which have no distance."""
    named = verdict.domain in {*_TREES, "sex", "industry", "language", "employer"}
    ordered = verdict.domain == "education"
    return profile.distinct <= 2 or (named and not ordered)


# -- texts ---------------------------------------------------------------------------------


def _is_code(profile: Profile, verdict: Verdict) -> bool:
    fixed = profile.one_length > 0.95 and max(profile.lengths, default=0) >= 3
    digits = profile.share(lambda v: any(map(str.isdigit, v)) and " " not in v)
    return (
        verdict.domain in {"text", "category"} and fixed and digits > 0.95 and profile.distinct > 20
    )


def _mask(profile: Profile) -> MaskRule:
    longest = max((n for n, weight in profile.lengths.items() if weight > 0.02), default=2)
    return MaskRule(levels=max(min(longest, 10) - 1, 1), other=OTHER)


_BOUNDED = re.compile(r"\D*\d+.*")


def _texts(profile: Profile, verdict: Verdict) -> HierarchyRule:
    if profile.distinct <= 3:
        return SuppressRule()
    if verdict.domain == "age" and profile.matched(_BOUNDED) > 0.9:
        return OrderRule(sizes=(2, 2)) if profile.distinct > 4 else OrderRule(sizes=(2,))
    if profile.distinct <= _FEW:
        return SuppressRule()
    keep = [n for n in (100, 50, 20, 10, 5, 3) if n < profile.distinct]
    return FrequencyRule(keep=tuple(keep[:4] if len(keep) > 4 else keep), rest=OTHER)


# -- in words ------------------------------------------------------------------------------


def describe_rule(rule: HierarchyRule | None) -> str:
    """Write a rule in a few words, without any value of the table."""
    if rule is None:
        return ""
    words: dict[type, Callable[[], str]] = {
        IntervalRule: lambda: "intervals of " + _listed(getattr(rule, "widths", ())),
        DateRule: lambda: ", ".join(getattr(rule, "levels", ())).replace("_", " "),
        MaskRule: lambda: f"masked from the {getattr(rule, 'side', '')}",
        KnownRule: lambda: f"tree: {getattr(rule, 'tree', '')}",
        FrequencyRule: lambda: "most frequent " + _listed(getattr(rule, "keep", ())),
        OrderRule: lambda: "groups of neighbours",
        SuppressRule: lambda: "kept or suppressed",
    }
    return words.get(type(rule), lambda: str(rule.type))()


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
