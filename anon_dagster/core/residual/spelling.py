"""How texts read without what is idle in a spelling: case, spaces, punctuation."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_IDLE = re.compile(r"[\W_]+")
FIRST_LOOK = 256
"""Records that are enough to see that there is nothing to be seen."""

Texts = NDArray[np.str_]


@lru_cache(maxsize=8)
def some_rows(records: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of some records, by lot: the same for all columns."""
    return np.random.default_rng(0).permutation(records)[:most]


class Spelling:
    """How some records of a column read, without what is idle in a spelling."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        """Read texts, (rows,)."""
        words = [[word.casefold() for word in _IDLE.split(text or "") if word] for text in texts]
        self.whole = _array("".join(each) for each in words)
        self.lengths = np.char.str_len(self.whole)
        self._words = words
        self._read: dict[tuple[str, int], Texts] = {}

    def word(self, place: int) -> Texts:
        """Return the word at a place of each text, (rows,), or nothing."""
        key = "word", place
        if key not in self._read:
            self._read[key] = _array(
                words[place] if -len(words) <= place < len(words) else "" for words in self._words
            )
        return self._read[key]

    def first(self, characters: int) -> Texts:
        """Return the first characters of each text, (rows,)."""
        return self.whole.astype(f"<U{characters}")

    def last(self, characters: int) -> Texts:
        """Return the last characters of each text, (rows,)."""
        key = "last", characters
        if key not in self._read:
            self._read[key] = _array(text[-characters:] for text in self.whole.tolist())
        return self._read[key]


def _array(texts: Iterator[str]) -> Texts:
    return np.array(list(texts), dtype=np.str_)
