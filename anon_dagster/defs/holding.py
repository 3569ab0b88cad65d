"""What Dagster shows of a release that waits for an approval, and what house is kept of it."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster import clock
from anon_dagster.defs import metadata
from anon_dagster.defs.ownership import RunContext, owner_of
from anon_dagster.defs.private_dagster import storage_id
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.settings import days_of
from anon_dagster.errors import AnonError, BusyError, JobError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import APPROVED_TAG, HOLD_TAG

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.jobs.holding import Hold

HOLD_DAYS = "ANON_HOLD_DAYS"
"""Names the age in days from which a release that nobody approved is discarded."""
DAYS = 30.0
_DAY = 86_400.0
_PLACES = ("dagster/uri", "paths", "versions", "tables")
"""What tells where a release is, which is nobody's matter while it waits."""
HELD = "held"
DELETED = "its job was deleted"
_FAILED = "its job did not come to its end"


def shown_of(job: "JobFolder", shown: metadata.Shown) -> metadata.Shown:
    """Show of a release that waits that it does, not where."""
    from anon_dagster.jobs.holding import hold_of

    if hold_of(job) is None:
        return shown
    without = {name: value for name, value in shown.items() if name not in _PLACES}
    return without | {HELD: dg.MetadataValue.bool(True)}


def tag(context: RunContext, job: "JobFolder") -> None:
    """Tag a run whose release waits, so that lists of jobs tell it."""
    from anon_dagster.jobs.holding import hold_of

    if (hold := hold_of(job)) is not None:
        tag_run(context.instance, context.run.run_id, hold)


def tag_run(instance: dg.DagsterInstance, job_id: str, hold: "Hold") -> None:
    """Tag a run with what became of what it holds."""
    tags: dict[str, str] = {HOLD_TAG: hold.state}
    if hold.by_job:
        tags[APPROVED_TAG] = hold.by_job
    instance.add_run_tags(job_id, tags)


def with_hold(entry: Entry, job: "JobFolder") -> Entry:
    """Return the line of a job with what became of what it holds."""
    from anon_dagster.jobs.holding import hold_of

    hold = hold_of(job)
    if hold is None or entry.status != "completed":
        return entry
    paths = [path for told in hold.published.values() for path in told["paths"]]
    return replace(
        entry,
        status="completed" if hold.state == "approved" else hold.state,
        target=", ".join(paths),
        reason=hold.why,
        requested_by=hold.requested_by,
        approved_by=hold.decided_by if hold.state == "approved" else "",
        rejected_by=hold.decided_by if hold.state == "rejected" else "",
        decided=hold.decided,
    )


def write_line(ledger: Ledger, entry: Entry, job: "JobFolder") -> bool:
    """Write the line of a job that is over; tell whether it is new.

    Whoever decides meanwhile writes it, too: the later of both has read what was decided.
    """
    is_new = ledger.write(with_hold(entry, job))
    now = with_hold(entry, job)
    if ledger.find(entry.job_id) != now:
        ledger.write(now)
    return is_new


def write_down(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder") -> None:
    """Tell what became of what a job holds: in its tags, and in its line if it has one by now.

    One that has none gets it with the end of its run, which says the same.
    """
    from anon_dagster.jobs.holding import hold_of

    hold, ledger = hold_of(job), Ledger(store.root)
    if hold is None:
        return
    entry = ledger.find(job.job_id)
    if entry is not None and entry.status not in {"failed", "aborted"}:
        ledger.write(with_hold(replace(entry, status="completed"), job))
    if instance.get_run_by_id(job.job_id) is not None:
        tag_run(instance, job.job_id, hold)


# -- what nobody decides on ----------------------------------------------------------------


def hold_days() -> float:
    """Return after how many days a release that nobody approved is discarded.

    Raises
    ------
    JobError
        If the environment names no number of days above 0.
    """
    return days_of(HOLD_DAYS) or DAYS


def look_after_held(instance: dg.DagsterInstance, store: JobStore) -> None:
    """Finish approvals whose process died, and discard what nobody approved for too long.

    Raises
    ------
    JobError
        If the environment does not say how long that is; what is left to do is done before.
    """
    from anon_dagster.jobs.holding import with_held

    owners = ((job, owner_of(job.path)) for job in with_held(store.root))
    held = [job for job, of in owners if of is not None and of.instance == storage_id(instance)]
    for job in held:
        with suppress(AnonError):  # somebody decides at this moment; or it is tried again
            _finish(instance, store, job)
    before = clock.now() - hold_days() * _DAY if held else 0.0
    for job in held:
        with suppress(AnonError):
            _expire(instance, store, job, before)


def _finish(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder") -> None:
    """Do what is left to do of what was decided, and discard what a failed job holds."""
    from anon_dagster.jobs.holding import discard

    run = instance.get_run_by_id(job.job_id)
    if run is not None and run.is_finished and not run.is_success:
        discard(job, _FAILED)
    settle(instance, store, job)


def _expire(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder", before: float) -> None:
    """Discard what waits since before a moment; of what was deleted others tell the end."""
    from anon_dagster.jobs.holding import discard, hold_of

    hold = hold_of(job)
    if hold is None or not hold.is_awaiting or hold.since >= before:
        return
    if instance.get_run_by_id(job.job_id) is not None:
        discard(job, f"nobody approved it within {hold_days():g} days")
        settle(instance, store, job)


def settle(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder") -> None:
    """Do what is left to do once somebody decided; what waits is left as it is.

    The files that waited go last: by them is known that something is left to do.

    Raises
    ------
    BusyError
        If somebody else does it, or decides.
    """
    from anon_dagster.jobs.approval import take_over
    from anon_dagster.jobs.holding import hold_of, locked, remove_held
    from anon_dagster.jobs.reporting import tell_decision

    hold = hold_of(job)
    if hold is None or hold.is_awaiting:  # whoever decides at this moment is not disturbed
        return
    with locked(job):
        if (job.path / file_names.HELD).exists():
            tell_decision(job, hold)
        if hold.state == "approved" and (job.path / file_names.HELD).exists():
            take_over(job, hold)
        write_down(instance, store, job)
        remove_held(job)


def discard_failed(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder") -> None:
    """Discard what a job holds that failed or was aborted; if it cannot be now, it is later."""
    with suppress(AnonError):
        _discard(instance, store, job, _FAILED)


def _discard(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder", why: str) -> None:
    from anon_dagster.jobs.holding import discard, remove_held

    if (job.path / file_names.HOLD).exists():
        discard(job, why)
        settle(instance, store, job)
    elif (job.path / file_names.HELD).exists():  # it ended before it said so
        remove_held(job)


def may_go(instance: dg.DagsterInstance, store: JobStore, job: "JobFolder") -> bool:
    """Discard what a deleted job holds; tell whether its files may be removed now."""
    with suppress(JobError):  # what cannot be read waits for nobody
        try:
            _discard(instance, store, job, DELETED)
        except BusyError:
            return False
    return True
