"""What a job said of its release at the last moment before it published it.

A job may end, however it may, between publishing a release and telling of it. Whoever then looks
after it finds here what to look for in the target, and whether another job came later.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from anon_dagster import clock
from anon_dagster.errors import JobError
from anon_dagster.jobs.file_names import ANNOUNCED, RELEASE
from anon_dagster.jobs.folder import JobFolder, folders_with
from anon_dagster.jobs.holding import is_approval_kept
from anon_dagster.jobs.unswept import remember
from anon_dagster.request import Target
from anon_dagster.storage.addresses import absolute

if TYPE_CHECKING:
    from anon_dagster.releasing.workspace import Announcement


def announce(job: JobFolder, announcement: "Announcement") -> None:
    """Keep where the release of a job is about to be published, if its request has a target."""
    target = job.load_request().target
    if target is not None and not target.hold:  # then it is published by who approves it
        announce_at(target, job, announcement)


def announce_at(target: Target, job: JobFolder, announcement: "Announcement") -> None:
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
    from anon_dagster.releasing.publication import checksum_of, versions_of
    from anon_dagster.releasing.publication import withdraw as remove

    if not is_announced(job) or is_approval_kept(job):
        return None
    said = job.load_document(ANNOUNCED, needs=("target", "paths", "checksum", "former"))
    versions = job.load_release()["versions"] if job.has((RELEASE,)) else ()
    if not versions:  # it ended before it told of what it published, if it did
        now = [list(each) for each in versions_of(said["paths"])]
        is_new = now == said["made"] if said.get("made") else now != said["former"]
        if all(now) and is_new and not is_superseded(job):
            versions = now if checksum_of(said["paths"]) == said["checksum"] else ()
    if versions:  # whoever is killed meanwhile leaves something beside the target
        remember(job.root, Target(path=said["target"]))
    gone = remove(said["target"], said["paths"], versions)
    if gone:  # and no later run goes on from a release that is not there
        (job.path / RELEASE).unlink(missing_ok=True)
    forget(job)  # nobody takes it back twice
    return str(said["target"]) if gone else None


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
    mine = _said(job)
    if mine is None:
        return False
    others = map(_said, folders_with(job.root, ANNOUNCED))
    return any(said is not None and said[0] == mine[0] and said[1] > mine[1] for said in others)


def _said(job: JobFolder) -> tuple[str, float] | None:
    """Return which target a job announced a release for, and when."""
    with suppress(FileNotFoundError, JobError):  # it may be deleted at this moment
        document = job.load_document(ANNOUNCED, needs=("target",))
        return str(document["target"]), float(document.get("announced", 0.0))
    return None
