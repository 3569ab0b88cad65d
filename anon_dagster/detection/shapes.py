"""Whether values could be what the name of their column says."""

from collections.abc import Callable

from anon_dagster.detection.domains import Domain
from anon_dagster.detection.profile import Profile
from anon_dagster.facts.vocabulary import words

_CODES = 130
"""Distinct whole numbers that a survey may code answers with, at most."""
_LETTERS = 30
"""The same, of questions that have few answers."""
_SHORTEST_NUMBER = 4  # characters of a number that a state gives
_ASKED = frozenset(
    {
        "sex",
        "race",
        "marital_status",
        "religion",
        "diagnosis",
        "nationality",
        "language",
        "blood_type",
        "month",
    }
)
"""What is also asked with yes or no: married, smoker, Hispanic."""


def fits(profile: Profile, name: str, domain: Domain) -> float:
    """Return how far the values of a column could belong to a domain, 0 to 1."""
    fit = _FITS.get(domain.shape, _any)(profile)
    if domain.kind == "government":
        fit *= profile.share(lambda v: len(v) >= _SHORTEST_NUMBER)
    if domain.coded or domain.shape == "coded":
        fit = max(fit, _coded(profile, most=_LETTERS if name in _ASKED else _CODES))
    if name in _LISTED and _codes_of_places(profile):
        fit = max(fit, 0.8)
    if name in {"country_code_2", "country_code_3"}:
        fit *= profile.lengths.get(int(name[-1]), 0.0) > 0.8
    if name == "country" and not profile.numeric and profile.one_length > 0.9:
        fit *= 0.3 if max(profile.lengths) <= 3 else 1.0
    if _yes_or_no(profile) and name not in _ASKED and domain.shape != "binary":
        fit *= 0.3
    if name == "education" and profile.numeric and profile.span.high <= 30:
        fit = max(fit, 0.8 * (profile.span.low >= 0))
    if name == "age" and not profile.numeric and profile.distinct <= 12:
        fit = max(fit, 0.7 * _words(profile))
    if name == "age" and not profile.numeric:
        fit = max(fit, 0.8 * (profile.distinct <= _CODES and profile.share(_has_digit) > 0.6))
    return fit


_LISTED = frozenset({"city", "region", "occupation", "industry"})
"""What registers number with codes of one length, however many there are."""


def _codes_of_places(profile: Profile) -> bool:
    return (
        profile.one_length > 0.9
        and profile.matched(r"\d{2,9}") > 0.9
        and profile.distinct_share < 0.6
    )


def _yes_or_no(profile: Profile) -> bool:
    """Tell whether the answers are yes and no, in words or as 0 and 1."""
    if profile.numeric:
        return (profile.span.least, profile.span.most) == (0.0, 1.0) and profile.span.whole
    return profile.distinct <= 6 and profile.within(words("boolean")) > 0.9


def _has_digit(value: str) -> bool:
    return any(map(str.isdigit, value))


def _any(_: Profile) -> float:
    return 1.0


def _none(_: Profile) -> float:
    return 1.0


def _words(profile: Profile) -> float:
    """Text of letters, of a few words."""
    lettered = profile.share(lambda v: sum(map(str.isalpha, v)) >= 0.6 * max(len(v), 1))
    return 0.0 if profile.numeric or profile.mean_words > 8 or lettered < 0.6 else lettered


def _coded(profile: Profile, *, most: int = _CODES) -> float:
    """Answers that a survey writes as numbers, or as short codes."""
    if profile.distinct > most and profile.numeric:
        return 0.0
    if profile.numeric:
        whole = profile.span.whole and profile.span.least >= -99
        return 0.9 if whole and profile.distinct <= _CODES and profile.span.high < 10_000 else 0.0
    return (
        0.9
        if profile.distinct <= _CODES and profile.distinct_share < 0.6
        else 0.5 * _words(profile)
    )


