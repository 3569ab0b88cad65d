"""What remains: constants, keys, free text, categories; and ways to reach a person."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens
from anon_dagster.facts.vocabulary import words

_PHONE = re.compile(r"(\+|00)?[\d(][\d\s().\-/]{5,20}\d(\s?(x|ext\.?|#)\s?\d{1,6})?")
_WRITTEN_AS_PHONE = re.compile(r"^(\+|00\d{9})|[()]|x\d|^\d{3}[-. ]\d{3}[-. ]\d{4}$|^0\d")
_NATIONAL = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "PT",
    "BR",
    "IN",
    "NL",
    "CH",
    "AT",
    "AU",
    "MX",
    "PL",
    "SE",
    "JP",
    "CN",
)
_PLATE = re.compile(
    r"(?=.*\d)(?=.*[A-ZÄÖÜ])[A-Z0-9ÄÖÜ]{1,4}[ -]?[A-Z0-9]{1,4}([ -]?[A-Z0-9]{1,4})?"
)
_ABROAD = re.compile(r"\+|00(?=(\D?\d){9})")
_USER = re.compile(r"@?[a-zA-Z][a-zA-Z0-9]*(?:[._-][a-zA-Z0-9]+)*\d*")
_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9_/.#-]*")
_UNIQUE, _NEARLY = 0.995, 0.96
SETTLED = 20
"""Records from which one value in all of them is no chance."""
_NEARLY_CONSTANT = 0.94
_TICKS = frozenset("✓ ✔ ☑ ✗ ✘ ☒ * • X".split())  # noqa: SIM905 (read as a text)
_MOSTLY_BLANK = 0.5  # share of the records without the one value, from which it is a mark


def contact_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for telephone numbers."""
    written = profile.matched(_PHONE)
    if written < 0.6 or profile.distinct < 5 or profile.span.decimal_places:
        return
    if score := 0.84 * ramp(_abroad_unmarked(profile), low=0.5, high=0.8):
        yield Evidence("phone", score, "digits that are telephone numbers with a code of a country")
        return
    digits = profile.share(lambda v: 7 <= sum(map(str.isdigit, v)) <= 15 or "x" in v)
    marked = profile.share(lambda v: bool(re.search(r"^\+|^00\d{9}|[()]|\d[ .-]\d+[ .-]\d", v)))
    if digits < 0.6 or (
        marked < 0.25
        and profile.one_length > 0.97
        and profile.share(lambda v: v[0] in "06789") < 0.5
    ):
        return
    valid, region = _valid_phones(profile)
    share = max(valid, written * 0.9 if marked > 0.6 else 0.0)
    punctuated = profile.share(lambda v: bool(_WRITTEN_AS_PHONE.search(v)))
    if marked < 0.25 and profile.one_length > 0.97 and valid < 0.5:
        return  # digits of one length, and of no country: rather a key
    strength = 0.96 if punctuated > 0.5 else 0.8 if valid >= 0.5 else 0.55
    if score := strength * ramp(share, low=0.25, high=0.75):
        where = f" ({region})" if region else ""
        yield Evidence(
            "phone", score, f"{percent(share)} of the values are telephone numbers{where}"
        )


