"""What the name of a column says of it, in several languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from anon_dagster.detection.domains import Domain, Domains, is_own
from anon_dagster.detection.name_words import stands_for_itself
from anon_dagster.detection.patterns import LinearPattern
from anon_dagster.detection.words import LONGEST, tokens

_IDLE = frozenset(
    {"the", "of", "de", "del", "la", "le", "du", "des", "di", "da", "do", "der", "your", "my", "a"}
)
_EXACT, _LAST, _FIRST, _INSIDE, _GLUED, _VAGUE = 1.0, 0.88, 0.8, 0.66, 0.7, 0.45
_SHORTENED, _CUT, _MISSPELT = 0.75, 0.6, 0.7
_EMPTY = frozenset(
    "col column var variable field feature attr attribute value unnamed".split()  # noqa: SIM905
)
_KINDS = frozenset("cd code desc dsc txt text cat grp group rec recode lbl label val".split())  # noqa: SIM905
"""Words that say how a thing is written, not what it is: ``gender_cd``."""
_SHORTEST_GLUED = 5  # letters: shorter words are found inside of others by chance
_SHORT = 3  # letters of a word that means something else in other names and languages

Span = tuple[int, int]
"""Where a phrase lies among the letters of a name."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """What columns of a domain may be called."""

    domain: str
    words: tuple[str, ...]
    glued: str
    """The phrase without blanks."""
    vague: bool
    stem: str
    """``"end"`` or ``"start"`` if longer words that end or start with it count as well."""
    accented: bool
    """Whether it is another word without its accents: ``lön`` is pay, ``lon`` a longitude."""
    unbound: bool
    """Whether any values could be that, so that a few letters of it say nothing."""


def header_evidence(name: str, domains: Domains) -> dict[str, float]:
    """Return how far the name of a column speaks for each domain, above 0 to 1.

    A phrase counts most if it is all of the name, less at its end or start (``patient email``,
    ``fecha de ingreso``), least inside. Phrases that are part of a longer one that fits (``date``
    in ``birth date``) do not count. Where no phrase is found, words may be cut short (``fam stand``,
    ``gndr``) or misspelt.
    """
    name_words = tuple(word for word in tokens(name) if word not in _IDLE)
    found = tuple(domains.items())
    scores = dict(_evidence(name_words, found, accented=not name.isascii())) if name_words else {}
    for domain, pattern in _patterns(found):
        if pattern.fullmatch(name.strip()[:LONGEST]):
            scores[domain] = _EXACT
    return scores


@lru_cache(maxsize=8192)
def _evidence(
    name_words: tuple[str, ...], domains: tuple[tuple[str, Domain], ...], *, accented: bool
) -> tuple[tuple[str, float], ...]:
    """Score the domains that the words of a name speak for; parts of longer phrases do not."""
    glued_name = "".join(name_words)
    likely = (
        p for p in _phrases(domains) if p.glued in glued_name and (accented or not p.accented)
    )
    matches = [(p, *fit) for p in likely if (fit := _fit(p, name_words)) is not None]
    if not matches or len(name_words) > 1:
        candidates = _by_letter(domains).get(name_words[0][0], ())
        matches += [
            (p, s, (0, len(glued_name)))
            for p in candidates
            if (s := _shortened_score(p, name_words))
        ]
    scores: dict[str, float] = {}
    for phrase, score, span in matches:
        if not any(_inside(span, other) for _, strong, other in matches if strong >= score - 0.2):
            scores[phrase.domain] = max(scores.get(phrase.domain, 0.0), score)
    return tuple(scores.items())


@lru_cache(maxsize=4)
def _patterns(
    domains: tuple[tuple[str, Domain], ...],
) -> tuple[tuple[str, re.Pattern[str] | LinearPattern], ...]:
    return tuple(
        (
            name,
            re.compile(domain.name_pattern, re.IGNORECASE)
            if is_own(domain.name_pattern)
            else LinearPattern(domain.name_pattern, ignore_case=True),
        )
        for name, domain in domains
        if domain.name_pattern is not None
    )


def _inside(span: Span, other: Span) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def speaks(name: str) -> bool:
    """Tell whether a name has a word that could say something: ``wks``, but not ``var12``."""
    return any(len(w) > 1 and w.isalpha() and w not in _EMPTY for w in tokens(name))


@lru_cache(maxsize=4)
def _phrases(domains: tuple[tuple[str, Domain], ...]) -> tuple[Phrase, ...]:
    """Return every name that columns of the domains may have, without doubles."""
    phrases: dict[tuple[str, tuple[str, ...], str], Phrase] = {}
    for name, domain in domains:
        for written in (name.replace("_", " "), *domain.names):
            stem = "end" if written.startswith("*") else "start" if written.endswith("*") else ""
            phrase = written.strip("~*")
            words = tuple(w for w in tokens(phrase) if w not in _IDLE) or tokens(phrase)
            glued = "".join(words)
            accented = len(glued) <= _SHORT and not phrase.isascii()
            phrases.setdefault(
                (name, words, stem),
                Phrase(
                    name,
                    words,
                    glued,
                    written.startswith("~"),
                    stem,
                    accented,
                    domain.shape == "any",
                ),
            )
    return tuple(phrases.values())


@lru_cache(maxsize=4)
def _by_letter(domains: tuple[tuple[str, Domain], ...]) -> dict[str, tuple[Phrase, ...]]:
    """Return the phrases that may be cut short, by their first letter."""
    by_letter: dict[str, list[Phrase]] = {}
    for phrase in _phrases(domains):
        if phrase.words and not phrase.vague and not any(map(str.isdigit, phrase.words)):
            by_letter.setdefault(phrase.words[0][0], []).append(phrase)
    return {letter: tuple(phrases) for letter, phrases in by_letter.items()}


def _fit(phrase: Phrase, name_words: tuple[str, ...]) -> tuple[float, Span] | None:
    """Score how a name has a phrase, and say in which letters; ``None`` if it has not."""
    size, count = len(phrase.words), len(name_words)
    whole, glued = "".join(name_words), phrase.glued
    if not glued:
        return None
    if whole == glued and (len(glued) > _SHORT or count == size):
        return (0.8 if phrase.vague else _EXACT), (0, len(whole))
    starts = [s for s in range(count - size + 1) if name_words[s : s + size] == phrase.words]
    joined = [s for s in range(count) if name_words[s] == glued] if size > 1 else []
    if starts or joined:
        start, length = (starts[-1], size) if starts else (joined[-1], 1)
        letters = _letters_of(name_words, start, length)
        return _positional_score(phrase, name_words, start, length), letters
    return _within(phrase, name_words)


def _positional_score(
    phrase: Phrase, name_words: tuple[str, ...], start: int, length: int
) -> float:
    """Score a phrase that is some of the words of a name; a short word says little there."""
    if phrase.vague or (len(phrase.glued) <= _SHORT and not phrase.stem):
        return _VAGUE
    # A number behind a name counts its fellows: address 2, phone1.
    numbered = all(word.isdigit() for word in name_words[start + length :])
    last = start + length == len(name_words)
    if start == 0 and numbered and not last:
        return 0.95
    return _LAST if last or numbered else _FIRST if start == 0 else _INSIDE


def _letters_of(name_words: tuple[str, ...], start: int, length: int) -> Span:
    before = sum(map(len, name_words[:start]))
    return before, before + sum(map(len, name_words[start : start + length]))


def _within(phrase: Phrase, name_words: tuple[str, ...]) -> tuple[float, Span] | None:
    """Look for a phrase at an end of a longer word: ``wohnort``, ``PRTAGE``."""
    glued = phrase.glued
    for position, word in enumerate(name_words):
        before = _letters_of(name_words, position, 0)[0]
        score = _GLUED * (0.6 + 0.4 * len(glued) / len(word))
        rest = len(word) - len(glued)
        long = not phrase.vague and len(glued) >= _SHORTEST_GLUED and rest >= _SHORT
        if word.endswith(glued) and (long or phrase.stem == "end"):
            return score, (before + len(word) - len(glued), before + len(word))
        longer = long and len(glued) > _SHORTEST_GLUED + 1
        if word.startswith(glued) and (longer or phrase.stem == "start"):
            return score, (before, before + len(glued))
    return None


# -- words that are cut short or misspelt ------------------------------------------------------


def _shortened_score(phrase: Phrase, name_words: tuple[str, ...]) -> float:
    """Score names such as ``fam_stand``, ``staatsang.``, ``gndr`` and ``maried``; 0 if none fits."""
    scores = (_abbreviation_score(phrase, words) for words in _significant_words(name_words))
    return max(scores, default=0.0)


def _significant_words(name_words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words of a name without numbers, and without the kind of thing at its end."""
    words = tuple(word for word in name_words if not word.isdigit())
    yield words
    if len(words) > 1 and words[-1] in _KINDS:
        yield words[:-1]


