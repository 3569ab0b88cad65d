"""What the simulation takes for Dagster's history answers as Dagster's own."""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import dagster as dg
import pytest

from tests.simulation.history import History
from tests.simulation.scheduler import Scheduler

STATUSES = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELED]
EVENTS = [
    dg.DagsterEventType.RUN_STARTING,
    dg.DagsterEventType.RUN_START,
    dg.DagsterEventType.RUN_SUCCESS,
]


@dg.job
def idle() -> None:
    """Do nothing."""


def report(event: dg.DagsterEventType) -> Callable[[Any, dg.DagsterRun], object]:
    made = dg.DagsterEvent(event.value, job_name="idle")
    return lambda instance, run: instance.report_dagster_event(made, run_id=run.run_id)


CHANGES: list[Callable[[Any, dg.DagsterRun], object]] = [
    *map(report, EVENTS),
    lambda instance, run: instance.report_run_canceling(run),
    lambda instance, run: instance.report_run_canceled(run, "aborted"),
    lambda instance, run: instance.report_run_failed(run, "it failed"),
    lambda instance, run: instance.add_run_tags(run.run_id, {"tag": run.run_id[-1]}),
    lambda instance, run: instance.delete_run(run.run_id),
    lambda instance, run: instance.add_dynamic_partitions("files", [run.run_id]),
    lambda instance, run: instance.delete_dynamic_partition("files", run.run_id),
]


def answers(instance: Any) -> list[object]:
    """Return all that the project asks an instance."""
    filters = [
        None,
        dg.RunsFilter(tags={"tag": ["1", "2"]}),
        dg.RunsFilter(tags={"tag": "3"}, statuses=STATUSES),
        dg.RunsFilter(statuses=STATUSES),
    ]
    runs = instance.get_runs()
    return [
        [[(r.run_id, r.status, r.tags.get("tag")) for r in instance.get_runs(f)] for f in filters],
        [r.dagster_run.run_id for r in instance.get_run_records(filters[3], limit=1)],
        [bool(r.end_time) for r in instance.get_run_records()],
        list(instance.get_run_ids()),
        sorted(
            map(str, (value for _, values in instance.get_run_tags(["tag"]) for value in values))
        ),
        [kinds(instance, run.run_id) for run in runs],
        sorted(instance.get_dynamic_partitions("files")),
        instance.get_run_by_id("no such run"),
    ]


def kinds(instance: Any, run_id: str) -> list[tuple[object, str]]:
    """Return what happened to a run, and what was said of it."""
    asked = {dg.DagsterEventType.RUN_CANCELING, dg.DagsterEventType.RUN_FAILURE}
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=asked)]
    return [(event.event_type, event.message) for event in events]


@pytest.mark.parametrize("seed", range(3))
def test_it_answers_as_dagster_does(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (the same at each try)
    history = History(Scheduler(random))
    with dg.DagsterInstance.ephemeral() as dagster:
        run_ids = [str(UUID(int=number, version=4)) for number in range(4)]
        for number in range(4):
            for instance in (dagster, history):
                instance.create_run_for_job(idle, run_id=run_ids[number])
        for _ in range(25):
            change, run_id = random.choice(CHANGES), random.choice(run_ids)
            for instance in (dagster, history):
                if (run := instance.get_run_by_id(run_id)) is not None:
                    change(instance, run)
            assert answers(history) == answers(dagster)
