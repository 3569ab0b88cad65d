"""The words of a name, without accents, case and plurals."""

import re
from functools import lru_cache

from anon_dagster.facts.vocabulary import plain

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
LONGEST = 120
"""Characters of a name that are looked at."""


@lru_cache(maxsize=8192)
def tokens(name: str) -> tuple[str, ...]:
    """Split a name into words, without accents and case: ``dateOfBirth`` has three."""
    ascii_only = "".join(c if c.isupper() else plain(c) or c for c in name[:LONGEST])
    return tuple(_singular(w.lower()) for w in _WORDS.findall(_unaccented(ascii_only)))


def _singular(word: str) -> str:
    """Drop the s of a plural; of every word that ends so but ``loss``, for names and phrases alike."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def _unaccented(name: str) -> str:
    return "".join(plain(c).upper() if c.isupper() and not c.isascii() else c for c in name)
