"""What this project uses of Dagster without Dagster promising that it stays.

Nothing else imports a private module of it. pyproject.toml bounds Dagster's version, and
tests/defs/test_private_dagster.py looks whether all of this is there.
"""

from typing import cast

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

PRIVATE_NAMES = (
    "dagster._core.definitions.job_base.InMemoryJob",
    "dagster._core.execution.api.execute_run",
    "dagster._core.storage.runs.sql_run_storage.SqlRunStorage.get_run_storage_id",
    # named in dagster.yaml, so that what Dagster keeps lies in one folder
    "dagster._core.storage.root.LocalArtifactStorage",
    "dagster._core.storage.local_compute_log_manager.LocalComputeLogManager",
)
UNDOCUMENTED_NAMES = (
    "DagsterInstance.add_run_tags",
    "DagsterInstance.all_logs",
    "DagsterInstance.compute_log_manager",
    "DagsterInstance.create_run_for_job",
    "DagsterInstance.from_config",
    "DagsterInstance.get_concurrency_config",
    "DagsterInstance.get_run_ids",
    "DagsterInstance.get_run_tags",
    "DagsterInstance.get_runs",
    "DagsterInstance.get_runs_count",
    "DagsterInstance.report_dagster_event",
    "DagsterInstance.report_run_canceled",
    "DagsterInstance.report_run_canceling",
    "DagsterInstance.report_run_failed",
    "DagsterInstance.run_storage",
    "DefaultRunLauncher._instance",
    "DefaultRunLauncher.has_instance",
    "DefaultRunLauncher.terminate",
)
"""Of public classes, but in no reference."""


def execute_queued(job: dg.JobDefinition, run: dg.DagsterRun, instance: dg.DagsterInstance) -> None:
    """Execute a run that was made before, in this process; Dagster's public way makes a new one."""
    execute_run(InMemoryJob(job), run, instance)


def storage_id(instance: dg.DagsterInstance) -> str:
    """Return what tells the storage of one instance from that of another."""
    return cast("SqlRunStorage", instance.run_storage).get_run_storage_id()
