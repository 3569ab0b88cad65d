"""The characters of many texts at once, as code points."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet

Points = NDArray[np.uint8] | NDArray[np.uint32]
"""Code points: bytes if all are of ASCII."""

_UTF_32 = f"utf-32-{sys.byteorder[0]}e"

AT_ONCE = 2**15
"""Texts whose characters are looked at together: as many as a processor's cache can hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Characters(Discreet):
    """The characters of texts, one text after the other."""

    points: Points  # (characters of all texts,): code points
    lengths: NDArray[np.int64]  # (texts,)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Characters":
        """Take texts apart."""
        joined = "".join(texts)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        if joined.isascii():
            return cls(np.frombuffer(joined.encode("ascii"), np.uint8), lengths)
        encoded = joined.encode(_UTF_32, "surrogatepass")
        return cls(np.frombuffer(encoded, np.uint32), lengths)

    def columns(self, width: int) -> Points:
        """Return the first characters of each text, (width, texts); 0 behind its end."""
        if (self.lengths == width).all():
            return self.points.reshape(-1, width).T.copy()
        starts = np.cumsum(self.lengths) - self.lengths
        places = np.arange(width)[:, None]
        found = np.zeros((width, len(self.lengths)), dtype=self.points.dtype)
        inside = places < self.lengths
        found[inside] = self.points[(starts + places)[inside]]
        return found

    def rows(self, members: NDArray[np.int64]) -> Points:
        """Return the characters of texts of one length, (members, length)."""
        length = int(self.lengths[members[0]])
        if len(members) == len(self.lengths):
            return self.points.reshape(len(members), length)
        starts = (np.cumsum(self.lengths) - self.lengths)[members]
        rows = np.empty((len(members), length), dtype=self.points.dtype)
        for start in range(0, len(members), AT_ONCE):
            part = starts[start : start + AT_ONCE]
            rows[start : start + AT_ONCE] = self.points[part[:, None] + np.arange(length)]
        return rows


def chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give the texts in parts that are soon looked at."""
    for start in range(0, len(texts), AT_ONCE):
        yield texts[start : start + AT_ONCE]
