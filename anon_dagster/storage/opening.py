"""Files opened to be read, and files opened to be written and then finished or abandoned."""

import io
import os
import shutil
from contextlib import suppress
from typing import IO

from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

from anon_dagster.storage.addresses import locate, require_ordinary
from anon_dagster.storage.failures import changed, reading
from anon_dagster.storage.stores import store_of
from anon_dagster.storage.stores.uploads import Upload

_PIECE = 2**20  # bytes that are copied at once


def open_to_read(path: str, *, scattered: bool = False) -> IO[bytes]:
    """Open a file; the caller closes it.

    Parameters
    ----------
    scattered
        Whether it is read here and there, so that nothing is worth fetching in advance.
    """
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, inner)
        caching = {"cache_type": "none"} if scattered else {}
        file: IO[bytes] = system.open(inner, "rb", block_size=store_of(path).read_size, **caching)
        return file


def open_stretch(path: str, first: int, last: int) -> IO[bytes]:
    """Open the bytes of a file from one to before another; the caller closes it."""
    file = open_to_read(path)
    try:
        with reading(path):
            file.seek(first)
    except BaseException:
        file.close()
        raise
    return _Stretch(file, path, last - first)  # type: ignore[return-value]


class _Stretch(io.RawIOBase):
    """So many bytes of a file; one that ends before is another one than when it was opened."""

    def __init__(self, file: IO[bytes], path: str, length: int) -> None:
        self._file = file
        self._path = path
        self._left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        asked = self._left if size < 0 else min(size, self._left)
        found = self._file.read(asked)
        if asked and not found:
            raise changed(self._path)
        self._left -= len(found)
        return found

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def open_to_write(path: str) -> IO[bytes]:
    """Open a new file; the caller finishes or abandons it."""
    system, inner = locate(path)
    if not isinstance(system, LocalFileSystem):
        return store_of(path).open_to_write(system, inner)
    file: IO[bytes] = system.open(inner, "wb")
    return file


def finish(file: IO[bytes]) -> None:
    """Close a file that was written, once its content is on the disk or in the store."""
    if isinstance(file, Upload):
        file.commit()
    if isinstance(file, LocalFileOpener):
        file.flush()
        os.fsync(file.fileno())
    file.close()


def copy_bytes(path: str, to: str) -> None:
    """Copy a file to a new one, wherever either is."""
    with open_to_read(path) as read:
        written = open_to_write(to)
        try:
            shutil.copyfileobj(read, written, _PIECE)
            finish(written)
        except BaseException:
            abandon(written)
            with suppress(Exception):  # it is thrown away, whatever state it is in
                written.close()
            raise


def abandon(file: IO[bytes]) -> None:
    """Take no more of a file that is being sent; one on this machine is removed by its path."""
    if isinstance(file, Upload):
        file.abandon()
