"""A run that was aborted stays aborted, even if Dagster starts it."""

from pathlib import Path

import dagster as dg
import pytest

from anon_dagster.defs.ownership import own
from anon_dagster.defs.private_dagster import execute_queued
from anon_dagster.defs.resources import JobStore


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
