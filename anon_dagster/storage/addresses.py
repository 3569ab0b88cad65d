"""Addresses of files and folders: on this machine, or in a store that fsspec reaches by its URL."""

import os
import re
from pathlib import Path
from typing import Final

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from anon_dagster.request.databases import SCHEME, is_of_database
from anon_dagster.request.lakehouse import folder_of, is_of_lakehouse
from anon_dagster.request.special_files import why_special
from anon_dagster.storage.stores import schemes, store_of
from anon_dagster.storage.stores.refusals import refusal

SCHEMES: Final = "ANON_SCHEMES"
"""Names further schemes that a deployment allows, such as ``https, sftp``."""

_ALLOWED = schemes() | {"file", "local", "memory"}


class RefusedAddressError(ValueError):
    """An address that is not used, and why, in words of our own."""


def locate(path: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system that a path belongs to, and the path within it.

    Raises
    ------
    RefusedAddressError
        If its scheme is not allowed here.
    """
    if "://" not in path:  # however it begins: data:… is a name, too
        here = LocalFileSystem()
        return here, str(here._strip_protocol(str(Path(path).expanduser())))  # noqa: SLF001 (as fsspec does)
    if is_of_database(path):
        from anon_dagster.storage.databases.tables import Tables

        return Tables(), path.removeprefix(SCHEME)
    if is_of_lakehouse(path):
        from anon_dagster.storage.lakehouse.tables import DeltaTables

        return DeltaTables(), absolute(folder_of(path))
    _require_allowed(path)
    store = store_of(path)
    try:
        return store.locate(path)
    except ImportError:
        if store.extra is None:
            raise
        raise RefusedAddressError(
            f"this kind of store needs a package that is not installed: pip install "
            f"'anon-dagster[{store.extra}]'"
        ) from None


def _require_allowed(path: str) -> None:
    """Refuse schemes by which a request could make this machine ask others on its behalf."""
    scheme = path.partition("://")[0]
    if "::" in path:
        raise RefusedAddressError("addresses within addresses (::) are not read")
    if why := store_of(path).why_refused(path):
        raise RefusedAddressError(why)
    if scheme in _ALLOWED or scheme in re.split(r"[\s,]+", os.environ.get(SCHEMES, "")):
        return
    raise RefusedAddressError(
        f"addresses that begin with {scheme}:// are not allowed here; whoever runs the jobs can "
        f"allow them by {SCHEMES} in the environment"
    )


def require_ordinary(system: AbstractFileSystem, inner: str) -> None:
    """Refuse what is no file or folder of this machine, see :func:`why_special`.

    Raises
    ------
    RefusedAddressError
        Saying what it is.
    """
    if isinstance(system, LocalFileSystem) and (why := why_special(inner)) is not None:
        raise RefusedAddressError(why)


def is_local(path: str) -> bool:
    """Tell whether a path lies in the file system of this machine."""
    return "://" not in path or path.startswith(("file://", "local://"))


def absolute(path: str) -> str:
    """Return a path absolute, or as the URL that it is."""
    system, inner = locate(path)
    return inner if isinstance(system, LocalFileSystem) else str(system.unstrip_protocol(inner))


def parent(path: str) -> str:
    """Return the folder that a path lies in."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def base_name(path: str) -> str:
    """Return the last step of a path."""
    return path.rstrip("/").rpartition("/")[2]


def sibling(path: str, name: str) -> str:
    """Return the path of another name in the same folder."""
    return f"{parent(path).rstrip('/')}/{name}"


def kind_of(system: AbstractFileSystem, inner: str) -> str | None:
    """Return ``file``, ``directory``, or None if nothing is there.

    What fsspec has for it takes every error for a no; here a store that cannot tell is an error.
    """
    try:
        kind: str = system.info(inner)["type"]
    except (FileNotFoundError, NotADirectoryError) as error:
        if refusal(error) is not None:
            raise
        return None
    return kind


def exists(path: str) -> bool:
    """Tell whether there is a file or folder."""
    return kind_of(*locate(path)) is not None


def is_folder(path: str) -> bool:
    """Tell whether there is a folder."""
    return kind_of(*locate(path)) == "directory"


def is_file(path: str) -> bool:
    """Tell whether there is a file, and no device or pipe."""
    system, inner = locate(path)
    return bool(system.isfile(inner))
