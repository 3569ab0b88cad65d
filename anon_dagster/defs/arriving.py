"""New files of a dataset: a sensor that finds them, and a job that releases a batch of them."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from anon_dagster import clock
from anon_dagster.arrivals import Arrival, Batch, Inbox, Registry, RunState, State, Tick, plan_tick
from anon_dagster.defs import descriptions
from anon_dagster.defs.appending import AppendRun
from anon_dagster.defs.application import solution_of
from anon_dagster.defs.batch import FileRun, line, post_all, words_of, write_down
from anon_dagster.defs.checks import residual_spec, warned
from anon_dagster.defs.deltas import DELTAS, deltas
from anon_dagster.defs.endings import was_asked_to_end
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.graph import Group
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Text, Texts
from anon_dagster.defs.resources import JobStore
from anon_dagster.errors import JobError, counted
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.ledger import Entry
from anon_dagster.jobs.tags import BATCH_TAG, DATASET_TAG, KIND_TAG, PARENT_TAG
from anon_dagster.report.disclosure import warnings_of
from anon_dagster.request import Arrivals, Request
from anon_dagster.storage import listing

_STAGE = "files"


class FilesConfig(dg.Config):
    """Which files a run releases."""

    batch: Text = Field(default="", description="Those that a tick of the sensor gave to a run.")
    files: Texts = Field(
        default=[], description="Or these, whatever became of them before; by their paths."
    )


def arriving(group: Group, request: Request, load: Callable[[], Request]) -> dg.Definitions:
    """Define what releases the files of a dataset as they come in.

    Parameters
    ----------
    request
        As it is when the code is loaded.
    load
        Reads the request as it is when files are released.
    """
    inbox = Inbox(request)
    common = dg.Definitions(
        jobs=[_job(group, load)],
        sensors=[_sensor(group, inbox.settings.every_seconds, load)],
        asset_checks=[_check(group.key(DELTAS if inbox.adds_up else _STAGE))],
    )
    if inbox.adds_up:
        return dg.Definitions.merge(common, deltas(group, request, load))
    each = dg.Definitions(
        assets=[_asset(group, inbox.settings)], asset_checks=[_residual_check(group)]
    )
    return dg.Definitions.merge(common, each)


def _asset(group: Group, settings: Arrivals) -> dg.AssetSpec:
    """Return the releases of the files of a dataset, each a partition."""
    return dg.AssetSpec(
        group.key(_STAGE),
        group_name=group.name,
        partitions_def=_partitions(group),
        description=f"The release of every file that came in, {settings.target.path}.",
        deps=[group.key("anonymized")] if settings.mode == "apply" else [],
        kinds={settings.target.format_found or "csv"},
    )


def _partitions(group: Group) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=names.files_partitions(group.name))


# -- the sensor ----------------------------------------------------------------------------


def _sensor(group: Group, every: int, load: Callable[[], Request]) -> dg.SensorDefinition:
    """Define what looks for new files, every so many seconds."""

    @dg.sensor(
        name=f"{group.name}_files_sensor",
        job_name=names.files_job(group.name),
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Gives every new or changed file to a run, once.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, anon_store: dg.ResourceParam[JobStore]
    ) -> dg.SensorResult | dg.SkipReason:
        with failures_in_words():
            inbox = Inbox(load())
            waiting = _who_waits(anon_store, group, inbox)
            if waiting:
                context.log.info(waiting)
            return evaluate(context.instance, anon_store, group, inbox, waiting)

    return sensor


def _who_waits(store: JobStore, group: Group, inbox: Inbox) -> str:
    """Say how many records wait, of files that add up."""
    if not inbox.adds_up:
        return ""
    from anon_dagster.continuous import Stream, standing

    return standing(Stream(group.name, inbox.request, store.root)).who_waits


def evaluate(
    instance: dg.DagsterInstance, store: JobStore, group: Group, inbox: Inbox, waiting: str = ""
) -> dg.SensorResult | dg.SkipReason:
    """Return the runs that new files are given to, or why there are none."""
    if inbox.settings.mode == "apply":
        try:
            pinned_solution(instance, store, group, inbox)
        except JobError as error:  # the files wait for it
            return dg.SkipReason(str(error))
    tick = decide(instance, store, group.name, inbox)
    if not tick.batches:
        return dg.SkipReason("; ".join(filter(None, (_summary(tick), waiting))))
    keys = [arrival.key for batch in tick.batches for arrival in batch.arrivals]
    partitions = [] if inbox.adds_up else [_partitions(group).build_add_request(keys)]
    return dg.SensorResult(
        run_requests=[_run_request(group, batch) for batch in tick.batches],
        dynamic_partitions_requests=partitions,
    )


def decide(instance: dg.DagsterInstance, store: JobStore, dataset: str, inbox: Inbox) -> Tick:
    """Find what lies there, and give what is new to batches; nobody else does so meanwhile."""
    listed = clock.now()
    found = inbox.files()
    made = [Tick((), ())]
    lines: list[Entry] = []

    def plan(known: Sequence[Arrival]) -> tuple[Arrival, ...]:
        runs = _run_states(instance, {a.batch for a in known if a.state.is_with_a_run})
        tick = plan_tick(found, known, runs=runs, inbox=inbox, now=clock.now())
        lines.extend(line(a, dataset, inbox) for a in tick.changed if a.state is State.SET_ASIDE)
        for entry in lines:
            write_down(store, entry)
        made.append(tick)
        return tick.changed

    Registry(store.root, dataset).decide(plan, listed=listed)
    post_all(lines)
    return made[-1]


def _run_request(group: Group, batch: Batch) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{group.name} {batch.id}",
        job_name=names.files_job(group.name),
        run_config={"ops": {_op(group): {"config": {"batch": batch.id}}}},
        tags={BATCH_TAG: batch.id},
    )


def _op(group: Group) -> str:
    return names.op_of(group.name, "release_files")


def _summary(tick: Tick) -> str:
    counts = {state: sum(a.state is state for a in tick.changed) for state in State}
    told = [f"{count} {state}" for state, count in counts.items() if count]
    return f"no file is due; changed since the last tick: {', '.join(told) or 'none'}"


def _run_states(instance: dg.DagsterInstance, batches: set[str]) -> Mapping[str, RunState]:
    if not batches:
        return {}
    states = dict.fromkeys(batches, RunState.MISSING)
    runs = instance.get_runs(dg.RunsFilter(tags={BATCH_TAG: sorted(batches)}))
    for run in reversed(runs):  # the oldest first: what is told of the last one counts
        batch, state = run.tags[BATCH_TAG], _state(instance, run)
        if states[batch] is not RunState.WORKING:
            states[batch] = state
    return states


def _state(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunState:
    if not run.is_finished:
        return RunState.WORKING
    if run.status is not dg.DagsterRunStatus.CANCELED:
        return RunState.ENDED
    return RunState.ABORTED if was_asked_to_end(instance, run.run_id) else RunState.ENDED


# -- the job -------------------------------------------------------------------------------


def _job(group: Group, load: Callable[[], Request]) -> dg.JobDefinition:
    """Define what releases a batch of files, or files that are named."""

    @dg.op(name=_op(group), description="Releases files, each by itself.")
    def release(
        context: dg.OpExecutionContext,
        config: FilesConfig,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> None:
        with failures_in_words():
            own(context, anon_store)
            run = file_run(context, anon_store, group, Inbox(load()))
            with anon_engine.at_work(context):
                release_files(run, config)

    @dg.job(
        name=names.files_job(group.name),
        description=descriptions.with_example(
            "Releases a batch of files that came in, or files that are named, each by itself: what "
            "becomes of one does not depend on the others.",
            f"ops:\n  {_op(group)}:\n    config: {{files: [inbox/monday.csv]}}",
        ),
        tags={KIND_TAG: "files", DATASET_TAG: group.name},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        release()

    return job


def release_files(run: FileRun, config: FilesConfig) -> None:
    """Release the files of a run.

    Raises
    ------
    dagster.Failure
        If not all of them are released.
    """
    ended = run.release_all(_given(run, config))
    if failures := words_of(ended):
        raise dg.Failure(failures, allow_retries=False)


def file_run(
    context: dg.OpExecutionContext, store: JobStore, group: Group, inbox: Inbox
) -> FileRun:
    """Return what a run works with; the solution that it applies, if it applies one."""
    if inbox.adds_up:
        return AppendRun(context, store, group.name, inbox, group.key(DELTAS), None)
    apply = inbox.settings.mode == "apply"
    solution = pinned_solution(context.instance, store, group, inbox) if apply else None
    return FileRun(context, store, group.name, inbox, group.key(_STAGE), solution)


def _given(run: FileRun, config: FilesConfig) -> list[Arrival]:
    """Return the files that a run is to release."""
    run_id, registry = run.context.run_id, run.registry
    if config.batch:
        # One that is executed again is to try what was set aside, too.
        again = PARENT_TAG in run.context.run.tags
        return registry.reopen(config.batch) if again else registry.of_batch(config.batch)
    run.context.instance.add_run_tags(run_id, {BATCH_TAG: run_id})
    return registry.give([_found(path) for path in config.files], run_id, now=clock.now())


def _found(path: str) -> listing.ListedFile:
    found = listing.look_up(path)
    if found is None:
        raise JobError(f"there is no file {path}")
    return found


def pinned_solution(
    instance: dg.DagsterInstance, store: JobStore, group: Group, inbox: Inbox
) -> dict[str, Any]:
    """Return the solution that is applied to files; it outlives the job that found it.

    Raises
    ------
    JobError
        If the dataset has none yet.
    """
    if inbox.settings.solution is not None:
        return solution_of(store, inbox.settings.solution.path)
    # Not of its solution: a job may decide, and then release nothing.
    made = instance.get_latest_materialization_event(group.key("anonymized"))
    if made is None:
        raise JobError(
            f"{group.name} has no solution to apply: run "
            f"{names.job_name('anonymize', group.name)} first"
        )
    pinned = store.root / file_names.SOLUTIONS / f"{made.run_id}.json"
    if not pinned.exists():
        _write_once(pinned, solution_of(store, made.run_id))
    return solution_of(store, str(pinned))


def _write_once(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(document), encoding="utf-8")
    beside.replace(path)


# -- the checks ----------------------------------------------------------------------------


def _check(asset: dg.AssetKey) -> dg.AssetChecksDefinition:
    """Define the claim that every file that arrived is released."""

    @dg.asset_check(
        asset=asset,
        name="every_file_is_released",
        description="No file is set aside, and none waits to be tried again.",
        blocking=False,
    )
    def check(anon_store: dg.ResourceParam[JobStore]) -> dg.AssetCheckResult:
        arrivals = Registry(anon_store.root, asset.path[0]).arrivals()
        counts = {state: sum(a.state is state for a in arrivals) for state in State}
        behind = [
            a
            for a in arrivals
            if a.state is State.SET_ASIDE or (a.failures and a.state is State.WAITING)
        ]
        return dg.AssetCheckResult(
            passed=not behind,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(f"{a.path}: {a.reason}" for a in behind[:20]),
            metadata={state.value: count for state, count in counts.items()},
        )

    return check


def _residual_check(group: Group) -> dg.AssetChecksDefinition:
    """Define the claim that no file's release tells anything beside its promises."""
    spec = residual_spec(group.key(_STAGE))

    @dg.asset_check(
        asset=group.key(_STAGE), name=spec.name, description=spec.description, blocking=False
    )
    def check(anon_store: dg.ResourceParam[JobStore]) -> dg.AssetCheckResult:
        with failures_in_words():
            from anon_dagster.jobs.folder import folders_of_files

            arrivals = Registry(anon_store.root, group.name).arrivals()
            # Of the versions of a file the last one: it replaced those before it.
            released = {a.path: a.key for a in arrivals if a.state is State.RELEASED}
            kept = folders_of_files(anon_store.root, frozenset(released.values()))
            found = {p: kept[key].load_residual() for p, key in released.items() if key in kept}
            warnings = [f"{path}: {line}" for path, r in found.items() for line in warnings_of(r)]
        of_files = f"looked at the releases of {len(found)} of {counted(len(released), 'file')}"
        return warned(warnings, or_else=f"{of_files}: nothing was found")

    return check
