"""What the name of a column says of it, in several languages."""

import re
from dataclasses import dataclass
from functools import lru_cache

from anon_dagster.detection.domains import Domain, Domains
from anon_dagster.facts.vocabulary import plain

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_IDLE = frozenset(
    {"the", "of", "de", "del", "la", "le", "du", "des", "di", "da", "do", "der", "your", "my", "a"}
)
_EXACT, _LAST, _FIRST, _INSIDE, _GLUED, _VAGUE = 1.0, 0.88, 0.8, 0.66, 0.7, 0.45
_EMPTY = frozenset(
    "col column var variable field feature attr attribute value unnamed".split()  # noqa: SIM905
)
_SHORTEST_GLUED = 5  # letters: shorter words are found inside of others by chance


@dataclass(frozen=True, slots=True)
class Phrase:
    """What columns of a domain may be called."""

    domain: str
    words: tuple[str, ...]
    vague: bool


def tokens(name: str) -> tuple[str, ...]:
    """Split a name into words, without accents and case: ``dateOfBirth`` has three."""
    ascii_only = "".join(c if c.isupper() else plain(c) or c for c in name)
    return tuple(_singular(w.lower()) for w in _WORDS.findall(_unaccented(ascii_only)))


def _singular(word: str) -> str:
    """Drop the s of a plural; of every word that ends so, for names and phrases alike."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _unaccented(name: str) -> str:
    return "".join(plain(c).upper() if c.isupper() and not c.isascii() else c for c in name)


def header_evidence(name: str, domains: Domains) -> dict[str, float]:
    """Return how far the name of a column speaks for each domain, above 0 to 1.

    A phrase counts most if it is all of the name, less at its end or start (``patient email``,
    ``fecha de ingreso``), least inside. Phrases that are part of a longer one that fits (``date``
    in ``birth date``) do not count.
    """
    found = [word for word in tokens(name) if word not in _IDLE]
    if not found:
        return {}
    hits: list[tuple[Phrase, float, frozenset[int]]] = []
    for phrase in _phrases(tuple(domains.items())):
        fit = _fit(phrase, found)
        if fit is not None:
            hits.append((phrase, *fit))
    scores: dict[str, float] = {}
    for phrase, score, places in hits:
        if not any(places < other for _, strong, other in hits if strong >= score - 0.2):
            scores[phrase.domain] = max(scores.get(phrase.domain, 0.0), score)
    return scores


def speaks(name: str) -> bool:
    """Tell whether a name has a word that could say something: ``wks``, but not ``var12``."""
    return any(len(w) > 2 and w.isalpha() and w not in _EMPTY for w in tokens(name))


@lru_cache(maxsize=4)
def _phrases(domains: tuple[tuple[str, Domain], ...]) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(
            name,
            tuple(w for w in tokens(phrase.lstrip("~")) if w not in _IDLE) or tokens(phrase),
            phrase.startswith("~"),
        )
        for name, domain in domains
        for phrase in (name.replace("_", " "), *domain.names)
    )


def _fit(phrase: Phrase, found: list[str]) -> tuple[float, frozenset[int]] | None:
    size, count = len(phrase.words), len(found)
    everything = frozenset(range(count))
    glued = "".join(phrase.words)
    if "".join(found) == glued:
        return (0.8 if phrase.vague else _EXACT), everything
    starts = [s for s in range(count - size + 1) if tuple(found[s : s + size]) == phrase.words]
    joined = [s for s in range(count) if found[s] == glued] if size > 1 else []
    if starts or joined:
        start, length = (starts[-1], size) if starts else (joined[-1], 1)
        last, first = start + length == count, start == 0
        # A number behind a name counts its fellows: address 2, phone1.
        numbered = all(word.isdigit() for word in found[start + length :])
        score = _LAST if last or numbered else _FIRST if first else _INSIDE
        if first and numbered and not last:
            score = 0.95
        if phrase.vague:
            score = _VAGUE
        return score, frozenset(range(start, start + length))
    if not phrase.vague and len(glued) >= _SHORTEST_GLUED:
        for place, word in enumerate(found):
            if word.endswith(glued) or (
                len(glued) > _SHORTEST_GLUED + 1 and word.startswith(glued)
            ):
                return _GLUED * (0.6 + 0.4 * len(glued) / len(word)), frozenset({place})
    return None
