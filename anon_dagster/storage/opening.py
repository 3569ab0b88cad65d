"""Files opened to be read, and files opened to be written and then finished or abandoned."""

import os
from typing import IO

from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

from anon_dagster.storage import remote
from anon_dagster.storage.addresses import locate
from anon_dagster.storage.failures import reading


def open_to_read(path: str, *, scattered: bool = False) -> IO[bytes]:
    """Open a file; the caller closes it.

    Parameters
    ----------
    scattered
        Whether it is read here and there, so that nothing is worth fetching in advance.
    """
    with reading(path):
        system, inner = locate(path)
        caching = {"cache_type": "none"} if scattered else {}
        file: IO[bytes] = system.open(inner, "rb", block_size=remote.READ, **caching)
        return file


def open_to_write(path: str) -> IO[bytes]:
    """Open a new file; the caller finishes or abandons it."""
    system, inner = locate(path)
    if not isinstance(system, LocalFileSystem):
        return remote.begin_upload(system, inner)
    file: IO[bytes] = system.open(inner, "wb")
    return file


def finish(file: IO[bytes]) -> None:
    """Close a file that was written, once its content is on the disk or in the store."""
    if isinstance(file, remote.Upload):
        file.commit()
    if isinstance(file, LocalFileOpener):
        file.flush()
        os.fsync(file.fileno())
    file.close()


def abandon(file: IO[bytes]) -> None:
    """Take no more of a file that is being sent; one on this machine is removed by its path."""
    if isinstance(file, remote.Upload):
        file.abandon()
