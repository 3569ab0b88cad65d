"""One file without a name for all that a process keeps aside, so that nothing is left of it.

Whoever keeps something aside has a *stretch* of the file, which grows by blocks of one size. The
blocks of a stretch that nobody needs any more are the next ones to be written, and their room on
the disk is given back where the system can do so. However many stretches there are, the process
has one file open, and none once the last of them is gone.
"""

import ctypes
import heapq
import io
import os
import tempfile
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import IO, Any

_BLOCK = 2**16
"""Bytes that a stretch grows by."""
_BUFFERED = 2**18
"""Bytes of small writes that are put together."""
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
"""What ``fallocate`` of Linux is told, to take the room of a part of a file back."""


class Stretch:
    """Bytes that are kept aside: written one after the other, read at any place by any thread.

    They go with it, and other processes that come of this one leave them alone.
    """

    def __init__(self) -> None:
        """Begin without any byte.

        Raises
        ------
        OSError
            If there is no place for the file.
        """
        self._file = _file_in_use()
        self._blocks: list[int] = []
        self._length = 0
        weakref.finalize(self, self._file.release, self._blocks).atexit = False

    def __len__(self) -> int:
        return self._length

    def append(self, data: Any) -> None:  # noqa: ANN401 (whatever has bytes, one after the other)
        """Write further bytes.

        Raises
        ------
        OSError
            If there is no room for them.
        """
        assert self._file.is_own, "a process that was forked reads what there was, and no more"
        rest = memoryview(data).cast("B")
        end = self._length + len(rest)
        more = -(-end // _BLOCK) - len(self._blocks)
        if more > 0:
            self._blocks += self._file.take(more)
        for place, size in self._runs(self._length, end):
            self._file.write(rest[:size], place)
            rest = rest[size:]
        self._length = end

    def read_into(self, buffer: memoryview, first: int) -> None:
        """Fill a buffer with the bytes from one on; all of them were written."""
        assert first + len(buffer) <= self._length, "it was written up to there"
        for place, size in self._runs(first, first + len(buffer)):
            self._file.read(buffer[:size], place)
            buffer = buffer[size:]

    def _runs(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Tell where the bytes from one to before another lie: places in the file, and sizes."""
        own = first // _BLOCK * _BLOCK  # the first byte of the stretch that a run has
        for block, count in _neighbours(self._blocks[first // _BLOCK : -(-end // _BLOCK)]):
            skipped = max(first - own, 0)
            yield block * _BLOCK + skipped, min(count * _BLOCK, end - own) - skipped
            own += count * _BLOCK

    def opened_to_write(self) -> IO[bytes]:
        """Return a file that adds to the stretch; what it holds back is written by ``flush``."""
        return io.BufferedWriter(_Writing(self), _BUFFERED)

    def opened_to_read(self) -> IO[bytes]:
        """Return a file that reads the stretch, at any place."""
        return _Reading(self)  # type: ignore[return-value]


class _File:
    """The file, and which of its blocks nobody has."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (it lives as long as this)
        weakref.finalize(self, self._file.close)
        self._process = os.getpid()
        self._taking = Lock()
        self._blocks = 0
        self._free: list[int] = []  # a heap: the first blocks are the next ones
        self._released: deque[int] = deque()

    @property
    def is_own(self) -> bool:
        """Whether this process made it, and no other one writes into it."""
        return self._process == os.getpid()

    def take(self, count: int) -> list[int]:
        """Give so many blocks to somebody, neighbours if there are."""
        with self._taking:
            while self._released:
                heapq.heappush(self._free, self._released.popleft())
            taken = [heapq.heappop(self._free) for _ in range(min(count, len(self._free)))]
            first = self._blocks
            self._blocks += count - len(taken)
            return [*taken, *range(first, self._blocks)]

    def release(self, blocks: list[int]) -> None:
        """Take blocks back; no lock is waited for, since Python may call it at any moment."""
        if not self.is_own:
            return
        with suppress(ValueError):  # Python ends, and closed the file before
            for block, count in _neighbours(blocks):
                _give_back(self._file.fileno(), block * _BLOCK, count * _BLOCK)
        self._released.extend(blocks)

    def write(self, rest: memoryview, place: int) -> None:
        """Write bytes at a place."""
        while rest:
            written = os.pwrite(self._file.fileno(), rest, place)
            rest, place = rest[written:], place + written

    def read(self, rest: memoryview, place: int) -> None:
        """Read bytes that were written at a place."""
        while rest:
            read = os.preadv(self._file.fileno(), [rest], place)
            assert read, "it was written up to there"
            rest, place = rest[read:], place + read


def _neighbours(blocks: list[int]) -> Iterator[tuple[int, int]]:
    """Give the first of blocks that follow each other in the file, and how many these are."""
    begin = 0
    for n in range(1, len(blocks) + 1):
        if n == len(blocks) or blocks[n] != blocks[n - 1] + 1:
            yield blocks[begin], n - begin
            begin = n


_IN_USE: "weakref.ref[_File] | None" = None
_BEGINNING = Lock()


def _file_in_use() -> _File:
    """Return the file of this process, which lasts as long as anybody has a stretch of it."""
    global _IN_USE  # noqa: PLW0603 (it is that of the process)
    with _BEGINNING:
        file = None if _IN_USE is None else _IN_USE()
        if file is None or not file.is_own:
            file = _File()
            _IN_USE = weakref.ref(file)
        return file


def _begin_anew() -> None:
    """Let a process that was forked have locks that nobody holds."""
    global _BEGINNING, _IN_USE
    _BEGINNING, _IN_USE = Lock(), None


os.register_at_fork(after_in_child=_begin_anew)


def _give_back(file: int, place: int, size: int) -> None:
    """Let the disk take the room of a part of a file back; where it cannot, it is written anew."""
    if _FALLOCATE is not None:
        kind = _KEEP_SIZE | _PUNCH_HOLE
        _FALLOCATE(file, kind, ctypes.c_longlong(place), ctypes.c_longlong(size))


_FALLOCATE = getattr(ctypes.CDLL(None), "fallocate64", None)


class _Writing(io.RawIOBase):
    """A stretch, as a file that grows."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 (whatever has bytes)
        self._stretch.append(data)
        return memoryview(data).nbytes

    def tell(self) -> int:
        return len(self._stretch)


class _Reading(io.RawIOBase):
    """A stretch, as a file that is read here and there."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, len(self._stretch))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (whatever has room for bytes)
        size = max(min(len(buffer), len(self._stretch) - self._at), 0)
        self._stretch.read_into(memoryview(buffer).cast("B")[:size], self._at)
        self._at += size
        return size
