"""Where a step finds what the steps before it made, in its own run or in an earlier one.

Every run has a folder of its own. A step that runs without those before it takes their files
over from the run that made them last, so that two runs never write to one place, and files of
different requests are never mixed.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs.ownership import RunContext, own
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.stages import files_through
from anon_dagster.errors import JobError
from anon_dagster.jobs import file_names

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder


def job_of(context: RunContext, store: JobStore, needed: Mapping[str, dg.AssetKey]) -> "JobFolder":
    """Return the folder of the run, with everything that was made up to the needed steps.

    Raises
    ------
    JobError
        If a needed step never ran, or ran for another request than the others.
    """
    job = own(context, store)
    for name, key in needed.items():
        _complete(job, context, store, {name: key})
    return job


def job_of_any(
    context: RunContext, store: JobStore, needed: Mapping[str, dg.AssetKey]
) -> "JobFolder":
    """Return the folder of the run, with everything that was made up to one of some steps.

    Raises
    ------
    JobError
        If none of them ever ran, or it ran for another request.
    """
    job = own(context, store)
    _complete(job, context, store, needed)
    return job


def _complete(
    job: "JobFolder", context: RunContext, store: JobStore, either: Mapping[str, dg.AssetKey]
) -> None:
    """Take over the files up to one of some steps, of the run that made it last and has them."""
    files = {name: tuple(files_through(name)) for name in either}
    if any(job.has(each) for each in files.values()):
        return
    runs = {name: [r for r in _runs(context, key) if r is not None] for name, key in either.items()}
    for name, run_ids in runs.items():
        for run_id in run_ids:
            if store.job(run_id).has(files[name]):
                if file_names.RELEASE in files[name]:
                    _require_published(store.job(run_id))
                job.adopt(store.job(run_id), files[name])
                return
    told = " or ".join(dict.fromkeys(key.to_user_string() for key in either.values()))
    if any(runs.values()):
        raise JobError(
            f"the files of {told} were deleted with their job, or an earlier version kept fewer of "
            "them; materialize it again"
        )
    raise never_materialized(told)


def never_materialized(told: str) -> JobError:
    """Return the error of an asset that needs others first; say if Dagster forgets what it ran."""
    if os.environ.get("DAGSTER_HOME"):
        return JobError(f"{told} was never materialized; materialize it first")
    return JobError(
        f"{told} was never materialized, as far as Dagster remembers: DAGSTER_HOME is not set, so "
        "what one command materializes is unknown to the next; set it to a folder that stays, and "
        f"materialize {told} first"
    )


def _require_published(job: "JobFolder") -> None:
    """Refuse to go on from a release that waits, or that nobody approved."""
    if job.load_release().get("held", False):
        raise JobError(
            f"the release of job {job.job_id} awaits approval, and no other run goes on from it: "
            "materialize from the request on"
        )


def _runs(context: RunContext, key: dg.AssetKey) -> Iterator[str | None]:
    """Give the runs that may have made an asset: the one that is retried, then the last."""
    yield context.run.parent_run_id
    partition = context.partition_key if context.has_partition_key else None
    made = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=key, asset_partitions=None if partition is None else [partition]
        ),
        limit=1,
    )
    yield from (record.run_id for record in made.records)
