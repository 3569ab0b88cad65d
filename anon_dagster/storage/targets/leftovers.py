"""What dead jobs left beside a target: removed, or brought back."""

import re
from collections.abc import Container, Iterable

from anon_dagster.request import Target
from anon_dagster.storage import manifest
from anon_dagster.storage.addresses import absolute, base_name, exists, is_local, parent, sibling
from anon_dagster.storage.failures import writing
from anon_dagster.storage.listing import listed_parts, names_in
from anon_dagster.storage.moving import end_uploads, move, remove, restore
from anon_dagster.storage.stores.refusals import refusal
from anon_dagster.storage.targets.publishing import UNOWNED
from anon_dagster.storage.targets.tables import table_kind


def sweep(target: Target, *, alive: Container[str] = ()) -> tuple[str, ...]:
    """Remove what dead jobs left beside a target, and bring back what they had put aside.

    Parameters
    ----------
    target
        The target, whether it is there or not.
    alive
        Tokens of the jobs that are still writing.

    Returns
    -------
    tuple of str
        The names that were swept.
    """
    if (kind := table_kind(target)) is not None:
        return kind.sweep(target, alive)
    return sweep_files(target, alive)


def sweep_files(target: Target, alive: Container[str]) -> tuple[str, ...]:
    """Do so with files and folders, see :func:`sweep`."""
    path = absolute(target.path)
    pattern = _leftover(path)
    swept = []
    with writing(target.path):
        for entry in names_in(parent(path)):
            match = pattern.fullmatch(entry)
            if match is None or (match[1] in alive and not match[1].startswith(UNOWNED)):
                continue
            if match[2] == "old" and not exists(path):
                move(sibling(path, entry), path)
            else:
                remove(sibling(path, entry))
            swept.append(entry)
        swept += _sweep_store(path, alive)
    return tuple(swept)


def dead_tokens(path: str, alive: Container[str]) -> list[str]:
    """Return the tokens of dead jobs that left something beside a path."""
    matches = map(_leftover(path).fullmatch, names_in(parent(path)))
    return sorted({match[1] for match in matches if match and match[1] not in alive})


def _leftover(path: str) -> re.Pattern[str]:
    """Return what names beside a path look like: a token, and what kind it is."""
    return re.compile(re.escape(f".{base_name(path)}.") + r"([\w-]+)(?:\.shelves)?\.(part|old)")


def is_published_alone(first: Target, others: Iterable[Target], *, token: str) -> bool:
    """Tell whether a dead job published the first of several targets, and not all of the others.

    Parameters
    ----------
    first, others
        Single files that are published together, in this order.
    token
        Of the job.
    """
    with writing(first.path):
        waiting = any(exists(_beside(other, token, "part")) for other in others)
        return waiting and not exists(_beside(first, token, "part"))


def put_back(target: Target, *, token: str) -> bool:
    """Put back what a dead job replaced at a target; tell whether it kept something to put back."""
    with writing(target.path):
        if exists(former := _beside(target, token, "old")):
            restore(former, absolute(target.path))
            return True
    return False


def _beside(target: Target, token: str, kind: str) -> str:
    path = absolute(target.path)
    return sibling(path, f".{base_name(path)}.{token}.{kind}")


def _sweep_store(path: str, alive: Container[str]) -> list[str]:
    """Remove parts that no list has, and end uploads: a folder shows neither as a name."""
    if is_local(path):
        return []
    listed = listed_parts(path) or ()
    tokens = {name: manifest.token_of(name) for name in names_in(path)}
    dead = [n for n, token in tokens.items() if token and token not in alive and n not in listed]
    for name in dead:
        remove(f"{path}/{name}")
    beginning = f".{base_name(path)}."
    pattern = re.compile(re.escape(beginning) + r"([\w-]+)(?:\.shelves)?\.part(/.*)?")

    def is_alive(key: str) -> bool:
        match = pattern.search(key)
        return match is None or match[1] in alive

    try:
        end_uploads(sibling(path, beginning), is_alive)
    except OSError as error:  # to list uploads is a right of its own, and not every store can
        if (meant := refusal(error)) is None or meant.transient:
            raise
    return dead
