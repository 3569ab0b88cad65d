"""The lineage graph of a group, made from the table of steps, and the jobs that run it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from anon_dagster.defs import descriptions, holding, metadata
from anon_dagster.defs.checks import release_checks, residual_check, source_check
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.loaded import keep_loaded
from anon_dagster.defs.ownership import own
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.defs.stages import ANONYMIZE, DETECT, MEASURE, STAGES, Stage, Work
from anon_dagster.defs.upstream import job_of, job_of_any
from anon_dagster.jobs import names
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG, REQUEST_TAG
from anon_dagster.request import LinkedRequest, Request

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder

KINDS = {"anonymize": ANONYMIZE, "measure": MEASURE, "detect": DETECT}
_LAST = {"report", "measurement", "detection"}


@dataclass(frozen=True)
class Group:
    """A dataset, or the place of requests that nobody declared."""

    name: str
    partitions: dg.PartitionsDefinition | None = None
    further: frozenset[str] = frozenset()
    """Steps of other jobs that lead into the graph."""
    prefix: tuple[str, ...] = ()
    """What the keys of its assets begin with."""
    deps: tuple[dg.AssetKey, ...] = ()
    """Assets that its source rests on."""
    table: dg.AssetKey | None = None
    """The asset whose table is its source, if its request names none."""
    fresh: dg.FreshnessPolicy | None = None
    """How old its release may become."""

    def key(self, stage: str) -> dg.AssetKey:
        """Return the key of a step."""
        return dg.AssetKey([*self.prefix, self.name, stage])

    @property
    def upstream(self) -> list[dg.AssetKey]:
        """What is to be made before it."""
        return [*self.deps, *([] if self.table is None else [self.table])]

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
            release_checks(group.key(names.ANONYMIZED)),
            residual_check(group.key(names.RESIDUAL), _before(STAGES[names.RESIDUAL], group)),
        ],
        jobs=[
            dg.define_asset_job(
                names.job_name(kind, dataset),
                selection=dg.AssetSelection.assets(*group.keys(stages)),
                description=descriptions.of_graph(kind, dataset),
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
    step = Step(stage, group)
    if stage.name == "source" and group.table is not None:
        return _loading(step, group.table)

    def materialize(
        context: dg.AssetExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> dg.MaterializeResult[None]:
        return step.run(context, anon_store, anon_engine)

    return step.asset(materialize)


def _loading(step: "Step", upstream: dg.AssetKey) -> dg.AssetsDefinition:
    """Define the source of a group as the table of another asset, which Dagster loads."""

    def materialize(
        context: dg.AssetExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
        table: Any,  # noqa: ANN401 (a table of any library)
    ) -> dg.MaterializeResult[None]:
        return step.run(context, anon_store, anon_engine, partial(keep_loaded, table=table))

    return step.asset(materialize, ins={"table": dg.AssetIn(upstream)})


@dataclass(frozen=True)
class Step:
    """A step of a group: what its asset is, and what it does."""

    stage: Stage
    group: Group

    @property
    def needed(self) -> dict[str, dg.AssetKey]:
        """The steps that it goes on from."""
        return {name: self.group.key(name) for name in _before(self.stage, self.group)}

    def asset(self, make: Callable[..., object], **more: Any) -> dg.AssetsDefinition:  # noqa: ANN401 (of Dagster)
        """Define its asset, which is made by a function."""
        defined: dg.AssetsDefinition = dg.asset(**self._settings, **more)(make)
        return defined

    @property
    def _settings(self) -> dict[str, Any]:
        """What Dagster is told of its asset."""
        is_source, is_release = self.stage.name == "source", self.stage.name == names.ANONYMIZED
        return {
            "key": self.group.key(self.stage.name),
            "deps": [*self.needed.values(), *(self.group.deps if is_source else ())],
            "group_name": self.group.name,
            "description": self.stage.description,
            "kinds": {self.stage.kind},
            "partitions_def": self.group.partitions,
            "io_manager_key": names.RELEASES if is_release else None,
            "freshness_policy": self.group.fresh if is_release else None,
        }

    def run(
        self,
        context: dg.AssetExecutionContext,
        store: JobStore,
        engine: EngineResource,
        prepare: "Callable[[JobFolder], None]" = lambda _: None,
    ) -> dg.MaterializeResult[None]:
        """Do the step, once what it needs is prepared; show what came of it."""
        with failures_in_words():
            progress = RunProgress(context)
            progress.begin(self.stage.name)
            find = job_of_any if self.stage.or_after in self.group.further else job_of
            job = find(context, store, self.needed)
            prepare(job)
            with engine.at_work(context) as where:
                work = Work(job, progress, self.group.key("source"))
                shown = {**self.stage.make(work), **where}
            holding.tag(context, job)
            if self.stage.name in _LAST or context.job_name == names.APPLY_JOB:
                progress.finish()
        return dg.MaterializeResult(metadata=shown)
