"""Domains that a pattern, a check digit or a closed vocabulary tells."""

import re
import string
from collections.abc import Container, Iterator
from functools import lru_cache

from anon_dagster.detection.checks import STATES, check_of, stdnum
from anon_dagster.detection.domains import Domain, Domains, is_own
from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.patterns import LinearPattern
from anon_dagster.detection.profile import Profile
from anon_dagster.facts.vocabulary import folded, words

_UNCHECKED = 0.75  # of the strength of a pattern whose check digits cannot be computed
_SOME = 10  # distinct values that show whether what they begin with varies
_FEWEST = 3  # distinct values below which a vocabulary of short codes says little
_POINTED, _ONE_LENGTH = 0.1, 0.95  # shares of codes of diagnoses
_REPEATED = 0.6  # distinct values per record below which codes stand for something that repeats
_CHAPTERS = 4


def format_evidence(profile: Profile, domains: Domains) -> Iterator[Evidence]:
    """Try the pattern or vocabulary of each domain."""
    for name, domain in domains.items():
        evidence = None
        if domain.pattern is not None:
            evidence = _pattern(profile, name, domain)
        elif domain.values is not None:
            evidence = _vocabulary(profile, name, domain)
        if evidence is not None:
            yield evidence
    yield from _numbers_of_states(profile)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | LinearPattern:
    return re.compile(pattern) if is_own(pattern) else LinearPattern(pattern)


def _pattern(profile: Profile, name: str, domain: Domain) -> Evidence | None:
    """Score the share of the values that match a pattern, and pass its check if it has one."""
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
    strength *= _variety(profile, domain)
    score = strength * ramp(share, low=0.3, high=0.9)
    reason = f"{percent(share)} of the values {what}: {_thing(domain)}"
    return Evidence(name, score, reason) if score else None


def _variety(profile: Profile, domain: Domain) -> float:
    """Doubt numbers of states that all begin with the same letters, and a handful of diagnoses."""
    if domain.kind == "government" and profile.distinct >= _SOME:
        heads = {re.sub(r"[^A-Za-z].*", "", value) for value in profile.shown}
        return 0.5 if len(heads) == 1 and heads != {""} else 1.0
    return _diagnoses(profile) if domain.check == "icd10" else 1.0


def _diagnoses(profile: Profile) -> float:
    """Doubt diagnoses that seats, rooms and badges may be as well: a letter and two digits.

    Diagnoses repeat, and are of several chapters; with what follows the category they look like
    nothing else, unless they are all of one length without a point.
    """
    varied = 0.5 + 0.5 * ramp(len({value[:2] for value in profile.shown}), low=1, high=4)
    pointed = profile.share(lambda v: "." in v) > _POINTED
    of_lengths = profile.one_length < _ONE_LENGTH and profile.share(lambda v: len(v) > 3) > _POINTED
    if pointed or of_lengths:
        return varied
    letters = sorted({value[:1].upper() for value in profile.shown})
    if profile.distinct_share > _REPEATED or len(letters) < _CHAPTERS:
        return 0.4 * varied
    in_turn = "".join(letters) in string.ascii_uppercase  # as seats and corridors are counted
    return varied * (0.75 if in_turn else 0.87)


def _thing(domain: Domain) -> str:
    text = domain.description.split(",")[0].split(" (")[0]
    return text[0].lower() + text[1:] if not text[:2].isupper() else text


def _vocabulary(profile: Profile, name: str, domain: Domain) -> Evidence | None:
    """Score the share of the values that are words of a closed vocabulary."""
    known: Container[str]
    if isinstance(domain.values, str):
        known = words(domain.values)
    else:
        known = frozenset(folded(value) for value in domain.values or ())
    held = {word for word in profile.words_in(known) if word is not None}
    if not held or profile.numeric:
        return None
    share = profile.within(known)
    strength = domain.strength
    if isinstance(domain.values, str):
        strength *= _plausibility(domain.values, held)
    score = strength * ramp(share, low=0.35, high=0.9)
    reason = f"{percent(share)} of the values are known words of: {_thing(domain)}"
    return Evidence(name, score, reason) if score else None


_DOUBTFUL = frozenset({"marital_status", "race", "education", "religion"})
"""Vocabularies whose short words are codes of much else."""


def _plausibility(vocabulary: str, held: set[str]) -> float:
    """Doubt letters that mean something else elsewhere, and answers too few to tell."""
    if vocabulary == "sex":
        spoken = {words("sex")[word] for word in held}
        if not spoken & {"male", "female"}:
            return 0.0
        return 1.0 if {"male", "female"} <= spoken else 0.6
    if vocabulary == "boolean":
        return 1.0 if len(held) <= 6 else 0.0
    if vocabulary in _DOUBTFUL and max(map(len, held)) <= 2:
        return 0.55 if len(held) >= _FEWEST else 0.3
    if vocabulary == "blood_type":
        whole = held >= {"a", "b", "ab", "o"}
        return 1.0 if whole or any({"+", "-", " "} & set(word) for word in held) else 0.2
    return (0.6, 0.9, 1.0)[min(len(held), _FEWEST) - 1]


def _numbers_of_states(profile: Profile) -> Iterator[Evidence]:
    """Try the check digits of many states on columns of long codes."""
    if profile.distinct < 10 or profile.share(_long_code) < 0.8 or profile.span.decimal_places:
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
