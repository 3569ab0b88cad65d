"""Files of formats that are not read, named with what to do; and tables that their files are not.

A table of Delta Lake, Hudi or Iceberg is what its log says. Its files still have the records that
were deleted since, so to read them as plain Parquet would release these.
"""

import json
import zipfile
from typing import IO, Final

from fsspec import AbstractFileSystem

from anon_dagster.errors import SourceError
from anon_dagster.request.locations import BY_CONNECTION, requires_export
from anon_dagster.storage.addresses import kind_of
from anon_dagster.storage.compression import compression_of

__all__ = ["require_csv", "require_no_log", "require_parquet", "requires_export"]

HEAD: Final = 4096
"""Bytes at the beginning of a file that tell its format."""

_EXPORT = "export it as CSV or Parquet, and name that file"
_SAY = "say format: parquet"
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "a Parquet file", _SAY),
    (b"PARE", "an encrypted Parquet file", "decrypt it first"),
    (b"ARROW1", "an Arrow (Feather) file", _EXPORT),
    (b"FEA1", "a Feather file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", BY_CONNECTION),
    (b"$FL2", "an SPSS file", "say format: spss"),
    (b"$FL3", "an SPSS file", "say format: spss"),
    (b"<stata_dta>", "a Stata file", "say format: stata"),
    (b"\x00" * 12 + b"\xc2\xea\x81\x60", "a SAS file", "say format: sas"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", "say format: excel"),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"%PDF", "a PDF", _EXPORT),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"<?xml", "an XML file", _EXPORT),
    (b"<!doctype html", "a web page", _EXPORT),
    (b"<html", "a web page", _EXPORT),
)
_STATA = (b"\x71", b"\x72", b"\x73")  # of versions 10 to 13, followed by the order of bytes
_WORKBOOKS = {"xl/": "an Excel workbook", "content.xml": "an OpenDocument spreadsheet"}
_LOGS = {"_delta_log": "a Delta Lake table", ".hoodie": "a Hudi table"}
_ICEBERG = "an Iceberg table"
_CURES = {
    "a Delta Lake table": "Name the folder of the table, and say format: delta",
    _ICEBERG: "Name the folder of the table, and say format: iceberg",
}
_EXPORT_TABLE = (
    "Export the table itself to CSV or Parquet with what reads its log, into a folder of its own, "
    "and name that"
)


def require_csv(path: str, file: IO[bytes]) -> None:
    """Refuse a file that is of another format than CSV, as far as its first bytes tell.

    Raises
    ------
    SourceError
        Naming the format, and what to do.
    """
    start = file.read(HEAD)
    if found := _by_sign(start) or _workbook(start, file) or _json(start):
        raise SourceError(f"{path} cannot be read as CSV, it is {found[0]}: {found[1]}")
    if file.seekable():
        file.seek(0)


def require_parquet(path: str, file: IO[bytes]) -> None:
    """Refuse a file that is of another format than Parquet; see :func:`require_csv`."""
    start = file.read(HEAD)
    found = _by_sign(start) or _workbook(start, file) or _json(start)
    if found is None and (packed := compression_of(start)):
        found = (f"compressed by {packed} as a whole", "unpack it first")
    if found and found[1] != _SAY:
        raise SourceError(f"{path} cannot be read as Parquet, it is {found[0]}: {found[1]}")
    file.seek(0)


def _by_sign(start: bytes) -> tuple[str, str] | None:
    lowered = start[:16].lstrip(b"\xef\xbb\xbf \r\n").lower()
    for sign, what, cure in _SIGNS:
        if start.startswith(sign) or (sign.startswith(b"<") and lowered.startswith(sign)):
            return what, cure
    if start[:1] in _STATA and start[1:3] in {b"\x01\x01", b"\x02\x01"}:
        return "a Stata file", "say format: stata"
    return None


def _workbook(start: bytes, file: IO[bytes]) -> tuple[str, str] | None:
    if compression_of(start) != "zip":
        return None
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, OSError):
        return None
    for part, what in _WORKBOOKS.items():
        if any(name.startswith(part) for name in names):
            return what, "say format: excel"
    return None


def _json(start: bytes) -> tuple[str, str] | None:
    """Tell whether a text is JSON: its first line is an object, or opens one."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in {b"{", b"["}:
        return None
    line = text.partition(b"\n")[0].strip().rstrip(b",")
    opens = line in {b"{", b"[", b"[{"} or line.startswith((b'{"', b'[{"', b'[["'))
    return ("a JSON file", _EXPORT) if opens or _is_json(line) else None


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except ValueError:
        return False


# -- tables of a log -----------------------------------------------------------------------


def require_no_log(path: str, system: AbstractFileSystem, inner: str) -> None:
    """Refuse a folder, or a file in one, that belongs to a table with a log.

    Raises
    ------
    SourceError
        Naming the kind of table.
    """
    steps = inner.rstrip("/").split("/")
    for length in range(len(steps), 0, -1):
        folder = "/".join(steps[:length])
        if folder and (kind := _table_in(system, folder)):
            raise SourceError(
                f"{path} belongs to {kind}: its log says which records there are, and its files "
                f"still have those that were removed. {_CURES.get(kind, _EXPORT_TABLE)}"
            )


def _table_in(system: AbstractFileSystem, folder: str) -> str | None:
    for name, kind in _LOGS.items():
        if _kind(system, f"{folder}/{name}") == "directory":
            return kind
    if _kind(system, f"{folder}/metadata") != "directory":
        return None
    try:
        names = system.ls(f"{folder}/metadata", detail=False)
    except OSError:
        return None
    return _ICEBERG if any(n.endswith(".metadata.json") for n in names) else None


def _kind(system: AbstractFileSystem, path: str) -> str | None:
    """Return what lies at a path; nothing if that cannot be told, as above a bucket's prefix."""
    try:
        return kind_of(system, path)
    except (OSError, ValueError):
        return None
