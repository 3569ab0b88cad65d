"""The lineage graph of a group, made from the table of steps, and the jobs that run it."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from anon_dagster.defs import holding, metadata
from anon_dagster.defs.checks import release_checks, residual_check, source_check
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.ownership import own
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.defs.stages import ANONYMIZE, DETECT, MEASURE, STAGES, Stage, Work
from anon_dagster.defs.upstream import job_of, job_of_any
from anon_dagster.jobs import names
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG, REQUEST_TAG
from anon_dagster.request import LinkedRequest, Request

KINDS = {"anonymize": ANONYMIZE, "measure": MEASURE, "detect": DETECT}
_LAST = {"report", "measurement", "detection"}


@dataclass(frozen=True)
class Group:
    """A dataset, or the place of requests that nobody declared."""

    name: str
    partitions: dg.PartitionsDefinition | None = None
    further: frozenset[str] = frozenset()
    """Steps of other jobs that lead into the graph."""

    def key(self, stage: str) -> dg.AssetKey:
        """Return the key of a step."""
        return dg.AssetKey([self.name, stage])

    def keys(self, stages: tuple[str, ...]) -> list[dg.AssetKey]:
        """Return the keys of steps."""
        return [self.key(stage) for stage in stages]


def define(
    group: Group,
    request: dg.AssetsDefinition,
    *,
    dataset: str = "",
) -> dg.Definitions:
    """Define the assets, checks and jobs of a group; only how its request comes in differs.

    Parameters
    ----------
    dataset
        What the jobs are named after; those of requests that nobody declared have plain names.
    """
    return dg.Definitions(
        assets=[request, *(_asset(stage, group) for stage in STAGES.values())],
        asset_checks=[
            source_check(group.key("source")),
            release_checks(group.key("anonymized")),
            residual_check(group.key(names.RESIDUAL), _before(STAGES[names.RESIDUAL], group)),
        ],
        jobs=[
            dg.define_asset_job(
                names.job_name(kind, dataset),
                selection=dg.AssetSelection.assets(*group.keys(stages)),
                tags={KIND_TAG: kind, DATASET_TAG: group.name},
                executor_def=dg.in_process_executor,
            )
            for kind, stages in KINDS.items()
        ],
    )


def keep_request(
    context: dg.AssetExecutionContext,
    store: JobStore,
    read: Callable[[], Request | LinkedRequest],
) -> dg.MaterializeResult[None]:
    """Keep the request of a run and show what it asks for."""
    with failures_in_words():
        job = own(context, store)
        request = read()
        context.instance.add_run_tags(context.run.run_id, {REQUEST_TAG: request.fingerprint})
        if isinstance(request, LinkedRequest):
            for table in request.tables:
                sweep_target(context.instance, request.own(table))
            path = job.save_linked(request)
            shown = metadata.of_linked_request(request) | metadata.file(path)
        else:
            sweep_target(context.instance, request)
            path = job.save_request(request)
            shown = metadata.of_request(request) | metadata.file(path)
    return dg.MaterializeResult(metadata=shown)


def _before(stage: Stage, group: Group) -> tuple[str, ...]:
    """Return the steps that a step of a group may follow."""
    return (*stage.after, *({stage.or_after} & group.further))


def _asset(stage: Stage, group: Group) -> dg.AssetsDefinition:
    """Define a step of a group as an asset."""
    needed = {name: group.key(name) for name in _before(stage, group)}
    find = job_of_any if stage.or_after in group.further else job_of

    @dg.asset(
        key=group.key(stage.name),
        deps=list(needed.values()),
        group_name=group.name,
        description=stage.description,
        kinds=set(stage.kinds),
        partitions_def=group.partitions,
    )
    def materialize(
        context: dg.AssetExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> dg.MaterializeResult[None]:
        with failures_in_words():
            progress = RunProgress(context)
            progress.begin(stage.name)
            job = find(context, anon_store, needed)
            with anon_engine.at_work(context) as where:
                shown = {**stage.make(Work(job, progress, group.key("source"))), **where}
            holding.tag(context, job)
            if stage.name in _LAST or context.job_name == names.APPLY_JOB:
                progress.finish()
        return dg.MaterializeResult(metadata=shown)

    return materialize
