"""Former releases of the same people that the jobs of a store made, and that still exist."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.errors import AnonError, JobError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.tags import DATASET_TAG
from anon_dagster.storage.addresses import absolute

if TYPE_CHECKING:
    from anon_dagster.releasing.workspace import FormerRelease
    from anon_dagster.request import Request

NAMELESS = {"", names.ADHOC, "frame", "unnamed"}
"""What records are called that nobody gave a name."""
_TABLE = "table-"
"""What the key of one of linked tables begins with, in the folder of a job."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whose records a job released."""

    source: tuple[str, ...]
    """Where they are read from."""
    dataset: str
    """What its records are called, with which of its tables it is; nothing, if nobody said so."""

    def is_of(self, other: "_Subject") -> bool:
        """Tell whether another job released the same people."""
        same_source = bool(self.source) and self.source == other.source
        return same_source or (bool(self.dataset) and self.dataset == other.dataset)


def former_releases(job: JobFolder) -> "list[FormerRelease]":
    """Return the former releases of the people of a job, the newest first.

    Each is of the same dataset or the same source, lies elsewhere than the job's target, and is
    still as it was published. Of a file that came in, the former release is at its target.
    """
    from anon_dagster.releasing.repeated import MOST_RELEASES

    if job.file and not job.file.startswith(_TABLE):
        return []
    request = job.load_request()
    subject, target = _subject(job, request), request.target
    own = None if target is None else absolute(target.path)
    found = (_former(each, subject, own) for each in _newest_first(job))
    return [*islice((former for former in found if former is not None), MOST_RELEASES + 1)]


def _newest_first(job: JobFolder) -> list[JobFolder]:
    """Return the folders of all other jobs of a store that released something."""
    jobs = job.root / file_names.JOBS
    files = [*jobs.glob(f"*/{file_names.RELEASE}")]
    files += jobs.glob(f"*/{file_names.FILES}/{_TABLE}*/{file_names.RELEASE}")
    others = [each for each in files if each.parent != job.path]
    return [_folder(job.root, each) for each in sorted(others, key=_modified, reverse=True)]


def _folder(root: Path, file: Path) -> JobFolder:
    job_id, *files = file.parent.relative_to(root / file_names.JOBS).parts
    return JobFolder(root, job_id, files[-1] if files else "")


def _modified(file: Path) -> int:
    with suppress(FileNotFoundError):  # its job is deleted at this moment
        return file.stat().st_mtime_ns
    return 0


def _former(job: JobFolder, subject: _Subject, target: str | None) -> "FormerRelease | None":
    """Return the release of another job, if it is of the same people and still exists."""
    from anon_dagster.releasing.publication import checksum_of
    from anon_dagster.releasing.workspace import FormerRelease

    with suppress(JobError, FileNotFoundError):
        request = job.load_request()
        if not subject.is_of(_subject(job, request)):
            return None
        release = job.load_release()
        paths = release["source"]["path"]
        at = None if request.target is None else absolute(request.target.path)
        if at is not None and at == target:
            return None  # what lies there now is read as it is
        try:
            is_there = checksum_of(paths) == release["checksum"]
        except AnonError as error:
            if error.transient:
                raise
            return None
        name = f"the release of job {job.job_id}"
        return FormerRelease(name, job.load_stored(), request.policy) if is_there else None
    return None


def _subject(job: JobFolder, request: "Request") -> _Subject:
    source = request.source
    paths = () if source is None else tuple(_paths(source.path))
    return _Subject(paths, _dataset(job))


def _paths(path: str | tuple[str, ...]) -> Iterator[str]:
    yield from map(absolute, (path,) if isinstance(path, str) else path)


def _dataset(job: JobFolder) -> str:
    """Return what the dataset of a job is called; nothing of later records, which are of others."""
    if job.has((file_names.APPLICATION,)):
        return ""
    whole = JobFolder(job.root, job.job_id)
    if not whole.has((file_names.OWNER,)):
        return ""
    tags = whole.load_document(file_names.OWNER).get("tags", {})
    dataset = str(tags.get(DATASET_TAG, ""))
    return "" if dataset in NAMELESS else f"{dataset} {job.file}"
