"""Releases that wait for a person: the jobs that approve and reject them."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from anon_dagster.defs import metadata
from anon_dagster.defs.adhoc import ADHOC, step_job
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.holding import settle
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Text
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.errors import BusyError, JobStateError, RequestError, UnknownJobError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.people import person_named
from anon_dagster.jobs.tags import REQUESTED_TAG

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.jobs.holding import Hold

_APPROVED, _REJECTED = ADHOC.key(names.APPROVED), ADHOC.key(names.REJECTED)


class ApprovalConfig(dg.Config):
    """Whose release is published."""

    job: Text = Field(
        default="the id of the job that waits",
        description="The id of a job that awaits approval: its report says what is approved.",
    )


class RejectionConfig(dg.Config):
    """Whose release is discarded, and why."""

    job: Text = Field(
        default="the id of the job that waits",
        description="The id of a job that awaits approval.",
    )
    why: Text = Field(
        default="",
        description="Why, in words that hold no value of a person: Dagster keeps what stands here. "
        "What must not be there goes into a file, or through the client.",
    )
    why_file: Text = Field(
        default="", description="A text file that says why, in place of it; only the job keeps it."
    )


def approving() -> dg.Definitions:
    """Define the jobs that approve and reject."""
    return dg.Definitions.merge(
        step_job(names.APPROVE_JOB, "approve", _approved),
        step_job(names.REJECT_JOB, "reject", _rejected),
    )


@dg.asset(key=_APPROVED, group_name=ADHOC.name, partitions_def=ADHOC.partitions, kinds={"json"})
def _approved(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    anon_engine: EngineResource,
    config: ApprovalConfig,
) -> dg.MaterializeResult[None]:
    """A release that waited, proven again and published."""
    with failures_in_words():
        from anon_dagster.jobs.approval import approve
        from anon_dagster.jobs.folder import tables_of

        approving, progress = own(context, anon_store), RunProgress(context)
        progress.begin(names.APPROVED)
        held = _waiting(context, anon_store, config.job)
        for folder in tables_of(held).values():
            sweep_target(context.instance, folder.load_request())
        person = person_named(context.run.tags.get(REQUESTED_TAG))
        with anon_engine.at_work(context) as where:
            hold = approve(held, approving, person=person, on_progress=progress)
        shown = {**_decided(held, hold), **_published(held, hold), **where}
        _settle(context, anon_store, held)
        progress.finish()
    return dg.MaterializeResult(metadata=shown)


@dg.asset(key=_REJECTED, group_name=ADHOC.name, partitions_def=ADHOC.partitions, kinds={"json"})
def _rejected(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    config: RejectionConfig,
) -> dg.MaterializeResult[None]:
    """A release that waited, discarded."""
    with failures_in_words():
        from anon_dagster.jobs.holding import reject

        own(context, anon_store)
        held = _waiting(context, anon_store, config.job)
        person = person_named(context.run.tags.get(REQUESTED_TAG))
        hold = reject(held, person=person, why=_why(config))
        _settle(context, anon_store, held)
        RunProgress(context).finish()
    return dg.MaterializeResult(metadata=_decided(held, hold))


def _settle(context: dg.AssetExecutionContext, store: JobStore, held: "JobFolder") -> None:
    """Do what is left to do, unless who keeps house is at it."""
    with suppress(BusyError):
        settle(context.instance, store, held)


def _waiting(context: dg.AssetExecutionContext, store: JobStore, job_id: str) -> "JobFolder":
    """Return the folder of a job that came to its end.

    Raises
    ------
    UnknownJobError
        If it was deleted, or is of another deployment.
    JobStateError
        If it runs still, or did not get there.
    """
    run = context.instance.get_run_by_id(job_id)
    if run is None:  # its files may still be there
        raise UnknownJobError(f"there is no job {job_id} in this deployment, or none any more")
    if not run.is_success:
        state = "not over yet" if not run.is_finished else "over without a release"
        raise JobStateError(f"job {job_id} is {state}: nothing of it awaits approval")
    return store.job(job_id)


def _why(config: RejectionConfig) -> str:
    """Return the reason, of the configuration or of the file that it names."""
    if not config.why_file:
        return str(config.why)
    try:
        return Path(config.why_file).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise RequestError("the file that says why cannot be read; nothing was decided") from None


def _decided(held: "JobFolder", hold: "Hold") -> metadata.Shown:
    """Show what was decided and by whom; never the reason, which may tell more than it should."""
    return {
        "job": dg.MetadataValue.text(held.job_id),
        "state": dg.MetadataValue.text(hold.state),
        "requested_by": dg.MetadataValue.text(hold.requested_by or "unknown"),
        "decided_by": dg.MetadataValue.text(hold.decided_by or "unknown"),
        **metadata.file(held.path / file_names.HOLD),
    }


def _published(held: "JobFolder", hold: "Hold") -> metadata.Shown:
    """Show where the release is, in the words of a job that publishes by itself."""
    from anon_dagster.jobs.holding import places_of

    places = places_of(held, hold)
    paths = [path for each in places.get("tables", {"": places}).values() for path in each["paths"]]
    shown = {
        name: dg.MetadataValue.text(told) if isinstance(told, str) else dg.MetadataValue.json(told)
        for name, told in places.items()
    }
    return {"dagster/uri": dg.MetadataValue.text(", ".join(paths)), **shown}
