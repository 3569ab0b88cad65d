"""Where a CSV file may be cut into ranges of bytes that are read independently of each other.

A line end ends a record unless a quote is open, and a quote is open behind an odd number of them.
That holds as long as each of them opens, closes or is doubled: the parser takes one in the midst
of a field without quotes, as in ``5' 10"``, for a character like any other. So all quotes of a
file are looked at, and a file that has such a one stays whole. So does one whose records cannot be
told by its bytes alone: compressed, escaped, in another encoding.

Each range is read with a mark behind it, which arrives only if a record ended there. Since the
first begins with a record, so does the next one, and so on: a cut that is wrong cannot be missed.
"""

from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import IO, Final

import numpy as np

from anon_dagster.errors import SourceError
from anon_dagster.request import CsvOptions
from anon_dagster.storage.addresses import is_local
from anon_dagster.storage.compression import LONGEST, compression_of
from anon_dagster.storage.csv_text import SkippedLines, is_utf8
from anon_dagster.storage.failures import reading
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.opening import open_to_read

_CHUNK = 1 << 18  # bytes that are looked at at once: they fit into the cache of a processor
_BYTES = 32 << 20
"""Bytes of a range, about: enough to be worth a part."""
_FILES = 64
"""So many files are parts enough, and none of them is cut."""
_MARK = b"\xef\xbb\xbf"  # of the order of bytes; the parser leaves it out where it begins to read
_NEWLINE = ord("\n")

Range = tuple[int, int]
"""The first byte, and one past the last."""
WHOLE: Final[Range] = (0, 0)
"""Stands for all of a file, however long it is."""


def ranges(marks: tuple[Fingerprint, ...], options: CsvOptions) -> list[list[Range]]:
    """Return the ranges of each file, (files, …): of one that is small or not to be cut, one.

    A file of this machine is read for it, once for each version in a process. One in a store is
    not: to send it twice takes longer than to read it in parts saves.
    """
    may_cut = len(marks) < _FILES and _tell_by_bytes(options)
    return [
        list(_remembered(mark, options, -(-mark.size // (mark.size // _BYTES))))
        if may_cut and mark.size >= 2 * _BYTES and is_local(mark.path)
        else [WHOLE]
        for mark in marks
    ]


def _tell_by_bytes(options: CsvOptions) -> bool:
    """Tell whether records can be told by the separators, quotes and line ends of the bytes."""
    return is_utf8(options) and options.escape is None and not options.skip_initial_space


def cut(mark: Fingerprint, options: CsvOptions, length: int) -> tuple[Range, ...]:
    """Return ranges of at least a length, but for the last, that a file may be read in."""
    with reading(mark.path), open_to_read(mark.path) as file:
        ends = _record_ends(file, mark.path, options, length)
        if ends is None or file.tell() != mark.size:
            return (WHOLE,)
    cuts = [0, *ends, mark.size]
    return tuple(pairwise(cuts)) if ends else (WHOLE,)


_remembered = lru_cache(maxsize=256)(cut)


def _record_ends(file: IO[bytes], path: str, options: CsvOptions, length: int) -> list[int] | None:
    """Return where records end, about as far from each other as asked; None if it is unknown."""
    head = file.read(_CHUNK)
    first = None if compression_of(head[:LONGEST]) else _beginning(head, path, options)
    if first is None:
        return None
    ends: list[int] = []
    text, position, chunk = _Text(options), first, head[first:]
    while chunk:
        if not text.take(chunk):
            return None
        due = (ends[-1] if ends else 0) + length
        while (end := text.record_end(max(due - position, 1))) is not None:
            ends.append(position + end)
            due = ends[-1] + length
        position += len(chunk)
        chunk = file.read(_CHUNK)
    return None if text.is_open else ends


class _Text:
    """The text of records, taken chunk by chunk."""

    def __init__(self, options: CsvOptions) -> None:
        self.is_open = False
        """Whether a quote is open at the end of what was taken."""
        self._quote = ord(options.quote)
        self._before_quote = np.frombuffer(f"{options.separator}{options.quote}\r\n".encode(), "u1")
        self._last = _NEWLINE
        self._chunk = b""
        self._quotes = np.zeros(0, dtype=np.int64)
        self._was_open = False

    def take(self, chunk: bytes) -> bool:
        """Take the next chunk; tell whether all of its quotes open, close or are doubled."""
        signs = np.frombuffer(chunk, np.uint8)
        quotes = np.flatnonzero(signs == self._quote)
        before = signs[quotes - 1]
        if len(quotes) and quotes[0] == 0:
            before[0] = self._last
        outside = before[int(self.is_open) :: 2]  # no quote is open before these
        self._chunk, self._quotes, self._was_open = chunk, quotes, self.is_open
        self._last = chunk[-1]
        self.is_open ^= bool(len(quotes) % 2)
        return bool(np.isin(outside, self._before_quote).all())

    def record_end(self, first: int) -> int | None:
        """Return a place in the chunk, this one or behind, where a record has ended."""
        newlines = np.flatnonzero(np.frombuffer(self._chunk, np.uint8)[first - 1 :] == _NEWLINE)
        places = newlines + first
        outside = (np.searchsorted(self._quotes, places) + self._was_open) % 2 == 0
        for place in places[outside]:
            following = self._chunk[place : place + len(_MARK)]
            if len(following) == len(_MARK) and following != _MARK:
                return int(place)
        return None


def _beginning(head: bytes, path: str, options: CsvOptions) -> int | None:
    """Return the place behind the lines that are left out; None if they do not end so soon."""
    text = head.removeprefix(_MARK).decode("utf-8", "surrogateescape")
    lines = SkippedLines(path, options)
    with suppress(SourceError):
        rest = lines.after(text, final=False)
        if lines.done:
            return len(head) - len(rest.encode("utf-8", "surrogateescape"))
    return None