def _valid_phones(profile: Profile) -> tuple[float, str]:
    """Return the share of possible numbers in the region where most are, and that region."""
    import phonenumbers

    texts = profile.shown[:: max(len(profile.shown) // 40, 1)][:40]
    best = (0.0, "")
    abroad = sum(bool(_ABROAD.match(text)) for text in texts) > len(texts) / 2
    for region in (None,) if abroad else _NATIONAL:
        valid = 0
        for text in texts:
            try:
                number = phonenumbers.parse(re.sub(r"^00", "+", text) if abroad else text, region)
            except phonenumbers.NumberParseException:
                continue
            valid += phonenumbers.is_possible_number(number) and (
                abroad or phonenumbers.is_valid_number(number)
            )
        if valid > best[0] * len(texts):
            best = (valid / len(texts), region or "")
    return best


def _abroad_unmarked(profile: Profile) -> float:
    """Return the share of digits that are a valid number once a plus stands before them."""
    import phonenumbers

    if not profile.numeric or profile.span.least < 10**9 or profile.span.most >= 10**15:
        return 0.0
    texts = profile.shown[:: max(len(profile.shown) // 40, 1)][:40]
    valid = 0
    for text in texts:
        try:
            valid += phonenumbers.is_valid_number(phonenumbers.parse(f"+{text}", None))
        except phonenumbers.NumberParseException:
            continue
    return valid / len(texts)


def code_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for licence plates and names of accounts."""
    if profile.numeric or profile.distinct < 10:
        return
    plates = profile.matched(_PLATE) * profile.share(lambda v: sum(map(str.isalnum, v)) >= 5)
    lengths = profile.share(lambda v: 4 <= len(v) <= 10)
    shapes = Counter(_shape(value) for value in profile.shown)
    mixed = profile.share(lambda v: v.isascii() and not v.isalpha())
    if (
        lengths > 0.9
        and mixed > 0.9
        and (len(shapes) >= 3 or any(c in s for s in shapes for c in "- "))
    ):
        letters = {re.sub(r"[^A-ZÄÖÜ]", "", value) for value in profile.shown}
        varied = ramp(len(letters), low=3, high=20)
        if score := 0.66 * ramp(plates, low=0.7) * varied * (1.0 if _plated(shapes) else 0.7):
            yield Evidence(
                "licence_plate", score, f"{percent(plates)} of the values are written like plates"
            )
    users = profile.matched(_USER)
    lower = profile.share(lambda v: v == v.lower() and v[:1].isalpha())
    ends = profile.share(lambda v: v[-1:].isdigit() or "_" in v or "." in v)
    if profile.mean_words < 1.05 and profile.distinct_share > 0.5:
        score = (
            0.72
            * ramp(users, low=0.7)
            * ramp(lower, low=0.5, high=0.9)
            * ramp(ends, low=0.05, high=0.3)
        )
        if len(shapes) < 6:
            score *= 0.3
        if score:
            yield Evidence(
                "user_name", score, f"{percent(users)} of the values are written like accounts"
            )


def _plated(shapes: Counter[str]) -> bool:
    return any("A" in shape and "9" in shape for shape in shapes)


def _shape(value: str) -> str:
    """Write a value with ``A`` for letters and ``9`` for digits."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", value))


def generic_evidence(profile: Profile) -> Iterator[Evidence]:
    """Tell what can be told of any column."""
    if ticked(profile):
        yield Evidence("boolean", 0.9, "one mark, or nothing: answered by a tick")
        return
    if profile.distinct <= 1:
        what = (
            "no value at all" if not profile.distinct else "one value in all records that have one"
        )
        settled = not profile.distinct or profile.present >= SETTLED
        yield Evidence("constant", 0.99 if settled else 0.3, what)
        return
    top = float(profile.counts.max() / profile.present)
    if (
        profile.present >= 50
        and not profile.numeric
        and (score := 0.8 * ramp(top, low=_NEARLY_CONSTANT, high=0.97))
    ):
        yield Evidence("constant", score, f"{percent(top)} of the records hold the same value")
    yield from _keys(profile)
    if profile.span.whole and _long_numbers(profile) and profile.distinct > 20:
        yield Evidence("unique_key", 0.55, "numbers of one length, too long to count anything")
    # Of every column, so that none is without a verdict: digits with zeros in front are no number.
    yield Evidence("text", 0.2, f"{profile.distinct} different texts in {profile.present} records")
    sentences = profile.share(lambda v: len(v.split()) >= 4 or len(v) > 40)
    if profile.mean_words >= 4 and (profile.distinct_share > 0.2 or profile.distinct > 150):
        strength = 0.92 if profile.mean_words >= 6 else 0.62
        yield Evidence(
            "free_text",
            strength * ramp(sentences, low=0.3, high=0.7),
            f"{profile.mean_words:.0f} words a value on average",
        )
    if not profile.numeric:
        few = profile.distinct <= max(30, 0.05 * profile.present)
        score = 0.5 if few else 0.3 if profile.distinct_share < 0.5 else 0.1
        yield Evidence(
            "category", score, f"{profile.distinct} different texts in {profile.present} records"
        )


def ticked(profile: Profile) -> bool:
    """Tell whether a box was ticked or not: one mark such as ``x`` or ``1``, and blanks.

    A word that says what it stands for is a mark as well, and so is any that most records lack.
    """
    if profile.distinct != 1 or profile.present == profile.records:
        return False
    mark = profile.shown[0]
    spoken = bool(mark) and set(tokens(mark)) & set(tokens(profile.name))
    marks = profile.within(words("boolean")) > 0 or mark in _TICKS
    return bool(spoken) or marks or profile.missing_share >= _MOSTLY_BLANK


def _keys(profile: Profile) -> Iterator[Evidence]:
    """Recognize values that differ in nearly every record and are codes or count upwards."""
    if profile.distinct_share < _NEARLY or profile.present < 20:
        return
    unique = profile.distinct_share >= _UNIQUE
    coded = profile.matched(_CODE)
    shapes = Counter(re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "9", v)) for v in profile.shown)
    uniform = shapes.most_common(1)[0][1] / max(len(profile.shown), 1)
    reason = f"{percent(profile.distinct_share)} of the values differ from each other"
    if profile.numeric:
        if profile.span.whole and profile.span.most >= 0.8 * profile.present:
            long = _long_numbers(profile)
            score = 0.8 if _dense(profile) else 0.7 if long else 0.45
            yield Evidence("unique_key", score if unique or score > 0.7 else score / 2, reason)
        return
    prefixes = {re.match(r"[^\W\d_]*", value).group() for value in profile.shown}  # type: ignore[union-attr]
    strength = 0.78 if len(prefixes) < 8 else 0.62
    if score := strength * ramp(coded, low=0.5, high=0.9) * ramp(uniform, low=0.1, high=0.6):
        yield Evidence("unique_key", score, f"{reason} and are codes")


def _long_numbers(profile: Profile) -> bool:
    return profile.numeric and profile.one_length > 0.9 and profile.span.least >= 10**8


def _dense(profile: Profile) -> bool:
    """Tell whether whole numbers fill their span as evenly as a counter does."""
    numbers = np.sort(profile.numbers[~np.isnan(profile.numbers)])
    if len(numbers) < 20 or numbers[-1] == numbers[0]:
        return False
    even = np.linspace(numbers[0], numbers[-1], len(numbers))
    return bool(np.abs(numbers - even).max() < 0.05 * (numbers[-1] - numbers[0]))
