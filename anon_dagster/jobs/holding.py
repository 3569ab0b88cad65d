"""A release that waits with its job until a person approves or rejects it.

Its state is one document, written in one step: what it says is what happened. Whoever changes it
holds a lock, so that of two people who decide at once one comes too late.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from anon_dagster import clock
from anon_dagster.errors import BusyError, JobError, JobKindError, JobStateError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.folder import JobFolder, tables_of
from anon_dagster.jobs.people import are_two, person_named, reason_given
from anon_dagster.jobs.tags import REQUESTED_TAG, State
from anon_dagster.storage.locks import lock

_PATIENCE, _LOOK = 1.0, 0.05  # seconds
_NEEDS = ("state", "two_people", "requested_by", "since")
_KINDS: dict[str, type] = {
    "two_people": bool,
    "requested_by": str,
    "since": float,
    "seen": list,
    "published": dict,
}
"""What JSON has for what decides."""
_TWO = (
    "takes two people: {}; let one who is known, by the login of the deployment or ANON_USER, and "
    "did not ask for it approve it, or reject it"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """What became of a release that was held."""

    state: State
    two_people: bool
    requested_by: str
    """Empty if nobody is known to have asked for it, as the next."""
    since: float
    """Seconds since the epoch, as the next."""
    decided_by: str = ""
    decided: float | None = None
    by_job: str = ""
    """The job that approved it."""
    why: str = ""
    """What was told of a rejection."""
    seen: tuple[str, ...] = ()
    """Marks of the former releases that it was held against."""
    published: dict[str, Any] = field(default_factory=dict)
    """By table: the paths of what was published, and the versions of these files."""

    @property
    def is_awaiting(self) -> bool:
        """Whether nobody decided yet."""
        return self.state == "awaiting approval"

    def require_approver(self, person: str) -> None:
        """Refuse who must not approve it.

        Raises
        ------
        JobStateError
            If it takes two people, and one of both is not known, or it is the same one.
        """
        if self.two_people and not are_two(self.requested_by, person):
            lacks = "who asked for it approves it now"
            if not person:
                lacks = "nobody knows who approves it now"
            if not self.requested_by:
                lacks = "nobody knows who asked for it"
            raise JobStateError(f"an approval {_TWO.format(lacks)}")


def begin(job: JobFolder, *, seen: tuple[str, ...] = ()) -> None:
    """Keep that the release of a job waits, if its request wants that."""
    target = next(iter(tables_of(job).values())).load_request().target
    if target is not None and target.hold:
        asked_by = person_named(_tags(job).get(REQUESTED_TAG))
        two = target.hold == "two_people"
        keep(job, Hold("awaiting approval", two, asked_by, clock.now(), seen=seen))


def _tags(job: JobFolder) -> dict[str, Any]:
    """Return the tags of a job as they were when it began: later ones may be anybody's."""
    if not job.has((file_names.OWNER,)):
        return {}
    return dict(job.load_document(file_names.OWNER).get("tags", {}))


def keep(job: JobFolder, hold: Hold) -> None:
    """Keep what became of what a job holds."""
    job.save_document(file_names.HOLD, asdict(hold))


def hold_of(job: JobFolder) -> Hold | None:
    """Return what became of what a job held; None of a job that publishes by itself.

    Raises
    ------
    JobError
        If that cannot be read.
    """
    if not job.has((file_names.HOLD,)):
        return None
    kept = job.load_document(file_names.HOLD, needs=_NEEDS)
    known = {name: value for name, value in kept.items() if name in Hold.__dataclass_fields__}
    if known["state"] not in get_args(State):
        raise JobError(f"{file_names.HOLD} of job {job.job_id} tells no state that there is")
    if wrong := [n for n, kind in _KINDS.items() if not isinstance(known.get(n, kind()), kind)]:
        told = ", ".join(wrong)
        raise JobError(f"{file_names.HOLD} of job {job.job_id} is damaged: {told} cannot be so")
    return Hold(**known | {"seen": tuple(known.get("seen", ()))})


