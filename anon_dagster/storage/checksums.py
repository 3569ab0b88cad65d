"""SHA-256 of files: of each, and of all of them together in their order."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from anon_dagster.errors import AnonError
from anon_dagster.storage.fingerprints import Fingerprint, require_unchanged
from anon_dagster.storage.opening import open_to_read

_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True)
class Checksums:
    """What the bytes of some files are."""

    files: tuple[str, ...]
    """SHA-256 of each, in hexadecimal digits."""
    together: str
    """SHA-256 over all of them, one after the other."""


def checksums(paths: Iterable[str]) -> Checksums:
    """Read files once and return their checksums."""
    whole, files = hashlib.sha256(), []
    for path in paths:
        own = hashlib.sha256()
        with open_to_read(path) as content:
            while chunk := content.read(_AT_ONCE):
                own.update(chunk)
                whole.update(chunk)
        files.append(own.hexdigest())
    return Checksums(tuple(files), whole.hexdigest())


def checksums_of_versions(marks: Iterable[Fingerprint]) -> Checksums | None:
    """Return the checksums of these versions of files.

    ``None`` if a file changed or cannot be read any more: then nobody can tell what was read.
    """
    marks = list(marks)
    try:
        require_unchanged(marks)
        found = checksums(mark.path for mark in marks)
        require_unchanged(marks)
    except (AnonError, OSError):
        return None
    return found
