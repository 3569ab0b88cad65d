"""How other assets load a release: what one run published, as it lies in its target."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.upstream import never_materialized
from anon_dagster.errors import JobError, JobStateError
from anon_dagster.jobs import file_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from anon_dagster.jobs.folder import JobFolder


class ReleaseIOManager(dg.IOManager):
    """Loads the release of a run into an asset that takes it, and never its source.

    The annotation of the argument says as what: ``pyarrow.Table``, or a ``pandas.DataFrame`` if it
    says nothing else. Of a partitioned asset the release of that partition is loaded.

    Parameters
    ----------
    store
        Where jobs keep what they make; as ``ANON_STORE`` says if left out.
    """

    def __init__(self, store: JobStore | None = None) -> None:
        self._store = store or JobStore.of_environment()

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Do nothing: a release is published by the step that proves it."""

    def load_input(self, context: dg.InputContext) -> "pd.DataFrame | pa.Table":
        """Load the release that was published last, or by the run that loads it.

        Raises
        ------
        dagster.Failure
            If there is none, if it awaits approval, or if its target holds something else now.
        """
        with failures_in_words():
            job = self._store.job(_run_of(context))
            return _as_arrow(job) if _wants_arrow(context) else _as_frame(job)


def _run_of(context: dg.InputContext) -> str:
    """Return the run that materialized an asset, or a partition of it, last."""
    partitions = [context.asset_partition_key] if context.has_asset_partitions else None
    made = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=partitions), limit=1
    )
    if not made.records:
        raise never_materialized(context.asset_key.to_user_string())
    return made.records[0].run_id


def _wants_arrow(context: dg.InputContext) -> bool:
    import pyarrow as pa

    return bool(context.dagster_type.typing_type is pa.Table)


def _as_frame(job: "JobFolder") -> "pd.DataFrame":
    from anon_dagster.releasing.publication import versions_of
    from anon_dagster.storage.frames import read_frame

    paths = _require_intact(job)
    before = versions_of(paths)
    counted = job.load_count(name=file_names.RELEASED).columns
    frame = read_frame(job.load_stored(), {name: each.kinds for name, each in counted.items()})
    if versions_of(paths) != before:
        raise JobError(f"the release of job {job.job_id} was replaced while it was read; try again")
    return frame


def _as_arrow(job: "JobFolder") -> "pa.Table":
    import pyarrow as pa

    table = pa.Table.from_pandas(_as_frame(job), preserve_index=False)
    return table.replace_schema_metadata(None)


def _require_intact(job: "JobFolder") -> list[str]:
    """Return the files of the release of a job; refuse what is not as the job released it.

    Raises
    ------
    JobError
        If its files were deleted, or its target holds something else.
    JobStateError
        If nobody approved it yet.
    """
    from anon_dagster.releasing.publication import checksum_of

    if not job.has((file_names.RELEASE, file_names.REQUEST)):
        raise JobError(
            f"the files of job {job.job_id} were deleted, and what its release is with them; "
            "materialize it again"
        )
    release: dict[str, Any] = job.load_release()
    if release.get("held", False):
        raise JobStateError(f"the release of job {job.job_id} awaits approval: nobody loads it yet")
    if checksum_of(release["source"]["path"]) != release["checksum"]:
        raise JobError(
            f"the target of job {job.job_id} is not what the job released: a later job or somebody "
            "else wrote to it; materialize it again"
        )
    return list(release["source"]["path"])
