"""A file that is sent to a store while it is written, and exists only once it is committed."""

import io
from contextlib import suppress
from typing import Any

from fsspec import AbstractFileSystem


class Upload(io.RawIOBase):
    """A file that is sent while it is written, and exists only once it is committed."""

    def __init__(self, system: AbstractFileSystem, inner: str, size: int) -> None:
        """Begin without any byte.

        Parameters
        ----------
        size
            How many bytes are sent at once.
        """
        self._file: Any = system.open(inner, "wb", block_size=size, autocommit=False)
        system.transaction.files.pop()  # where fsspec would keep it for a transaction
        self._done = False

    def writable(self) -> bool:
        """Tell that it is for writing."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return 0 if self._done else int(self._file.tell())

    def write(self, data: Any) -> int:  # noqa: ANN401 (whatever has bytes)
        """Add bytes; those that come after the end of it all go nowhere."""
        return len(data) if self._done else int(self._file.write(data))

    def commit(self) -> None:
        """Send the rest, and let the file be seen."""
        self._file.close()
        self._file.commit()
        self._done = True

    def abandon(self) -> None:
        """Let go of what was sent, so that the store keeps nothing of it."""
        if not self._done:
            self._done = True
            with suppress(Exception):  # a store that is gone cannot be told
                self._file.discard()
            self._file.closed = True  # or it would be sent when Python forgets it

    def close(self) -> None:
        """Let go of it unless it was committed."""
        self.abandon()
        super().close()
