"""Compressed files, known by their first bytes, whatever they are called."""

import bz2
import io
import lzma
import zipfile
from gzip import GzipFile
from typing import IO, Final

import pyarrow as pa

from anon_dagster.errors import SourceError

ENDINGS: Final = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
"""What names of compressed files end in, below the format of what is in them."""

_SIGNS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}
_BZIP2 = (b"1AY&SY", b"\x17rE8P\x90")  # a block, or the end of a file without one
LONGEST: Final = 10
"""Bytes at the beginning of a file that tell how it is compressed."""


def compression_of(start: bytes) -> str | None:
    """Return how a file is compressed that begins like this; None if it is not."""
    kind = next((kind for sign, kind in _SIGNS.items() if start.startswith(sign)), None)
    return None if kind == "bzip2" and not start[4:].startswith(_BZIP2) else kind


def decompressed(file: IO[bytes], path: str) -> IO[bytes]:
    """Return what a file holds; closing it closes the file.

    Raises
    ------
    SourceError
        If it is an archive of several files, or one that needs a password.
    """
    kind = compression_of(file.read(LONGEST))
    file.seek(0)
    match kind:
        case None:
            return file
        case "gzip":
            inner: IO[bytes] = GzipFile(fileobj=file)  # type: ignore[assignment]
        case "bzip2":
            inner = bz2.BZ2File(file)
        case "xz":
            inner = lzma.open(file)  # noqa: SIM115 (closed by who is given it)
        case "zip":
            inner = _only_member(file, path)
        case _:
            inner = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), kind)
    return _Owning(inner, file)  # type: ignore[return-value]


def _only_member(file: IO[bytes], path: str) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    members = [m for m in archive.infolist() if not (m.is_dir() or _is_of_macos(m.filename))]
    if len(members) != 1:
        raise SourceError(
            f"{path} is a zip archive of {len(members)} files: unpack it, and name those that are "
            "the table"
        )
    if members[0].flag_bits & 1:
        raise SourceError(f"{path} is a zip archive with a password: unpack it first")
    return archive.open(members[0])


def _is_of_macos(name: str) -> bool:
    return name.startswith("__MACOSX/")


class _Owning(io.RawIOBase):
    """What is read of a compressed file; closes the file beneath as well."""

    def __init__(self, inner: IO[bytes], beneath: IO[bytes]) -> None:
        self._inner = inner
        self._beneath = beneath

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return bytes(self._inner.read() if size < 0 else self._inner.read(size))

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._beneath.close()
        super().close()
