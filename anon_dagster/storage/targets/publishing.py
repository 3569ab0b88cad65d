"""How what lies beside a target comes into its place: as a file, a folder, or objects of a store.

On this machine a file or folder is moved. A store copies files one by one; several become the
target together when its list of parts is written.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress

from anon_dagster.errors import AnonError
from anon_dagster.request.databases import is_of_database
from anon_dagster.request.lakehouse import is_of_lakehouse
from anon_dagster.storage import manifest
from anon_dagster.storage.addresses import base_name, exists, is_folder, is_local, sibling
from anon_dagster.storage.failures import writing
from anon_dagster.storage.listing import listed_parts, names_in
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.moving import copy, exchange, move, put, remove

UNOWNED = "unowned-"
"""How what stands in place of a job's token begins in names of what no job owns."""


def swap_folder(staged: str, path: str, *, aside: str) -> bool:
    """Move a folder to a path, in one step with what lies there if the file system can exchange.

    Else what lies there is put aside first, and back if that fails: for a moment there is nothing.
    Returns whether the former one is gone.
    """
    replaces = exists(path)
    if replaces and exchange(staged, path):
        return try_to_remove(staged) is not None  # it is the former one now
    if replaces:
        move(path, aside)
    try:
        move(staged, path)
    except OSError:
        if replaces:
            move(aside, path)
        raise
    if replaces:  # under another name first: nobody brings back one that is half removed
        with suppress(AnonError), writing(path):
            beside = sibling(path, unowned_name(path))
            move(aside, beside)
            aside = beside
    return try_to_remove(aside) is not None


def move_file(staged: str, path: str) -> bool:
    """Move a file of this machine to a path; nothing is left beside it."""
    move(staged, path)
    return True


def copy_file(staged: str, path: str) -> bool:
    """Copy a file of a store to a path in it; tell whether the one that was staged is gone."""
    copy(staged, path)
    return try_to_remove(staged) is not None


def copy_parts(staged: str, path: str, names: Sequence[str]) -> bool:
    """Copy parts in a store to a folder, and make them the table that it has.

    Once they are listed, the target is complete: what cannot be removed then is swept later.
    Returns whether all of it is gone.
    """
    former = _former_parts(path)
    try:
        for name in names:
            copy(f"{staged}/{name}", f"{path}/{name}")
    except BaseException:
        for name in names:
            remove_quietly(f"{path}/{name}")
        raise
    put(f"{path}/{SUCCESS}", manifest.text(names))
    gone = [try_to_remove(leftover) is not None for leftover in (*former, staged)]
    return all(gone) and _are_alone(path, names)


def _are_alone(path: str, names: Sequence[str]) -> bool:
    """Tell whether a folder has no other parts: a job may have copied its own at the same time."""
    with suppress(AnonError), writing(path):
        return {*names_in(path)} <= {SUCCESS, *names}
    return False


def _former_parts(path: str) -> list[str]:
    """Return the files of the release that is replaced; those of jobs at work stay."""
    names = [name for name in names_in(path) if name != SUCCESS]
    listed = listed_parts(path)
    former = [n for n in names if manifest.token_of(n) is None] if listed is None else listed
    return [f"{path}/{name}" for name in former]


def remove_quietly(path: str) -> int:
    """Remove what is not needed any more, if it can be: what went wrong before must be told.

    Returns of how many files their store keeps versions.
    """
    return try_to_remove(path) or 0


def try_to_remove(path: str) -> int | None:
    """Remove what is not needed any more; return none if it cannot be, else as `remove_quietly`."""
    with suppress(AnonError), writing(path):
        return remove(path)
    return None


def take_away(path: str, version: Sequence[str] = ()) -> int:
    """Remove what was published at a path, in one step for whoever reads it.

    A folder of a store is gone with its list of parts, which is removed first. Returns of how many
    files their store keeps versions.

    Parameters
    ----------
    version
        What it was seen to be; a table that is another one by now is left alone.
    """
    if is_of_lakehouse(path):
        from anon_dagster.storage.lakehouse.commits import bring_back

        bring_back(path, version)
        return 0
    if is_of_database(path):
        from anon_dagster.storage.lakehouse import iceberg_catalogs, iceberg_commits

        if (lake := iceberg_catalogs.catalog_at(path)) is not None:
            iceberg_commits.bring_back(lake, version)
            return 0
    if not (is_local(path) and is_folder(path)):
        return remove(path)
    beside = unowned_beside(path)
    move(path, beside)
    return remove_quietly(beside)


def unowned_beside(path: str) -> str:
    """Return a path beside another one of what no job owns."""
    return sibling(path, unowned_name(path))


def unowned_name(path: str) -> str:
    """Return a name beside a path of what no job owns, and any may sweep."""
    return f".{base_name(path)}.{UNOWNED}{uuid.uuid4().hex}.part"
