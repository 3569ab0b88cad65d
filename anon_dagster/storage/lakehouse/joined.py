"""The bytes of several files, one after the other."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def joined(files: Sequence[str]) -> io.BufferedReader:
    """Open files of this machine, to read one after the other."""
    return io.BufferedReader(_Joined(files))


class _Joined(io.RawIOBase):
    def __init__(self, files: Sequence[str]) -> None:
        self._left = list(reversed(files))
        self._file: io.BufferedReader | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, to: Any) -> int:  # noqa: ANN401 (a buffer)
        while self._file is not None or self._left:
            if self._file is None:
                self._file = Path(self._left.pop()).open("rb")  # noqa: SIM115 (closed below)
            if count := self._file.readinto(to):
                return count
            self._file.close()
            self._file = None
        return 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
