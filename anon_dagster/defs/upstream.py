"""Where a step finds what the steps before it made, in its own run or in an earlier one.

Every run has a folder of its own. A step that runs without those before it takes their files
over from the run that made them last, so that two runs never write to one place, and files of
different requests are never mixed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs.ownership import RunContext, own
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.stages import files_through
from anon_dagster.errors import JobError

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder


def job_of(context: RunContext, store: JobStore, needed: dict[str, dg.AssetKey]) -> "JobFolder":
    """Return the folder of the run, with everything that was made up to the needed steps.

    Raises
    ------
    JobError
        If a needed step never ran, or ran for another request than the others.
    """
    job = own(context, store)
    for name, key in needed.items():
        files = tuple(files_through(name))
        if not job.has(files):
            job.adopt(_made_by(context, store, key, files), files)
    return job


def _made_by(
    context: RunContext, store: JobStore, key: dg.AssetKey, files: tuple[str, ...]
) -> "JobFolder":
    """Return the folder of the run that made an asset last, of those that still have its files."""
    runs = [run_id for run_id in _runs(context, key) if run_id is not None]
    for run_id in runs:
        if store.job(run_id).has(files):
            return store.job(run_id)
    name = key.to_user_string()
    if runs:
        raise JobError(f"the files of {name} were deleted with their job; materialize it again")
    raise JobError(f"{name} was never materialized; materialize it first")


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
