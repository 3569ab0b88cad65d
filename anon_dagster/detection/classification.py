"""What a column is: the evidence of its values and of its name weighed against each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from anon_dagster.detection.domains import Domains
from anon_dagster.detection.evidence import Evidence
from anon_dagster.detection.formats import format_evidence
from anon_dagster.detection.generic import (
    SETTLED,
    code_evidence,
    contact_evidence,
    generic_evidence,
    ticked,
)
from anon_dagster.detection.headers import header_evidence, speaks
from anon_dagster.detection.numbers import number_evidence
from anon_dagster.detection.people import name_evidence, scripted_name_evidence, work_evidence
from anon_dagster.detection.places import address_evidence, coordinate_evidence, place_evidence
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.shapes import fits
from anon_dagster.detection.times import Calendar, calendar, time_evidence

_GENERIC = frozenset({"category", "text", "number", "unique_key", "boolean", "free_text", "amount"})
_NAME_ALONE = 0.86
_RIVALS = 3
_YIELDING = 0.4
_WEAK, _UNCONFIRMED = 0.75, 0.58
_CERTAIN = 0.95
_STRONG_NAME = 0.5
_RELATED = 0.85
_FAMILIES = (
    frozenset({"full_name", "given_name", "family_name"}),
    frozenset({"city", "region"}),
    frozenset({"date", "date_of_birth"}),
    frozenset({"amount", "income"}),
    frozenset({"street", "postal_address"}),
    frozenset({"country", "nationality"}),
)
"""Domains with much the same values, among which the name of a column decides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is taken for."""

    domain: str
    confidence: float
    reasons: tuple[str, ...]
    rivals: tuple[tuple[str, float], ...]
    """The domains that came next, with their scores."""
    calendar: Calendar | None
    """How its dates are written, if it has any."""
    value_score: float = 0.0
    """How far the values say so, 0 to 1."""
    name_score: float = 0.0
    """How far the name of the column says so, 0 to 1."""
    named: str | None = None
    """What the name alone says, of people, places, health and money; ``None`` if nothing."""


def classify(profile: Profile, domains: Domains) -> Verdict:
    """Weigh what speaks for each domain.

    Values and name are taken for independent witnesses: the doubt that remains is the product of
    their doubts. A name is believed as far as the values are such that they could be what it says;
    a name without any support by the values counts less than values that speak for themselves.
    """
    dates = calendar(profile) if profile.distinct else None
    evidence: dict[str, Evidence] = {}
    for witness in _witnesses(profile, domains, dates):
        strongest = evidence.get(witness.domain, _NOTHING)
        if witness.score > strongest.score and witness.domain in domains:
            evidence[witness.domain] = witness
    name_scores = header_evidence(profile.name, domains)
    if (constant := evidence.get("constant", _NOTHING)).score > _CERTAIN:
        return _constant(constant, name_scores, domains)
    scores = {
        domain: _combined_score(domain, domains, profile, evidence, name_scores)
        for domain in {*evidence, *name_scores}
    }
    ranked = sorted(scores, key=lambda d: (-domains[d].priority * (scores[d] > 0.5), -scores[d], d))
    best = ranked[0]
    reasons = _reasons(best, scores[best], evidence, name_scores)
    rivals = tuple((d, round(scores[d], 3)) for d in ranked[1 : 1 + _RIVALS])
    value_score = evidence.get(best, _NOTHING).score
    return Verdict(
        best,
        min(scores[best], 0.99),
        reasons,
        rivals,
        dates,
        value_score,
        name_scores.get(best, 0.0),
        _named(name_scores, domains),
    )


_NOTHING = Evidence("", 0.0, "")
_KEPT = frozenset({"person", "contact", "place", "time", "money", "health", "government"})
_SPOKEN = 0.8
_IMPERSONAL = frozenset({"time", "month", "weekday", "currency", "amount", "bic"})


def _named(name_scores: dict[str, float], domains: Domains) -> str | None:
    """Return the domain of people that the name speaks of most clearly, whatever the values are."""
    kept = {
        name: score
        for name, score in name_scores.items()
        if score > _SPOKEN and domains[name].kind in _KEPT and name not in _IMPERSONAL
    }
    return max(kept, key=kept.__getitem__, default=None)


def _constant(only: Evidence, name_scores: dict[str, float], domains: Domains) -> Verdict:
    """Judge a column of one value, or of none in the sample: other records may have others."""
    best = max(name_scores, key=name_scores.__getitem__, default="constant")
    if (
        name_scores
        and domains[best].role == "direct_identifier"
        and name_scores[best] > _STRONG_NAME
    ):
        reasons = (only.reason, f"its name says {best.replace('_', ' ')}")
        return Verdict(
            best, name_scores[best] * _NAME_ALONE, reasons, (), None, 0.0, name_scores[best]
        )
    return Verdict("constant", only.score, (only.reason,), (), None, only.score)


def _witnesses(profile: Profile, domains: Domains, dates: Calendar | None) -> Iterator[Evidence]:
    """Ask every detector what the values speak for; of a single value, no further one."""
    yield from generic_evidence(profile)
    if profile.distinct <= 1 and (ticked(profile) or profile.present >= SETTLED):
        return
    yield from time_evidence(profile, dates)
    yield from format_evidence(profile, domains)
    yield from number_evidence(profile)
    yield from coordinate_evidence(profile)
    if dates is None:
        yield from address_evidence(profile)
        yield from contact_evidence(profile)
    yield from name_evidence(profile)
    yield from scripted_name_evidence(profile)
    yield from work_evidence(profile)
    yield from place_evidence(profile)
    yield from code_evidence(profile)


def _combined_score(
    name: str,
    domains: Domains,
    profile: Profile,
    evidence: dict[str, Evidence],
    name_scores: dict[str, float],
) -> float:
    """Return the score of a domain, 0 to 1, from its values and its name together.

    Parameters
    ----------
    evidence
        What the values speak for, by domain.
    name_scores
        How far the name speaks for each domain, 0 to 1.
    """
    value_score = evidence[name].score if name in evidence else 0.0
    if name in _GENERIC or name == "rating":
        # What fits many columns yields to what the name says in particular.
        rivals = (
            name_scores[d] * fits(profile, d, domains[d]) for d in name_scores if d not in _GENERIC
        )
        value_score *= 1 - _YIELDING * max(rivals, default=0.0)
    if (
        name not in _GENERIC
        and value_score < _WEAK
        and name not in name_scores
        and speaks(profile.name)
    ):
        # A guess that the name could have confirmed, and did not.
        value_score *= _UNCONFIRMED
    if name in _OF_NAMES and name not in name_scores and _names_places(profile, name_scores):
        value_score *= _UNCONFIRMED
    if name not in name_scores:
        return value_score
    fit = fits(profile, name, domains[name])
    value_score = max(value_score, _RELATED * fit * _of_family(name, evidence))
    believed = name_scores[name] * _NAME_ALONE * fit
    if not value_score and domains[name].shape == "none":
        believed = 0.0
    return 1 - (1 - value_score) * (1 - believed)


_OF_NAMES = frozenset({"given_name", "family_name"})
_FEW_PLACES = 0.1


def _names_places(profile: Profile, name_scores: dict[str, float]) -> bool:
    """Tell whether few names are those of quarters and streets, which are called after people."""
    placed = max(name_scores.get(place, 0.0) for place in ("city", "region", "street"))
    return placed > _CERTAIN and profile.distinct_share < _FEW_PLACES


def _of_family(name: str, evidence: dict[str, Evidence]) -> float:
    kin = {other for family in _FAMILIES if name in family for other in family}
    return max((evidence[other].score for other in kin if other in evidence), default=0.0)


def _reasons(
    best: str, score: float, evidence: dict[str, Evidence], name_scores: dict[str, float]
) -> tuple[str, ...]:
    """Say why a domain was chosen: by its values, by its name, or for want of anything better."""
    reasons = []
    if best in evidence:
        reasons.append(evidence[best].reason)
    if best in name_scores:
        strength = "says" if name_scores[best] > 0.9 else "suggests"
        reasons.append(f"its name {strength} {best.replace('_', ' ')}")
        if best not in evidence:
            reasons.append("its values could be that")
    if score < 0.5:
        reasons.append("nothing speaks for anything in particular")
    return tuple(reasons)
