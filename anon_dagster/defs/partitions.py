"""Requests of partitioned datasets: the paths of each partition are its own."""

import re

from anon_dagster.errors import Complaint, JobError, RequestError
from anon_dagster.request import Request

PARTITION = "{partition_key}"
"""What stands for the key of a partition in the paths of source and target."""
_KEY = re.compile(r"(?!\.+$)[\w.=: +-]+")
"""Keys that a file or a folder may be called by, and no path."""


def require_partitioned(request: Request) -> None:
    """Refuse a request by which partitions would get into each other's way.

    Raises
    ------
    RequestError
        With every problem.
    """
    wrong = []
    if request.target is not None and PARTITION not in request.target.path:
        told = f"each partition would replace the one before: put {PARTITION} into it"
        wrong.append(Complaint("target.path", told))
    if request.source is not None and not any(PARTITION in path for path in _paths(request)):
        told = f"each partition would be made of the same records: put {PARTITION} into it"
        wrong.append(Complaint("source.path", told))
    if request.schedule is not None:
        told = "a schedule names no partition: declare one in your project"
        wrong.append(Complaint("schedule", told))
    if request.arrivals is not None:
        told = "files that arrive are partitions themselves: leave partitions out, or this"
        wrong.append(Complaint("arrivals", told))
    if wrong:
        raise RequestError(wrong)


def of_partition(request: Request, key: str | None) -> Request:
    """Return the request of a partition; the same one if there are no partitions.

    Raises
    ------
    JobError
        If the key is none that a file may be called by.
    """
    if key is None:
        return request
    if not _KEY.fullmatch(key):
        raise JobError(
            "the key of the partition cannot be part of a path: it may have letters, digits, "
            "blanks and . _ - = : + only"
        )
    source, target = request.source, request.target
    if request.source is not None:
        paths = tuple(path.replace(PARTITION, key) for path in _paths(request))
        path = paths if isinstance(request.source.path, tuple) else paths[0]
        source = request.source.model_copy(update={"path": path})
    if request.target is not None:
        own = request.target.path.replace(PARTITION, key)
        target = request.target.model_copy(update={"path": own})
    return request.model_copy(update={"source": source, "target": target})


def _paths(request: Request) -> tuple[str, ...]:
    path = () if request.source is None else request.source.path
    return (path,) if isinstance(path, str) else path
