"""How what lies beside a target comes into its place: as a file, a folder, or objects of a store.

On this machine a file or folder is moved. A store copies files one by one; several become the
target together when its list of parts is written.
"""

from collections.abc import Sequence
from contextlib import suppress

from anon_dagster.errors import AnonError
from anon_dagster.storage import manifest
from anon_dagster.storage.addresses import exists
from anon_dagster.storage.failures import writing
from anon_dagster.storage.listing import listed_parts, names_in
from anon_dagster.storage.manifest import SUCCESS
from anon_dagster.storage.moving import copy, exchange, move, put, remove


def swap_folder(staged: str, path: str, *, aside: str) -> None:
    """Move a folder to a path, in one step with what lies there if the file system can exchange.

    Else what lies there is put aside first, and back if that fails: for a moment there is nothing.
    """
    replaces = exists(path)
    if replaces and exchange(staged, path):
        remove_quietly(staged)  # it is the former one now
        return
    if replaces:
        move(path, aside)
    try:
        move(staged, path)
    except OSError:
        if replaces:
            move(aside, path)
        raise
    remove(aside)


def copy_file(staged: str, path: str) -> None:
    """Copy a file of a store to a path in it."""
    copy(staged, path)
    remove_quietly(staged)


def copy_parts(staged: str, path: str, names: Sequence[str]) -> None:
    """Copy parts in a store to a folder, and make them the table that it has.

    Once they are listed, the target is complete: what cannot be removed then is swept by the next
    job.
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
    for leftover in (*former, staged):
        remove_quietly(leftover)


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
    with suppress(AnonError), writing(path):
        return remove(path)
    return 0