def _abbreviation_score(phrase: Phrase, name_words: tuple[str, ...]) -> float:
    if not name_words or len(name_words[0]) < 2:
        return 0.0
    if len(name_words) == len(phrase.words) > 1:
        cut = all(own.startswith(word) for word, own in zip(name_words, phrase.words, strict=True))
        return _SHORTENED if cut and max(map(len, name_words)) >= 3 else 0.0
    if len(name_words) > 1:
        return _SHORTENED if len(phrase.words) == 1 and _in_order(name_words, phrase.glued) else 0.0
    return _word_score(name_words[0], phrase)


def _word_score(word: str, phrase: Phrase) -> float:
    whole = phrase.glued
    if stands_for_itself(word):
        return 0.0
    if len(word) >= 4 and word == _skeleton(whole):
        return _CUT
    if len(phrase.words) == 1 and len(whole) > len(word) + 1 and whole.startswith(word):
        return _CUT if len(word) > _SHORT + phrase.unbound else 0.0
    return _MISSPELT if len(word) >= 6 and _one_letter_off(word, whole) else 0.0


def _in_order(parts: tuple[str, ...], word: str) -> bool:
    """Tell whether parts are pieces of a compound, the first at its start: ``geb dat``."""
    if not word.startswith(parts[0]) or any(len(part) < 3 for part in parts):
        return False
    position = 0
    for part in parts:
        position = word.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


def _skeleton(word: str) -> str:
    return word[:1] + re.sub(r"[aeiou]", "", word[1:])


def _one_letter_off(word: str, other: str) -> bool:
    """Tell whether a letter was left out, added, or two were swapped."""
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    short, long = sorted((word, other), key=len)
    if len(short) < len(long):
        return any(long[:n] + long[n + 1 :] == short for n in range(len(long)))
    return any(
        word[:n] + word[n + 1] + word[n] + word[n + 2 :] == other for n in range(len(word) - 1)
    )
