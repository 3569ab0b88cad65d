"""What a job said of its release at the last moment before it published it.

A job may end, however it may, between publishing a release and telling of it. Whoever then looks
after it finds here what to look for in the target, and whether another job came later.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from anon_dagster import clock
from anon_dagster.errors import JobError
from anon_dagster.jobs.alone import alone_at
from anon_dagster.jobs.file_names import ANNOUNCED, RELEASE
from anon_dagster.jobs.folder import JobFolder, folders_with
from anon_dagster.jobs.holding import is_approval_kept
from anon_dagster.jobs.unswept import remember
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.releasing.workspace import (
    Announcement,
    FormerRelease,
    Versions,
    Workspace,
    no_former,
)
from anon_dagster.request import Target
from anon_dagster.storage.addresses import absolute

_PATIENCE = 10.0  # seconds that another job may still need to publish at the same target


def workspace_of(
    job: JobFolder,
    on_progress: ProgressSink = ignore_progress,
    former: Callable[[], Sequence[FormerRelease]] = no_former,
) -> Workspace:
    """Return where a job writes its release, which it announces, and publishes in its turn."""
    return Workspace(
        job.job_id,
        job.create(),
        on_progress,
        partial(announce, job),
        partial(alone_at, job.root),
        former,
    )


def announce(job: JobFolder, announcement: Announcement) -> None:
    """Keep where the release of a job is about to be published, if its request has a target."""
    target = job.load_request().target
    if target is not None and not target.hold:  # then it is published by who approves it
        announce_at(target, job, announcement)


def announce_at(target: Target, job: JobFolder, announcement: Announcement) -> None:
    """Keep that a release is about to be published at a target."""
    document = {
        "target": absolute(target.address),
        "paths": announcement.paths,
        "checksum": announcement.checksum,
        "former": announcement.former,
        "made": announcement.made,
        "announced": clock.now(),
    }
    job.save_document(ANNOUNCED, document)


def is_announced(job: JobFolder) -> bool:
    """Tell whether a job may have published something that nobody took back yet."""
    return job.has((ANNOUNCED,))


def withdraw(job: JobFolder) -> str | None:
    """Remove what a job published unless it was replaced; return the target if it was there.

    Raises
    ------
    TargetError, StoreUnavailableError
        If it cannot be removed, or not now.
    """
    if not is_announced(job) or is_approval_kept(job):
        return None
    said = job.load_document(ANNOUNCED, needs=("target", "paths", "checksum", "former"))
    with alone_at(job.root, [said["target"]], seconds=_PATIENCE):
        return _withdraw(job, said)


def _withdraw(job: JobFolder, said: Mapping[str, Any]) -> str | None:
    from anon_dagster.releasing.publication import withdraw as remove

    versions = _told(job) or _found(job, said)
    if versions:  # whoever is killed meanwhile leaves something beside the target
        remember(job.root, Target(path=said["target"]))
    gone = remove(said["target"], said["paths"], versions)
    if gone:  # and no later run goes on from a release that is not there
        (job.path / RELEASE).unlink(missing_ok=True)
    forget(job)  # nobody takes it back twice
    return str(said["target"]) if gone else None


def _told(job: JobFolder) -> Versions:
    """Return what a job found its release to be once it was published; none if it did not tell."""
    return job.load_release()["versions"] if job.has((RELEASE,)) else ()


def _found(job: JobFolder, said: Mapping[str, Any]) -> Versions:
    """Return what lies there now, if it is what a job published that ended before it told of it."""
    from anon_dagster.releasing.publication import checksum_of, versions_of

    now = [list(each) for each in versions_of(said["paths"])]
    is_new = now == said["made"] if said.get("made") else now != said["former"]
    if not all(now) or not is_new or _is_of_another(job, said, now):
        return ()
    return now if checksum_of(said["paths"]) == said["checksum"] else ()


def _is_of_another(job: JobFolder, said: Mapping[str, Any], now: Versions) -> bool:
    """Tell whether another job published the same bytes later, as far as anybody can tell."""
    return any(
        other["checksum"] == said["checksum"] and other.get("former") != now
        for other in _later(job, said)
    )


def forget(job: JobFolder) -> None:
    """Forget what a job said: there is nothing of it to take back."""
    (job.path / ANNOUNCED).unlink(missing_ok=True)


def withdraw_whole(job: JobFolder) -> list[str]:
    """Remove what a job published, of linked tables all; return the targets that were there.

    Raises
    ------
    TargetError, StoreUnavailableError
        As :func:`withdraw`.
    """
    linked = job.linked
    folders = [job] if linked is None else list(linked.folders.values())
    return [target for folder in folders if (target := withdraw(folder))]


def hand_on(job: JobFolder, to: JobFolder) -> None:
    """Let a job stand for what another one announced, as if it had published it itself."""
    if is_announced(job):
        to.save_document(ANNOUNCED, job.load_document(ANNOUNCED))
        forget(job)


def is_superseded(job: JobFolder) -> bool:
    """Tell whether another job of the store announced a release for the same target later."""
    said = _said(job)
    return said is not None and bool(_later(job, said))


def _later(job: JobFolder, said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what other jobs of the store announced for the same target later."""
    announced = _moment(said)
    others = [_said(each) for each in folders_with(job.root, ANNOUNCED) if each != job]
    return [o for o in others if o and o["target"] == said["target"] and _moment(o) > announced]


def _said(job: JobFolder) -> Mapping[str, Any] | None:
    with suppress(FileNotFoundError, JobError):  # it may be deleted at this moment
        return job.load_document(ANNOUNCED, needs=("target", "checksum"))
    return None


def _moment(said: Mapping[str, Any]) -> float:
    return float(said.get("announced", 0.0))
