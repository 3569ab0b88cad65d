"""Targets beside which something lies that could not be removed yet.

Each has a file of its own until it is swept, whatever becomes of the job that left it there.
"""

import hashlib
import os
from pathlib import Path

from anon_dagster.errors import JobError
from anon_dagster.jobs.documents import of_text, to_text
from anon_dagster.jobs.file_names import UNSWEPT
from anon_dagster.request import Target
from anon_dagster.storage.addresses import absolute


def remember(root: Path, target: Target) -> None:
    """Keep in a store that a target has to be swept."""
    path = _file_of(root, target)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(to_text({"target": absolute(target.address)}))
    beside.replace(path)


def remembered(root: Path) -> list[Target]:
    """Return the targets of a store that have to be swept."""
    return [target for each in sorted((root / UNSWEPT).glob("*.json")) if (target := _read(each))]


def forget(root: Path, target: Target) -> None:
    """Keep no longer that a target has to be swept."""
    _file_of(root, target).unlink(missing_ok=True)


def _file_of(root: Path, target: Target) -> Path:
    name = hashlib.sha256(absolute(target.address).encode()).hexdigest()[:16]
    return root / UNSWEPT / f"{name}.json"


def _read(file: Path) -> Target | None:
    """Return the target that a file names; none if it was swept meanwhile, or cannot be read."""
    try:
        kept = of_text(file.read_text(encoding="utf-8"), file.name, needs=("target",))
    except (OSError, ValueError, JobError):
        return None
    return Target(path=kept["target"])
