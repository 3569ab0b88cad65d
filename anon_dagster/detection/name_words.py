"""What the words in the name of a column say of a person: family, work, health, an outcome, a thing.

A domain says what the values are; these kinds say what a column tells, whatever its values are. A
name is split into words, and glued words into words that are known: ``youngkids``, ``expersq``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from anon_dagster.detection.domains import Role
from anon_dagster.detection.words import tokens
from anon_dagster.facts.vocabulary import name_words

_HARMLESS = "non_sensitive"
_LONG, _REST = 6, 3
"""Letters of a word that is found inside of a longer one that is not known otherwise, and of what
is left where it has no more than these."""
_SHORT = 4
_GLUED = frozenset(
    {
        *(
            "age",
            "sex",
            "kid",
            "mom",
            "dad",
            "sib",
            "edu",
            "gpa",
            "sat",
            "job",
            "occ",
            "exp",
            "inc",
        ),
        *("pay", "bmi", "adl", "inj"),
    }
)
"""Short words that names are often glued of."""
_PIECES, _WHOLE = "pieces", "whole"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the columns of a kind tell."""

    name: str
    role: Role
    reason: str
    words: frozenset[str]
    phrases: tuple[frozenset[str], ...]
    """Several words that a name must all have."""
    topic: str | None
    """Of the tables in which the kind counts; ``None`` for all."""


@dataclass(frozen=True, slots=True)
class _Match:
    kind: Kind
    words: frozenset[str]
    """Those of the name that were matched."""


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Return the kinds, the one that weighs most first."""
    return tuple(
        _kind(name, document) for name, document in name_words().items() if "role" in document
    )


def _kind(name: str, document: Mapping[str, Any]) -> Kind:
    phrases = [tokens(str(written)) for written in document["words"]]
    return Kind(
        name,
        document["role"],
        document["reason"],
        frozenset("".join(words) for words in phrases),
        tuple(frozenset(words) for words in phrases if len(words) > 1),
        document.get("topic"),
    )


@cache
def _own_words(section: str) -> frozenset[str]:
    return frozenset("".join(tokens(str(word))) for word in name_words()[section]["words"])


@cache
def _known() -> frozenset[str]:
    """Return the words that glued names are split into."""
    return frozenset().union(*(kind.words for kind in all_kinds()))


@cache
def _glued() -> frozenset[str]:
    """Return the words that glued names are made of: shorter ones are found there by chance."""
    return frozenset(word for word in _known() if len(word) >= _SHORT) | _GLUED


def stands_for_itself(word: str) -> bool:
    """Tell whether a word is whole: not cut from a longer one."""
    return word in _own_words(_WHOLE) or word in _known()


@lru_cache(maxsize=8192)
def kinds_of(name: str) -> tuple[Kind, ...]:
    """Return what the name of a column speaks of, what weighs most first."""
    matches = tuple(_matches(name))
    largest = [m for m in matches if not any(m.words < other.words for other in matches)]
    found = {match.kind.name for match in largest}
    return tuple(kind for kind in all_kinds() if kind.name in found)


def kind_names(name: str) -> frozenset[str]:
    """Return the kinds that the name of a column speaks of, by their names."""
    return frozenset(kind.name for kind in kinds_of(name))


def pieces_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, glued ones in their pieces."""
    return tuple(piece for word in tokens(name) for piece in (pieces(word) or (word,)))


@lru_cache(maxsize=8192)
def explained(name: str) -> bool:
    """Tell whether every word of a name is known, whatever it speaks of."""
    parts = frozenset().union(*(phrase for kind in all_kinds() for phrase in kind.phrases))
    known = _known() | parts | _own_words(_PIECES)
    return all(word.isdigit() or word in known or pieces(word) for word in tokens(name))


def _matches(name: str) -> Iterator[_Match]:
    words = tuple(w for w in tokens(name) if not w.isdigit())
    origins = _origins(tokens(name))
    for kind in all_kinds():
        for piece in origins.keys() & kind.words:
            yield _Match(kind, origins[piece])
        for phrase in kind.phrases:
            if phrase <= origins.keys():
                yield _Match(kind, frozenset().union(phrase, *(origins[p] for p in phrase)))
        if kind.role != _HARMLESS:
            yield from (_Match(kind, frozenset({w})) for w in words if _inside(w, kind.words))


def _origins(words: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return what a name may be read as, piece by piece, each with the words that it comes from."""
    origins: dict[str, frozenset[str]] = {}
    for word in words:
        for piece in (word, *pieces(word)):
            origins.setdefault(piece, frozenset({word}))
    for first, second in pairwise(words):
        if len(first + second) > _SHORT or second.isdigit():
            origins.setdefault(first + second, frozenset({first, second}))
    return origins


def _inside(word: str, known: frozenset[str]) -> bool:
    """Tell whether a longer word begins or ends with a long one of a kind."""
    if stands_for_itself(word):
        return False
    sizes = (size for size in range(_LONG, len(word)) if size > _LONG or len(word) - size <= _REST)
    return any(word[:size] in known or word[-size:] in known for size in sizes)


@lru_cache(maxsize=8192)
def pieces(word: str) -> tuple[str, ...]:
    """Split a glued word into words that are known, as few as possible; into none if it is not glued.

    At least one of them says something, and has three letters or more.
    """
    if stands_for_itself(word):
        return (word,)
    known, idle = _glued(), _own_words(_PIECES)
    best: list[tuple[int, tuple[str, ...]] | None] = [(0, ())]
    for end in range(1, len(word) + 1):
        candidates = [
            (before[0] + 1, (*before[1], word[start:end]))
            for start in range(end)
            if (before := best[start]) is not None
            and (word[start:end] in known or word[start:end] in idle)
        ]
        best.append(min(candidates, key=lambda c: c[0], default=None))
    split = best[-1]
    if split is None or split[0] > 3 or not any(p in known for p in split[1]):
        return ()
    return split[1]
