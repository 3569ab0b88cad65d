"""What a job said of its release at the last moment before it published it.

A job may end, however it may, between publishing a release and telling of it. Whoever then looks
after it finds here what to look for in the target, and whether another job came later.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from anon_dagster.errors import JobError
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.storage.places import full

_NAME = "announced.json"


def announce(job: JobFolder, paths: Sequence[str], checksum: str) -> None:
    """Keep where the release of a job is about to be published, if its request has a target."""
    if (target := job.load_request().target) is not None:
        document = {"target": full(target.path), "paths": list(paths), "checksum": checksum}
        job.save_document(_NAME, document)


def withdraw(job: JobFolder) -> str | None:
    """Remove what a job published unless it was replaced; return the target if it was there.

    Raises
    ------
    TargetError
        If it cannot be removed.
    """
    from anon_dagster import releasing

    if not job.has((_NAME,)):
        return None
    said = job.load_document(_NAME)
    return said["target"] if releasing.withdraw(**said) else None


def is_superseded(job: JobFolder) -> bool:
    """Tell whether another job of the store announced a release for the same target later."""
    mine = _said(job)
    others = (_said(other) for other in _all(job.root) if other != job)
    return mine is not None and any(
        said is not None and said[0] == mine[0] and said[1] > mine[1] for said in others
    )


def _said(job: JobFolder) -> tuple[str, int] | None:
    """Return which target a job announced a release for, and when."""
    with suppress(FileNotFoundError, JobError):  # it may be deleted at this moment
        target = str(job.load_document(_NAME)["target"])
        return target, (job.path / _NAME).stat().st_mtime_ns
    return None


def _all(root: Path) -> Iterator[JobFolder]:
    """Give the folders of all jobs of a store, and of the files that they release."""
    for each in sorted((root / "jobs").iterdir()):
        job = JobFolder(root, each.name)
        yield job
        yield from (JobFolder(root, each.name, key) for key in job.files())
