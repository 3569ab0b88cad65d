"""How texts read without what is idle in a spelling: case, spaces, punctuation."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

_IDLE = re.compile(r"[\W_]+")
_PLACES = (0, 1, 2, -1)  # of a word in a text
_SIGNS = "@/|;,:#_-. "
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
        self._texts = [text or "" for text in texts]
        self.whole = _array(map(_folded, self._texts))
        self.lengths = np.char.str_len(self.whole)

    def first(self, characters: int) -> Texts:
        """Return the first characters of each text, (rows,)."""
        return self.whole.astype(f"<U{characters}")

    def last(self, characters: int) -> Texts:
        """Return the last characters of each text, (rows,)."""
        if characters not in self._read:
            self._read[characters] = _array(text[-characters:] for text in self.whole.tolist())
        return self._read[characters]

    @cached_property
    def in_order(self) -> Texts:
        """The words of each text, (rows,), in the order of the alphabet: ``Doe, Jane``."""
        return _array(" ".join(sorted(map(_folded, words))) for words in self._words)

    @cached_property
    def parts(self) -> list[Texts]:
        """What each text, (rows,), holds at some place: a word, or what is beside a sign."""
        found = [_array(_folded(_at(each, place)) for each in self._words) for place in _PLACES]
        for sign in _SIGNS:
            if sum(sign in text for text in self._texts) * 2 >= len(self._texts):
                found.append(_array(_folded(text.partition(sign)[0]) for text in self._texts))
                found.append(_array(_folded(text.rpartition(sign)[2]) for text in self._texts))
        return found

    @cached_property
    def _words(self) -> list[list[str]]:
        return [[word for word in _IDLE.split(text) if word] for text in self._texts]

    @cached_property
    def _read(self) -> dict[int, Texts]:
        return {}


def _folded(text: str) -> str:
    return _IDLE.sub("", text).casefold()


def _at(words: list[str], place: int) -> str:
    return words[place] if -len(words) <= place < len(words) else ""


def _array(texts: Iterator[str]) -> Texts:
    return np.array(list(texts), dtype=np.str_)
