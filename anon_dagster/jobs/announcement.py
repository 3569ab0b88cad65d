"""What a job said of its release at the last moment before it published it.

A job may end, however it may, between publishing a release and telling of it. Whoever then looks
after it finds here what to look for in the target, and whether another job came later.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from anon_dagster import clock
from anon_dagster.errors import JobError
from anon_dagster.jobs.file_names import ANNOUNCED, RELEASE
from anon_dagster.jobs.folder import JobFolder, folders_with
from anon_dagster.jobs.holding import is_approval_kept
from anon_dagster.jobs.unswept import remember
from anon_dagster.request import Target
from anon_dagster.storage.addresses import absolute

if TYPE_CHECKING:
    from anon_dagster.releasing.workspace import Announcement, Versions


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
    from anon_dagster.releasing.publication import withdraw as remove

    if not is_announced(job) or is_approval_kept(job):
        return None
    said = job.load_document(ANNOUNCED, needs=("target", "paths", "checksum", "former"))
    versions = _versions_that_lie_there(job, said)
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
    return mine is not None and any(o.announced > mine.announced for _, o in _others(job, mine))


# -- whose it is what lies there -----------------------------------------------------------


class _Said(NamedTuple):
    """What a job announced a release for, which, and when."""

    target: str
    checksum: str
    announced: float


def _versions_that_lie_there(job: JobFolder, document: Mapping[str, Any]) -> "Versions":
    """Return the versions of what a job published, if it still lies there; none if not.

    Jobs may publish at the same time, in another order than they announced it, and one may take for
    its own what another one has just put in its place. So what another job may have published is
    its, where the bytes are those that it announced.
    """
    from anon_dagster.releasing.publication import checksum_of, versions_of

    mine, told = _said(job), _told(job)
    now = [list(each) for each in versions_of(document["paths"])]
    made = told or document.get("made")
    if mine is None or not all(now) or (now != made if made else now == document["former"]):
        return ()
    rivals = []
    for folder, said in _others(job, mine):
        theirs = _told(folder)
        # Of those that did not tell, it is taken to be the last one's.
        if theirs == now or (not theirs and (told or said.announced > mine.announced)):
            rivals.append(said)
    if told and not rivals:
        return now
    there = checksum_of(document["paths"])
    if any(there == rival.checksum for rival in rivals):
        return ()
    return now if told or there == mine.checksum else ()


def _others(job: JobFolder, mine: _Said) -> list[tuple[JobFolder, _Said]]:
    """Return what other jobs of the store announced for the same target."""
    found = [(each, _said(each)) for each in folders_with(job.root, ANNOUNCED) if each != job]
    return [(each, said) for each, said in found if said and said.target == mine.target]


def _said(job: JobFolder) -> _Said | None:
    with suppress(FileNotFoundError, JobError):  # it may be deleted at this moment
        said = job.load_document(ANNOUNCED, needs=("target", "checksum"))
        return _Said(said["target"], said["checksum"], float(said.get("announced", 0.0)))
    return None


def _told(job: JobFolder) -> "Versions":
    """Return what a job found its release to be once it was published; none if it did not tell."""
    with suppress(FileNotFoundError, JobError):
        return job.load_release()["versions"] if job.has((RELEASE,)) else ()
    return ()
