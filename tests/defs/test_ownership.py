"""A run that was aborted stays aborted, and one that is executed twice at once is not."""

import os
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from anon_dagster import clock
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.ownership import lock_of, own, owner_of
from anon_dagster.defs.private_dagster import execute_queued
from anon_dagster.defs.resources import JobStore
from anon_dagster.storage.locks import lock_for_good


@pytest.mark.parametrize("ended", [True, False])
def test_a_run_that_was_aborted_while_it_was_started_stays_aborted(
    tmp_path: Path, *, ended: bool
) -> None:
    store, began = JobStore(tmp_path), []

    @dg.op
    def step(context: dg.OpExecutionContext) -> None:
        began.append(own(context, store))

    @dg.job(executor_def=dg.in_process_executor)
    def owning() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(owning)
        instance.report_run_canceling(run)
        if ended:
            instance.report_run_canceled(run)
        starting = dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.PIPELINE_STARTING.value, job_name=run.job_name
        )
        instance.report_dagster_event(starting, run_id=run.run_id)
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert found.status is dg.DagsterRunStatus.STARTING, "as the daemon leaves it"
        execute_queued(owning, found, instance)
        after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.CANCELED
    assert began == []
    assert list(tmp_path.iterdir()) == []


@dataclass
class _OtherProcess:
    """A process that executes the same run, and ends while this one waits for it."""

    instance: dg.DagsterInstance
    run: dg.DagsterRun
    descriptor: int
    ends: dg.DagsterEventType | None
    """How it tells of its end; not at all if it is killed."""
    waited: float = 0.0

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        if self.ends is None:
            os.close(self.descriptor)
        elif self.waited > 3 * seconds:
            event = dg.DagsterEvent(event_type_value=self.ends.value, job_name=self.run.job_name)
            self.instance.report_dagster_event(event, run_id=self.run.run_id)


@pytest.mark.parametrize(
    ("ends", "becomes"),
    [
        (None, dg.DagsterRunStatus.SUCCESS),
        (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterRunStatus.SUCCESS),
        (dg.DagsterEventType.RUN_FAILURE, dg.DagsterRunStatus.FAILURE),
    ],
)
def test_a_run_that_is_executed_twice_at_once_waits_for_the_other_execution(
    tmp_path: Path, ends: dg.DagsterEventType | None, becomes: dg.DagsterRunStatus
) -> None:
    store, began = JobStore(tmp_path), []

    @dg.op
    def step(context: dg.OpExecutionContext) -> None:
        with failures_in_words():
            began.append(own(context, store))

    @dg.job(executor_def=dg.in_process_executor)
    def owning() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(owning)
        folder = store.job(run.run_id)
        folder.create()
        locked = lock_for_good(lock_of(folder.path))
        assert locked is not None
        other = _OtherProcess(instance, run, locked, ends)
        with clock.using(other):
            execute_queued(owning, run, instance)
        after = instance.get_run_by_id(run.run_id)
    assert other.waited > 0, "it waited"
    assert after is not None
    assert after.status is becomes
    assert len(began) == (becomes is dg.DagsterRunStatus.SUCCESS)


STEP_BY_STEP = dg.multi_or_in_process_executor.configured({"in_process": {}})
"""Dagster's default: it is told by its name alone, which says nothing of one process."""


@pytest.mark.parametrize(
    ("executor", "mine"), [(dg.in_process_executor, True), (STEP_BY_STEP, False)]
)
def test_a_run_whose_steps_have_processes_of_their_own_is_ended_by_its_executor_alone(
    tmp_path: Path, executor: dg.ExecutorDefinition, *, mine: bool
) -> None:
    store = JobStore(tmp_path)

    @dg.op
    def step(context: dg.OpExecutionContext) -> None:
        own(context, store)

    @dg.job(executor_def=executor)
    def owning() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(owning)
        execute_queued(owning, run, instance)
        owner = owner_of(store.job(run.run_id).path)
        assert owner is not None
        assert owner.is_of(instance) is mine
