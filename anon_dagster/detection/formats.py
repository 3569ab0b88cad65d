"""Domains that a pattern, a check digit or a closed vocabulary tells."""

import re
from collections.abc import Iterator
from functools import lru_cache

from anon_dagster.detection.checks import STATES, check_of, stdnum
from anon_dagster.detection.domains import Domain, Domains
from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile
from anon_dagster.facts.vocabulary import folded, words

_UNCHECKED = 0.75  # of the strength of a pattern whose check digits cannot be computed
_FEWEST = 3  # distinct values below which a vocabulary of short codes says little


def format_evidence(profile: Profile, domains: Domains) -> Iterator[Evidence]:
    """Try the pattern or vocabulary of each domain."""
    for name, domain in domains.items():
        found = None
        if domain.pattern is not None:
            found = _pattern(profile, name, domain)
        elif domain.values is not None:
            found = _vocabulary(profile, name, domain)
        if found is not None:
            yield found
    yield from _numbers_of_states(profile)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _pattern(profile: Profile, name: str, domain: Domain) -> Evidence | None:
    pattern = _compiled(domain.pattern or "")
    share = profile.share(pattern.fullmatch)
    if share <= 0.3:
        return None
    what = "have the form of"
    strength = domain.strength
    if domain.check is not None:
        check = check_of(domain.check)
        if check is None:
            strength *= _UNCHECKED
        else:
            share = profile.share(lambda value: pattern.fullmatch(value) and check(value))
            what = "pass the check of"
    score = strength * ramp(share, low=0.3, high=0.9)
    reason = f"{percent(share)} of the values {what}: {_thing(domain)}"
    return Evidence(name, score, reason) if score else None


def _thing(domain: Domain) -> str:
    text = domain.description.split(",")[0].split(" (")[0]
    return text[0].lower() + text[1:] if not text[:2].isupper() else text


def _vocabulary(profile: Profile, name: str, domain: Domain) -> Evidence | None:
    if isinstance(domain.values, str):
        known: frozenset[str] = frozenset(words(domain.values))
    else:
        known = frozenset(folded(value) for value in domain.values or ())
    held = [value for value in profile.shown if folded(value) in known]
    share = profile.within(known)
    if not held or profile.numeric:
        return None
    longest = max(len(value) for value in held)
    groups = len({folded(value) for value in held})
    strength = domain.strength
    if isinstance(domain.values, str):
        strength *= _plausibility(domain.values, held, longest, groups)
    score = strength * ramp(share, low=0.35, high=0.9)
    reason = f"{percent(share)} of the values are known words of: {_thing(domain)}"
    return Evidence(name, score, reason) if score else None


def _plausibility(  # noqa: PLR0911 (a vocabulary each)
    vocabulary: str, held: list[str], longest: int, groups: int
) -> float:
    """Doubt letters that mean something else elsewhere, and answers too few to tell."""
    if vocabulary == "sex":
        spoken = {words("sex")[folded(value)] for value in held}
        if not spoken & {"male", "female"}:
            return 0.0
        return 1.0 if {"male", "female"} <= spoken else 0.6
    if vocabulary == "boolean":
        return 1.0 if len(held) <= 6 else 0.0
    if vocabulary in ("marital_status", "race", "education", "religion") and longest <= 2:
        return 0.55 if groups >= _FEWEST else 0.3
    if vocabulary == "blood_type":
        whole = {folded(v) for v in held} >= {"a", "b", "ab", "o"}
        return 1.0 if whole or any("+" in v or "-" in v or " " in v for v in held) else 0.2
    if groups == 1:
        return 0.6
    return 0.9 if groups < _FEWEST else 1.0


def _numbers_of_states(profile: Profile) -> Iterator[Evidence]:
    """Try the check digits of many states on columns of long codes."""
    if profile.distinct < 10 or profile.share(_long_code) < 0.8 or profile.span.places:
        return
    best: dict[str, tuple[float, str]] = {}
    for module, domain in STATES:
        valid = stdnum(module)
        if valid is None or not _worth_a_try(profile, valid):
            continue
        share = profile.share(valid)
        if share > best.get(domain, (0.0, ""))[0]:
            best[domain] = share, module.split(".")[0].strip("_").upper()
    for domain, (share, state) in best.items():
        score = 0.96 * ramp(share, low=0.5, high=0.9)
        if score:
            reason = (
                f"{percent(share)} of the values have the check digits of such numbers ({state})"
            )
            yield Evidence(domain, score, reason)


def _long_code(value: str) -> bool:
    return 8 <= len(value) <= 22 and sum(map(str.isdigit, value)) >= 6 and "@" not in value


def _worth_a_try(profile: Profile, valid: object) -> bool:
    tried = profile.shown[:: max(len(profile.shown) // 12, 1)][:12]
    return sum(bool(valid(value)) for value in tried) >= 5  # type: ignore[operator]