def _text(profile: Profile) -> float:
    return 0.0 if profile.numeric else profile.share(lambda v: any(map(str.isalpha, v)))


def _sentence(profile: Profile) -> float:
    if profile.numeric or profile.distinct < 3:
        return 0.0
    return 1.0 if profile.mean_words >= 3 else 0.65 if profile.mean_words >= 1.6 else 0.2


def _token(profile: Profile) -> float:
    single = profile.share(lambda v: " " not in v and len(v) <= 64)
    return (
        0.0
        if profile.numeric and profile.span.decimal_places
        else single * (0.5 + 0.5 * profile.distinct_share)
    )


def _code(profile: Profile) -> float:
    if profile.span.decimal_places or profile.distinct < 2:
        return 0.0
    return profile.share(
        lambda v: 2 <= len(v) <= 34 and len(v.split()) <= 6 and (_has_digit(v) or v.isupper())
    )


def _digits(profile: Profile) -> float:
    return (
        0.0
        if profile.span.decimal_places
        else profile.share(lambda v: sum(map(str.isdigit, v)) >= 5)
    )


def _phone(profile: Profile) -> float:
    return (
        0.0
        if profile.span.decimal_places
        else profile.share(lambda v: sum(map(str.isdigit, v)) >= 6)
    )


def _email(profile: Profile) -> float:
    return profile.share(lambda v: "@" in v)


def _number(profile: Profile, low: float, high: float) -> float:
    if not profile.numeric or profile.span.low < low or profile.span.high > high:
        return 0.0
    return profile.numeric_share


def _degrees(limit: float) -> Callable[[Profile], float]:
    return lambda profile: (
        _number(profile, -limit, limit) * (1.0 if profile.span.decimal_places else 0.3)
    )


def _age(profile: Profile) -> float:
    return _number(profile, -10, 130) * (0.4 if profile.distinct == 2 else 1.0)


def _year(profile: Profile) -> float:
    full = profile.matched(r"(1[5-9]|20|21)\d\d(\.0)?")
    return full if full > 0.8 else 0.45 * _number(profile, 0, 99)


def _month(profile: Profile) -> float:
    return _number(profile, 1, 12) or _words(profile)


def _date(profile: Profile) -> float:
    return profile.share(lambda v: sum(map(str.isdigit, v)) >= 3 and not v.isalpha()) * (
        0.5 if profile.numeric else 1.0
    )


def _amount(profile: Profile) -> float:
    if profile.numeric:
        return 1.0 if profile.span.whole or profile.span.decimal_places else 0.5
    return 0.9 * profile.share(_has_digit) if profile.distinct <= _CODES else 0.0


def _unique(profile: Profile) -> float:
    """A key that may repeat, but has many values."""
    if profile.span.decimal_places or profile.mean_words > 2.5:
        return 0.0
    if profile.distinct_share >= 0.9:
        return 1.0
    return 0.75 if profile.distinct_share > 0.05 and profile.distinct > 20 else 0.0


def _binary(profile: Profile) -> float:
    return 1.0 if profile.distinct <= 2 else 0.0


def _scale(profile: Profile) -> float:
    if profile.numeric:
        return 1.0 if profile.distinct <= 12 and profile.span.high <= 100 else 0.2
    return 0.8 if profile.distinct <= 12 else 0.0


_FITS: dict[str, Callable[[Profile], float]] = {
    "any": _any,
    "none": _none,
    "words": _words,
    "coded": _coded,
    "text": _text,
    "sentence": _sentence,
    "token": _token,
    "code": _code,
    "digits": _digits,
    "phone": _phone,
    "email": _email,
    "latitude": _degrees(90),
    "longitude": _degrees(180),
    "age": _age,
    "year": _year,
    "month": _month,
    "date": _date,
    "timestamp": _date,
    "amount": _amount,
    "unique": _unique,
    "binary": _binary,
    "scale": _scale,
}
