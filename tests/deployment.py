"""A deployment of this project in a folder of its own, as its own settings describe it."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from anon_dagster.definitions import definitions
from anon_dagster.defs.adhoc import ADHOC
from anon_dagster.defs.resources import JobStore
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.request.documents import parse_yaml

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Deployment:
    folder: Path
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(
        self, job: str, config: Mapping[str, Any] | None = None, **options: Any
    ) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config=config, raise_on_error=False, **options
        )

    def run_request(self, request: object, job: str = "anonymize_job") -> dg.ExecuteInProcessResult:
        partition = f"request-{len(self.instance.get_dynamic_partitions('request'))}"
        self.instance.add_dynamic_partitions("request", [partition])
        config = {"ops": {"adhoc__request": {"config": {"request": request}}}}
        return self.run(job, config, partition_key=partition)

    def run_step(self, job: str, step: str, /, **config: Any) -> dg.ExecuteInProcessResult:
        """Run a job of its own for a request that nobody declared."""
        partition = f"{step}-{len(self.instance.get_dynamic_partitions('request'))}"
        self.instance.add_dynamic_partitions("request", [partition])
        asked = {"ops": {f"adhoc__{step}": {"config": config}}}
        return self.run(job, asked, partition_key=partition)

    def tick(self, sensor: str) -> SensorExecutionData:
        """Evaluate a sensor as the daemon does."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.instance,
            repository_def=repository,
            resources={"anon_store": JobStore(self.folder / ".anon")},
        )
        return repository.get_sensor_def(sensor).evaluate_tick(context)

    def run_all(self, ticked: SensorExecutionData) -> list[dg.ExecuteInProcessResult]:
        """Run what a tick asks for."""
        for added in ticked.dynamic_partitions_requests or ():
            assert isinstance(added, dg.AddDynamicPartitionsRequest)
            self.instance.add_dynamic_partitions(
                added.partitions_def_name, list(added.partition_keys)
            )
        return [
            self.run(str(asked.job_name), asked.run_config, tags=dict(asked.tags))
            for asked in ticked.run_requests or ()
        ]

    def job(self, result: dg.ExecuteInProcessResult) -> JobFolder:
        return JobFolder(self.folder / ".anon", result.run_id)


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Deploy into the working directory, where the paths of ``dagster.yaml`` start."""
    (folder / "data").mkdir(exist_ok=True)
    shutil.copy(PROJECT / "dagster.yaml", folder)
    store = JobStore(folder / ".anon")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield Deployment(folder, instance, definitions(folder / "data", store))


@contextmanager
def deployed_people(folder: Path, request: str, people: pd.DataFrame) -> Iterator[Deployment]:
    """Deploy the dataset ``people`` into a folder, which becomes the working directory."""
    dataset = folder / "data" / "people"
    (dataset / "out").mkdir(parents=True)
    (dataset / "request.yaml").write_text(request, encoding="utf-8")
    people.to_csv(dataset / "people.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with deployed(folder) as deployment:
            yield deployment


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Return what a failed run says of itself."""
    reasons = [
        event.step_failure_data.user_failure_data
        for event in result.all_events
        if event.is_step_failure
    ]
    assert not result.success
    return "\n".join(str(reason.description) for reason in reasons if reason is not None)


def takes_its_example(job: dg.JobDefinition) -> bool:
    """Tell whether a job takes the configuration that its description shows."""
    (example,) = re.findall(r"```yaml\n(.*?)\n```", job.description or "", re.DOTALL)
    dg.validate_run_config(job, parse_yaml(example, name=job.name))
    return True


__all__ = [
    "ADHOC",
    "PROJECT",
    "Deployment",
    "deployed",
    "deployed_people",
    "failure",
    "takes_its_example",
]
