"""Fingerprints: what tells one version of a file from another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from anon_dagster.errors import SourceError, StoreAccessError
from anon_dagster.storage.addresses import locate, require_ordinary
from anon_dagster.storage.failures import changed, reading

_VERSION = (
    "size", "mtime", "ino", "ETag", "etag", "LastModified", "last_modified", "generation", "md5",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copied:
    """What a private copy is of, by which it is known once the copy is gone."""

    name: str
    """In words, with the version that was read: no address, and no value of a record."""
    sha256: str
    """Of the bytes of the copy, in hexadecimal digits: the same if the same was read again."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Tells one version of a file from another."""

    path: str
    size: int
    version: tuple[str, ...]
    copied: Copied | None = None
    """Of a copy that its call or run removes; see :mod:`anon_dagster.storage.copies`."""

    @property
    def name(self) -> str:
        """What a person knows the file by: its path, or what it is a copy of."""
        return self.path if self.copied is None else self.copied.name


def fingerprint(path: str) -> Fingerprint:
    """Describe the version of a file that lies there now."""
    with reading(path):
        system, inner = locate(path)
        require_ordinary(system, inner)
        system.invalidate_cache()
        info: dict[str, Any] = system.info(inner)
        version = tuple(f"{key}={info[key]}" for key in _VERSION if info.get(key) is not None)
        return Fingerprint(path, int(info.get("size") or 0), version)


def require_unchanged(fingerprints: Iterable[Fingerprint]) -> None:
    """Refuse files that were replaced, changed or removed since.

    Raises
    ------
    SourceChangedError
        Naming the first such file and how many there are.
    StoreAccessError, StoreUnavailableError
        If their store does not tell.
    """
    others = [mark.name for mark in fingerprints if not _is_still(mark)]
    if others:
        raise changed(others[0], f" and {len(others) - 1} more" if len(others) > 1 else "")


def _is_still(mark: Fingerprint) -> bool:
    try:
        return replace(fingerprint(mark.path), copied=mark.copied) == mark
    except StoreAccessError:
        raise
    except SourceError:
        return False