def places_of(job: JobFolder, hold: Hold) -> dict[str, Any]:
    """Tell where a release is that was approved; of linked ones of the last, and of all by table.

    Returns
    -------
    dict
        With ``target``, ``checksum``, ``paths`` and ``versions``; ``tables`` has the same of each.
    """
    told = {}
    for name, folder in tables_of(job).items():
        target = folder.load_request().target
        assert target is not None, "what is held has a target"
        release = {"target": target.path, "checksum": folder.load_release()["checksum"]}
        told[name] = {**release, **hold.published[name]}
    *_, last = told.values()
    return dict(last) if len(told) == 1 else {**last, "tables": told}


@contextmanager
def deciding(job: JobFolder) -> Iterator[Hold]:
    """Let nobody else decide meanwhile, and give what waits.

    Raises
    ------
    JobKindError
        If the job holds nothing.
    JobStateError
        If it was decided already.
    BusyError
        If somebody else is about to.
    """
    with locked(job):
        hold = hold_of(job)
        if hold is None:
            raise JobKindError(f"job {job.job_id} holds no release: its request has no target.hold")
        if not hold.is_awaiting:
            by = f" by {hold.decided_by}" if hold.decided_by else ""
            raise JobStateError(f"the release of job {job.job_id} is {hold.state} already{by}")
        yield hold


@contextmanager
def locked(job: JobFolder) -> Iterator[None]:
    """Hold the lock of what a job holds.

    Raises
    ------
    BusyError
        If somebody else does.
    UnknownJobError, JobError
        If there is no such job.
    """
    if not job.path.is_dir():
        raise JobError(f"there is no job {job.job_id} in this store, or none any more")
    until, path = clock.monotonic() + _PATIENCE, job.path / file_names.HOLD_LOCK
    while (file := lock(path)) is None and clock.monotonic() < until:
        clock.sleep(_LOOK)
    if file is None:
        raise BusyError(f"somebody is deciding on the release of job {job.job_id}; look again")
    with file:
        yield


def reject(job: JobFolder, *, person: str, why: str) -> Hold:
    """Discard what a job holds, and keep who did it and why.

    Raises
    ------
    JobError
        If there is no reason, or it is too long; as :func:`deciding`.
    """
    reason = reason_given(why)
    with deciding(job) as hold:
        told = replace(hold, state="rejected", decided_by=person, decided=clock.now(), why=reason)
        keep(job, told)
    return told


def discard(job: JobFolder, why: str) -> None:
    """Discard what a job holds, if nobody decided on it."""
    with locked(job):
        hold = hold_of(job)
        if hold is not None and hold.is_awaiting:
            keep(job, replace(hold, state="discarded", decided=clock.now(), why=why))


def remove_held(job: JobFolder) -> None:
    """Remove the files of a release that is not held any more.

    Of one that was not approved no later run goes on, either.
    """
    hold = hold_of(job)
    for folder in tables_of(job).values():
        if hold is None or hold.state != "approved":
            (folder.path / file_names.RELEASE).unlink(missing_ok=True)
        shutil.rmtree(folder.path / file_names.HELD, ignore_errors=True)


def with_held(root: Path) -> list[JobFolder]:
    """Return the jobs of a store in whose folders releases are held, or were until just now."""
    found = (root / file_names.JOBS).glob(f"*/{file_names.HELD}")
    return [JobFolder(root, each.parent.name) for each in found]


def is_approval_kept(job: JobFolder) -> bool:
    """Tell whether a job approved a release, so that what it published stays."""
    approving = replace(job, file="")
    if not approving.has((file_names.APPROVAL,)):
        return False
    held = str(approving.load_document(file_names.APPROVAL, needs=("job",))["job"])
    hold = hold_of(JobFolder(job.root, held))
    return hold is not None and (hold.state, hold.by_job) == ("approved", job.job_id)
