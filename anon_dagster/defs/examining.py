"""What the release of a finished job tells beside its promises: the job that examines it again."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from anon_dagster.defs import metadata
from anon_dagster.defs.adhoc import ADHOC, step_job
from anon_dagster.defs.checks import residual_result, residual_spec
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Flag, Text
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.jobs import names

_EXAMINED = ADHOC.key(names.EXAMINED)


class ExaminationConfig(dg.Config):
    """Whose release is examined, and whether it is attacked."""

    job: Text = Field(
        default="the id of a finished job",
        description="The id of a job that released something: a request, or later records.",
    )
    attacks: Flag = Field(
        default=False,
        description="Carry out the attacks of a motivated intruder, too, on a sample of records.",
    )


def examining() -> dg.Definitions:
    """Define the job that examines a release again."""
    return step_job(names.RESIDUAL_JOB, "residual", _examined)


@dg.asset(
    key=_EXAMINED,
    group_name=ADHOC.name,
    partitions_def=ADHOC.partitions,
    kinds={"json"},
    check_specs=[residual_spec(_EXAMINED)],
)
def _examined(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    anon_engine: EngineResource,
    config: ExaminationConfig,
) -> Iterator[dg.MaterializeResult[None]]:
    """What the release of a finished job tells although every promise holds, examined again."""
    with failures_in_words():
        from anon_dagster.jobs.examination import examine_again

        job, progress = own(context, anon_store), RunProgress(context)
        progress.begin(names.EXAMINED)
        with anon_engine.at_work(context) as where:
            found = examine_again(anon_store.job(config.job), attacks=config.attacks)
        shown = {
            "job": dg.MetadataValue.text(config.job),
            **metadata.of_residual(found),
            **metadata.file(job.save_residual(found)),
            **where,
        }
        progress.finish()
    yield dg.MaterializeResult(metadata=shown, check_results=[residual_result(found)])
