"""Where source and release of a report lie, and by which checksums they are known again."""

import getpass
from collections.abc import Iterable, Sequence

from anon_dagster.errors import AnonError
from anon_dagster.report.evidence import StoredFile
from anon_dagster.report.findings import Stored
from anon_dagster.storage.addresses import absolute, base_name
from anon_dagster.storage.checksums import checksums, checksums_of_versions
from anon_dagster.storage.fingerprints import Copied, Fingerprint, fingerprint

IN_MEMORY = "a table in memory"
_CHANGED = "not known: its files changed since, or are not there any more"
_REPLACED = "not known of each file: the release changed since, or is not there any more"


def stored_source(marks: Iterable[Fingerprint]) -> Stored:
    """Read the files of a source once more, for their checksums.

    Parameters
    ----------
    marks
        The versions that were read; none of a table in memory.
    """
    marks = list(marks)
    if not marks:
        return Stored(unknown=IN_MEMORY)
    if marks[0].copied is not None:
        return _of_copy(marks[0], marks[0].copied)
    found = checksums_of_versions(marks)
    of_files = [None] * len(marks) if found is None else found.files
    files = tuple(
        StoredFile(absolute(mark.path), mark.size, sha256)
        for mark, sha256 in zip(marks, of_files, strict=True)
    )
    if found is None:
        return Stored(files, unknown=_CHANGED)
    return Stored(files, found.together)


def _of_copy(mark: Fingerprint, copied: Copied) -> Stored:
    """Tell what a copy was of; it is gone."""
    return Stored((StoredFile(copied.name, mark.size, copied.sha256),), copied.sha256)


def stored_release(paths: Sequence[str], checksum: str) -> Stored:
    """Return the files of a release; several are read once more, for the checksum of each.

    Parameters
    ----------
    checksum
        SHA-256 over all of them, as they were published.
    """
    try:
        sizes = [fingerprint(path).size for path in paths]
        if len(paths) == 1:
            of_files: Sequence[str | None] = (checksum,)
        else:
            found = checksums(paths)
            of_files = found.files if found.together == checksum else [None] * len(paths)
    except (AnonError, OSError):
        sizes, of_files = [0] * len(paths), [None] * len(paths)
    files = tuple(
        StoredFile(absolute(path), size, sha256)
        for path, size, sha256 in zip(paths, sizes, of_files, strict=True)
    )
    return Stored(files, checksum, "" if all(of_files) else _REPLACED)


def name_of(marks: Sequence[Fingerprint]) -> str:
    """Return what a source is called that nobody gave a name: as its first file."""
    if not marks:
        return IN_MEMORY
    return marks[0].name if marks[0].copied else base_name(marks[0].path)


def login() -> str | None:
    """Return as whom the operating system knows whoever calls; ``None`` if it does not."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
