"""Where a CSV file may be cut into ranges of bytes that are read independently of each other.

A line end ends a record unless a quote is open, and a quote is open behind an odd number of them.
That holds as long as each of them opens, closes or is doubled: the parser takes one in the midst
of a field without quotes, as in ``5' 10"``, for a character like any other. So all quotes of a
file are looked at, and a file that has such a one stays whole. So does one whose records cannot be
told by its bytes alone: compressed, escaped, in another encoding.

Each range is read with a mark behind it, which arrives only if a record ended there. Since the
first begins with a record, so does the next one, and so on: a cut that is wrong cannot be missed.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.compression import LONGEST, compression_of
from anon_dagster.storage.csv_text import SkippedLines, is_utf8
from anon_dagster.storage.failures import reading
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.opening import open_stretch, open_to_read

LENGTH: Final = 32 << 20
"""Bytes of a range, about: enough to be worth a part."""
_CHUNK = 1 << 18  # bytes that are looked at at once: they fit into the cache of a processor
_HEAD = 1 << 16  # bytes at the beginning that lines are looked for that are left out
_FILES = 64
"""So many files are parts enough, and none of them is cut."""
_MARK = b"\xef\xbb\xbf"  # of the order of bytes; the parser leaves it out where it begins to read
_NEWLINE = ord("\n")

Range = tuple[int, int]
"""The first byte, and one past the last."""
WHOLE: Final[Range] = (0, 0)
"""Stands for all of a file, however long it is."""


@dataclass(frozen=True, slots=True)
class Stretch(Discreet, shown=("path", "first", "last")):
    """Bytes of a file that are looked at by themselves."""

    path: str
    first: int
    last: int
    begins: bool
    """Whether the first record begins with it."""
    quote: int
    before: bytes
    """What stands before a quote that opens, or is doubled."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a stretch tells if no quote is open where it begins, and if one is, (2,)."""

    fits: tuple[bool, ...]
    """Whether each quote opens, closes or is doubled."""
    ends: tuple[int | None, ...]
    """Where in the file the first record within it ends."""
    toggles: bool
    """Whether the number of its quotes is odd, so that its end is not as its beginning."""


class Looking(Protocol):
    """Looks at stretches, here or in other processes, and gives in their order what was seen."""

    def __call__(
        self, look: Callable[[Stretch], Seen], stretches: Iterable[Stretch], /
    ) -> Generator[Seen]:
        """Apply the function to each."""


def ranges(
    marks: tuple[Fingerprint, ...], options: CsvOptions, looking: Looking
) -> list[list[Range]]:
    """Return the ranges of each file, (files, …): of one that is small or not to be cut, one.

    All bytes of a large file are looked at; of a version of a file once in a process.

    Raises
    ------
    SourceError
        If a file cannot be read.
    """
    may_cut = len(marks) < _FILES and _tell_by_bytes(options)
    return [
        list(_remembered(mark, options, looking))
        if may_cut and mark.size >= 2 * LENGTH
        else [WHOLE]
        for mark in marks
    ]


_FOUND: dict[tuple[Fingerprint, CsvOptions], tuple[Range, ...]] = {}
_MOST_FOUND = 256


def _tell_by_bytes(options: CsvOptions) -> bool:
    """Tell whether records can be told by the separators, quotes and line ends of the bytes."""
    return is_utf8(options) and options.escape is None and not options.skip_initial_space


def cut(mark: Fingerprint, options: CsvOptions, length: int, looking: Looking) -> tuple[Range, ...]:
    """Return the ranges of a file, about as long as told."""
    beginning = _beginning(mark.path, options)
    if beginning is None:
        return (WHOLE,)
    places = [beginning, *range(max(length, beginning + 1), mark.size, length), mark.size]
    before = f"{options.separator}{options.quote}\r\n".encode()
    stretches = [
        Stretch(mark.path, first, last, first == beginning, ord(options.quote), before)
        for first, last in pairwise(places)
    ]
    cuts, is_open = [0], False
    with closing(looking(look_at, stretches)) as found:
        for number, seen in enumerate(found):
            if not seen.fits[is_open]:
                return (WHOLE,)
            end = seen.ends[is_open]
            if number and end is not None:
                cuts.append(end)
            is_open ^= seen.toggles
    return (WHOLE,) if is_open or len(cuts) == 1 else tuple(pairwise([*cuts, mark.size]))


def _remembered(mark: Fingerprint, options: CsvOptions, looking: Looking) -> tuple[Range, ...]:
    asked = (mark, options)
    if asked not in _FOUND:
        if len(_FOUND) >= _MOST_FOUND:
            _FOUND.clear()
        _FOUND[asked] = cut(mark, options, LENGTH, looking)
    return _FOUND[asked]


def _beginning(path: str, options: CsvOptions) -> int | None:
    """Return the place behind the lines that are left out.

    None if they do not end so soon, or if the file is compressed.
    """
    with reading(path), open_to_read(path, scattered=True) as file:
        head = file.read(_HEAD)
    if compression_of(head[:LONGEST]):
        return None
    text = head.removeprefix(_MARK).decode("utf-8", "surrogateescape")
    lines = SkippedLines(path, options)
    with suppress(SourceError):
        rest = lines.after(text, final=False)
        if lines.done:
            return len(head) - len(rest.encode("utf-8", "surrogateescape"))
    return None


# -- a stretch -----------------------------------------------------------------------------


def look_at(stretch: Stretch) -> Seen:
    """Look at all bytes of a stretch.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    fits, toggles, position = [True, True], False, stretch.first
    ends: list[int | None] = [None, None]
    for preceding, chunk in _chunks(stretch):
        signs = np.frombuffer(chunk, np.uint8)
        quotes = np.flatnonzero(signs == stretch.quote)
        in_place = _preceded(signs, quotes, preceding, stretch.before)
        for began_open in (False, True):
            is_open = began_open ^ toggles
            fits[began_open] &= bool(in_place[int(is_open) :: 2].all())
            if ends[began_open] is None:
                end = _first_end(chunk, quotes, is_open=is_open)
                ends[began_open] = None if end is None else position + end
        toggles ^= bool(len(quotes) % 2)
        position += len(chunk)
    return Seen(tuple(fits), tuple(ends), toggles)


def _chunks(stretch: Stretch) -> Iterator[tuple[int, bytes]]:
    """Read a stretch; give each chunk of it with the byte that precedes it."""
    path, first = stretch.path, stretch.first - (not stretch.begins)
    with reading(path), open_stretch(path, first, stretch.last) as file:
        preceding = b"\n" if stretch.begins else file.read(1)
        while chunk := file.read(_CHUNK):
            yield preceding[-1], chunk
            preceding = chunk


def _preceded(
    signs: NDArray[np.uint8], quotes: NDArray[np.int64], preceding: int, before: bytes
) -> NDArray[np.bool_]:
    """Tell of each quote, (quotes,), whether one of some signs stands before it."""
    neighbours = signs[quotes - 1]
    if len(quotes) and quotes[0] == 0:
        neighbours[0] = preceding
    found = np.zeros(len(quotes), dtype=np.bool_)
    for sign in before:
        found |= neighbours == sign
    return found


def _first_end(chunk: bytes, quotes: NDArray[np.int64], *, is_open: bool) -> int | None:
    """Return the first place in a chunk where a record has ended and another may be read from."""
    places = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE) + 1
    outside = (np.searchsorted(quotes, places) + is_open) % 2 == 0
    for place in places[outside]:
        if not _MARK.startswith(chunk[place : place + len(_MARK)]):
            return int(place)
    return None
